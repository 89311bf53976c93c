"""``windowsAutopilotDeploymentProfiles`` (02 section 3.6)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import autopilot
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.managed import kind_of
from taxiway.graph.resources.targets import Assignable, assigning, expansion, linking
from taxiway.store import Row, Tx, eq

PATH: Final = "deviceManagement/windowsAutopilotDeploymentProfiles"
_PROPS: Final = frozenset(autopilot.PROFILES.entity.props)
_OF_KINDS: Final = frozenset[str]().union(*autopilot.PROFILE_KINDS.values())


def _properties(row: Row) -> frozenset[str]:
    """Those of its kind; our own only where they say something, so that copies of a profile stay as Graph's are."""
    silent = {name for name in ("priority", "findings") if not row[name]}
    return ((_PROPS - _OF_KINDS) | autopilot.PROFILE_KINDS[row["kind"]]) - silent


PROFILES: Final = Face(
    path=PATH,
    repository=autopilot.PROFILES,
    family="intune",
    type_of=lambda row: f"#microsoft.graph.{row['kind']}",
    properties_of=_properties,
    hidden=frozenset({"kind"}),
    written=_PROPS - {"kind", "created_at", "last_modified_at", "priority", "findings"},
    kinds=autopilot.PROFILE_KINDS,
    casts={kind.lower(): eq("kind", kind) for kind in autopilot.PROFILE_KINDS},
    expansions=(expansion(autopilot.OBJECT_KIND),),
    counted=False,
    seen=autopilot.as_seen,
)


async def _create(call: Call) -> Answer:
    content = call.json
    kind = kind_of(content, autopilot.PROFILE_KINDS, autopilot.AZURE_AD)
    values = body.incoming(PROFILES, content)

    def write(tx: Tx) -> dict[str, Any]:
        row = autopilot.create_profile(tx, values, principal=call.principal, kind=kind)
        return item_body(tx, call, PROFILES, row)

    return created(call, PROFILES, await call.write(write))


async def _set_priority(call: Call) -> Answer:
    """Our own, as enrollment configurations have it: where the tenant gives profiles a priority (P-24)."""
    priority = body.field(call.json, "priority")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise BadRequest("'priority' must be a number.")
    await call.write(lambda tx: autopilot.set_profile_priority(tx, call.keys["id"], priority, principal=call.principal))
    return Answer(204)


async def _offline(call: Call) -> Answer:
    """``AutopilotConfigurationFile.json`` of a profile: our own, as Graph leaves the conversion to scripts."""
    content = await call.read(lambda tx: autopilot.offline_file(tx, call.keys["id"]))
    return Answer(200, content=content, media_type="application/json")


_READ, _WRITE = scopes.AUTOPILOT_READ, scopes.PROFILE_WRITE
#: ``assign`` takes device ids here, not targets: it is not served; assignments are added one by one.
_assignments: Final = [
    operation
    for operation in assigning(
        Assignable(PROFILES, autopilot.OBJECT_KIND, autopilot.assign_profile, "assignments", beta=True), _READ, _WRITE
    )
    if not operation.pattern.endswith("/assign")
]
OPERATIONS: Final = [
    *reading(PATH, PROFILES, _READ, beta=True),
    Operation("POST", PATH, _create, _WRITE, beta=True),
    *writing(PROFILES, _WRITE, update=autopilot.update_profile, delete=autopilot.delete_profile, beta=True),
    Operation("GET", f"{PATH}/{{id}}/taxiwayOfflineFile", _offline, _READ, beta=True),
    Operation("POST", f"{PATH}/{{id}}/taxiwaySetPriority", _set_priority, _WRITE, beta=True),
    *_assignments,
    linking(PROFILES, autopilot.OBJECT_KIND, _READ),
]
