"""The routes of device registration (03 section 8; recovery keys: 01 R-121)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from taxiway.doors.request import address, bearer, correlation, json_response, peer, read_body
from taxiway.doors.throttle import Throttle
from taxiway.join import discovery, errors, flow
from taxiway.join.errors import RegistrationError
from taxiway.pki import PeerRefused
from taxiway.signin import NONCE_BURST, NONCE_RATE, make_nonce, network_of
from taxiway.store import Runtime
from taxiway.wire.join import JoinError, KeyFault, KeyFaultInner, Nonce, render

Handler = Callable[[Request], Awaitable[Response]]

_LIMIT = 65_536

#: HTTP status, ``ErrorType`` and ``ErrorSubcode`` of each refusal.
_STATUS: dict[type[RegistrationError], tuple[int, str, str]] = {
    errors.NotAuthenticated: (401, "AuthenticationError", ""),
    errors.DeviceRefused: (401, "AuthenticationError", "DeviceNotFound"),
    errors.NotAllowed: (403, "AuthorizationError", ""),
    errors.MfaMissing: (403, "AuthorizationError", "MfaRequired"),
    errors.QuotaReached: (403, "DeviceQuotaExceeded", ""),
    errors.BadRequest: (400, "InvalidRequest", ""),
    errors.JoinTypeUnknown: (400, "AuthenticationError", "JoinTypeNotAllowed"),
    errors.DirectoryTrouble: (400, "DirectoryError", "DeviceNotFound"),
    errors.TenantUnknown: (404, "DiscoveryError", "TenantNotFound"),
    errors.AskedTooOften: (429, "RequestThrottled", ""),
}


def routes(rt: Runtime) -> list[Route]:
    """Every route of device registration."""
    face = _Face(rt)
    return [
        Route("/{tenant}/discover", face.guarded("Discover", face.discover)),
        Route("/{tenant}/enrollmentserver/contract", face.guarded("Discover", face.discover)),
        Route("/enrollmentserver/nonce/{tenant}", face.guarded("Nonce", face.nonce), methods=["GET", "POST"]),
        Route("/enrollmentserver/device", face.guarded("DeviceJoin", face.join), methods=["POST"]),
        Route("/enrollmentserver/device/{device_id}", face.guarded("DeviceDelete", face.leave), methods=["DELETE"]),
        Route("/enrollmentserver/device/{device_id}", face.guarded("DeviceJoin", face.hybrid), methods=["PUT"]),
        Route("/enrollmentserver/key", face.register_key, methods=["POST"]),
        Route("/enrollmentserver/bitlocker/keys", face.guarded("KeyEscrow", face.escrow), methods=["POST"]),
        Route("/enrollmentserver/laps/credentials", face.guarded("PasswordEscrow", face.laps), methods=["POST"]),
    ]


class _Face:
    """Parses, calls the flow, renders."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._nonces = Throttle(rt.clock, burst=NONCE_BURST, rate=NONCE_RATE)
        self._writes = Throttle(rt.clock, burst=NONCE_BURST, rate=NONCE_RATE)

    async def discover(self, request: Request) -> Response:
        """The discovery document."""
        return _answer(await discovery.discover(self._rt, request.path_params["tenant"]))

    async def nonce(self, request: Request) -> Response:
        """A nonce, the same kind as the token endpoint's."""
        _count(self._nonces, request)
        return _answer(Nonce(make_nonce(self._rt)))

    async def join(self, request: Request) -> Response:
        """Join or register."""
        _count(self._writes, request)
        claims = await flow.authenticate(self._rt, bearer(request))
        body = await read_body(request, limit=_LIMIT)
        return _answer(await flow.join(self._rt, claims, body, correlation=correlation(request)))

    async def hybrid(self, _request: Request) -> Response:
        """Hybrid join sends no token and joins an object synchronised beforehand (03 section 8.7)."""
        raise errors.BadRequest("Hybrid join is not offered here.", remedy="Join the device to Microsoft Entra ID.")

    async def leave(self, request: Request) -> Response:
        """Delete by the device's own certificate; the body is what AADInternals looks for."""
        _count(self._writes, request)
        behind = await peer(request, self._rt)
        await flow.leave(self._rt, behind, request.path_params["device_id"], correlation=correlation(request))
        return json_response({"AttestationResult": {"KeyId": self._rt.entropy.uuid()}})

    async def escrow(self, request: Request) -> Response:
        """Keep a recovery key."""
        _count(self._writes, request)
        behind = await peer(request, self._rt)
        body = await read_body(request, limit=_LIMIT)
        return json_response({"kid": await flow.escrow(self._rt, behind, body, correlation=correlation(request))})

    async def laps(self, request: Request) -> Response:
        """Keep the password of a local administrator."""
        _count(self._writes, request)
        behind = await peer(request, self._rt)
        body = await read_body(request, limit=_LIMIT)
        credential = await flow.escrow_password(self._rt, behind, body, correlation=correlation(request))
        return json_response({"id": credential})

    async def register_key(self, request: Request) -> Response:
        """Register a Windows Hello key; its errors have a shape of their own."""
        cid = correlation(request)
        try:
            _count(self._writes, request)
            claims = await flow.authenticate(self._rt, bearer(request))
            body = await read_body(request, limit=_LIMIT)
            return _answer(await flow.register_key(self._rt, claims, body, correlation=cid))
        except RegistrationError as error:
            status = _STATUS[type(error)][0]
            fault = KeyFault(
                code=error.name,
                message=_text(error),
                time=self._time(),
                clientrequestid=cid,
                innererror=KeyFaultInner(trace=str(request.scope["request_id"])),
            )
            return _answer(fault, 401 if status == 403 else status)

    def guarded(self, operation: str, handler: Handler) -> Handler:
        """A handler whose refusals are error bodies of device registration (03 section 8.9)."""

        async def answer(request: Request) -> Response:
            try:
                return await handler(request)
            except RegistrationError as error:
                return self._refusal(request, operation, error)
            except PeerRefused as error:
                return self._refusal(request, operation, errors.DeviceRefused(error.message, remedy=error.remedy))

        return answer

    def _refusal(self, request: Request, operation: str, error: RegistrationError) -> Response:
        status, kind, subcode = _STATUS[type(error)]
        cid = correlation(request)
        body = JoinError(
            error_type=kind,
            error_subcode=subcode,
            message=_text(error),
            trace_id=str(request.scope["request_id"]),
            time=self._time(),
            operation=operation,
            request_id=cid,
        )
        headers = {"request-id": str(request.scope["request_id"]), "client-request-id": cid}
        if status == 429:
            headers["retry-after"] = "5"
        return _answer(body, status, headers)

    def _time(self) -> str:
        return self._rt.clock.now().strftime("%m-%d-%Y %H:%M:%SZ")


def _count(throttle: Throttle, request: Request) -> None:
    """Raise ``AskedTooOften`` when the caller's network has used up its share (03 section 15.16)."""
    if not throttle.allow(network_of(address(request))):
        raise errors.AskedTooOften("Too many requests came from this network.", remedy="Wait a few seconds.")


def _answer(body: Struct, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(render(body), status, headers, media_type="application/json")


def _text(error: RegistrationError) -> str:
    return " ".join(filter(None, (error.message, error.remedy)))
