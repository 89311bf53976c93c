"""Licences given directly and through groups, seats, and what happens when they run out."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL, group_licensing, licensing
from taxiway.store import entries

pytestmark = pytest.mark.anyio

PLAN = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"
EXCHANGE = "efb87545-963c-4e0d-99df-69c6916d9eb0"


def user(tx, name, **props):
    upn = f"{name}@contoso.example"
    return directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=name, **props)["id"]


def group(tx, name="G", rule=None):
    kind = "assigned" if rule is None else "dynamic_user"
    return directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name, kind=kind, rule=rule)["id"]


def sku(tx, part="EMS"):
    return next(row for row in directory.SUBSCRIBED_SKUS.select(tx) if row["sku_part_number"] == part)


def held(tx, user_id):
    """Whether Intune's plan is there, how each way to a licence stands, seats in use."""
    row = directory.USERS.get(tx, user_id)
    ways = [(state["assignedByGroup"], state["state"], state["error"]) for state in row["license_assignment_states"]]
    return directory.has_service_plan(tx, user_id), ways, sku(tx)["consumed_units"]


async def test_a_group_licenses_its_direct_members_in_the_same_transaction(rt, tenant):
    """Who joins holds the licence at once, who leaves gives it back; a group nested in it brings nothing."""

    def run(tx):
        ada, bob = user(tx, "ada"), user(tx, "bob")
        outer, inner = group(tx, "outer"), group(tx, "inner")
        directory.add_member(tx, outer, "group", inner)
        directory.add_member(tx, inner, "user", bob)
        directory.add_member(tx, outer, "user", ada)
        directory.assign_group_licenses(tx, outer, ["EMS"])
        steps = [held(tx, ada), held(tx, bob)]
        directory.add_member(tx, outer, "user", bob)  # an indirect member becomes a direct one
        steps.append(held(tx, bob))
        directory.remove_member(tx, outer, "user", bob)
        directory.delete_group(tx, outer)
        return outer, [*steps, held(tx, ada), held(tx, bob)]

    outer, steps = await rt.store.write(tenant, run)
    active, nothing = [(outer, "Active", "None")], (False, [])
    assert steps == [(True, active, 1), (*nothing, 1), (True, active, 2), (*nothing, 0), (*nothing, 0)]


async def test_a_rule_licenses_and_takes_back(rt, tenant):
    """A change of department brings the group, the licence and the plan's own group, all in one transaction."""

    def run(tx):
        sales = group(tx, "sales", 'user.department -eq "Sales"')
        directory.assign_group_licenses(tx, sales, {"EMS": []})
        managed = group(tx, "managed", f'user.assignedPlans -any (assignedPlan.servicePlanId -eq "{PLAN}")')
        ada = user(tx, "ada", department="Sales")
        before = held(tx, ada)[0], directory.groups_of(tx, "user", ada)
        directory.update_user(tx, ada, {"department": "Legal"})
        return {sales, managed}, before, (held(tx, ada)[0], directory.groups_of(tx, "user", ada))

    both, before, after = await rt.store.write(tenant, run)
    assert (before, after) == ((True, both), (False, frozenset()))


async def test_seats_run_out_and_whoever_waits_longest_is_next(rt, tenant):
    """No seat left is an error on the user, not of the request; a seat that comes free goes to the first in line."""

    def fill(tx):
        directory.set_seats(tx, "EMS", 1)
        team = group(tx)
        directory.assign_group_licenses(tx, team, ["EMS"])
        people = [user(tx, name) for name in ("a", "b", "c")]
        directory.add_member(tx, team, "user", people[0])
        return team, people

    def join(tx, person):
        directory.add_member(tx, team, "user", person)

    team, people = await rt.store.write(tenant, fill)
    for person in (people[2], people[1]):
        rt.clock.advance(1)
        await rt.store.write(tenant, lambda tx, person=person: join(tx, person))

    def look(tx):
        return [held(tx, person)[1][0][1:] if held(tx, person)[1] else None for person in people], sku(tx)

    waiting, active = ("Error", "CountViolation"), ("Active", "None")
    states, row = await rt.store.read(tenant, look)
    assert (states, row["consumed_units"]) == ([active, waiting, waiting], 1)
    assert await rt.store.read(tenant, lambda tx: directory.members_without_seat(tx, team)) == sorted(people[1:])
    await rt.store.write(tenant, lambda tx: directory.remove_member(tx, team, "user", people[0]))
    assert (await rt.store.read(tenant, look))[0] == [None, waiting, active]
    await rt.store.write(tenant, lambda tx: directory.set_seats(tx, "EMS", 2))
    states, row = await rt.store.read(tenant, look)
    assert (states, row["consumed_units"]) == ([None, active, active], 2)


