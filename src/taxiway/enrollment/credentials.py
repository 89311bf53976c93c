"""Whom a request proves: by Entra token, web sign-in, password or a device's certificate (04 sections 4 and 5)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric import rsa

from taxiway import directory, pki, signin
from taxiway.enrollment import outside, outside_tokens, web_tokens
from taxiway.enrollment.errors import (
    InMaintenance,
    InvalidSecurity,
    NotAuthenticated,
    NotForThisAccount,
    SignInRefused,
)
from taxiway.enrollment.outside_tokens import Foreign
from taxiway.enrollment.policy import enrollment_policy_of
from taxiway.kernel import Reason
from taxiway.store import Row, Runtime, Tx
from taxiway.wire.errors import BadSignature
from taxiway.wire.soap import DEVICE_USER_TOKEN, JWT_TOKEN, BinaryToken, Credential, SignedToken, UsernameToken
from taxiway.wire.xml_signature import verify_enveloped

WELL_KNOWN_AUDIENCE: Final = "https://enrollment.manage.microsoft.com/"
#: Whose tokens may enroll without the scope that other clients need (04 section 5.3).
BROKER: Final = signin.BROKER
DELEGATION: Final = "mdm_delegation"
#: How far the clock of a client may be off when it signs a request (04 section 4.4).
_SKEW: Final = timedelta(minutes=5)
_REMEDY: Final = "An administrator can allow it: taxiway enrollment-policy."

Way = Literal["token", "outside", "web", "password", "certificate"]


@dataclass(frozen=True, slots=True)
class Proven:
    """Whom a request proves, and how. ``device_id``: of the Entra device that the proof was given on.

    ``web_token``: what has to be used up when the certificate is issued. ``foreign``: whom an outside issuer vouches
    for; who that is here is only known when it enrolls.
    """

    tenant: str
    way: Way
    user_id: str | None
    device_id: str | None = None
    web_token: str = ""
    foreign: Foreign | None = None

    @property
    def actor(self) -> str:
        """Under which name the log speaks of whoever asks."""
        if self.foreign is not None:
            return f"outside:{self.foreign.oid}"
        return f"user:{self.user_id}" if self.user_id else f"device:{self.device_id}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from, for the lock and the log."""

    address: str
    correlation: str


def audiences(rt: Runtime) -> Collection[str]:
    """The names a token may be given for, to be good here (04 section 5.2)."""
    names = (*(urls.mdm for urls in rt.families), WELL_KNOWN_AUDIENCE.rstrip("/"))
    return (*names, *(f"{name}/" for name in names), directory.INTUNE_APP_ID)


async def authenticate(rt: Runtime, credential: Credential | SignedToken | None, origin: Origin) -> Proven:
    """Whom the header proves; ``InvalidSecurity`` or a refusal says why it proves nobody (04 section 4)."""
    match credential:
        case UsernameToken():
            proven = await _by_password(rt, credential, origin)
        case SignedToken():
            proven = await _by_certificate(rt, credential)
        case BinaryToken(value_type=kind) if kind == JWT_TOKEN:
            proven = await _by_token(rt, credential)
        case BinaryToken(value_type=kind) if kind == DEVICE_USER_TOKEN:
            proven = await _by_web_token(rt, credential)
        case BinaryToken():
            raise InvalidSecurity("Tokens of this kind are not known here.")
        case None:
            raise InvalidSecurity("The request carries no credential.")
    await rt.store.read(proven.tenant, require_open)
    return proven


async def authenticate_bearer(rt: Runtime, token: str | None) -> signin.Claims:
    """The claims of a verified access token for the MDM application, in terms of our own directory."""
    found = await _verified(rt, token)
    if isinstance(found, signin.Claims):
        return found
    tenant, foreign = found
    return await rt.store.read(tenant, lambda tx: _claims(tx, foreign, outside.known_user(tx, foreign)))


async def authenticate_visitor(rt: Runtime, token: str | None) -> signin.Claims:
    """``authenticate_bearer`` for whoever is about to enroll: a user of an outside issuer is adopted."""
    found = await _verified(rt, token)
    if isinstance(found, signin.Claims):
        return found
    tenant, foreign = found
    return await rt.store.write(tenant, lambda tx: _claims(tx, foreign, _adopted(tx, foreign)))


async def _verified(rt: Runtime, token: str | None) -> signin.Claims | tuple[str, Foreign]:
    """A token of ours, or one of an issuer that a tenant trusts."""
    if token is None:
        raise NotAuthenticated("The request carries no token.")
    try:
        return await signin.verify_token(rt, token, audiences=audiences(rt))
    except signin.TokenOfOthers:
        return await outside_tokens.verify(rt, token)
    except signin.TokenRefused as error:
        raise NotAuthenticated(error.message, reasons=error.reasons, remedy=error.remedy) from error


def require_open(tx: Tx) -> None:
    """Raise ``InMaintenance`` while the tenant takes no requests."""
    if enrollment_policy_of(tx).in_maintenance:
        raise InMaintenance("Enrollment is closed for maintenance.", remedy="Try again later.")


