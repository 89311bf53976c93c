"""Access tokens of outside issuers, verified completely (04 sections 5.2 and 5.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from taxiway import signin
from taxiway.enrollment.errors import IssuerUnreachable, NotAuthenticated
from taxiway.enrollment.policy import TrustedIssuer, enrollment_policy_of, issuer_key
from taxiway.store import SYSTEM, Runtime, Tx, router

_LONGEST: Final = 16_384
_SKEW: Final = timedelta(minutes=5)
#: Keys are fetched again after an hour, for an unknown key id once a minute, and used for a day without an answer.
_FRESH, _RETRY, _USABLE = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
_GUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_SIGN_IN: Final = "Sign in again."


@dataclass(frozen=True, slots=True)
class Foreign:
    """Whom an outside issuer vouches for. The ids are the issuer's: they name nothing here by themselves."""

    issuer: str
    audience: str
    oid: str | None
    device_id: str | None
    app_id: str
    scopes: frozenset[str]
    issued_at: datetime
    expires_at: datetime
    upn: str = ""
    name: str = ""


async def verify(rt: Runtime, token: str) -> tuple[str, Foreign]:
    """The tenant that trusts the token's issuer, and whom the token vouches for; ``NotAuthenticated`` otherwise."""
    head, claimed = _peek(token)
    tenant, trusted = await _trust(rt, str(claimed.get("iss", "")), str(claimed.get("aud", "")))
    if head.get("alg") != "RS256" or not isinstance(head.get("kid"), str):
        raise NotAuthenticated("The token is not signed as tokens are.", remedy=_SIGN_IN)
    keys = await _keys(rt, trusted.jwks_url, head["kid"])
    try:
        claims = await rt.workers.run(signin.verified_by, token, keys)
    except signin.ProviderAnswerRefused as error:
        raise NotAuthenticated("The token is not signed by its issuer.", remedy=_SIGN_IN) from error
    return tenant, _checked(trusted, claims, rt.clock.now())


# ---------------------------------------------------------------------------------------------- inside


def _peek(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as they are claimed: only where to look."""
    try:
        opened = jws.extract_compact(token[: _LONGEST + 1].encode("ascii"))
        head, claims = opened.headers(), msgspec.json.decode(opened.payload)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError, msgspec.MsgspecError) as error:
        raise NotAuthenticated("The token cannot be read.", remedy=_SIGN_IN) from error
    if not isinstance(claims, dict):
        raise NotAuthenticated("The token cannot be read.", remedy=_SIGN_IN)
    return head, claims


async def _trust(rt: Runtime, issuer: str, audience: str) -> tuple[str, TrustedIssuer]:
    key = issuer_key(issuer, audience)
    tenant = await rt.store.read(SYSTEM, lambda tx: router.tenant_of(tx, "issuer", key))

    def look(tx: Tx) -> TrustedIssuer | None:
        known = enrollment_policy_of(tx).trusted_issuers
        return next((each for each in known if key in {issuer_key(each.issuer, one) for one in each.audiences}), None)

    trusted = None if tenant is None else await rt.store.read(tenant, look)
    if tenant is None or trusted is None:
        raise NotAuthenticated("The token is of an issuer that nobody here trusts with this audience.", remedy=_SIGN_IN)
    return tenant, trusted


async def _keys(rt: Runtime, url: str, kid: str) -> Mapping[str, Any]:
    """The issuer's keys, kept for an hour; ``IssuerUnreachable`` when there are none to go by."""
    place, now = f"issuer_keys:{url}", rt.clock.now()
    known: tuple[datetime, Mapping[str, Any]] | None = rt.store.memo.get(place)
    if known is not None:
        age = now - known[0]
        if age < (_FRESH if _has(known[1], kid) else _RETRY):
            return known[1]
    try:
        found = await signin.outside_json(rt, url)
    except signin.ProviderFailed as error:
        if known is None or now - known[0] > _USABLE:
            raise IssuerUnreachable("The keys of the token's issuer cannot be read.", reasons=error.reasons) from error
        return known[1]
    rt.store.memo[place] = (now, found)
    return found


def _has(keys: Mapping[str, Any], kid: str) -> bool:
    listed = keys.get("keys")
    return isinstance(listed, list) and any(isinstance(key, dict) and key.get("kid") == kid for key in listed)


def _checked(trusted: TrustedIssuer, claims: Mapping[str, Any], now: datetime) -> Foreign:
    """Whom verified claims vouch for, once each of them holds (04 section 5.3)."""
    audience = claims.get("aud")
    if claims.get("iss") != trusted.issuer or str(claims.get("tid", "")).lower() != trusted.tenant_id:
        raise NotAuthenticated("The token speaks for another tenant than its issuer is trusted with.", remedy=_SIGN_IN)
    if not isinstance(audience, str) or audience.rstrip("/") not in {one.rstrip("/") for one in trusted.audiences}:
        raise NotAuthenticated("The token is for another resource.", remedy="Ask for a token for this service.")
    starts, ends = _moment(claims, "nbf") or _moment(claims, "iat"), _moment(claims, "exp")
    if starts is None or ends is None or not starts - _SKEW <= now <= ends + _SKEW:
        raise NotAuthenticated("The token has run out or is not valid yet.", remedy=_SIGN_IN)
    if not isinstance(claims.get("scp"), str) or claims.get("idtyp", "user") != "user":
        raise NotAuthenticated("The token was not given in the name of a user.", remedy=_SIGN_IN)
    return Foreign(
        issuer=trusted.issuer,
        audience=audience,
        oid=_guid(claims, "oid"),
        device_id=_guid(claims, "deviceid"),
        app_id=str(claims.get("appid") or claims.get("azp") or "").lower(),
        scopes=frozenset(claims["scp"].split()),
        upn=_text(claims, "upn") or _text(claims, "preferred_username"),
        name=_text(claims, "name"),
        issued_at=starts,
        expires_at=ends,
    )


def _guid(claims: Mapping[str, Any], name: str) -> str | None:
    value = claims.get(name)
    if value is None:
        return None
    if not isinstance(value, str) or not _GUID.fullmatch(value.lower()):
        raise NotAuthenticated(f"The token's '{name}' is no id.", remedy=_SIGN_IN)
    return value.lower()


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    return value[:320] if isinstance(value, str) else ""


def _moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    value = claims.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)