async def test_a_licence_from_a_group_is_not_taken_from_the_user(rt, tenant):
    """The refusal names the group; held in both ways it is one seat, and stays until the last way ends."""

    def both(tx):
        ada, team = user(tx, "ada", usage_location="DE"), group(tx)
        directory.add_member(tx, team, "user", ada)
        directory.assign_group_licenses(tx, team, ["EMS"])
        directory.assign_licenses(tx, ada, ["EMS"])
        twice = held(tx, ada)
        directory.assign_licenses(tx, ada, remove=["EMS"])
        return ada, twice, held(tx, ada)

    ada, twice, once = await rt.store.write(tenant, both)
    assert (len(twice[1]), twice[2], len(once[1]), once[2]) == (2, 1, 1, 1)
    with pytest.raises(directory.LicenceByGroup, match="inherited from a group"):
        await rt.store.write(tenant, lambda tx: directory.assign_licenses(tx, ada, remove=["EMS"]))


async def test_a_plan_is_left_out_where_every_way_leaves_it_out(rt, tenant):
    """``disabledPlans`` of the direct licence and of the group's are met plan by plan; an unknown plan is refused."""

    def run(tx):
        ada, team = user(tx, "ada", usage_location="DE"), group(tx)
        directory.assign_licenses(tx, ada, {"SPE_E3": [PLAN, EXCHANGE]})
        one = directory.has_service_plan(tx, ada), directory.has_service_plan(tx, ada, EXCHANGE)
        directory.add_member(tx, team, "user", ada)
        directory.assign_group_licenses(tx, team, {"SPE_E3": [EXCHANGE]})
        return ada, one, (directory.has_service_plan(tx, ada), directory.has_service_plan(tx, ada, EXCHANGE))

    ada, one, both = await rt.store.write(tenant, run)
    assert (one, both) == ((False, False), (True, False))
    with pytest.raises(directory.LicenceRefused, match="no service plan"):
        await rt.store.write(tenant, lambda tx: directory.assign_licenses(tx, ada, {"EMS": [EXCHANGE]}))


async def test_a_circle_of_rule_and_licence_ends(rt, tenant):
    """A group of those without a plan that gives the plan: the transaction ends, the log says why."""

    def run(tx):
        rule = "user.assignedPlans -all (assignedPlan.servicePlanId -eq null)"
        directory.assign_group_licenses(tx, group(tx, rule=rule), ["EMS"])
        ada = user(tx, "ada")
        return ada, held(tx, ada)[2]

    ada, consumed = await rt.store.write(tenant, run)
    assert consumed in (0, 1)
    kinds = await rt.store.read(tenant, lambda tx: [entry.kind for entry in entries(tx, subject=f"user:{ada}")])
    assert "user.licence_circle" in kinds


async def test_a_large_group_is_licensed_in_slices(rt, tenant, monkeypatch):
    """The request licenses the first members; housekeeping the rest, and the group says how far it is."""
    monkeypatch.setattr(group_licensing, "SLICE", 2)

    def prepare(tx):
        team = group(tx)
        for number in range(5):
            directory.add_member(tx, team, "user", user(tx, f"u{number}"))
        row = directory.assign_group_licenses(tx, team, ["EMS"])
        return team, row["licensed_up_to"] is not None, sku(tx)["consumed_units"]

    team, owing, consumed = await rt.store.write(tenant, prepare)
    assert (owing, consumed) == (True, 2)
    await directory.license_members(rt, tenant)

    def look(tx):
        return directory.GROUPS.get(tx, team)["licensed_up_to"], sku(tx)["consumed_units"]

    assert await rt.store.read(tenant, look) == (None, 5)


async def test_many_seats_are_given_in_slices(rt, tenant, monkeypatch):
    """The change of the seats serves the first in line, housekeeping the others."""
    monkeypatch.setattr(licensing, "_TURNS", 2)

    def prepare(tx):
        directory.set_seats(tx, "EMS", 0)
        team = group(tx)
        directory.assign_group_licenses(tx, team, ["EMS"])
        for number in range(5):
            directory.add_member(tx, team, "user", user(tx, f"u{number}"))
        directory.set_seats(tx, "EMS", 10)
        return team, sku(tx)["consumed_units"]

    team, consumed = await rt.store.write(tenant, prepare)
    await directory.license_members(rt, tenant)
    assert (consumed, await rt.store.read(tenant, lambda tx: sku(tx)["consumed_units"])) == (2, 5)
    assert await rt.store.read(tenant, lambda tx: directory.members_without_seat(tx, team)) == []
