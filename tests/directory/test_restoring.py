"""What was deleted comes back within 30 days, with what was stated about it, or goes for good."""

from datetime import timedelta

import pytest

from directory.test_licensing import group, held, user
from taxiway import app, directory
from taxiway.directory import SYSTEM_PRINCIPAL, deleted_items
from taxiway.store import NotFound, entries

pytestmark = pytest.mark.anyio


def restore(tx, item_id, **how):
    return directory.restore(tx, item_id, principal=SYSTEM_PRINCIPAL, **how)[1]


def add(tx, group_id, kind, object_id):
    directory.add_member(tx, group_id, kind, object_id)


async def test_a_deleted_user_comes_back_as_it_was(rt, tenant):
    """Properties, stated memberships, ownership and direct licences return; rules decide anew; roles do not return."""

    def run(tx):
        boss, ada = user(tx, "boss"), user(tx, "ada", usage_location="DE", department="Sales")
        team, sales = group(tx, "team"), group(tx, "sales", 'user.department -eq "Sales"')
        add(tx, team, "user", ada)
        directory.add_owner(tx, team, ada, principal=SYSTEM_PRINCIPAL)
        directory.update_user(tx, ada, {"manager_id": boss, "employee_hire_date": tx.now})
        directory.assign_licenses(tx, ada, ["EMS"])
        directory.assign_role(tx, ada, directory.INTUNE_ADMINISTRATOR, principal=SYSTEM_PRINCIPAL)
        before = directory.USERS.get(tx, ada)
        directory.delete_user(tx, ada)
        gone = directory.find_user(tx, "ada@contoso.example"), directory.members(tx, team), directory.owners(tx, team)
        made = restore(tx, ada)
        groups = directory.groups_of(tx, "user", ada) == {team, sales} and directory.owners(tx, team) == {ada}
        return before, gone, made, groups, held(tx, ada), directory.roles_of(tx, ada)

    before, gone, made, groups, licence, roles = await rt.store.write(tenant, run)
    assert gone == (None, [], frozenset())
    same = [name for name in before if name not in ("version", "license_assignment_states", "assigned_plans")]
    assert {name: made[name] for name in same} == {name: before[name] for name in same}
    assert (groups, licence, roles) == (True, (True, [(None, "Active", "None")], 1), frozenset())


async def test_a_name_that_was_taken_meanwhile_refuses_the_restore(rt, tenant):
    """The refusal names the name; with another one the user comes back."""

    def take(tx):
        ada = user(tx, "ada")
        directory.delete_user(tx, ada)
        user(tx, "ADA")
        return ada

    ada = await rt.store.write(tenant, take)
    with pytest.raises(directory.RestoreRefused, match="userPrincipalName already exists"):
        await rt.store.write(tenant, lambda tx: restore(tx, ada))
    made = await rt.store.write(tenant, lambda tx: restore(tx, ada, upn="ada2@contoso.example"))
    assert (made["id"], made["user_principal_name"]) == (ada, "ada2@contoso.example")


async def test_a_licence_without_a_seat_left_stays_away_and_says_so(rt, tenant):
    """The user comes back without it; the log has the reason."""

    def run(tx):
        ada, bob = user(tx, "ada", usage_location="DE"), user(tx, "bob", usage_location="DE")
        directory.set_seats(tx, "EMS", 1)
        directory.assign_licenses(tx, ada, ["EMS"])
        directory.delete_user(tx, ada)
        directory.assign_licenses(tx, bob, ["EMS"])
        restore(tx, ada)
        [entry] = [entry for entry in entries(tx, subject=f"user:{ada}") if entry.kind == "user.restored"]
        return held(tx, ada), [why["code"] for why in entry.why]

    licence, why = await rt.store.write(tenant, run)
    assert (licence, why) == ((False, [], 1), ["restore.licence"])


async def test_a_group_comes_back_with_members_and_licences_and_without_assignments(rt, tenant):
    """Members and the groups above are as they were, licences follow; what was assigned to it stays unassigned."""

    def run(tx):
        ada, team, above = user(tx, "ada"), group(tx, "team"), group(tx, "above")
        add(tx, team, "user", ada)
        add(tx, above, "group", team)
        directory.assign_group_licenses(tx, team, ["EMS"])
        directory.set_assignments(tx, "profile", "p", [directory.Target("group", team)])
        directory.delete_group(tx, team)
        without = held(tx, ada)[0], directory.groups_of(tx, "user", ada)
        restore(tx, team)
        back = held(tx, ada)[0], directory.groups_of(tx, "user", ada)
        return {team, above}, without, back, directory.assignments_of(tx, "profile", "p")

    both, without, back, assigned = await rt.store.write(tenant, run)
    assert (without, back, assigned) == ((False, frozenset()), (True, both), [])


