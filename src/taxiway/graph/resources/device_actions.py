"""Remote actions on managed devices: what is ordered, and the logs that come back (02 section 7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from taxiway import directory, enrollment, management
from taxiway.doors import json_response
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.body import read_object
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.references import require_managed
from taxiway.kernel import TaxiwayError
from taxiway.management import NoContent
from taxiway.store import Row, Runtime, Tx

_PATH: Final = "deviceManagement/managedDevices"
_LONGEST: Final = 200
_Parameters = dict[str, Any]
#: What an action's body asks for: the kind, and what goes with it.
_Read = Callable[[Mapping[str, Any]], tuple[str, _Parameters]]


def _plain(kind: str) -> _Read:
    return lambda _content: (kind, {})


def _wipe(content: Mapping[str, Any]) -> tuple[str, _Parameters]:
    """The members of other platforms and of eSIMs are read and mean nothing to a Windows PC."""
    return management.wipe_kind(
        keep_enrollment=body.flag_field(content, "keepEnrollmentData"),
        keep_user=body.flag_field(content, "keepUserData"),
        protected=body.flag_field(content, "useProtectedWipe"),
    )


def _fresh_start(content: Mapping[str, Any]) -> tuple[str, _Parameters]:
    return "cleanWindowsDevice", {"keep_user_data": body.flag_field(content, "keepUserData")}


def _rename(content: Mapping[str, Any]) -> tuple[str, _Parameters]:
    return "setDeviceName", {"name": body.text_field(content, "deviceName")}


def _scan(content: Mapping[str, Any]) -> tuple[str, _Parameters]:
    return ("quickScan" if body.flag_field(content, "quickScan") else "fullScan"), {}


def _pause(content: Mapping[str, Any]) -> tuple[str, _Parameters]:
    minutes = body.field(content, "pauseTimePeriodInMinutes")
    if not isinstance(minutes, int) or isinstance(minutes, bool):
        raise BadRequest("'pauseTimePeriodInMinutes' must be a number.")
    return "pauseConfigurationRefresh", {"minutes": minutes}


_ACTIONS: Final[dict[str, tuple[_Read, frozenset[str]]]] = {
    "syncDevice": (_plain("syncDevice"), scopes.MANAGED_ACTIONS),
    "rebootNow": (_plain("rebootNow"), scopes.MANAGED_ACTIONS),
    "retire": (_plain("retire"), scopes.MANAGED_ACTIONS),
    "wipe": (_wipe, scopes.MANAGED_WRITE | scopes.MANAGED_ACTIONS),
    "cleanWindowsDevice": (_fresh_start, scopes.MANAGED_ACTIONS),
    "setDeviceName": (_rename, scopes.MANAGED_ACTIONS),
    "rotateBitLockerKeys": (_plain("rotateBitLockerKeys"), scopes.MANAGED_WRITE | scopes.CONFIGURATION_WRITE),
    "rotateLocalAdminPassword": (_plain("rotateLocalAdminPassword"), scopes.MANAGED_WRITE | scopes.MANAGED_ACTIONS),
    "windowsDefenderScan": (_scan, scopes.MANAGED_ACTIONS),
    "windowsDefenderUpdateSignatures": (_plain("windowsDefenderUpdateSignatures"), scopes.MANAGED_ACTIONS),
    "pauseConfigurationRefresh": (_pause, scopes.MANAGED_WRITE | scopes.MANAGED_ACTIONS),
}
#: What actions are called for many devices at once, where they have another name there.
_IN_BULK: Final[dict[str, _Read]] = {
    "quickScan": _plain("quickScan"),
    "fullScan": _plain("fullScan"),
    "signatureUpdate": _plain("windowsDefenderUpdateSignatures"),
}
#: Actions of phones, Macs, Chromebooks and Surface Hubs: a Windows PC has nothing that could carry them out.
_FOREIGN: Final = (
    "bypassActivationLock",
    "deleteUserFromSharedAppleDevice",
    "deprovision",
    "disable",
    "disableLostMode",
    "enableLostMode",
    "logoutSharedAppleDeviceActiveUser",
    "playLostModeSound",
    "recoverPasscode",
    "reenable",
    "remoteLock",
    "resetPasscode",
    "restoreManagedHomeScreen",
    "revokeAppleVppLicenses",
    "rotateFileVaultKey",
    "sendCustomNotificationToCompanyPortal",
    "shutDown",
    "suspendManagedHomeScreen",
    "updateWindowsDeviceAccount",
)
_FOREIGN_IN_BULK: Final = ("customTextNotification", "deprovision", "disable", "reenable")


def _action(name: str, read: _Read, needed: frozenset[str]) -> Operation:
    """204: the order is in the book; the device hears of it in its next session."""

    async def order(call: Call) -> Answer:
        kind, parameters = read(read_object(call.raw) if call.raw.strip() else {})

        def write(tx: Tx) -> None:
            require_managed(tx, call)
            management.order_action(tx, call.keys["id"], kind, parameters, principal=call.principal)

        await call.write(write)
        return Answer(204)

    return Operation("POST", f"{_PATH}/{{id}}/{name}", order, needed)


def _foreign(name: str) -> Operation:
    async def refuse(call: Call) -> Answer:
        await call.read(lambda tx: require_managed(tx, call))
        raise BadRequest(f"'{name}' is an action of other platforms: it is not supported for a Windows PC.")

    return Operation("POST", f"{_PATH}/{{id}}/{name}", refuse, scopes.MANAGED_ACTIONS | scopes.MANAGED_WRITE)


# ---------------------------------------------------------------------------------------------- in bulk


async def _execute(call: Call) -> Answer:
    """One action for many devices, each by itself: what fails for one does not fail the others."""
    content = call.json
    name = body.text_field(content, "actionName")
    ids = [one for one in body.list_field(content, "deviceIds", most=_MOST) if isinstance(one, str)]
    names = (*_ACTIONS, *_IN_BULK, *_FOREIGN_IN_BULK, "collectDiagnostics", "delete")
    known = next((each for each in names if each.lower() == name.lower()), None)
    if known is None:
        raise NotServed(f"The action '{name}' is not implemented here.")
    found: dict[str, list[str]] = {
        f"{how}DeviceIds": [] for how in ("successful", "failed", "notFound", "notSupported")
    }
    for device_id in ids:
        found[await _one(call, known, device_id, content)].append(device_id)
    context = f"{call.root}/$metadata#microsoft.graph.bulkManagedDeviceActionResult"
    return Answer(200, {"@odata.context": context, **found})


_MOST: Final = 100


async def _one(call: Call, name: str, device_id: str, content: Mapping[str, Any]) -> str:
    def write(tx: Tx) -> None:
        require_managed(tx, call, device_id)
        if name == "delete":
            enrollment.delete_managed_device(tx, device_id, principal=call.principal)
        elif name == "collectDiagnostics":
            management.order_collection(tx, device_id, call.rt.urls.mdm, principal=call.principal)
        elif name not in _FOREIGN_IN_BULK:
            kind, parameters = (_IN_BULK.get(name) or _ACTIONS[name][0])(content)
            management.order_action(tx, device_id, kind, parameters, principal=call.principal)

    try:
        await call.write(write)
    except NoSuchItem:
        return "notFoundDeviceIds"
    except directory.Forbidden:
        raise
    except TaxiwayError:
        return "failedDeviceIds"
    return "notSupportedDeviceIds" if name in _FOREIGN_IN_BULK else "successfulDeviceIds"


# ---------------------------------------------------------------------------------------------- logs


async def _collect(call: Call) -> Answer:
    """Ask for the device's logs; the predefined template is the one there is."""
    template = body.field(read_object(call.raw) if call.raw.strip() else {}, "templateType")
    kind = template.get("templateType") if isinstance(template, dict) else template
    if kind not in {None, "predefined"}:
        raise BadRequest("'templateType' must be 'predefined'.")

    def write(tx: Tx) -> dict[str, Any]:
        require_managed(tx, call)
        row = management.order_collection(tx, call.keys["id"], call.rt.urls.mdm, principal=call.principal)
        return _collection(row, call.version)

    made = await call.write(write)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#microsoft.graph.deviceLogCollectionResponse", **made})


