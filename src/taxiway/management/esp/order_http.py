"""Orders about a running status page, for administrators: at the door of people (P-15)."""

from __future__ import annotations

from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.routing import Route

from taxiway import enrollment, signin
from taxiway.directory import Principal
from taxiway.doors import correlation
from taxiway.doors.errors import BadBody
from taxiway.management.esp.administration import Order, order_esp
from taxiway.store import NotFound, Runtime, Tx

_ORDERS: Final[tuple[Order, ...]] = get_args(Order)


def order_routes(rt: Runtime) -> list[Route]:
    """``/taxiway/esp``, with a token for Graph: ``{"device": serial number or id, "order": ...}``."""

    async def answer(request: Request, principal: Principal) -> Any:
        asked = await signin.read_object(request)
        device, order = asked.get("device"), next((each for each in _ORDERS if each == asked.get("order")), None)
        if not isinstance(device, str) or order is None:
            raise BadBody(f"The body names a device and an order: {', '.join(_ORDERS)}.")

        def give(tx: Tx) -> Any:
            managed = enrollment.latest_managed(tx, device)
            if managed is None:
                raise NotFound(f"No managed device has the serial number or the id '{device}'.")
            order_esp(tx, managed["id"], order, principal=principal)
            return {"managedDevice": managed["id"], "order": order}

        actor = f"{principal.kind}:{principal.id}"
        return await rt.store.write(principal.tenant, give, actor=actor, correlation=correlation(request))

    return [Route("/taxiway/esp", signin.administered(rt, answer), methods=["POST"])]
