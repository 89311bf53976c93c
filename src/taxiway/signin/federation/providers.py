"""Which domain of a tenant signs in where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin.federation.tables import federation
from taxiway.store import NotFound, Tx, UnknownProperty

_PLACE = ("federation", "client_secret")
_LONGEST = 500

_one = sa.select(federation).where(federation.c.tenant == sa.bindparam("t"), federation.c.domain == sa.bindparam("d"))
_all = sa.select(federation).where(federation.c.tenant == sa.bindparam("t")).order_by(federation.c.domain)


class Provider(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID provider, and what it is trusted with.

    ``issuer``: its ``https`` address, under which its metadata is; ``claim``: the claim of its id_token that holds the
    user principal name, of ``domain``; ``trusts_mfa``: whether a second factor shown there counts here.
    """

    domain: str
    issuer: str
    client_id: str
    claim: Literal["email", "upn", "preferred_username"] = "email"
    trusts_mfa: bool = False


def provider_of(tx: Tx, name: str) -> Provider | None:
    """The provider of a user principal name's domain, or of a domain."""
    domain = name.strip().lower().rpartition("@")[2]
    row = tx.one(_one, {"t": tx.tenant, "d": domain}) if domain.isprintable() else None
    return None if row is None else _provider(row["domain"], row["doc"])


def providers(tx: Tx, *, principal: Principal) -> list[Provider]:
    """Every provider of the tenant."""
    directory.require(tx, principal, "domains.federation.read")
    return [_provider(row["domain"], row["doc"]) for row in tx.all(_all, {"t": tx.tenant})]


def client_secret(tx: Tx, provider: Provider) -> str:
    """The secret by which this instance proves itself to the provider."""
    row = tx.one(_one, {"t": tx.tenant, "d": provider.domain})
    if row is None:
        raise NotFound(f"The domain '{provider.domain}' has no provider.")
    return tx.unseal(row["client_secret"], *_PLACE, provider.domain).decode()


def keeps_passwords(tx: Tx, provider: Provider) -> bool:
    """Whether the domain's users may have passwords here besides: those of the initial domain.

    A tenant whose provider cannot be reached must not have lost its administrators; Entra therefore never federates
    the initial domain. Here it may be the only one.
    """
    return bool(directory.get_tenant(tx)["initial_domain"] == provider.domain)


def set_provider(tx: Tx, given: Mapping[str, Any], *, principal: Principal) -> Provider:
    """Let a domain of the tenant sign in at a provider; without ``client_secret`` the one before stays."""
    directory.require(tx, principal, "domains.federation.update")
    fields = dict(given)
    secret = fields.pop("client_secret", None)
    try:
        provider = msgspec.convert(fields, Provider)
    except msgspec.ValidationError as error:
        raise UnknownProperty(f"A provider does not take this: {error}.") from error
    provider = msgspec.structs.replace(provider, domain=provider.domain.lower())
    _check(tx, provider)
    if secret is not None and not (isinstance(secret, str) and 0 < len(secret) <= _LONGEST):
        raise UnknownProperty("'client_secret' is a text.")
    row = tx.one(_one, {"t": tx.tenant, "d": provider.domain})
    sealed = tx.seal(secret.encode(), *_PLACE, provider.domain) if secret else row["client_secret"] if row else None
    if sealed is None:
        raise UnknownProperty("A new provider needs a 'client_secret'.")
    tx.execute(sa.delete(federation).where(*_which(tx, provider.domain)))
    doc = msgspec.to_builtins(provider)
    values = {"domain": provider.domain, "doc": doc, "client_secret": sealed}
    tx.execute(sa.insert(federation).values(tenant=tx.tenant, **values))
    directory.set_domain_authentication(tx, provider.domain, "Federated")
    tx.log("federation.changed", subject=f"tenant:{tx.tenant}", what={**doc, "secret_changed": bool(secret)})
    return provider


def remove_provider(tx: Tx, domain: str, *, principal: Principal) -> None:
    """Let the domain sign in here again; raises ``NotFound``."""
    directory.require(tx, principal, "domains.federation.update")
    domain = domain.strip().lower()
    if provider_of(tx, domain) is None:
        raise NotFound(f"The domain '{domain[:100]}' has no provider.")
    tx.execute(sa.delete(federation).where(*_which(tx, domain)))
    directory.set_domain_authentication(tx, domain, "Managed")
    tx.log("federation.removed", subject=f"tenant:{tx.tenant}", what={"domain": domain})


def _check(tx: Tx, provider: Provider) -> None:
    if provider.domain not in directory.get_tenant(tx)["domains"]:
        raise UnknownProperty(f"'{provider.domain[:100]}' is not a domain of this tenant.")
    if not is_https(provider.issuer) or len(provider.issuer) > _LONGEST:
        raise UnknownProperty("'issuer' is the https address of an OpenID provider.")
    if not (0 < len(provider.client_id) <= _LONGEST and provider.client_id.isprintable()):
        raise UnknownProperty("'client_id' is the id of this instance at the provider.")


def is_https(url: object) -> bool:
    """Whether this is an address that may be used: https, without a user in it."""
    if not isinstance(url, str):
        return False
    if not (url.isascii() and url.isprintable()):
        return False
    try:
        parts = urlsplit(url)
        port_is_good = parts.port is None or parts.port > 0
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.username is None and port_is_good


def _provider(domain: str, doc: Mapping[str, Any]) -> Provider:
    return msgspec.convert({**doc, "domain": domain}, Provider)


def _which(tx: Tx, domain: str) -> tuple[sa.ColumnElement[bool], ...]:
    return federation.c.tenant == tx.tenant, federation.c.domain == domain
