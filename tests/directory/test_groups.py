"""Groups and their members, stated and by rule."""

from datetime import timedelta

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.directory.rule_index import Facts, rules_of
from taxiway.store import NotFound, entries

pytestmark = pytest.mark.anyio

ZTD_RULE = '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'


def group(tx, name="G", rule=None, kind=None, **props):
    kind = kind or ("assigned" if rule is None else "dynamic_device")
    made = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name, kind=kind, rule=rule, **props)
    return made["id"]


def anchor(tx, number, tag=None, order=None):
    ztdid = f"00000000-0000-4000-8000-{number:012d}"
    ids = directory.tagged_ids(ztdid, tag, order)
    return directory.create_anchor(tx, ztdid=ztdid, physical_ids=ids, display_name=f"SN-{number}")


def plain(tx, **more):
    facts = {"display_name": "PC", "os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", **more}
    return directory.join_device(tx, **facts)


def user(tx, name, **props):
    upn = f"{name}@contoso.example"
    return directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=name, **props)


def ids(tx, group_id, **how):
    return {object_id for _, object_id in directory.members(tx, group_id, **how)}


@pytest.mark.parametrize(
    "rule",
    [
        ZTD_RULE,
        '(device.devicePhysicalIds -any (_ -contains "[ZTDID]"))',
        '(DEVICE.DEVICEPHYSICALIDS -any (_ -startsWith "[ztdid]"))',
    ],
)
async def test_r048_every_registered_device_is_a_member_whatever_the_case(rt, tenant, rule):
    """The rule holds those registered before and after the group, and no other device."""

    def run(tx):
        before = anchor(tx, 1)
        made = group(tx, rule=rule)
        after = anchor(tx, 2)
        plain(tx)
        return ids(tx, made), {before["id"], after["id"]}

    held, expected = await rt.store.write(tenant, run)
    assert held == expected


async def test_r049_group_tag_and_purchase_order_select_exactly(rt, tenant):
    """Equality on the tag or the order holds the devices with exactly that value."""

    def run(tx):
        tag = group(tx, rule='(device.devicePhysicalIds -any (_ -eq "[OrderID]:x"))')
        order = group(tx, rule='(device.devicePhysicalIds -any (_ -eq "[PurchaseOrderId]:y"))')
        a, b = anchor(tx, 1, "x"), anchor(tx, 2, "xx", "y")
        return ids(tx, tag), ids(tx, order), a["id"], b["id"]

    tag, order, a, b = await rt.store.write(tenant, run)
    assert (tag, order) == ({a}, {b})


async def test_r051_a_device_group_takes_no_user_attributes(rt, tenant):
    """A device rule that reads the user is refused, and no group is left behind."""
    with pytest.raises(directory.RuleError):
        await rt.store.write(tenant, lambda tx: group(tx, rule='user.department -eq "Sales"', kind="dynamic_device"))
    assert await rt.store.read(tenant, directory.GROUPS.count) == 0


async def test_r052_processing_succeeds_fails_and_pauses(rt, tenant):
    """A paused group keeps its members and does not follow; switched on, it catches up and says so."""

    def paused(tx):
        made = group(tx, rule=ZTD_RULE, membership_rule_processing_state="Paused")
        anchor(tx, 1)
        return made, directory.GROUPS.get(tx, made)["membership_rule_processing_status"]["status"], ids(tx, made)

    def on(tx, made):
        row = directory.update_group(tx, made, {"membership_rule_processing_state": "On"})
        return row["membership_rule_processing_status"]["status"], len(ids(tx, made))

    made, status, held = await rt.store.write(tenant, paused)
    assert (status, held) == ("NotStarted", set())
    assert await rt.store.write(tenant, lambda tx: on(tx, made)) == ("Succeeded", 1)


