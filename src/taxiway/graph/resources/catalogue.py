"""The settings catalogue: policies, their settings, and the definitions of what can be set (02 section 9.2; beta)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from taxiway import management
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion
from taxiway.graph.protocol.filter_tree import within
from taxiway.graph.protocol.lists import created, item_body, value_answer
from taxiway.graph.resources.managed import Services, collection, face_of
from taxiway.graph.resources.targets import Assignable
from taxiway.management import Definition
from taxiway.store import Row, Tx

_POLICY: Final = management.CONFIGURATION_POLICIES.entity.name
(_KIND,) = management.POLICY_KINDS
_PATH: Final = "deviceManagement/configurationPolicies"
_SETTINGS: Final = "deviceManagement/configurationSettings"
_TYPE: Final = "#microsoft.graph.deviceManagementConfiguration"
#: What the original has beside these.
NOT_SERVED: Final = (
    "configurationPolicies/{id}/reorder",
    "configurationPolicies/{id}/setEnrollmentTimeDeviceMembershipTarget",
    "configurationPolicies/{id}/retrieveEnrollmentTimeDeviceMembershipTarget",
    "configurationPolicies/{id}/clearEnrollmentTimeDeviceMembershipTarget",
)
_COPIED: Final = ("platforms", "technologies", "template_reference", "settings", "role_scope_tag_ids")


def _settings(_tx: Tx, row: Row) -> list[dict[str, Any]]:
    """The settings with their ids, as the navigation shows them."""
    shown = []
    for number, setting in enumerate(row["settings"]):
        instance = setting.get("settingInstance")
        if isinstance(instance, dict):
            instance = {"settingInstanceTemplateReference": None, **instance}
        shown.append({"id": str(number), "settingInstance": instance})
    return shown


def _shown(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    return [{"settingCount": len(row["settings"])} for row in rows]


POLICIES: Final = replace(
    face_of(
        _PATH,
        management.CONFIGURATION_POLICIES,
        _POLICY,
        management.POLICY_KINDS,
        hidden=frozenset({"settings", "setting_secrets"}),
        expansions=(Expansion("settings", _settings),),
        versioned=False,
        shown=_shown,
        computed=frozenset({"settingCount"}),
    ),
    fixed={
        "platforms": within("platforms"),
        "technologies": within("technologies"),
        "templatereference/templatefamily": within("template_reference", "templateFamily"),
        "templatereference/templateid": within("template_reference", "templateId"),
    },
)


async def _list_settings(call: Call) -> Answer:
    """The settings of a policy; ``$expand=settingDefinitions`` adds what each of them means."""
    wide = "settingdefinitions" in call.options.get("expand", "").lower()

    def read(tx: Tx) -> list[dict[str, Any]]:
        row = management.CONFIGURATION_POLICIES.require(tx, call.keys["id"])
        found = _settings(tx, row)
        for setting in found if wide else ():
            ids = sorted({one.lower() for one in management.setting_ids(setting["settingInstance"])})
            known = management.definitions()
            setting["settingDefinitions"] = [definition_json(known[one]) for one in ids if one in known]
        return found

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/settings", await call.read(read))


async def _replace(call: Call) -> Answer:
    """PUT of the whole policy: what it does not name goes back to its default."""
    blank = {name: POLICIES.props[name].default for name in _COPIED}
    changes = {**blank, "description": "", **body.incoming(POLICIES, call.json)}
    await call.write(
        lambda tx: management.update_configuration_policy(tx, call.keys["id"], changes, principal=call.principal)
    )
    return Answer(204)


async def _copy(call: Call) -> Answer:
    name, description = body.text_field(call.json, "displayName"), body.text_field(call.json, "description")
    if not name:
        raise BadRequest("A copy needs its 'displayName'.")

    def write(tx: Tx) -> dict[str, Any]:
        named = {"display_name": name, "description": description}
        made = management.copy_configuration_policy(tx, call.keys["id"], named, principal=call.principal)
        return item_body(tx, call, POLICIES, made)

    return created(call, POLICIES, await call.write(write))


# ---------------------------------------------------------------------------------------------- definitions


async def _definitions(call: Call) -> Answer:
    """All of them, or with ``$search`` those whose id or name has the words."""
    words = call.options.get("search", "").strip('"').lower().split()
    found = [
        definition_json(one)
        for one in management.definitions().values()
        if all(word in one.id or word in one.name.lower() for word in words)
    ]
    return value_answer(call, _SETTINGS, found)


async def _definition(call: Call) -> Answer:
    found = management.definitions().get(call.keys["id"].lower())
    if found is None:
        raise NoSuchItem(call.keys["id"])
    context = f"{call.root}/$metadata#{_SETTINGS}/$entity"
    return Answer(200, {"@odata.context": context, **definition_json(found)})


#: What Graph tells of every definition, and the table of CSP facts does not.
_OF_ALL: Final[dict[str, Any]] = {
    "applicability": None,
    "categoryId": "",
    "helpText": None,
    "infoUrls": [],
    "keywords": [],
    "occurrence": {"minDeviceOccurrence": 0, "maxDeviceOccurrence": 1},
    "referredSettingInformationList": [],
    "riskLevel": "low",
    "uxBehavior": "default",
    "version": "1",
    "visibility": "settingsCatalog",
}


def definition_json(definition: Definition) -> dict[str, Any]:
    """A definition as Graph shows it."""
    node = definition.node
    shown: dict[str, Any] = {
        "@odata.type": f"{_TYPE}{_KINDS[definition.kind]}Definition",
        "id": definition.id,
        "name": definition.name,
        "displayName": definition.name,
        "description": None,
        "baseUri": definition.base_uri,
        "offsetUri": f"/{node.path}",
        "rootDefinitionId": definition.group or definition.id,
        "settingUsage": "configuration",
        "accessTypes": ",".join(name for letter, name in _ACCESS.items() if letter in node.access) or "none",
        **_OF_ALL,
    }
    if definition.kind == "choice":
        shown["options"] = [
            {"itemId": option, "name": value, "displayName": value, "optionValue": _text_value(value)}
            for option, value in definition.options
        ]
        shown["defaultOptionId"] = next((o for o, value in definition.options if value == node.default), None)
    elif definition.kind == "group":
        shown |= {"childIds": [], "minimumCount": 0, "maximumCount": 100, "dependentOn": [], "dependedOnBy": []}
    else:
        shown |= {"valueDefinition": _value(definition), "defaultValue": _text_value(node.default)}
        shown |= {"dependentOn": [], "dependedOnBy": []}
    return shown


def _text_value(value: str | None) -> dict[str, Any] | None:
    return None if value is None else {"@odata.type": f"{_TYPE}StringSettingValue", "value": value}


def _value(definition: Definition) -> dict[str, Any]:
    node = definition.node
    if node.format == "int":
        low, high = node.range or (-(2**31), 2**31 - 1)
        return {"@odata.type": f"{_TYPE}IntegerSettingValueDefinition", "minimumValue": low, "maximumValue": high}
    return {"@odata.type": f"{_TYPE}StringSettingValueDefinition", "format": "none"}


_KINDS: Final = {
    "choice": "ChoiceSetting",
    "simple": "SimpleSetting",
    "group": "SettingGroupCollection",
    "data": "SimpleSetting",
}
_ACCESS: Final = {"A": "add", "D": "delete", "G": "get", "R": "replace", "X": "execute"}
_READ, _WRITE = scopes.CONFIGURATION_READ, scopes.CONFIGURATION_WRITE
OPERATIONS: Final = [
    *collection(
        POLICIES,
        Services(
            management.create_configuration_policy,
            management.update_configuration_policy,
            management.delete_configuration_policy,
        ),
        Assignable(POLICIES, _POLICY, management.assign_configuration_policy, "assignments", answers=True, beta=True),
        _READ,
        _WRITE,
        kinds=management.POLICY_KINDS,
        default_kind=_KIND,
        changed_live=200,
    ),
    Operation("PUT", f"{_PATH}/{{id}}", _replace, _WRITE, beta=True),
    Operation("GET", f"{_PATH}/{{id}}/settings", _list_settings, _READ, beta=True),
    Operation("POST", f"{_PATH}/{{id}}/createCopy", _copy, _WRITE, beta=True),
    Operation("GET", _SETTINGS, _definitions, _READ, beta=True),
    Operation("GET", f"{_SETTINGS}/{{id}}", _definition, _READ, beta=True),
]
