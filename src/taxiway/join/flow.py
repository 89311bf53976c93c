"""A join from token to certificate, a Hello key, an escrowed recovery key: read, sign, write (03 section 8.3)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from taxiway import autopilot, directory, pki, signin
from taxiway.join import keys, laps, service
from taxiway.join.errors import BadRequest, DeviceRefused, NotAllowed, NotAuthenticated, RegistrationError
from taxiway.join.model import Wanted, check_keys, read_request, ticket_of
from taxiway.join.service import Plan
from taxiway.kernel import Busy, Reason
from taxiway.store import Row, Runtime, Tx
from taxiway.wire.device_certificate import JOINED, REGISTERED, DeviceClaims, encode_extensions
from taxiway.wire.join import ENTRA_JOIN, RESOURCE, Certificate, JoiningUser, JoinResponse, KeyResponse

T = TypeVar("T")

AUDIENCES = (RESOURCE, "urn:ms-drs:enterpriseregistration.microsoftonline.us", "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9")

_SCOPES = frozenset({"adrs_access", "user_impersonation"})
_LIFETIME = timedelta(days=3652)
_TRIES = 3


async def authenticate(rt: Runtime, token: str | None) -> signin.Claims:
    """The user behind a token for device registration."""
    if token is None:
        raise NotAuthenticated("The request has no bearer token.")
    try:
        claims = await signin.verify_token(rt, token, audiences=AUDIENCES)
    except signin.TokenRefused as error:
        raise NotAuthenticated(error.message, remedy=error.remedy) from error
    if claims.kind != "user" or claims.oid is None or not claims.scopes & _SCOPES:
        raise NotAuthenticated("The token does not permit device registration.")
    return claims


async def join(rt: Runtime, claims: signin.Claims, body: bytes, *, correlation: str) -> JoinResponse:
    """Join or register a device; sent again it gives the same device without a second effect (01 R-111)."""
    ticket: autopilot.Ticket | None = None
    try:
        request = read_request(body)
        ticket = await _ticket(rt, ticket_of(request))
        await rt.store.read(claims.tenant, lambda tx: service.admit(tx, claims, ticket))
        wanted = await rt.workers.run(check_keys, request)
        return await _join(rt, claims, ticket, wanted, correlation)
    except RegistrationError as error:
        await _note(rt, claims, ticket, error, correlation)
        raise


async def _join(
    rt: Runtime, claims: signin.Claims, ticket: autopilot.Ticket | None, wanted: Wanted, correlation: str
) -> JoinResponse:
    """Sign beside the transaction; when the object meanwhile became another one, sign again."""

    def decide(tx: Tx) -> Plan:
        return service.settle(tx, service.admit(tx, claims, ticket), wanted)

    for _ in range(_TRIES):
        plan = await rt.store.read(claims.tenant, decide)
        if plan.certificate is not None:
            return _response(plan, plan.certificate)
        device_id = plan.before["device_id"] if plan.before is not None else rt.entropy.uuid()
        certificate = await _certify(rt, claims, plan, wanted, device_id)

        def save(tx: Tx, made: x509.Certificate = certificate, name: str = device_id) -> Plan | None:
            now = decide(tx)
            if now.certificate is not None:
                return now
            if now.before is not None and now.before["device_id"] != name:
                return None
            service.record(tx, now, wanted, made, claims)
            return replace(now, certificate=made, administrators=service.administrators(tx, now, wanted))

        actor = f"user:{claims.oid}"
        done = await rt.store.write(claims.tenant, save, actor=actor, correlation=correlation)
        if done is not None and done.certificate is not None:
            return _response(done, done.certificate)
    raise Busy("The device object changed while the certificate was made.", remedy="Send the request again.")


async def leave(rt: Runtime, peer: pki.Peer | None, device_id: str, *, correlation: str) -> None:
    """Delete a device by its own certificate (03 section 8.8)."""

    def drop(tx: Tx, device: Row) -> None:
        if device["device_id"] != device_id.lower():
            raise DeviceRefused("The certificate is that of another device.")
        service.leave(tx, device)

    await _by_device(rt, peer, drop, correlation=correlation, enabled=False)


async def register_key(rt: Runtime, claims: signin.Claims, body: bytes, *, correlation: str) -> KeyResponse:
    """Register a Windows Hello key: takes a fresh second factor and a joined device (03 section 8.11)."""
    blob = await rt.workers.run(keys.read_hello_key, body)
    device_id, oid = claims.device_id, claims.oid
    if device_id is None or oid is None:
        raise NotAuthenticated("The token does not name a device.", remedy="Ask for it with the device's PRT.")
    if "ngcmfa" not in claims.amr:
        reason = Reason("hello.factor_missing", "The sign-in behind the token had no fresh second factor.")
        raise NotAllowed("A fresh second factor is needed to register a key.", reasons=[reason])

    def save(tx: Tx) -> KeyResponse:
        device = directory.find_device(tx, device_id=device_id)
        kid = signin.register_hello_key(tx, user_id=oid, device_id=device_id, blob=blob)
        if kid is None:
            reason = Reason("hello.key_known", "Another user or device registered this key.")
            raise NotAllowed("The key is registered already.", reasons=[reason])
        what = {"kid": kid, "upn": claims.upn, "device_id": device_id}
        tx.log("hello_key.registered", subject=_subject(device, device_id), what=what)
        return KeyResponse(kid, claims.upn)

    return await rt.store.write(claims.tenant, save, actor=f"user:{oid}", correlation=correlation)


async def escrow(rt: Runtime, peer: pki.Peer | None, body: bytes, *, correlation: str) -> str:
    """Keep a recovery key that a joined device brings by its own certificate (01 R-121)."""
    escrowed = keys.read_recovery_key(body)

    def save(tx: Tx, device: Row) -> str:
        return keys.store_recovery_key(tx, device, escrowed)

    return await _by_device(rt, peer, save, correlation=correlation)


async def escrow_password(rt: Runtime, peer: pki.Peer | None, body: bytes, *, correlation: str) -> str:
    """Keep the password of a local administrator that a joined device brings by its own certificate."""
    sent = laps.read_local_password(body)

    def save(tx: Tx, device: Row) -> str:
        return laps.store_local_password(tx, device, sent)

    return await _by_device(rt, peer, save, correlation=correlation)


# ---------------------------------------------------------------------------------------------- inside


async def _by_device(
    rt: Runtime, peer: pki.Peer | None, function: Callable[[Tx, Row], T], *, correlation: str, enabled: bool = True
) -> T:
    """Run something for the joined device behind the connection."""
    if peer is None or peer.purpose != "device":
        raise DeviceRefused("The request needs the device certificate.", remedy="Present it in the TLS handshake.")

    def run(tx: Tx) -> T:
        device = directory.find_device(tx, id=peer.subject.removeprefix("device:"))
        if device is None or (enabled and not device["account_enabled"]):
            raise DeviceRefused("The device was deleted or disabled.", remedy="Join the device again.")
        return function(tx, device)

    return await rt.store.write(peer.tenant, run, actor=peer.subject, correlation=correlation)


async def _ticket(rt: Runtime, ticket: str) -> autopilot.Ticket | None:
    if not ticket:
        return None
    try:
        return await autopilot.verify_ticket(rt, ticket)
    except autopilot.TicketRefused as error:
        raise BadRequest(f"The device ticket is not valid: {error.message}", remedy=error.remedy) from error


async def _certify(rt: Runtime, claims: signin.Claims, plan: Plan, wanted: Wanted, device_id: str) -> x509.Certificate:
    """The device certificate; nothing in it comes from the request but the key (03 sections 8.5 and 15.16)."""
    joined = JOINED if wanted.request.join_type == ENTRA_JOIN else REGISTERED
    facts = DeviceClaims(
        device_id=UUID(device_id),
        tenant_id=UUID(claims.tenant),
        user_id=None if plan.bulk else UUID(claims.oid),
        join_type=joined,
    )
    private = [
        (x509.UnrecognizedExtension(ObjectIdentifier(oid), value), False)
        for oid, value in encode_extensions(facts).items()
    ]
    return await pki.issue(
        rt,
        "device",
        public_key=wanted.key,
        subject=x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, device_id)]),
        lifetime=_LIFETIME,
        extensions=[
            (x509.BasicConstraints(ca=False, path_length=None), True),
            (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), True),
            *private,
        ],
    )


async def _note(
    rt: Runtime, claims: signin.Claims, ticket: autopilot.Ticket | None, error: RegistrationError, correlation: str
) -> None:
    """Write the refusal where the device's timeline finds it."""
    known = ticket is not None and ticket.tenant == claims.tenant and ticket.ztdid is not None
    subject = f"autopilot:{ticket.ztdid}" if known and ticket is not None else f"user:{claims.oid}"
    what = {"error": error.name, "message": error.message, "upn": claims.upn}

    def write(tx: Tx) -> None:
        tx.log("join.refused", subject=subject, what=what, why=error.reasons)

    await rt.store.write(claims.tenant, write, actor=f"user:{claims.oid}", correlation=correlation)


def _response(plan: Plan, certificate: x509.Certificate) -> JoinResponse:
    upn = str(plan.user["user_principal_name"])
    der = certificate.public_bytes(Encoding.DER)
    return JoinResponse(Certificate.of(der), JoiningUser(upn), plan.administrators)


def _subject(device: Row | None, device_id: str) -> str:
    if device is None:
        return f"device:{device_id}"
    return f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