async def test_r052_a_rule_that_runs_away_fails_and_keeps_the_members(rt, tenant):
    """A regular expression that does not end makes the group fail with a message; the device is stored all the same."""

    def run(tx):
        made = group(tx, rule=r'device.displayName -match "^(a|a|aa)+$"')
        device = plain(tx, display_name="a" * 60 + "!")
        return directory.GROUPS.get(tx, made)["membership_rule_processing_status"], device["id"], ids(tx, made)

    status, device, held = await rt.store.write(tenant, run)
    assert (status["status"], held) == ("Failed", set())
    assert status["errorMessage"]

    def mend(tx):
        calls = rules_of(tx, "device").rules
        made = directory.GROUPS.select(tx)[0]["id"]
        row = directory.update_group(tx, made, {"membership_rule": 'device.displayName -startsWith "a"'})
        return calls, row["membership_rule_processing_status"]["status"], ids(tx, made), rules_of(tx, "device").rules

    before, mended, members, after = await rt.store.write(tenant, mend)
    assert (before, mended, members, len(after)) == ({}, "Succeeded", {device}, 1)
    assert await rt.store.read(tenant, lambda tx: directory.DEVICES.get(tx, device)) is not None


async def test_r053_a_changed_rule_removes_who_does_not_match_any_more(rt, tenant):
    """After the change exactly the matching devices are members."""

    def run(tx):
        made = group(tx, rule=ZTD_RULE)
        anchor(tx, 1, "a")
        b = anchor(tx, 2, "b")
        directory.update_group(tx, made, {"membership_rule": '(device.devicePhysicalIds -any (_ -eq "[OrderID]:b"))'})
        return ids(tx, made), b["id"]

    held, b = await rt.store.write(tenant, run)
    assert held == {b}


async def test_r054_removal_from_autopilot_ends_the_membership(rt, tenant):
    """A joined device loses attributes and membership with its registration; an anchor goes altogether."""

    def run(tx):
        made = group(tx, rule=ZTD_RULE)
        first, second = anchor(tx, 1), anchor(tx, 2)
        plain(tx, device_id=first["device_id"])
        before = ids(tx, made)
        for device in (first, second):
            directory.release_anchor(tx, device["ztdid"])
        return before, ids(tx, made), {first["id"], second["id"]}

    before, after, both = await rt.store.write(tenant, run)
    assert (before, after) == (both, set())


async def test_r055_a_change_is_followed_in_its_own_transaction_and_tells_when(rt, tenant):
    """A tag change moves the device between groups at once, with one log entry that names the rule as reason."""

    def prepare(tx):
        a = group(tx, rule='(device.devicePhysicalIds -any (_ -eq "[OrderID]:a"))')
        b = group(tx, rule='(device.devicePhysicalIds -any (_ -eq "[OrderID]:b"))')
        return a, b, anchor(tx, 1, "a")

    a, b, device = await rt.store.write(tenant, prepare)
    rt.clock.advance(60)

    def move(tx):
        ids_ = directory.tagged_ids(device["ztdid"], "b")
        directory.update_device(tx, device["id"], {"physical_ids": directory.retag(device, ids_)})
        row = directory.GROUPS.get(tx, b)
        log = [e for e in entries(tx, subject=f"autopilot:{device['ztdid']}") if e.kind == "membership.changed"]
        return ids(tx, a), ids(tx, b), row["membership_rule_processing_status"], log[-1]

    old, new, status, entry = await rt.store.write(tenant, move)
    assert (old, new) == (set(), {device["id"]})
    assert status["lastMembershipUpdated"] == rt.clock.now().isoformat()
    assert (entry.what["added"], entry.what["removed"]) == ([b], [a])
    assert entry.why[0]["code"] == "rule"


async def test_r055_a_rule_is_explained_against_a_chosen_device(rt, tenant):
    """Each part of the rule says whether it holds, and with which value."""

    def run(tx):
        device = anchor(tx, 1, "a")
        rule = 'device.displayName -eq "SN-1" -and device.accountEnabled -eq false'
        return directory.explain_membership(tx, "device", device["id"], rule)

    told = await rt.store.write(tenant, run)
    assert told.result is False
    assert [(part.result, part.property_value) for part in told.parts] == [(True, "SN-1"), (False, True)]


