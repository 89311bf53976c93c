"""Access and id tokens: signed in a worker, verified completely or not at all (03 sections 5 and 15.6)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import msgspec
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from taxiway import directory
from taxiway.signin import keys
from taxiway.signin.errors import TokenElsewhere, TokenExpired, TokenOfOthers, TokenRefused
from taxiway.signin.model import Claims
from taxiway.signin.revocation import ended_before
from taxiway.store import SYSTEM, Runtime, Tx

_LEEWAY = timedelta(minutes=5)
_LONGEST = 16_384
_RENEW = "Sign in again."
#: Our names of keys; nobody's other text is looked up.
_KID = re.compile(r"[A-Za-z0-9_-]{1,64}")

Body = Mapping[str, Any]
_Time = Annotated[int, msgspec.Meta(ge=0, lt=2**33)]


class _Shape(msgspec.Struct):
    """What every token of ours has, and what the rest of it is made of."""

    iss: str
    aud: str
    tid: str
    ver: str
    uti: str
    iat: _Time
    nbf: _Time
    exp: _Time
    oid: str | None = None
    deviceid: str | None = None
    appid: str | None = None
    azp: str | None = None
    scp: str = ""
    idtyp: str = "user"
    app_displayname: str = ""
    amr: list[str] = []
    roles: list[str] = []


async def sign(rt: Runtime, *bodies: Body) -> list[str]:
    """Sign each body with the key of the day."""
    current = await keys.signing_keys(rt)
    return await rt.workers.run(lambda: [_sign(current, body) for body in bodies])


def _sign(current: keys.SigningKey, body: Body) -> str:
    header = {"typ": "JWT", "alg": "RS256", "kid": current.kid}
    if body.get("ver") == "1.0":
        header["x5t"] = current.kid
    return jwt.encode(header, dict(body), current.key, algorithms=["RS256"])


def issuer(authority: str, tenant: str, version: str) -> str:
    """The issuer that tokens of this version carry; ``authority`` is ``Urls.issuer``. v1 has one name everywhere."""
    return f"{authority}/{tenant}/v2.0" if version == "2.0" else f"https://sts.windows.net/{tenant}/"


async def verify_token(rt: Runtime, token: str, *, audiences: Collection[str]) -> Claims:
    """The claims of an access token of ours for one of ``audiences``, or ``TokenRefused``.

    Checked: key and signature, issuer, audience, times, that it is no id_token, that user and device are there,
    enabled, and not signed out since.
    """
    kid = _peek(token)
    key = await rt.store.read(SYSTEM, lambda tx: keys.public_key(tx, kid))
    if key is None:
        raise TokenOfOthers("The token names a signing key that is not known here.", remedy=_RENEW)
    body = _verified(token, key)
    _check(rt, body, audiences)
    return await rt.store.read(str(body["tid"]), lambda tx: _standing(tx, body))


async def read_id_token(rt: Runtime, token: str) -> Body | None:
    """The claims of an id_token of ours, run out or not: a hint at a sign-out; None for anything else."""
    try:
        kid = _peek(token)
        key = await rt.store.read(SYSTEM, lambda tx: keys.public_key(tx, kid))
        body = _verified(token, key) if key is not None else {}
    except TokenRefused:
        return None
    ours = {issuer(urls.issuer, str(body.get("tid")), str(body.get("ver"))) for urls in rt.families}
    return None if "scp" in body or body.get("idtyp") or body.get("iss") not in ours else body


def _peek(token: str) -> str:
    """The key id as claimed: only where to look."""
    try:
        kid = jws.extract_compact(token[: _LONGEST + 1].encode("ascii")).headers()["kid"]
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise TokenRefused("The token is not one of ours.", remedy=_RENEW) from error
    if not isinstance(kid, str) or not _KID.fullmatch(kid):
        raise TokenRefused("The token is not one of ours.", remedy=_RENEW)
    return kid


def _verified(token: str, key: RSAKey) -> Body:
    try:
        opened = jwt.decode(token, key, algorithms=["RS256"])
    except (JoseError, ValueError, TypeError, RecursionError) as error:
        raise TokenRefused("The token's signature is wrong.", remedy=_RENEW) from error
    if opened.header.get("typ") != "JWT":
        raise TokenRefused("This is another kind of token.", remedy=_RENEW)
    try:
        msgspec.json.decode(msgspec.json.encode(opened.claims), type=_Shape)
    except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError) as error:
        raise TokenRefused("This is another kind of token.", remedy=_RENEW) from error
    return opened.claims


def _check(rt: Runtime, body: Body, audiences: Collection[str]) -> None:
    """What the body itself has to say: our own tokens always carry these members."""
    now, tenant, version = rt.clock.now(), str(body["tid"]), str(body["ver"])
    if body["iss"] not in {issuer(urls.issuer, tenant, version) for urls in rt.families}:
        raise TokenRefused("The token was issued for another tenant or by another authority.", remedy=_RENEW)
    if "scp" not in body and body.get("idtyp") not in {"app", "device"}:
        raise TokenRefused("This is an id_token, not an access token.", remedy="Send the access token.")
    if str(body["aud"]).rstrip("/") not in {audience.rstrip("/") for audience in audiences}:
        raise TokenElsewhere("The token is for another resource.", remedy="Ask for a token for this resource.")
    if not _instant(body["nbf"]) - _LEEWAY <= now <= _instant(body["exp"]) + _LEEWAY:
        raise TokenExpired("The token has run out or is not valid yet.", remedy=_RENEW)


def _standing(tx: Tx, body: Body) -> Claims:
    """The claims, once user and device are still what they were."""
    kind = str(body.get("idtyp", "user"))
    issued, amr = _instant(body["iat"]), tuple(body.get("amr", ()))
    oid, device_id = body.get("oid"), body.get("deviceid")
    user = directory.USERS.get(tx, str(oid)) if kind == "user" else None
    if kind == "user" and (user is None or not user["account_enabled"]):
        raise TokenRefused("The account is disabled or was deleted.", remedy=_RENEW)
    if device_id:
        device = directory.find_device(tx, device_id=str(device_id))
        if device is None or not device["account_enabled"]:
            raise TokenRefused("The device is disabled or was deleted.", remedy="Join the device again.")
    _not_ended(ended_before(tx, user_id=str(oid) if user else None, device_id=device_id, amr=amr), issued)
    if kind == "app":
        _require_principal(tx, _client(body), oid)
    return Claims(
        tenant=tx.tenant,
        kind=kind,
        app_id=_client(body),
        aud=str(body["aud"]),
        amr=amr,
        issued_at=issued,
        expires_at=_instant(body["exp"]),
        uti=str(body["uti"]),
        oid=None if kind == "device" else oid,
        upn=user["user_principal_name"] if user else "",
        name=(user["display_name"] or "") if user else str(body.get("app_displayname", "")),
        scopes=frozenset(str(body.get("scp", "")).split()),
        app_roles=frozenset(body.get("roles", ())),
        roles=directory.roles_of(tx, str(oid)) if user else frozenset(),
        device_id=device_id,
    )


def _require_principal(tx: Tx, app_id: str, oid: Any) -> None:
    principal = directory.principal_of(tx, app_id)
    if principal is None or principal["id"] != oid or not principal["account_enabled"]:
        raise TokenRefused("The application was deleted or switched off.")


def _not_ended(ended: datetime | None, issued: datetime) -> None:
    """Times in tokens are whole seconds, so the second of the revocation itself still counts as before it."""
    if ended is not None and issued < ended.replace(microsecond=0):
        raise TokenRefused("The sign-in behind the token was ended.", remedy=_RENEW)


def _client(body: Body) -> str:
    return str(body.get("appid") or body.get("azp"))


def _instant(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)
