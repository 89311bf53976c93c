"""Applications and resources."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio

DRS = "01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9"
GRAPH = "00000003-0000-0000-c000-000000000000"
ENROLLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"


@pytest.mark.parametrize(
    ("identifier", "app_id"),
    [
        ("urn:ms-drs:enterpriseregistration.windows.net", DRS),
        (DRS, DRS),
        (DRS.upper(), DRS),
        ("https://graph.microsoft.com", GRAPH),
        ("https://graph.microsoft.com/", GRAPH),
        ("https://localhost:8443", GRAPH),
        ("https://localhost:8444/", ENROLLMENT),
        ("https://enrollment.manage.microsoft.com/", ENROLLMENT),
        ("https://graph.microsoft.com//", None),
        ("https://elsewhere.example", None),
        ("", None),
    ],
)
async def test_a_resource_is_named_in_several_ways_and_keeps_the_form(rt, tenant, identifier, app_id):
    """Exact, without one final slash, by id, or by our own address; the audience is the form that was asked for."""
    found = await rt.store.read(tenant, lambda tx: directory.resolve_resource(tx, identifier))
    assert (found and found["app_id"]) == app_id
    if found:
        assert found["aud"] == identifier


async def test_first_party_clients_exist_in_every_tenant(rt, tenant):
    """The broker is a public client of every tenant, whatever the case of its id, and not the tenant's own."""
    found = await rt.store.read(tenant, lambda tx: directory.find_application(tx, BROKER.upper()))
    assert found["public"]
    assert "ms-aadj-redir://auth/drs" in found["redirect_uris"]
    assert not directory.is_tenant_application(found)


async def test_a_tenant_registers_applications_of_its_own(rt, tenant):
    """A registered application is found, can be a resource, and is gone when deleted; other tenants never see it."""
    other = rt.entropy.uuid()
    await rt.store.write(other, lambda tx: directory.create_tenant(tx, display_name="O", domain="other.example"))

    def create(tx):
        return directory.create_application(
            tx, principal=SYSTEM_PRINCIPAL, display_name="Pipeline", identifier_uris=["https://api.example"]
        )

    made = await rt.store.write(tenant, create)

    def look(tx):
        found = directory.find_application(tx, made["app_id"])
        names = ("https://api.example", "https://api.example/", f"api://{made['app_id']}")
        return found, [bool(directory.resolve_resource(tx, name)) for name in names]

    found, resolved = await rt.store.read(tenant, look)
    assert directory.is_tenant_application(found)
    assert resolved == [True, True, True]
    assert await rt.store.read(other, look) == (None, [False, False, False])
    await rt.store.write(tenant, lambda tx: directory.delete_application(tx, made["id"], principal=SYSTEM_PRINCIPAL))
    assert await rt.store.read(tenant, look) == (None, [False, False, False])


@pytest.mark.parametrize(
    "uri", ["", "no-scheme", "https://a.example/#frag", "https://*.example", "https://a b", "data:a"]
)
async def test_a_redirect_uri_is_plain(rt, tenant, uri):
    """No wildcard, no fragment, no blank."""
    with pytest.raises(directory.Invalid):
        await rt.store.write(
            tenant,
            lambda tx: directory.create_application(
                tx, principal=SYSTEM_PRINCIPAL, display_name="X", web={"redirectUris": [uri]}
            ),
        )


async def test_an_identifier_uri_leads_to_one_application(rt, tenant):
    """A second application cannot take it, nor one that is a first-party resource's; a deleted one gives it back."""

    def create(tx, uri):
        return directory.create_application(
            tx, principal=SYSTEM_PRINCIPAL, display_name="X", identifier_uris=["https://own.example", uri]
        )

    first = await rt.store.write(tenant, lambda tx: create(tx, "api://x"))
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, lambda tx: create(tx, "api://y"))
    with pytest.raises(directory.Invalid):
        await rt.store.write(
            tenant,
            lambda tx: directory.create_application(
                tx, principal=SYSTEM_PRINCIPAL, display_name="X", identifier_uris=["https://graph.microsoft.com/"]
            ),
        )
    await rt.store.write(tenant, lambda tx: directory.delete_application(tx, first["id"], principal=SYSTEM_PRINCIPAL))
    assert await rt.store.write(tenant, lambda tx: create(tx, "api://y"))


async def test_tenants_of_an_earlier_release_get_what_the_catalogue_gained(rt, tenant):
    """A start adds the missing accounts of first-party applications, under the ids they always have."""
    before = await rt.store.read(tenant, lambda tx: directory.principal_of(tx, GRAPH))
    await rt.store.write(tenant, lambda tx: directory.SERVICE_PRINCIPALS.delete(tx, before["id"]))
    await directory.seed_tenants(rt)
    assert (await rt.store.read(tenant, lambda tx: directory.principal_of(tx, GRAPH)))["id"] == before["id"]