async def test_a_dynamic_group_comes_back_and_is_evaluated(rt, tenant):
    """Its members are those who match now, not those of then; and it follows changes again."""

    def run(tx):
        sales = group(tx, "sales", 'user.department -eq "Sales"')
        ada, bob = user(tx, "ada", department="Sales"), user(tx, "bob")
        directory.delete_group(tx, sales)
        directory.update_user(tx, ada, {"department": "Legal"})
        directory.update_user(tx, bob, {"department": "Sales"})
        restore(tx, sales)
        first = directory.members(tx, sales)
        directory.update_user(tx, ada, {"department": "Sales"})
        return first, directory.members(tx, sales), ada, bob

    first, then, ada, bob = await rt.store.write(tenant, run)
    assert first == [("user", bob)]
    assert then == sorted([("user", ada), ("user", bob)])


async def test_a_dynamic_group_comes_back_only_where_there_is_room(rt, tenant, monkeypatch):
    """The limits of new dynamic groups hold for restored ones, and the group stays among the deleted."""
    rule = 'user.department -eq "Sales"'

    def prepare(tx):
        sales = group(tx, "sales", rule)
        directory.delete_group(tx, sales)
        group(tx, "other", rule)
        return sales

    sales = await rt.store.write(tenant, prepare)
    monkeypatch.setattr("taxiway.directory.groups.MOST_DYNAMIC", 1)
    with pytest.raises(directory.Invalid, match="count reached"):
        await rt.store.write(tenant, lambda tx: restore(tx, sales))
    assert await rt.store.read(tenant, lambda tx: directory.DELETED_ITEMS.get(tx, sales)) is not None


@pytest.mark.parametrize("order", [("user", "group"), ("group", "user")])
@pytest.mark.parametrize("back", [("user", "group"), ("group", "user")])
async def test_a_membership_comes_back_when_both_sides_are_back(rt, tenant, order, back):
    """In whatever order the two were deleted and restored."""

    def run(tx):
        made = {"user": user(tx, "ada"), "group": group(tx)}
        add(tx, made["group"], "user", made["user"])
        for kind in order:
            (directory.delete_user if kind == "user" else directory.delete_group)(tx, made[kind])
        for kind in back:
            restore(tx, made[kind])
        return directory.members(tx, made["group"]), made["user"]

    members, ada = await rt.store.write(tenant, run)
    assert members == [("user", ada)]


async def test_a_large_group_gets_its_members_back_in_slices(rt, tenant, monkeypatch):
    """The restore brings the first back, housekeeping the others."""
    monkeypatch.setattr(deleted_items, "SLICE", 2)

    def run(tx):
        team = group(tx)
        for number in range(5):
            add(tx, team, "user", user(tx, f"u{number}"))
        directory.delete_group(tx, team)
        restore(tx, team)
        return team, len(directory.members(tx, team))

    team, first = await rt.store.write(tenant, run)
    await directory.finish_restoring(rt, tenant)
    assert (first, len(await rt.store.read(tenant, lambda tx: directory.members(tx, team)))) == (2, 5)


async def test_after_30_days_it_is_gone_for_good(rt, tenant):
    """Housekeeping purges what is older; what is younger stays."""

    def delete(tx, name):
        made = user(tx, name)
        directory.delete_user(tx, made)
        return made

    old = await rt.store.write(tenant, lambda tx: delete(tx, "ada"))
    rt.clock.advance(timedelta(days=29).total_seconds())
    young = await rt.store.write(tenant, lambda tx: delete(tx, "bob"))
    rt.clock.advance(timedelta(days=1).total_seconds())
    await app._tidy(rt, tenant, hourly=True)
    with pytest.raises(NotFound):
        await rt.store.write(tenant, lambda tx: restore(tx, old))
    assert (await rt.store.write(tenant, lambda tx: restore(tx, young)))["id"] == young
