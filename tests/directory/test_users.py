"""Users, licences and roles."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL, Principal
from taxiway.store import AlreadyExists

pytestmark = pytest.mark.anyio


def ada(tx, **props):
    return directory.create_user(
        tx, principal=SYSTEM_PRINCIPAL, upn="Ada@contoso.example", display_name="Ada", usage_location="DE", **props
    )


async def test_a_user_is_found_by_name_and_by_id_whatever_the_case(rt, tenant):
    """A user principal name compares without case, and so does an id."""
    user = await rt.store.write(tenant, ada)

    def look(tx):
        return [
            directory.find_user(tx, key) for key in ("ADA@CONTOSO.EXAMPLE", user["id"].upper(), "bo@contoso.example")
        ]

    by_name, by_id, nobody = await rt.store.read(tenant, look)
    assert by_name == by_id
    assert by_name["mail_nickname"] == "Ada"
    assert nobody is None


async def test_a_principal_name_is_held_once(rt, tenant):
    """Two users of a tenant cannot share a name that differs in case only."""
    await rt.store.write(tenant, ada)
    with pytest.raises(AlreadyExists):
        await rt.store.write(
            tenant,
            lambda tx: directory.create_user(
                tx, principal=SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada"
            ),
        )


@pytest.mark.parametrize(
    ("upn", "error"),
    [
        ("ada@other.example", directory.DomainUnknown),
        ("ada", directory.Invalid),
        ("a b@contoso.example", directory.Invalid),
        ("@contoso.example", directory.Invalid),
    ],
)
async def test_a_principal_name_ends_in_a_domain_of_the_tenant(rt, tenant, upn, error):
    """A name outside the verified domains, or no name at all, is refused."""
    with pytest.raises(error):
        await rt.store.write(
            tenant,
            lambda tx: directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name="Ada"),
        )


async def test_a_licence_brings_its_plans_and_its_seat_comes_back(rt, tenant):
    """A licence of EMS holds Intune's plan; removing it takes the plan and frees the seat."""
    user = await rt.store.write(tenant, ada)

    def give(tx):
        directory.assign_licenses(tx, user["id"], add=["EMS"])
        return directory.has_service_plan(tx, user["id"]), _consumed(tx)

    def take(tx):
        directory.assign_licenses(tx, user["id"], remove=["EMS"])
        return directory.has_service_plan(tx, user["id"]), _consumed(tx)

    assert await rt.store.write(tenant, give) == (True, 1)
    assert await rt.store.write(tenant, take) == (False, 0)


async def test_a_licence_needs_a_usage_location(rt, tenant):
    """A user without a usage location gets no licence."""
    user = await rt.store.write(
        tenant,
        lambda tx: directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn="bo@contoso.example", display_name="Bo"),
    )
    with pytest.raises(directory.LicenceRefused):
        await rt.store.write(tenant, lambda tx: directory.assign_licenses(tx, user["id"], add=["INTUNE_A"]))


async def test_a_deleted_user_gives_back_licences_and_roles(rt, tenant):
    """Nothing of a deleted user is left: seat, role."""
    user = await rt.store.write(tenant, ada)

    def run(tx):
        directory.assign_licenses(tx, user["id"], add=["EMS"])
        directory.assign_role(tx, user["id"], directory.INTUNE_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)
        directory.delete_user(tx, user["id"])
        return _consumed(tx), directory.roles_of(tx, user["id"])

    assert await rt.store.write(tenant, run) == (0, frozenset())


async def test_who_may_create_users(rt, tenant):
    """A User Administrator may, an Intune Administrator may not, and neither may one of another tenant."""

    def verdict(tx, role, home):
        return directory.decide(tx, Principal("user", "x", home, roles=frozenset({role})), "users.create").value

    def run(tx):
        role = "fe930be7-5e62-47db-91af-98c3a49a38b1"
        return verdict(tx, role, tenant), verdict(tx, directory.INTUNE_ADMINISTRATOR, tenant), verdict(tx, role, "o")

    assert await rt.store.read(tenant, run) == (True, False, False)


async def test_a_custom_role_permits_its_actions_only(rt, tenant):
    """A role of the tenant's own holds the actions it lists and no others (01 R-44)."""

    def run(tx):
        directory.ROLE_DEFINITIONS.insert(tx, {"id": "custom", "display_name": "Staging", "actions": ["autopilot.*"]})
        who = Principal("user", "x", tenant, roles=frozenset({"custom"}))
        return [directory.decide(tx, who, action).value for action in ("autopilot.import", "users.create")]

    assert await rt.store.write(tenant, run) == [True, False]


def _consumed(tx):
    return {row["sku_part_number"]: row["consumed_units"] for row in directory.SUBSCRIBED_SKUS.select(tx)}["EMS"]