async def test_r056_an_assigned_group_takes_the_anchor(rt, tenant):
    """The object that was made before the first boot can be picked by hand."""

    def run(tx):
        made, device = group(tx), anchor(tx, 1)
        directory.add_member(tx, made, "device", device["id"])
        return directory.groups_of(tx, "device", device["id"]), made

    groups, made = await rt.store.write(tenant, run)
    assert groups == {made}


async def test_members_of_a_dynamic_group_are_not_set_by_hand(rt, tenant):
    """Adding to or removing from a dynamic group is refused."""

    def run(tx, verb):
        device = anchor(tx, 1)
        verb(tx, group(tx, rule=ZTD_RULE), "device", device["id"])

    for verb in (directory.add_member, directory.remove_member):
        with pytest.raises(directory.MembershipByRule):
            await rt.store.write(tenant, lambda tx, verb=verb: run(tx, verb))


async def test_a_member_is_added_once_and_must_exist(rt, tenant):
    """Adding twice, removing a stranger and adding nobody are named errors."""

    def twice(tx):
        made, device = group(tx), anchor(tx, 1)
        for _ in range(2):
            directory.add_member(tx, made, "device", device["id"])

    def nobody(tx):
        directory.add_member(tx, group(tx), "user", "nobody")

    def stranger(tx):
        directory.remove_member(tx, group(tx), "device", anchor(tx, 1)["id"])

    for run, error in (
        (twice, directory.MemberAlready),
        (nobody, NotFound),
        (stranger, directory.NotAMember),
    ):
        with pytest.raises(error):
            await rt.store.write(tenant, run)


async def test_nested_groups_give_transitive_members(rt, tenant):
    """A device in an inner group is in the outer ones too, until the last way to it is cut."""

    def run(tx):
        outer, middle, inner = (group(tx, name) for name in ("outer", "middle", "inner"))
        device = anchor(tx, 1)["id"]
        directory.add_member(tx, inner, "device", device)
        directory.add_member(tx, middle, "group", inner)
        directory.add_member(tx, outer, "group", middle)
        directory.add_member(tx, outer, "group", inner)
        steps = [directory.groups_of(tx, "device", device)]
        directory.remove_member(tx, outer, "group", middle)
        steps.append(directory.groups_of(tx, "device", device))
        directory.remove_member(tx, outer, "group", inner)
        steps.append(directory.groups_of(tx, "device", device))
        directory.delete_group(tx, inner)
        steps.append(directory.groups_of(tx, "device", device))
        return outer, middle, inner, steps

    outer, middle, inner, steps = await rt.store.write(tenant, run)
    assert steps == [{outer, middle, inner}, {outer, middle, inner}, {middle, inner}, set()]


async def test_a_group_does_not_become_its_own_member(rt, tenant):
    """Nesting in a ring is refused, near or far."""

    def run(tx, far):
        a, b = group(tx, "a"), group(tx, "b")
        directory.add_member(tx, a, "group", b)
        directory.add_member(tx, b if far else a, "group", a)

    for far in (True, False):
        with pytest.raises(directory.NestingRefused):
            await rt.store.write(tenant, lambda tx, far=far: run(tx, far))


async def test_a_rule_about_other_groups_follows_them(rt, tenant):
    """A memberOf group follows its source group's direct members, joining and leaving."""

    def run(tx):
        source, device = group(tx, "source"), anchor(tx, 1)["id"]
        derived = group(tx, "derived", rule=f"device.memberOf -any (group.objectId -in ['{source}'])")
        steps = [ids(tx, derived)]
        directory.add_member(tx, source, "device", device)
        steps.append(ids(tx, derived))
        directory.remove_member(tx, source, "device", device)
        steps.append(ids(tx, derived))
        directory.add_member(tx, source, "device", device)
        directory.delete_group(tx, source)
        steps.append(ids(tx, derived))
        return device, steps

    device, steps = await rt.store.write(tenant, run)
    assert steps == [set(), {device}, set(), set()]


