"""What apps depend on and what they take the place of (02 section 8.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from taxiway import management
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import list_answer, value_answer
from taxiway.graph.resources.scope_tags import TAGS
from taxiway.management import Related, Relationship
from taxiway.store import Row, Tx, one_of

_PATH: Final = "deviceAppManagement/mobileApps"
_TYPES: Final = {
    "dependency": ("#microsoft.graph.mobileAppDependency", "dependencyType"),
    "supersedence": ("#microsoft.graph.mobileAppSupersedence", "supersedenceType"),
}
_TAGGED: Final = frozenset({"mobileapps", "managedapps", "deviceconfigurations", "devicecompliancepolices"})
#: The one filter that clients ask with.
_FILTER: Final = re.compile(
    r"targettype\s+eq\s+(?:microsoft\.graph\.mobileapprelationshiptype)?'(child|parent)'", re.IGNORECASE
)


async def _listed(call: Call) -> Answer:
    """Both sides: what the app declares has its target as a child, what others declare of it as a parent."""
    side = _side(call.options.get("filter", ""))

    def read(tx: Tx) -> list[dict[str, Any]]:
        app = management.APPS.require(tx, call.keys["id"])
        found = management.relationships_of(tx, app["id"])
        ids = sorted({each.target_id if each.app_id == app["id"] else each.app_id for each in found})
        others = {row["id"]: row for row in management.APPS.select(tx, one_of("id", ids))} if ids else {}
        shown = [_shown(each, app["id"], others) for each in found]
        return [each for each in shown if side in {"", each["targetType"]}]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/relationships", await call.read(read))


async def _replaced(call: Call) -> Answer:
    """``updateRelationships``: what the app declares from now on; entries about its parents are passed over."""
    given = body.objects_field(call.json, "relationships", most=200)
    own = [each for each in given if body.text_field(each, "targetType", "child").lower() != "parent"]
    wanted = [_related(each) for each in own]
    await call.write(lambda tx: management.relate_apps(tx, call.keys["id"], wanted, principal=call.principal))
    return Answer(204)


async def _scope_tags(call: Call) -> Answer:
    """``getRoleScopeTagsByResource``: every tag, as none is for one kind of object alone."""
    if call.keys["resource"].lower() not in _TAGGED:
        raise BadRequest(f"'{call.keys['resource'][:100]}' is no kind of object that has scope tags here.")
    return await list_answer(call, TAGS)


def _side(text: str) -> str:
    if not text.strip():
        return ""
    found = _FILTER.fullmatch(text.strip())
    if found is None:
        raise BadRequest("Relationships can be filtered by their targetType only.")
    return found[1].lower()


def _related(given: Mapping[str, Any]) -> Related:
    name = body.odata_type(given)
    for kind, (type_name, member) in _TYPES.items():
        if name.lower() == type_name.lower():
            target, how = body.text_field(given, "targetId"), body.text_field(given, member)
            if kind == "dependency":
                return Related(target, "dependency", how or "autoInstall")
            return Related(target, "supersedence", how or "update")
    raise BadRequest(f"'{name[:100]}' is no type of a relationship.")


def _shown(each: Relationship, app_id: str, others: Mapping[str, Row]) -> dict[str, Any]:
    type_name, member = _TYPES[each.kind]
    child = each.app_id == app_id
    target_id = each.target_id if child else each.app_id
    target = others.get(target_id, {})
    return {
        "@odata.type": type_name,
        "id": f"{each.app_id}_{each.target_id}",
        "targetId": target_id,
        "targetDisplayName": target.get("display_name"),
        "targetDisplayVersion": target.get("display_version"),
        "targetPublisher": target.get("publisher"),
        "targetType": "child" if child else "parent",
        member: each.how,
    }


OPERATIONS: Final = [
    Operation("GET", f"{_PATH}/{{id}}/relationships", _listed, scopes.APPS_READ, "intune", beta=True),
    Operation("POST", f"{_PATH}/{{id}}/updateRelationships", _replaced, scopes.APPS_WRITE, "intune", beta=True),
    Operation(
        "GET",
        "deviceManagement/getRoleScopeTagsByResource/{=resource}",
        _scope_tags,
        scopes.APPS_READ | scopes.CONFIGURATION_READ,
        "intune",
        beta=True,
    ),
]
