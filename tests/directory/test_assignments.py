"""Who is meant: targets, exclusions, filters."""

import pytest

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.store import NotFound

pytestmark = pytest.mark.anyio

KIND = "configuration"


def group(tx, name="G"):
    return directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name)["id"]


def device(tx, **more):
    facts = {"display_name": "PC", "os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", **more}
    return directory.join_device(tx, **facts)


def user(tx, name="ada"):
    upn = f"{name}@contoso.example"
    return directory.create_user(tx, principal=SYSTEM_PRINCIPAL, upn=upn, display_name=name)


def found(tx, device=None, user=None):
    return [(m.object_id, m.target.kind, m.via) for m in directory.meant(tx, KIND, device=device, user=user)]


async def test_a_group_reaches_through_the_device_or_through_the_user(rt, tenant):
    """An object is meant through whichever of the two its group holds, with the group named in the reason."""

    def run(tx):
        one, other, pc, ada = group(tx, "PCs"), group(tx, "People"), device(tx), user(tx)
        directory.add_member(tx, one, "device", pc["id"])
        directory.add_member(tx, other, "user", ada["id"])
        directory.set_assignments(tx, KIND, "a", [Target("group", one)])
        directory.set_assignments(tx, KIND, "b", [Target("group", other)])
        directory.set_assignments(tx, "another_kind", "c", [Target("group", other)])
        directory.set_assignments(tx, KIND, "d", [Target("group", group(tx, "Empty"))])
        matches = directory.meant(tx, KIND, device=pc, user=ada)
        return found(tx, pc, ada), found(tx, pc), found(tx, None, ada), matches[0].reasons[0].text

    together, by_device, by_user, text = await rt.store.write(tenant, run)
    assert together == [("a", "group", "device"), ("b", "group", "user")]
    assert (by_device, by_user) == (together[:1], together[1:])
    assert "'PCs'" in text


async def test_everybody_is_reached_by_the_virtual_groups(rt, tenant):
    """All devices reaches a device, all users a user, and neither the other."""

    def run(tx):
        directory.set_assignments(tx, KIND, "d", [Target("all_devices")])
        directory.set_assignments(tx, KIND, "u", [Target("all_users")])
        return found(tx, device(tx)), found(tx, None, user(tx))

    by_device, by_user = await rt.store.write(tenant, run)
    assert by_device == [("d", "all_devices", "device")]
    assert by_user == [("u", "all_users", "user")]


async def test_r095_an_exclusion_beats_every_inclusion(rt, tenant):
    """A member of the excluded group is not meant, be it included by group or by everybody; another object still is."""

    def run(tx):
        inside, out, pc = group(tx), group(tx), device(tx)
        for one in (inside, out):
            directory.add_member(tx, one, "device", pc["id"])
        directory.set_assignments(tx, KIND, "a", [Target("group", inside), Target("exclusion", out)])
        directory.set_assignments(tx, KIND, "b", [Target("all_devices"), Target("exclusion", out)])
        directory.set_assignments(tx, KIND, "c", [Target("group", inside)])
        return found(tx, pc)

    assert await rt.store.write(tenant, run) == [("c", "group", "device")]


async def test_nested_groups_are_meant_too(rt, tenant):
    """A target group reaches the members of the groups nested in it."""

    def run(tx):
        outer, inner, pc = group(tx), group(tx), device(tx)
        directory.add_member(tx, outer, "group", inner)
        directory.add_member(tx, inner, "device", pc["id"])
        directory.set_assignments(tx, KIND, "a", [Target("group", outer)])
        return found(tx, pc)

    assert await rt.store.write(tenant, run) == [("a", "group", "device")]


@pytest.mark.parametrize(
    ("rule", "mode", "reached"),
    [
        ('(device.enrollmentProfileName -eq "Kiosk")', "include", True),
        ('(device.enrollmentProfileName -eq "Kiosk")', "exclude", False),
        ('(device.manufacturer -eq "Contoso") -and (device.model -startsWith "device.model")', "include", True),
        ('(device.deviceOwnership -eq "Corporate")', "include", True),
        ('(device.osVersion -startsWith "10.0.22")', "include", False),
        ('(device.osVersion -startsWith "10.0.22")', "exclude", True),
        ('(device.deviceTrustType -in ["Azure AD joined"])', "include", True),
    ],
)
async def test_a_filter_narrows_an_assignment(rt, tenant, rule, mode, reached):
    """The filter's own names and values are understood, in include and in exclude mode."""

    def run(tx):
        narrow = directory.create_filter(tx, principal=SYSTEM_PRINCIPAL, display_name="F", rule=rule)
        pc = device(
            tx,
            enrollment_profile_name="Kiosk",
            manufacturer="Contoso",
            model="device.model 5",
            device_ownership="Company",
        )
        target = Target("all_devices", filter_id=narrow["id"], filter_mode=mode)
        directory.set_assignments(tx, KIND, "a", [target])
        return bool(found(tx, pc))

    assert await rt.store.write(tenant, run) is reached


