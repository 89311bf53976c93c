"""``taxiwayDeviceClaims``, ours: devices that pass from one tenant to another by claim and consent (P-21)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Final

from taxiway import autopilot
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.resources.autopilot_imports import row_of
from taxiway.store import NotFound, Row

_PATH: Final = "deviceManagement/taxiwayDeviceClaims"
CLAIMS: Final = Face(
    path=_PATH,
    repository=autopilot.CLAIMS,
    family="intune",
    hidden=autopilot.CLAIM_INTERNAL,
    search=("serial_number",),
)


async def _create(call: Call) -> Answer:
    """The body is that of an import: ``hardwareIdentifier``, and what the registration is to have."""
    row = row_of(call.json)
    made = await autopilot.claim_device(
        call.rt, call.tenant, row, principal=call.principal, correlation=call.correlation
    )
    return created(call, CLAIMS, await call.read(lambda tx: item_body(tx, call, CLAIMS, made)))


def _answered(how: Callable[..., Awaitable[Row]]) -> Callable[[Call], Awaitable[Answer]]:
    async def answer(call: Call) -> Answer:
        try:
            row = await how(
                call.rt, call.tenant, call.keys["id"], principal=call.principal, correlation=call.correlation
            )
        except NotFound as error:
            raise NoSuchItem(call.keys["id"]) from error
        shown: dict[str, Any] = await call.read(lambda tx: item_body(tx, call, CLAIMS, row))
        return Answer(200, shown)

    return answer


_READ, _WRITE = scopes.AUTOPILOT_READ, scopes.AUTOPILOT_WRITE
OPERATIONS: Final = [
    *reading(_PATH, CLAIMS, _READ),
    Operation("POST", _PATH, _create, _WRITE),
    Operation("POST", f"{_PATH}/{{id}}/consent", _answered(autopilot.consent_to_claim), _WRITE),
    Operation("POST", f"{_PATH}/{{id}}/refuse", _answered(autopilot.refuse_claim), _WRITE),
]
