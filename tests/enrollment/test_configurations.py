"""Enrollment configurations: defaults, limits, priorities, and the choice of the ESP profile (R-57 to R-66, R-78)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from taxiway import directory, enrollment
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENT_CONFIGURATIONS, ESP, Candidate, choose_esp, choose_restriction, frozen_esp
from taxiway.enrollment.choice import choose_updates
from taxiway.enrollment.entities import ENROLLMENT_CONFIGURATION
from taxiway.enrollment.errors import BadConfiguration, BuiltIn, TooMany
from taxiway.kernel import NotImplementedHere
from taxiway.store import eq

DEFAULTS = {name: prop.default for name, prop in ENROLLMENT_CONFIGURATION.props.items()}


def profile(name, priority, via, **values):
    row = {**DEFAULTS, "id": name, "kind": ESP, "display_name": name, "priority": priority, **values}
    return Candidate(row, via)


def test_r078_device_before_user_before_default():
    """A device-targeted profile wins over a user-targeted one of higher priority; the default comes last."""
    default = profile("default", 0, "default").row
    user, device = profile("user", 1, "user"), profile("device", 2, "device")
    assert choose_esp(default, [user, device]).value is device
    assert choose_esp(default, [user]).value is user
    assert choose_esp(default, []).value.row is default


def test_r078_priority_one_beats_two_and_the_reason_says_so():
    """Among the device-targeted the lowest number wins."""
    one, two = profile("one", 1, "device"), profile("two", 2, "device")
    decision = choose_esp(profile("default", 0, "default").row, [two, one])
    assert decision.value is one
    assert "comes before 'two'" in decision.reasons[0].text


def test_r020_of_restrictions_only_the_highest_priority_applies():
    """However they are targeted, one restriction decides."""
    one, two = profile("one", 1, "user"), profile("two", 2, "device")
    assert choose_restriction(profile("default", 0, "default").row, [two, one]).value is one


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ({}, 2),
        ({"allow_device_reset_on_install_failure": True}, 3),
        ({"allow_device_use_on_install_failure": True}, 6),
        ({"block_device_setup_retry_by_user": True, "allow_device_reset_on_install_failure": True}, 0),
    ],
)
def test_the_buttons_of_the_failure_page(values, flags):
    """Blocking always offers "Try again"; without blocking there are no flags (05 section 11.13)."""
    assert frozen_esp(profile("p", 1, "device", **values), in_oobe=True).block_flags == flags


def test_a_page_for_oobe_only_stays_away_later():
    """Outside out-of-box setup it does not show; inside it does, for the first user (R-62)."""
    only = profile("p", 1, "device", track_install_progress_for_autopilot_only=True)
    assert not frozen_esp(only, in_oobe=False).show
    assert frozen_esp(only, in_oobe=True).show
    assert frozen_esp(only, in_oobe=True).first_user_only


@pytest.mark.parametrize(
    ("targets", "registered", "expected"),
    [
        ([("device", True, False)], True, True),
        ([("device", True, False)], False, False),
        ([("device", True, True)], False, True),
        ([("user", True, False)], True, False),
        ([("user", False, False), ("device", True, False)], True, True),
        ([], True, False),
    ],
)
def test_r083_quality_updates_follow_the_device_targeted_profile(targets, registered, expected):
    """The user-targeted profile is passed over, although its page would show; the default says no by itself.

    An unregistered device gets them only from a profile for all devices.
    """
    default = profile("default", 0, "default", show_installation_progress=True).row
    found = [
        replace(profile(str(place), place, via, install_quality_updates=wanted), everywhere=everywhere)
        for place, (via, wanted, everywhere) in enumerate(targets, start=1)
    ]
    assert choose_updates(default, found, registered=registered) is expected


def test_r083_p32_quality_updates_are_off_unless_somebody_says_yes():
    """A profile made without a word about them has none: nobody is surprised by half an hour more."""
    assert DEFAULTS["install_quality_updates"] is False


@pytest.fixture
def write(rt, tenant):
    async def run(function):
        return await rt.store.write(tenant, function)

    return run


def create(tx, name="ESP", **values):
    return enrollment.create_configuration(tx, ESP, {"display_name": name, **values}, principal=SYSTEM_PRINCIPAL)


@pytest.mark.anyio
async def test_r057_a_new_tenant_has_its_four_defaults(rt, tenant):
    """All users and all devices, priority 0; the status page of the default shows nothing."""
    rows = await rt.store.read(tenant, ENROLLMENT_CONFIGURATIONS.select)
    assert {row["display_name"] for row in rows} == {"All users and all devices"}
    assert sorted(row["id"].partition("_")[2] for row in rows) == [
        "DefaultLimit",
        "DefaultPlatformRestrictions",
        "DefaultWindows10EnrollmentCompletionPageConfiguration",
        "DefaultWindowsHelloForBusiness",
    ]
    assert not next(row for row in rows if row["id"].endswith("PageConfiguration"))["show_installation_progress"]


@pytest.mark.anyio
async def test_r058_at_most_fifty_profiles_beside_the_default(write):
    """The fifty-first custom profile is refused."""

    def fill(tx):
        for number in range(50):
            create(tx, f"ESP {number}")
        with pytest.raises(TooMany):
            create(tx, "one too many")

    await write(fill)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "values",
    [
        {"install_progress_timeout_in_minutes": 0},
        {"install_progress_timeout_in_minutes": 1441},
        {"selected_mobile_app_ids": ["x"] * 101},
        {"custom_error_message": "x" * 10001},
        {"limit": 3},
        {"display_name": ""},
    ],
)
async def test_r059_r066_values_outside_their_range_are_refused(write, values):
    """Minutes 1 to 1440, at most 100 blocking apps, no property of another kind."""
    with pytest.raises(BadConfiguration):
        await write(lambda tx: create(tx, **values))


@pytest.mark.anyio
async def test_priorities_shift(write):
    """Moving one to the top moves the others down; deleting closes the gap."""

    def order(tx):
        rows = ENROLLMENT_CONFIGURATIONS.select(tx, eq("kind", ESP), order=[("priority", False)])
        return [(row["display_name"], row["priority"]) for row in rows]

    def work(tx):
        a, b, c = (create(tx, name) for name in "abc")
        enrollment.set_priority(tx, c["id"], 1, principal=SYSTEM_PRINCIPAL)
        assert order(tx) == [("c", 1), ("a", 2), ("b", 3)]
        enrollment.delete_configuration(tx, a["id"], principal=SYSTEM_PRINCIPAL)
        assert order(tx) == [("c", 1), ("b", 2)]
        with pytest.raises(BadConfiguration):
            enrollment.set_priority(tx, b["id"], 3, principal=SYSTEM_PRINCIPAL)

    await write(work)


@pytest.mark.anyio
async def test_the_defaults_can_be_changed_but_not_moved_or_removed(write):
    """They apply to everybody, always."""

    def work(tx):
        row = enrollment.default_of(tx, enrollment.DEFAULT_ESP)
        enrollment.update_configuration(
            tx, row["id"], {"show_installation_progress": True, "display_name": "Mine"}, principal=SYSTEM_PRINCIPAL
        )
        assert ENROLLMENT_CONFIGURATIONS.require(tx, row["id"])["display_name"] == "All users and all devices"
        for change in (
            lambda: enrollment.delete_configuration(tx, row["id"], principal=SYSTEM_PRINCIPAL),
            lambda: enrollment.set_priority(tx, row["id"], 1, principal=SYSTEM_PRINCIPAL),
            lambda: enrollment.assign_configuration(tx, row["id"], [], principal=SYSTEM_PRINCIPAL),
        ):
            with pytest.raises(BuiltIn):
                change()

    await write(work)


@pytest.mark.anyio
async def test_a_status_page_takes_no_exclusions_and_other_kinds_are_named(write):
    """Exclusion groups are refused; kinds that are not served say so."""

    def work(tx):
        row = create(tx)
        with pytest.raises(BadConfiguration):
            enrollment.assign_configuration(
                tx, row["id"], [directory.Target("exclusion", group_id="g")], principal=SYSTEM_PRINCIPAL
            )
        with pytest.raises(NotImplementedHere):
            enrollment.create_configuration(tx, "windowsRestore", {"display_name": "x"}, principal=SYSTEM_PRINCIPAL)

    await write(work)
