"""Partner Center's addresses for devices: what a partner may do for a customer who consented (06 section 2.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taxiway import autopilot
from taxiway.autopilot import ImportRow
from taxiway.directory import Principal
from taxiway.doors import bearer, correlation, json_response
from taxiway.doors.request import read_json
from taxiway.graph.errors import BadRequest, InvalidToken, ScopeMissing
from taxiway.graph.protocol.caller import identify
from taxiway.graph.protocol.render import moment
from taxiway.graph.protocol.scopes import permits
from taxiway.kernel import NotImplementedHere, TaxiwayError
from taxiway.store import Row, Runtime

_BODY: Final = 8 * 1024 * 1024
_ROOT: Final = "/v1/customers/{customer}"
_STATUS: Final[tuple[tuple[type[TaxiwayError], int], ...]] = (
    (InvalidToken, 401),
    (ScopeMissing, 403),
    (autopilot.NoSuchBatch, 404),
    (NotImplementedHere, 501),
    (autopilot.AutopilotError, 400),
    (BadRequest, 400),
)
Handler = Callable[[Runtime, Request, Principal], Awaitable[Response]]


def routes(rt: Runtime) -> list[BaseRoute]:
    """The routes, for an application with the partner's permission in the customer's tenant."""
    batch, job = f"{_ROOT}/deviceBatches", f"{_ROOT}/batchJobStatus/{{job}}"
    one = f"{batch}/{{batch}}/devices/{{device}}"
    table: list[tuple[str, str, Handler]] = [
        ("GET", batch, _batches),
        ("POST", batch, partial(_upload, new=True)),
        ("GET", f"{batch}/{{batch}}/devices", _devices),
        ("POST", f"{batch}/{{batch}}/devices", partial(_upload, new=False)),
        ("DELETE", one, _remove),
        ("PATCH", one, _patch),
        ("GET", job, _result),
    ]
    return [Route(path, _served(rt, handler), methods=[method]) for method, path, handler in table]


def _served(rt: Runtime, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def serve(request: Request) -> Response:
        try:
            return await handler(rt, request, await _partner(rt, request))
        except TaxiwayError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
            if status is None:
                raise
            text = " ".join(filter(None, (error.message, error.remedy)))
            return json_response({"code": error.name, "description": text}, status)

    return serve


async def _partner(rt: Runtime, request: Request) -> Principal:
    """The application that the token proves: with the permission, in the tenant of this customer."""
    principal = await identify(rt, bearer(request))
    consented = principal.kind == "app" and permits(principal.scopes, frozenset({autopilot.PARTNER_PERMISSION}))
    if not consented or principal.tenant != request.path_params["customer"].lower():
        raise ScopeMissing(
            "The customer has not consented to this partner.",
            remedy="An administrator of the customer consents with: taxiway partner consent.",
        )
    if not all(str(part).isprintable() for part in request.path_params.values()):
        raise autopilot.NoSuchBatch("There is nothing at this address.")
    return principal


async def _upload(rt: Runtime, request: Request, principal: Principal, *, new: bool) -> Response:
    content = await read_json(request, limit=_BODY)
    body = {str(name).lower(): value for name, value in content.items()} if isinstance(content, dict) else {}
    devices = body.get("devices") if new or body else content
    if not isinstance(devices, list) or not all(isinstance(one, dict) for one in devices):
        raise BadRequest("The body has no list of devices.")
    name = body.get("batchid") if new else request.path_params["batch"]
    if not isinstance(name, str):
        raise BadRequest("The body has no 'BatchId'.")
    tracking_id = await autopilot.upload(
        rt,
        principal.tenant,
        name,
        [_row(device) for device in devices],
        new=new,
        principal=principal,
        correlation=correlation(request),
    )
    location = f"/customers/{principal.tenant}/batchJobStatus/{tracking_id}"
    return Response(None, 202, {"Location": location})


def _row(device: Mapping[str, Any]) -> ImportRow:
    given = {str(name).lower(): value for name, value in device.items()}

    def text(name: str) -> str:
        value = given.get(name) or ""
        if not isinstance(value, str):
            raise BadRequest("A member of a device is no text.")
        return value

    return ImportRow(
        serial_number=text("serialnumber"),
        product_key=text("productkey"),
        hardware_identifier=text("hardwarehash"),
        manufacturer=text("oemmanufacturername"),
        model=text("modelname"),
    )


async def _batches(rt: Runtime, _request: Request, principal: Principal) -> Response:
    rows = await rt.store.read(principal.tenant, lambda tx: autopilot.batches(tx, principal=principal))
    items = [
        {
            "id": row["name"],
            "createdBy": row["partner_name"],
            "creationDate": moment(row["created_at"]),
            "devicesCount": len(row["devices"]),
        }
        for row in rows
    ]
    return json_response({"totalCount": len(items), "items": items})


async def _devices(rt: Runtime, request: Request, principal: Principal) -> Response:
    name = request.path_params["batch"]
    rows = await rt.store.read(principal.tenant, lambda tx: autopilot.batch_devices(tx, name, principal=principal))
    items = [_shown(row) for row in rows]
    return json_response({"totalCount": len(items), "items": items})


def _shown(row: Row) -> dict[str, Any]:
    return {
        "id": row["id"],
        "serialNumber": row["serial_number"],
        "productKey": row["product_key"],
        "modelName": row["model"],
        "oemManufacturerName": row["manufacturer"],
        "policies": [],
        "uploadedDate": moment(row["registered_at"]),
        "allowedOperations": ["delete"],
    }


async def _remove(rt: Runtime, request: Request, principal: Principal) -> Response:
    batch, ztdid = request.path_params["batch"], request.path_params["device"]
    await rt.store.write(
        principal.tenant,
        lambda tx: autopilot.remove_batch_device(tx, batch, ztdid, principal=principal),
        actor=f"app:{principal.id}",
        correlation=correlation(request),
    )
    return Response(None, 204)


async def _patch(_rt: Runtime, _request: Request, _principal: Principal) -> Response:
    """A partner's own policies: a customer's profiles decide here."""
    raise NotImplementedHere("Policies of a partner are not implemented here: the customer assigns profiles.")


async def _result(rt: Runtime, request: Request, principal: Principal) -> Response:
    job_id = request.path_params["job"]
    job = await rt.store.read(principal.tenant, lambda tx: autopilot.upload_result(tx, job_id, principal=principal))
    return json_response(
        {
            "batchTrackingId": job["id"],
            "status": job["status"],
            "startedTime": moment(job["started_at"]),
            "completedTime": moment(job["completed_at"]),
            "devicesStatus": job["devices"],
        }
    )
