"""OpenID Connect from the other side: here this instance is the client (OpenID Connect Core section 3.1)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote_plus

from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from taxiway.kernel import Reason
from taxiway.signin.errors import ProviderAnswerRefused
from taxiway.signin.federation.outside import failed, get_json, post_form
from taxiway.signin.federation.providers import Provider, is_https
from taxiway.signin.sealed import same
from taxiway.store import Runtime

_SKEW = timedelta(minutes=5)
_LONGEST = 32_768
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
_SMALLEST_RSA = 2048
#: Which kind of key an algorithm takes; a key of another kind, and any other algorithm, is refused.
_KINDS: dict[str, type[RSAKey | ECKey]] = {"RS256": RSAKey, "PS256": RSAKey, "ES256": ECKey}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a sign-in asked, which its answer has to fit."""

    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a provider publishes of itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    basic_only: bool


async def discover(rt: Runtime, provider: Provider) -> Metadata:
    """The metadata of a provider, which must be its own (OpenID Connect Discovery section 4.3)."""
    found = await get_json(rt, f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if found.get("issuer") != provider.issuer:
        raise failed("The provider's metadata names another issuer.")
    authorize, token, keys = (found.get(name) for name in _ENDPOINTS)
    if not (is_https(authorize) and is_https(token) and is_https(keys)):
        raise failed("The provider's metadata lacks an address, or holds one that is not https.")
    methods = found.get("token_endpoint_auth_methods_supported")
    basic_only = not isinstance(methods, list) or "client_secret_post" not in methods
    return Metadata(str(authorize), str(token), str(keys), basic_only)


async def redeem(
    rt: Runtime, provider: Provider, metadata: Metadata, secret: str, *, code: str, asked: Asked
) -> Mapping[str, Any]:
    """The claims of the id_token that a code is exchanged for."""
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": asked.redirect_uri,
        "code_verifier": asked.verifier,
        "client_id": provider.client_id,
    }
    headers = {}
    if metadata.basic_only:
        pair = f"{quote_plus(provider.client_id)}:{quote_plus(secret)}"
        headers["authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
    else:
        form["client_secret"] = secret
    answer = await post_form(rt, metadata.token_endpoint, form, headers)
    token = answer.get("id_token")
    if not isinstance(token, str) or len(token) > _LONGEST:
        raise refused("The answer holds no id_token.")
    keys = await get_json(rt, metadata.jwks_uri)
    claims = await rt.workers.run(verified, token, keys)
    check_claims(claims, provider, nonce=asked.nonce, now=rt.clock.now())
    return claims


def check_claims(claims: Mapping[str, Any], provider: Provider, *, nonce: str, now: datetime) -> None:
    """Whether an id_token, whose signature was checked, is this provider's answer to this sign-in (Core 3.1.3.7)."""
    if claims.get("iss") != provider.issuer:
        raise refused("The id_token is of another issuer.")
    audience = claims.get("aud")
    named = audience if isinstance(audience, list) else [audience]
    if provider.client_id not in named or claims.get("azp", provider.client_id) != provider.client_id:
        raise refused("The id_token is for another client.")
    if len(named) > 1 and "azp" not in claims:
        raise refused("The id_token is for several clients and does not say which of them asked.")
    if not isinstance(claims.get("nonce"), str) or not same(claims["nonce"], nonce):
        raise refused("The id_token is not the answer to this sign-in.")
    ends, starts = moment(claims, "exp"), moment(claims, "nbf") or moment(claims, "iat")
    if ends is None or starts is None or not starts - _SKEW <= now < ends + _SKEW:
        raise refused("The id_token has run out or is not valid yet.")
    if not claims.get("sub") or not isinstance(claims["sub"], str):
        raise refused("The id_token names nobody.")


def name_of(claims: Mapping[str, Any], provider: Provider) -> str:
    """The user principal name: an address of the provider's own domain, and one that the provider has verified."""
    name = claims.get(provider.claim)
    if not isinstance(name, str) or not 0 < len(name) <= 320:
        raise refused(f"The id_token has no '{provider.claim}'.")
    if name.rpartition("@")[2].lower() != provider.domain:
        raise refused(f"The id_token's '{provider.claim}' is not of the domain {provider.domain}.")
    if provider.claim == "email" and claims.get("email_verified") is not True:
        raise refused("The provider has not verified the address.")
    return name


def moment(claims: Mapping[str, Any], name: str) -> datetime | None:
    """A claim that is a number of seconds; None for anything else."""
    value = claims.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)


def verified(token: str, keys: Mapping[str, Any]) -> Mapping[str, Any]:
    """The claims of a token that is signed with one of these keys (RFC 7517); raises ``ProviderAnswerRefused``."""
    try:
        header = jws.extract_compact(token.encode("ascii")).headers()
        return jwt.decode(token, _key(header, keys), algorithms=[str(header["alg"])]).claims
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise refused("The id_token is not signed with a key of the provider.") from error


def _key(header: Mapping[str, Any], keys: Mapping[str, Any]) -> RSAKey | ECKey:
    """The one key of the provider that the header names, of the kind that its algorithm takes."""
    kind = _KINDS[str(header["alg"])]
    fitting = [
        key
        for key in keys["keys"]
        if key.get("kty") == kind.key_type and key.get("use", "sig") == "sig" and _same_id(header, key)
    ]
    [found] = fitting
    key = kind.import_key({name: value for name, value in found.items() if isinstance(value, str)})
    if isinstance(key, RSAKey) and key.public_key.key_size < _SMALLEST_RSA:
        raise ValueError("The key is too short.")
    return key


def _same_id(header: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
    return "kid" not in header or key.get("kid") == header["kid"]


def refused(why: str) -> ProviderAnswerRefused:
    """The refusal; the person learns that it did not work, the log what was wrong."""
    return ProviderAnswerRefused(
        "The answer of your organization's sign-in service was refused.",
        reasons=[Reason("provider_answer", why)],
        remedy="Start the sign-in again, or tell an administrator.",
    )
