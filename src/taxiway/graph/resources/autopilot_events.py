"""``autopilotEvents``: the report of deployments, newest first (02 section 3.7)."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from taxiway import management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import reading, value_answer
from taxiway.graph.protocol.render import moment
from taxiway.store import Tx

_PATH: Final = "deviceManagement/autopilotEvents"
EVENTS: Final = Face(
    path=_PATH,
    repository=management.DEPLOYMENTS,
    family="intune",
    hidden=frozenset({"status_details"}),
    never=frozenset({"deployment_ended_at"}),
    search=("device_serial_number", "user_principal_name"),
    order=(("deployment_started_at", True),),
)


async def _details(call: Call) -> Answer:
    """Each app and configuration, and whether the page waited for it."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        found = management.status_details(tx, call.keys["id"])
        reported = [moment(datetime.fromisoformat(one["lastReportedDateTime"])) for one in found]
        return [{**one, "lastReportedDateTime": when} for one, when in zip(found, reported, strict=True)]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/policyStatusDetails", await call.read(read))


OPERATIONS: Final = [
    *reading(_PATH, EVENTS, scopes.EVENTS_READ, beta=True),
    Operation("GET", f"{_PATH}/{{id}}/policyStatusDetails", _details, scopes.EVENTS_READ, beta=True),
]