# ---------------------------------------------------------------------------------------------- inside


async def _by_token(rt: Runtime, credential: BinaryToken) -> Proven:
    found = await _verified(rt, _text(credential))
    claims = found if isinstance(found, signin.Claims) else found[1]
    if claims.app_id != BROKER and DELEGATION not in claims.scopes:
        raise NotAuthenticated(f"The token was not given for enrollment: it lacks the scope {DELEGATION}.")
    if isinstance(found, signin.Claims):
        return Proven(found.tenant, "token", found.oid, found.device_id)
    return Proven(found[0], "outside", found[1].oid, found[1].device_id, foreign=found[1])


def _adopted(tx: Tx, foreign: Foreign) -> Row:
    if foreign.oid is None:
        raise NotAuthenticated("The token names no user.")
    return outside.adopt_user(tx, foreign)


def _claims(tx: Tx, foreign: Foreign, user: Row | None) -> signin.Claims:
    """What an outside token says, with the user and the device that stand for its own."""
    if user is None or not user["account_enabled"]:
        raise NotAuthenticated("The user of the token is not known here, or is disabled.")
    device = outside.known_device(tx, foreign)
    return signin.Claims(
        tenant=tx.tenant,
        app_id=foreign.app_id,
        aud=foreign.audience,
        amr=(),
        issued_at=foreign.issued_at,
        expires_at=foreign.expires_at,
        uti="",
        oid=user["id"],
        upn=user["user_principal_name"],
        scopes=foreign.scopes,
        device_id=None if device is None else device["device_id"],
    )


async def _by_web_token(rt: Runtime, credential: BinaryToken) -> Proven:
    token = _text(credential)
    tenant = web_tokens.tenant_of(token)
    if tenant is None:
        raise NotAuthenticated("The token is not one of the sign-in page.", remedy="Sign in again.")
    user_id = await rt.store.read(tenant, lambda tx: web_tokens.user_of(tx, token))
    return Proven(tenant, "web", user_id, web_token=token)


async def _by_password(rt: Runtime, credential: UsernameToken, origin: Origin) -> Proven:
    r"""The name may be ``user@domain`` or ``domain\user``; there is no second factor, so a tenant has to allow it."""
    domain, slash, name = credential.username.partition("\\")
    upn = f"{name}@{domain}" if slash else credential.username
    tenant = await signin.tenant_of_name(rt, upn)
    if tenant is not None:
        await _require_allowed(rt, tenant, "on_premise", "Enrollment by user name and password")
    try:
        tenant, user_id = await signin.check_person(
            rt,
            upn,
            credential.password,
            app_id=directory.ENROLLMENT_APP_ID,
            address=origin.address,
            correlation=origin.correlation,
        )
    except signin.BadCredentials as error:
        raise NotAuthenticated("User name or password is wrong.") from error
    except signin.SignInError as error:
        raise SignInRefused(error.message, reasons=error.reasons, remedy=error.remedy) from error
    return Proven(tenant, "password", user_id)


async def _by_certificate(rt: Runtime, credential: SignedToken) -> Proven:
    """The certificate of a joined device that signed this very request, for the person who joined it."""
    now = rt.clock.now()
    if not credential.created - _SKEW <= now <= credential.expires + _SKEW:
        raise NotAuthenticated("The request was not signed now.", remedy="Check the device's clock.")
    try:
        peer = await pki.verify_peer(rt, credential.certificate)
    except pki.PeerRefused as error:
        raise NotAuthenticated(error.message, remedy=error.remedy) from error
    kind, _, row_id = peer.subject.partition(":")
    key = peer.certificate.public_key()
    if peer.purpose != "device" or kind != "device" or not isinstance(key, rsa.RSAPublicKey):
        raise NotAuthenticated("Only the certificate of a joined device enrolls it.")
    try:
        await rt.workers.run(verify_enveloped, credential.envelope, key)
    except BadSignature as error:
        raise NotAuthenticated(error.message) from error
    await _require_allowed(rt, peer.tenant, "certificate", "Enrollment by a device's certificate")
    return await rt.store.read(peer.tenant, lambda tx: _owner(tx, row_id))


def _owner(tx: Tx, row_id: str) -> Proven:
    device = directory.find_device(tx, id=row_id)
    if device is None:
        raise NotAuthenticated("The device does not exist any more.", remedy="Join the device again.")
    if device["owner_id"] is None:
        raise NotForThisAccount("The device has no owner for whom it could enroll.")
    return Proven(tx.tenant, "certificate", device["owner_id"], device["device_id"])


def _text(credential: BinaryToken) -> str:
    try:
        return credential.content.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidSecurity("The token is not text.") from error


async def _require_allowed(rt: Runtime, tenant: str, switch: str, what: str) -> None:
    policy = await rt.store.read(tenant, enrollment_policy_of)
    if not getattr(policy, switch):
        why = Reason(f"policy.{switch}", f"{what} is switched off for this tenant.")
        raise NotForThisAccount(why.text, reasons=[why], remedy=_REMEDY)