async def _collections(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        require_managed(tx, call)
        return [_collection(row, call.version) for row in management.collections_of(tx, call.keys["id"])]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/logCollectionRequests", await call.read(read))


async def _get_collection(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        row = management.COLLECTIONS.get(tx, call.keys["request"])
        if row is None or row["managed_id"] != call.keys["id"]:
            raise NoSuchItem(call.keys["request"])
        return _collection(row, call.version)

    return Answer(200, await call.read(read))


async def _download(call: Call) -> Answer:
    """An address for an hour; who asked for it is on record."""

    def write(tx: Tx) -> str:
        return management.offer(tx, call.keys["id"], call.keys["request"], principal=call.principal)

    try:
        path = await call.write(write)
    except NoContent as error:
        raise NoSuchItem(call.keys["request"]) from error
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#Edm.String", "value": f"{call.origin}{path}"})


def _collection(row: Row, version: str) -> dict[str, Any]:
    """A ``deviceLogCollectionResponse``."""
    size = row["size"]
    return {
        "id": row["id"],
        "status": row["status"],
        "managedDeviceId": row["managed_id"],
        "requestedDateTimeUTC": moment(row["requested_at"]),
        "receivedDateTimeUTC": None if row["received_at"] is None else moment(row["received_at"]),
        "initiatedByUserPrincipalName": row["initiated_by"],
        "expirationDateTimeUTC": moment(row["expires_at"]),
        "sizeInKB": size / 1024,
        "enrolledByUser": row["enrolled_by"],
        **({"errorCode": row["error_code"], "size": size} if version == "beta" else {}),
    }


def routes(rt: Runtime) -> list[BaseRoute]:
    """The route that a download address leads to."""

    async def get(request: Request) -> Response:
        tenant, collection = request.path_params["tenant"], request.path_params["collection"]
        token = request.query_params.get("token", "")
        if any("\x00" in part or len(part) > _LONGEST for part in (tenant, collection, token)):
            return json_response({"error": {"code": "ResourceNotFound", "message": "There is no such archive."}}, 404)
        try:
            sha256 = await rt.store.read(tenant, lambda tx: management.offered(tx, collection, token))
        except NoContent as error:
            return json_response({"error": {"code": "ResourceNotFound", "message": error.message}}, 404)
        file = await rt.workers.run(rt.blobs.open, sha256)
        try:
            content = await rt.workers.run(file.read)
        finally:
            file.close()
        return Response(content, 200, media_type="application/zip")

    return [Route("/diagnostics/{tenant}/{collection}", get, methods=["GET"])]


OPERATIONS: Final = [
    *(_action(name, read, needed) for name, (read, needed) in _ACTIONS.items()),
    *(_foreign(name) for name in _FOREIGN),
    Operation("POST", f"{_PATH}/executeAction", _execute, scopes.MANAGED_ACTIONS),
    Operation("POST", f"{_PATH}/{{id}}/createDeviceLogCollectionRequest", _collect, scopes.MANAGED_WRITE),
    Operation("GET", f"{_PATH}/{{id}}/logCollectionRequests", _collections, scopes.MANAGED_READ),
    Operation("GET", f"{_PATH}/{{id}}/logCollectionRequests/{{request}}", _get_collection, scopes.MANAGED_READ),
    Operation(
        "POST",
        f"{_PATH}/{{id}}/logCollectionRequests/{{request}}/createDownloadUrl",
        _download,
        scopes.MANAGED_WRITE,
    ),
]
