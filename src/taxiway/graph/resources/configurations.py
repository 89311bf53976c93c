"""Device configurations and compliance policies, and how they stand on devices (02 sections 9.1 and 9.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import enrollment, management
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import NO_GUID, moment
from taxiway.graph.resources import older
from taxiway.graph.resources.managed import Services, collection, face_of, is_shown
from taxiway.graph.resources.targets import OF_CONFIGURATIONS, Assignable
from taxiway.store import Row, Tx, one_of

#: The names of these objects in assignments and statuses.
_CONFIGURATION: Final = management.CONFIGURATIONS.entity.name
_COMPLIANCE: Final = management.COMPLIANCE_POLICIES.entity.name

#: What only beta shows of an OMA setting.
_OF_SETTINGS: Final = {"isEncrypted": False, "secretReferenceValueId": None}


def _fit(shown: dict[str, Any], version: str) -> None:
    """The settings inside a configuration, too, are those of the version asked for."""
    settings = shown.get("omaSettings")
    if settings and version == "v1.0":
        shown["omaSettings"] = [{n: value for n, value in one.items() if n not in _OF_SETTINGS} for one in settings]
    elif settings:
        shown["omaSettings"] = [{**_OF_SETTINGS, **one} for one in settings]


CONFIGURATIONS: Final = face_of(
    "deviceManagement/deviceConfigurations",
    management.CONFIGURATIONS,
    _CONFIGURATION,
    management.CONFIGURATION_KINDS,
    beta=frozenset(
        {
            "supports_scope_tags",
            "device_management_applicability_rule_os_edition",
            "device_management_applicability_rule_os_version",
            "device_management_applicability_rule_device_mode",
        }
    ),
    assigned=OF_CONFIGURATIONS,
    base="deviceConfiguration",
    older=older.CONFIGURATIONS,
    fit=_fit,
)


#: What an action has that sends nobody a message.
_NO_MESSAGE: Final = {"notificationTemplateId": NO_GUID, "notificationMessageCCList": []}


def _actions(_tx: Tx, row: Row) -> list[dict[str, Any]]:
    """``scheduledActionsForRule`` with ids, as the navigation shows them."""
    shown = []
    for number, rule in enumerate(row["scheduled_actions_for_rule"]):
        actions = [
            {"id": f"{row['id']}_{number}_{place}", **_NO_MESSAGE, **action}
            for place, action in enumerate(rule.get("scheduledActionConfigurations") or [])
        ]
        shown.append({"id": f"{row['id']}_{number}", **rule, "scheduledActionConfigurations": actions})
    return shown


POLICIES: Final = face_of(
    "deviceManagement/deviceCompliancePolicies",
    management.COMPLIANCE_POLICIES,
    _COMPLIANCE,
    management.COMPLIANCE_KINDS,
    on_select=frozenset({"scheduled_actions_for_rule"}),
    expansions=(Expansion("scheduledActionsForRule", _actions, nested=("scheduledActionConfigurations",)),),
    base="deviceCompliancePolicy",
    older=older.POLICIES,
)


def _create_policy(tx: Tx, kind: str, values: Mapping[str, Any], **more: Any) -> Row:
    _check_actions(values)
    return management.create_policy(tx, kind, values, **more)


def _update_policy(tx: Tx, row_id: str, changes: Mapping[str, Any], **more: Any) -> Row:
    _check_actions(changes)
    return management.update_policy(tx, row_id, changes, **more)


def _check_actions(values: Mapping[str, Any]) -> None:
    """The nested lists are lists of objects."""
    for rule in values.get("scheduled_actions_for_rule") or ():
        body.objects_field(rule, "scheduledActionConfigurations", most=100)


async def _plain_value(call: Call) -> Answer:
    """The value of a sealed OMA setting, for who may change it; IntuneCD asks for each."""
    reference = call.keys["secretReferenceValueId"]
    value = await call.write(
        lambda tx: management.plain_oma_value(tx, call.keys["id"], reference, principal=call.principal)
    )
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#Edm.String", "value": value})


async def _schedule(call: Call) -> Answer:
    wanted = body.objects_field(call.json, "deviceComplianceScheduledActionForRules", most=100)
    changes = {"scheduled_actions_for_rule": wanted}
    await call.write(lambda tx: _update_policy(tx, call.keys["id"], changes, principal=call.principal))
    return Answer(200)


async def _scheduled(call: Call) -> Answer:
    found = await call.read(lambda tx: _actions(tx, POLICIES.repository.require(tx, call.keys["id"])))
    return value_answer(call, f"{POLICIES.path}('{call.keys['id']}')/scheduledActionsForRule", found)


# ---------------------------------------------------------------------------------------- how they stand

#: What the rooms' states are called in ``complianceStatus``.
_STATES: Final = {
    "noncompliant": "nonCompliant",
    "inGracePeriod": "nonCompliant",
    "succeeded": "compliant",
    "pending": "unknown",
    "removing": "notAssigned",
    "staysOnDevice": "notAssigned",
}


def _statuses(face: Face, object_kind: str, scope: frozenset[str]) -> Operation:
    """``deviceStatuses``: one row per device."""

    async def listed(call: Call) -> Answer:
        def read(tx: Tx) -> list[dict[str, Any]]:
            face.repository.require(tx, call.keys["id"])
            rows = management.object_states(tx, object_kind, call.keys["id"])
            return _with_devices(tx, call, rows)

        return value_answer(call, f"{face.path}('{call.keys['id']}')/deviceStatuses", await call.read(read))

    return Operation("GET", f"{face.path}/{{id}}/deviceStatuses", listed, scope)


def _with_devices(tx: Tx, call: Call, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Each with its device; without those that scope tags hide from the caller."""
    ids = [row["managed_id"] for row in rows]
    devices = {row["id"]: row for row in enrollment.MANAGED.select(tx, one_of("id", ids))} if ids else {}
    shown = []
    for row in rows:
        device = devices.get(row["managed_id"], {})
        if not is_shown(tx, call, device):
            continue
        shown.append(
            {
                "id": f"{row['object_id']}_{row['managed_id']}",
                "deviceDisplayName": device.get("device_name"),
                "userName": device.get("user_display_name"),
                "userPrincipalName": device.get("upn"),
                "deviceModel": device.get("model"),
                "status": state_name(row["state"]),
                **standing(row),
                "lastReportedDateTime": moment(row["updated_at"]),
            }
        )
    return shown


