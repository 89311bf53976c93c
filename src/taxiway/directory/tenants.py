"""Tenants, their domains, and where this instance answers (02 section 6.4; 03 section 2.1)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from taxiway.directory import access, intune_roles, licences, service_principals
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.catalogue import INTUNE_APP_ID
from taxiway.directory.entities import (
    DOMAINS,
    MAM_POLICIES,
    MDM_POLICIES,
    REGISTRATION_POLICIES,
    ROLE_SCOPE_TAGS,
    TENANTS,
)
from taxiway.directory.errors import DomainUnknown, Invalid
from taxiway.directory.tables import host_family
from taxiway.kernel import Urls
from taxiway.store import SYSTEM, Row, Runtime, Tx, router

#: Seats of every product in a new tenant: a rehearsal should never run out.
SEATS = 1_000_000

_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}\Z")
_mine = sa.select(host_family.c.urls).where(host_family.c.tenant == SYSTEM).order_by(host_family.c.number)
_ONE_MACHINE = Urls(people="https://localhost:8443", devices="https://localhost:8444")


def create_tenant(tx: Tx, *, display_name: str, domain: str, extra_domains: Sequence[str] = ()) -> Row:
    """Make the transaction's tenant: its organization, domains, subscriptions and default policies."""
    try:
        canonical = str(uuid.UUID(tx.tenant))
    except ValueError as error:
        raise Invalid("A tenant's id is a GUID.") from error
    if canonical != tx.tenant:
        raise Invalid("A tenant's id is a GUID in lower case.")
    TENANTS.insert(
        tx, {"id": tx.tenant, "display_name": display_name, "initial_domain": domain.lower(), "created_at": tx.now}
    )
    router.claim(tx, "tenant", tx.tenant)
    for name in (domain, *extra_domains):
        add_domain(tx, name, principal=SYSTEM_PRINCIPAL)
    licences.seed(tx, units=SEATS)
    _seed(tx)
    for policies in (MDM_POLICIES, MAM_POLICIES):
        policies.insert(tx, {"id": INTUNE_APP_ID})
    REGISTRATION_POLICIES.insert(tx, {"id": "deviceRegistrationPolicy", "quota": 50})
    ROLE_SCOPE_TAGS.insert(tx, {"id": "0", "display_name": "Default", "is_built_in": True})
    tenant = get_tenant(tx)
    tx.log("tenant.created", subject=f"tenant:{tx.tenant}", what={"name": display_name, "domains": tenant["domains"]})
    tx.announce("tenant.created", id=tx.tenant)
    return tenant


async def seed_tenants(rt: Runtime) -> None:
    """Give tenants of an earlier release what the catalogue and the built-in roles have gained; call it at start."""
    for tenant in await rt.store.read(SYSTEM, router.tenants):
        if await rt.store.read(tenant, lambda tx: service_principals.missing(tx) or intune_roles.missing(tx)):
            await rt.store.write(tenant, _seed)


def _seed(tx: Tx) -> None:
    service_principals.seed(tx)
    intune_roles.seed(tx)


def get_tenant(tx: Tx) -> Row:
    """The organization and its domains."""
    return TENANTS.require(tx, tx.tenant)


def update_tenant(tx: Tx, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change the organization's properties."""
    access.require(tx, principal, "organization.update")
    if changes.keys() & {"initial_domain", "domains", "verified_domains", "assigned_plans", "branding"}:
        raise Invalid("The domains, plans and branding of an organization are not changed here.")
    row = TENANTS.update(tx, tx.tenant, changes)
    tx.log("tenant.changed", subject=f"tenant:{tx.tenant}", what={"changed": sorted(changes)})
    return row


def add_domain(tx: Tx, name: str, *, principal: Principal) -> Row:
    """Add a verified domain; the tenant's first is its initial and default one."""
    access.require(tx, principal, "domains.create")
    name = name.lower()
    if not _DOMAIN.match(name):
        raise Invalid(f"'{name}' is not a domain name.")
    router.claim(tx, "domain", name)
    tenant = get_tenant(tx)
    first = not tenant["domains"]
    domain = DOMAINS.insert(tx, {"id": name, "is_default": first, "is_initial": first})
    verified = {
        "name": name,
        "type": "Managed",
        "isDefault": first,
        "isInitial": first,
        "capabilities": "Email, OfficeCommunicationsOnline",
    }
    TENANTS.update(
        tx,
        tx.tenant,
        {
            "domains": [*tenant["domains"], name],
            "verified_domains": [*tenant["verified_domains"], verified],
        },
    )
    tx.log("domain.added", subject=f"tenant:{tx.tenant}", what={"domain": name})
    return domain


def set_domain_authentication(tx: Tx, name: str, kind: Literal["Managed", "Federated"]) -> None:
    """Where the users of a domain sign in: here, or at another provider."""
    DOMAINS.update(tx, name, {"authentication_type": kind})
    verified = get_tenant(tx)["verified_domains"]
    changed = [{**one, "type": kind} if one["name"] == name else one for one in verified]
    TENANTS.update(tx, tx.tenant, {"verified_domains": changed})


def tenant_of_domain(tx: Tx, domain: str) -> str | None:
    """The tenant that a verified domain or a GUID leads to; works in a transaction of any tenant."""
    name = domain.strip().lower()
    if "\x00" in name:  # no database keeps such a text, and one of them does not even compare it
        return None
    return router.tenant_of(tx, "tenant", name) or router.tenant_of(tx, "domain", name)


def require_own_domain(tx: Tx, principal_name: str) -> None:
    """Refuse a user principal name whose suffix is no verified domain of the tenant (01 R-32)."""
    _, at, suffix = principal_name.rpartition("@")
    if not at or suffix.lower() not in get_tenant(tx)["domains"]:
        raise DomainUnknown(
            f"The domain portion of '{principal_name}' is not a verified domain of this tenant.",
            remedy="Use one of the tenant's domains.",
        )


async def publish_addresses(rt: Runtime) -> None:
    """Keep where this instance answers, so that transactions can name its own URLs; call it at start."""
    rows = [
        {"tenant": SYSTEM, "number": number, "urls": msgspec.to_builtins(urls)}
        for number, urls in enumerate(rt.families)
    ]

    def keep(tx: Tx) -> None:
        tx.execute(sa.delete(host_family).where(host_family.c.tenant == SYSTEM))
        tx.execute(sa.insert(host_family), rows)

    await rt.store.write(SYSTEM, keep)


def addresses(tx: Tx) -> Urls:
    """Where this instance answers when nobody asked under a name: its first family."""
    return families(tx)[0]


def families(tx: Tx) -> tuple[Urls, ...]:
    """Every family of addresses of this instance; before they were published, the two ports of one machine."""
    rows = tx.all(_mine)
    return tuple(msgspec.convert(row["urls"], Urls) for row in rows) or (_ONE_MACHINE,)