async def test_user_groups_follow_departments_licences_and_managers(rt, tenant):
    """Changes of a property, of licences and of the manager move users in and out."""

    def run(tx):
        boss, ada = user(tx, "boss"), user(tx, "ada", usage_location="DE")
        sales = group(tx, "sales", rule='user.department -eq "Sales"', kind="dynamic_user")
        plan = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"
        rule = f'user.assignedPlans -any (assignedPlan.servicePlanId -eq "{plan}")'
        licensed = group(tx, "licensed", rule=rule, kind="dynamic_user")
        reports = group(tx, "reports", rule=f'Direct Reports for "{boss["id"]}"', kind="dynamic_user")
        directory.update_user(tx, ada["id"], {"department": "SALES", "manager_id": boss["id"]})
        directory.assign_licenses(tx, ada["id"], add=["INTUNE_A"])
        inside = [ids(tx, one) for one in (sales, licensed, reports)]
        directory.update_user(tx, ada["id"], {"department": None, "manager_id": None})
        directory.assign_licenses(tx, ada["id"], remove=["INTUNE_A"])
        return ada["id"], inside, [ids(tx, one) for one in (sales, licensed, reports)]

    ada, inside, outside = await rt.store.write(tenant, run)
    assert inside == [{ada}] * 3
    assert outside == [set()] * 3


async def test_a_large_population_is_evaluated_in_slices(rt, tenant, monkeypatch):
    """Above the limit the group waits, says so and how far it is, and ``reevaluate`` fills it."""
    monkeypatch.setattr("taxiway.directory.population.SMALL", 5)
    monkeypatch.setattr("taxiway.directory.population.SLICE", 3)
    monkeypatch.setattr("taxiway.directory.population.MOVED", 2)

    def prepare(tx):
        for number in range(7):
            anchor(tx, number)
        made = group(tx, rule=ZTD_RULE)
        return made, ids(tx, made), directory.pending_groups(tx)

    made, held, pending = await rt.store.write(tenant, prepare)
    assert (held, pending) == (set(), [made])
    assert await directory.reevaluate_pending(rt, tenant) == 1

    def look(tx):
        found = directory.GROUPS.get(tx, made)
        status = found["membership_rule_processing_status"]["status"]
        return len(ids(tx, made)), status, found["membership_rule_progress"], directory.pending_groups(tx)

    assert await rt.store.read(tenant, look) == (7, "Succeeded", {"evaluated": 7, "of": 7}, [])


async def test_a_change_asks_only_the_rules_that_can_match(rt, tenant):
    """Of many groups by tag, the index leaves those that a device with one tag can be in."""

    def run(tx):
        made = [group(tx, rule=f'(device.devicePhysicalIds -any (_ -eq "[OrderID]:t{n}"))') for n in range(20)]
        known = Facts({"devicephysicalids": ["[ZTDID]:x", "[ORDERID]:T7"]}, frozenset(), None)
        rules = rules_of(tx, "device")
        return made[7], rules.possible(known), rules.reading(("displayname",)), len(rules.reading(None))

    wanted, possible, reading, every = await rt.store.write(tenant, run)
    assert (possible, reading, every) == ({wanted}, set(), 20)


async def test_a_user_leaves_every_group_when_deleted(rt, tenant):
    """Nothing refers to a deleted user any more."""

    def run(tx):
        made, ada = group(tx), user(tx, "ada")
        directory.add_member(tx, made, "user", ada["id"])
        directory.delete_user(tx, ada["id"])
        return ids(tx, made)

    assert await rt.store.write(tenant, run) == set()


async def test_a_rule_about_time_follows_the_clock(rt, tenant):
    """A rule that compares with now changes its answer while nobody changes, when the hourly run comes."""

    def prepare(tx):
        hired = user(tx, "ada", employee_hire_date=rt.clock.now() + timedelta(days=2))
        rule = "user.employeeHireDate -le system.now -plus p1d"
        return group(tx, rule=rule, kind="dynamic_user"), hired["id"]

    made, ada = await rt.store.write(tenant, prepare)
    assert await rt.store.read(tenant, lambda tx: ids(tx, made)) == set()
    rt.clock.advance(2 * 86400)
    await directory.reevaluate_clock_rules(rt, tenant)
    assert await rt.store.read(tenant, lambda tx: ids(tx, made)) == {ada}