async def test_a_filter_with_no_device_reaches_nobody(rt, tenant):
    """A filter asks about a device; an assignment to users with one needs a device to be known."""

    def run(tx):
        rule = '(device.manufacturer -eq "Contoso")'
        narrow = directory.create_filter(tx, principal=SYSTEM_PRINCIPAL, display_name="F", rule=rule)
        target = Target("all_users", filter_id=narrow["id"], filter_mode="include")
        directory.set_assignments(tx, KIND, "a", [target])
        ada = user(tx)
        return found(tx, None, ada), found(tx, device(tx, manufacturer="Contoso"), ada)

    alone, with_device = await rt.store.write(tenant, run)
    assert (alone, with_device) == ([], [("a", "all_users", "user")])


async def test_a_filter_in_use_is_not_deleted_and_a_bad_rule_not_stored(rt, tenant):
    """A filter goes only when no assignment uses it; its rule must be a rule about devices."""

    def bad(tx):
        directory.create_filter(tx, principal=SYSTEM_PRINCIPAL, display_name="F", rule='user.mail -eq "x"')

    def used(tx):
        rule = '(device.model -eq "x")'
        narrow = directory.create_filter(tx, principal=SYSTEM_PRINCIPAL, display_name="F", rule=rule)
        target = Target("all_devices", filter_id=narrow["id"], filter_mode="include")
        directory.set_assignments(tx, KIND, "a", [target])
        directory.delete_filter(tx, narrow["id"], principal=SYSTEM_PRINCIPAL)

    with pytest.raises(directory.RuleError):
        await rt.store.write(tenant, bad)
    with pytest.raises(directory.Invalid):
        await rt.store.write(tenant, used)


async def test_setting_assignments_replaces_them_and_ids_are_stable(rt, tenant):
    """Repeating a set changes nothing, duplicates count once, and one assignment can be taken away."""

    def run(tx):
        one = group(tx)
        targets = [Target("group", one, intent="required"), Target("group", one, intent="available")]
        first = directory.set_assignments(tx, KIND, "a", [*targets, targets[0]])
        again = directory.set_assignments(tx, KIND, "a", targets)
        directory.delete_assignment(tx, KIND, "a", first[0]["id"])
        return first, again, directory.assignments_of(tx, KIND, "a")

    first, again, left = await rt.store.write(tenant, run)
    assert first == again
    assert [row["intent"] for row in first] == ["required", "available"]
    assert [row["intent"] for row in left] == ["available"]


@pytest.mark.parametrize(
    ("target", "error"),
    [
        (Target("group"), directory.Invalid),
        (Target("all_devices", "g"), directory.Invalid),
        (Target("group", "nowhere"), NotFound),
        (Target("all_devices", filter_id="nowhere", filter_mode="include"), NotFound),
    ],
)
async def test_a_target_names_what_exists(rt, tenant, target, error):
    """Neither half a target nor one that names nothing is stored."""
    with pytest.raises(error):
        await rt.store.write(tenant, lambda tx: directory.set_assignments(tx, KIND, "a", [target]))


async def test_r097_a_deleted_group_leaves_no_assignment_behind(rt, tenant):
    """With the group go the assignments that name it, at once."""

    def run(tx):
        one, pc = group(tx), device(tx)
        directory.add_member(tx, one, "device", pc["id"])
        directory.set_assignments(tx, KIND, "a", [Target("group", one), Target("all_users")])
        directory.delete_group(tx, one)
        return [row["kind"] for row in directory.assignments_of(tx, KIND, "a")], found(tx, pc)

    assert await rt.store.write(tenant, run) == (["all_users"], [])


async def test_who_is_meant_is_found_through_indexes(rt, tenant):
    """Three statements whatever the number of objects, and none reads a whole table."""
    if rt.store.engine.dialect.name != "sqlite":
        pytest.skip("the plan of an empty table says nothing on PostgreSQL")
    statements = []

    def run(tx):
        pc, one = device(tx), group(tx)
        directory.add_member(tx, one, "device", pc["id"])
        for number in range(10):
            directory.set_assignments(tx, KIND, f"o{number}", [Target("all_devices")])
        execute = tx.all

        class Watched:
            def __getattr__(self, name):
                return getattr(tx, name)

            def all(self, statement, parameters=None):
                statements.append((statement, parameters))
                return execute(statement, parameters)

        assert len(directory.meant(Watched(), KIND, device=pc, user=None)) == 10

    await rt.store.write(tenant, run)
    assert len(statements) <= 3
    with rt.store.engine.connect() as connection:
        for statement, parameters in statements:
            compiled = statement.compile(connection, compile_kwargs={"render_postcompile": True})
            values = tuple(compiled.construct_params(parameters or {})[name] for name in compiled.positiontup)
            plan = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values)]
            assert not any(line.startswith("SCAN") for line in plan), plan