def standing(row: Row) -> dict[str, Any]:
    """What ``complianceStatus`` has no word for: the state by its own name, and what stays on the device."""
    return {"@taxiway.state": row["state"], "@taxiway.stays": row["detail"].get("stays") or []}


def state_name(state: str) -> str:
    """A status as ``complianceStatus`` spells it."""
    return _STATES.get(state, state)


def settings_of(row: Row) -> list[dict[str, Any]]:
    """What a device said of the single settings of an object."""
    return [*_rules(row["detail"]), *_settings(row["state"], row["detail"])]


def _rules(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a compliance policy."""
    return [
        {
            "setting": rule.get("setting"),
            "state": state_name(str(rule.get("state"))),
            "errorDescription": rule.get("text"),
        }
        for rule in detail.get("rules") or ()
    ]


def _settings(state: str, detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings of a configuration that do not stand as they should, each with who asks for it or what failed."""
    found = [
        {
            "setting": error["uri"],
            "state": "error",
            "errorCode": error["status"],
            "errorDescription": error["error"] or f"The device answered {error['status']}.",
        }
        for error in detail.get("errors") or ()
    ]
    if state == "conflict":
        sources = [{"displayName": name, "sourceType": "deviceConfiguration"} for name in detail["with"]]
        found.append({"setting": detail["uri"], "state": "conflict", "sources": sources})
    for uri in detail.get("stays") or ():
        text = "The setting is not assigned any more and stays on the device."
        found.append({"setting": uri, "state": "notAssigned", "errorDescription": text})
    return found


_READ, _WRITE = scopes.CONFIGURATION_READ, scopes.CONFIGURATION_WRITE
OPERATIONS: Final = [
    *collection(
        CONFIGURATIONS,
        Services(
            management.create_configuration,
            management.update_configuration,
            management.delete_configuration,
            management.CONFIGURATION_BASE,
        ),
        Assignable(
            CONFIGURATIONS,
            _CONFIGURATION,
            management.assign_configuration,
            "assignments",
            answers=True,
            names=OF_CONFIGURATIONS,
        ),
        _READ,
        _WRITE,
        kinds=management.CONFIGURATION_KINDS,
    ),
    *collection(
        POLICIES,
        Services(
            _create_policy,
            _update_policy,
            management.delete_policy,
            management.COMPLIANCE_BASE,
        ),
        Assignable(POLICIES, _COMPLIANCE, management.assign_policy, "assignments", answers=True),
        _READ,
        _WRITE,
        kinds=management.COMPLIANCE_KINDS,
    ),
    Operation("POST", f"{POLICIES.path}/{{id}}/scheduleActionsForRules", _schedule, _WRITE),
    Operation(
        "GET",
        f"{CONFIGURATIONS.path}/{{id}}/getOmaSettingPlainTextValue/{{=secretReferenceValueId}}",
        _plain_value,
        _WRITE,
        beta=True,
    ),
    Operation("GET", f"{POLICIES.path}/{{id}}/scheduledActionsForRule", _scheduled, _READ),
    _statuses(CONFIGURATIONS, _CONFIGURATION, _READ),
    _statuses(POLICIES, _COMPLIANCE, _READ),
]
