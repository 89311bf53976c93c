"""Tenants and their domains."""

import pytest

from taxiway import directory
from taxiway.store import SYSTEM, AlreadyExists

pytestmark = pytest.mark.anyio


async def test_a_domain_and_a_guid_lead_to_the_tenant(rt, tenant):
    """Every verified domain and the GUID itself lead to the tenant, from any transaction; nothing else does."""

    def look(tx):
        return [directory.tenant_of_domain(tx, name) for name in ("Contoso.example", tenant.upper(), "other.example")]

    assert await rt.store.read(SYSTEM, look) == [tenant, tenant, None]


async def test_a_domain_belongs_to_one_tenant(rt, tenant):
    """A domain of one tenant cannot be taken by another, and nothing of that second tenant is left behind."""
    other = rt.entropy.uuid()
    with pytest.raises(AlreadyExists):
        await rt.store.write(
            other, lambda tx: directory.create_tenant(tx, display_name="Other", domain="CONTOSO.example")
        )
    assert await rt.store.read(other, lambda tx: directory.TENANTS.get(tx, other)) is None


async def test_the_first_domain_is_initial_and_default(rt):
    """The organization lists its verified domains; the first is the initial and default one."""
    tenant = rt.entropy.uuid()
    made = await rt.store.write(
        tenant,
        lambda tx: directory.create_tenant(
            tx, display_name="Fabrikam", domain="fabrikam.example", extra_domains=["mail.fabrikam.example"]
        ),
    )
    assert made["domains"] == ["fabrikam.example", "mail.fabrikam.example"]
    assert [(d["name"], d["isInitial"], d["isDefault"]) for d in made["verified_domains"]] == [
        ("fabrikam.example", True, True),
        ("mail.fabrikam.example", False, False),
    ]


@pytest.mark.parametrize("name", ["", "contoso", "-a.example", "a..example", "a.example\n", "x" * 64 + ".example"])
async def test_what_is_no_domain_name_is_refused(rt, tenant, name):
    """A text that is no domain name becomes no domain."""
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, lambda tx: directory.add_domain(tx, name, principal=directory.SYSTEM_PRINCIPAL))


async def test_addresses_are_published_for_transactions(rt, tenant):
    """A transaction of any tenant can name the instance's own URLs."""
    await directory.publish_addresses(rt)
    await directory.publish_addresses(rt)
    assert await rt.store.read(tenant, directory.addresses) == rt.urls
