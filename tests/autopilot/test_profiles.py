"""Deployment profiles, their assignment and their status (01 section 7)."""

import pytest

from support.hardware import make_hardware
from taxiway import autopilot, directory
from taxiway.autopilot import profiles
from taxiway.autopilot.entities import AZURE_AD, HYBRID, IN_SYNC, OUT_OF_SYNC
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.store import entries

pytestmark = pytest.mark.anyio

TUTORIAL = {
    "display_name": "Standard",
    "locale": "os-default",
    "device_name_template": "C-%SERIAL%",
    "preprovisioning_allowed": False,
    "out_of_box_experience_setting": {
        "privacySettingsHidden": True,
        "eulaHidden": True,
        "userType": "standard",
        "deviceUsageType": "singleUser",
        "keyboardSelectionPageSkipped": True,
        "escapeLinkHidden": True,
    },
}


def create(values, kind=AZURE_AD):
    return lambda tx: autopilot.create_profile(tx, values, principal=SYSTEM_PRINCIPAL, kind=kind)


def update(profile, changes):
    return lambda tx: autopilot.update_profile(tx, profile["id"], changes, principal=SYSTEM_PRINCIPAL)


async def assign(service, profile, *targets):
    await service.write(
        lambda tx: autopilot.assign_profile(tx, profile["id"], list(targets), principal=SYSTEM_PRINCIPAL)
    )


async def effective(service, ztdid):
    decision = await service.read(lambda tx: autopilot.effective_profile(tx, ztdid))
    return decision.value and decision.value["display_name"], [reason.code for reason in decision.reasons]


async def test_r089_the_tutorials_settings_are_kept_in_both_generations(service):
    """The ten settings of the wizard; each renamed one reads alike under both names (R-89)."""
    profile = await service.write(create(TUTORIAL))
    old = profile["out_of_box_experience_settings"]
    assert profile["out_of_box_experience_setting"] == TUTORIAL["out_of_box_experience_setting"]
    assert (old["hideEULA"], old["hideEscapeLink"], old["userType"]) == (True, True, "standard")
    assert (profile["locale"], profile["language"]) == ("os-default", "os-default")


async def test_of_two_names_the_one_that_changed_counts(service):
    """A client that sends the whole object back with only the old half edited is understood."""
    profile = await service.write(create(TUTORIAL))
    sent = {name: value for name, value in profile.items() if name not in {"id", "version"}}
    sent["out_of_box_experience_settings"] = {**sent["out_of_box_experience_settings"], "hideEULA": False}
    sent["enable_white_glove"] = True
    changed = await service.write(update(profile, sent))
    assert changed["out_of_box_experience_setting"]["eulaHidden"] is False
    assert changed["preprovisioning_allowed"] is True
    assert changed["out_of_box_experience_setting"]["privacySettingsHidden"] is True


@pytest.mark.parametrize("template", ["MYPC-%RAND:6%", "%SERIAL%", "C-%SERIAL%", "LAB-PC"])
async def test_r090_name_templates_that_are_accepted(service, template):
    """Macros in capitals, letters, digits and hyphens (R-90)."""
    assert (await service.write(create({**TUTORIAL, "device_name_template": template})))["device_name_template"]


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("%serial%", "capitals"),
        ("MY PC", "blank"),
        ("1234", "digits"),
        ("%RAND:4%", "digits"),
        ("ABCDEFGHIJKLMNOP", "15"),
        ("PC-%RAND:13%", "15"),
        ("PC_1", "hyphens"),
        ("%MODEL%", "macro"),
    ],
)
async def test_r090_name_templates_that_are_refused(service, template, why):
    """The message names the rule that is broken (R-90, P-29)."""
    with pytest.raises(autopilot.BadProfile, match=why):
        await service.write(create({**TUTORIAL, "device_name_template": template}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"display_name": ""},
        {"display_name": "x" * 201},
        {"locale": "english please"},
        {"device_type": "toaster"},
        {"user_type": "king"},
        {"eula_hidden": "yes"},
        {"out_of_box_experience_setting": {"userType": 7}},
        {"out_of_box_experience_setting": "none"},
    ],
)
async def test_values_that_no_profile_takes_are_refused(service, wrong):
    """Each with its own sentence, and nothing is stored."""
    with pytest.raises(autopilot.BadProfile):
        await service.write(create({"display_name": "P", **wrong}))
    assert await service.read(autopilot.PROFILES.count) == 0


async def test_a_name_template_is_not_for_hybrid_join(service):
    """Entra join only (01 section 7.1)."""
    with pytest.raises(autopilot.BadProfile, match="Entra join only"):
        await service.write(create(TUTORIAL, HYBRID))


async def test_r092_assigned_has_its_date_and_not_assigned_has_none(service):
    """Not assigned, then assigned with its date, then not assigned again; each step is in the log (R-92, P-01)."""
    ztdid = await service.registered()
    before = await service.record(ztdid)
    assert before["deployment_profile_assignment_status"] == "notAssigned"
    assert before["deployment_profile_assigned_at"] is None
    profile = await service.profile()
    after = await service.record(ztdid)
    assert after["deployment_profile_assignment_status"] == "assignedUnkownSyncState"
    assert after["deployment_profile_assigned_at"] == service.rt.clock.now()
    assert after["deployment_profile_id"] == profile["id"]
    await assign(service, profile)
    gone = await service.record(ztdid)
    assert gone["deployment_profile_assignment_status"] == "notAssigned"
    assert gone["deployment_profile_assigned_at"] is None
    log = await service.read(lambda tx: entries(tx, subject=f"autopilot:{ztdid}"))
    steps = [(entry.kind, bool(entry.why)) for entry in log if entry.kind.startswith("profile.")]
    assert steps == [("profile.assigned", True), ("profile.unassigned", True)]


async def test_r092_a_new_device_of_a_targeted_group_is_assigned_when_it_is_registered(service):
    """The dynamic group takes the device and the profile follows, all in the import (R-92)."""
    group = await service.group(rule='(device.devicePhysicalIds -any (_ -startsWith "[ZTDid]"))')
    profile = await service.profile("Standard", Target("group", group))
    record = await service.record(await service.registered())
    assert record["deployment_profile_id"] == profile["id"]
    assert record["deployment_profile_assigned_at"] is not None


async def test_p01_a_changed_tag_assigns_the_profile_at_once_and_says_why(service):
    """One transaction from tag to group to profile; the log names the group and the profile (P-01)."""
    group = await service.group("Sales", '(device.devicePhysicalIds -any (_ -eq "[OrderID]:sales"))')
    profile = await service.profile("Sales profile", Target("group", group))
    ztdid = await service.registered()
    assert (await service.record(ztdid))["deployment_profile_assignment_status"] == "notAssigned"

    def tag(tx):
        autopilot.update_properties(tx, ztdid, {"group_tag": "sales"}, principal=SYSTEM_PRINCIPAL)
        return entries(tx, subject=f"autopilot:{ztdid}")

    log = await service.write(tag)
    record = await service.record(ztdid)
    assert record["deployment_profile_assignment_status"].startswith("assigned")
    joined = next(entry for entry in log if entry.kind == "membership.changed")
    assert (joined.what["added"], joined.why[0]["code"]) == ([group], "rule")
    chosen = next(entry for entry in log if entry.kind == "profile.assigned")
    assert chosen.what["profile_id"] == profile["id"]
    assert any("Sales" in why["text"] for why in chosen.why)


async def test_r093_the_oldest_profile_wins_and_the_next_follows(service):
    """Two profiles by group: the older applies; unassigned and deleted, the other takes its place (R-93, P-24)."""
    ztdid = await service.registered()
    group = await service.group(members=[ztdid])
    old = await service.profile("Old", Target("group", group))
    service.rt.clock.advance(60)
    await service.profile("New", Target("group", group))
    name, codes = await effective(service, ztdid)
    assert (name, codes) == ("Old", ["profile.chosen", "assigned.group", "profile.outranked"])
    await assign(service, old)
    await service.write(lambda tx: autopilot.delete_profile(tx, old["id"], principal=SYSTEM_PRINCIPAL))
    assert (await effective(service, ztdid))[0] == "New"
    status = (await service.record(ztdid))["deployment_profile_assignment_status"]
    assert status == "assignedUnkownSyncState"


async def test_r094_a_group_comes_before_all_devices_whatever_the_age(service):
    """The profile for all devices is older and still only the fallback (R-94)."""
    inside, outside = await service.registered(), await service.registered()
    fallback = await service.profile("Fallback")
    service.rt.clock.advance(60)
    group = await service.group(members=[inside])
    await service.profile("Explicit", Target("group", group))
    assert (await effective(service, inside))[0] == "Explicit"
    assert (await effective(service, outside))[0] == "Fallback"
    assert (await service.record(outside))["deployment_profile_id"] == fallback["id"]


async def test_r095_a_member_of_an_excluded_group_gets_nothing(service):
    """Excluded beats included; leaving the excluded group gives the profile at once (R-95)."""
    kept, dropped = await service.registered(), await service.registered()
    everyone = await service.group("Everyone", members=[kept, dropped])
    without = await service.group("Without", members=[dropped])
    await service.profile("Standard", Target("group", everyone), Target("exclusion", without))
    assert (await effective(service, kept))[0] == "Standard"
    assert await effective(service, dropped) == (None, ["profile.none"])
    assert (await service.record(dropped))["deployment_profile_assignment_status"] == "notAssigned"
    device = await service.device(dropped)
    await service.write(lambda tx: directory.remove_member(tx, without, "device", device["id"]))
    assert (await service.record(dropped))["deployment_profile_assignment_status"] == "assignedUnkownSyncState"


async def test_r095_exclusions_with_all_devices_are_refused(service):
    """The combination that breaks assignments is refused when it is saved (R-95, P-25)."""
    group = await service.group()
    with pytest.raises(autopilot.BadProfile, match="all devices"):
        await service.profile("Bad", Target("all_devices"), Target("exclusion", group))
    with pytest.raises(autopilot.BadProfile, match="all users"):
        await service.profile("Bad", Target("all_users"))


async def test_r096_an_edit_makes_downloaded_copies_old(service):
    """In sync after the download, out of sync after the edit, in sync at the next download (R-96)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    profile = await service.profile()

    async def status():
        return (await service.record(ztdid))["deployment_profile_assignment_status"]

    assert (await service.download(hardware)).deployment_profile_name == "Everything"
    assert await status() == IN_SYNC
    await service.write(update(profile, {"display_name": "Renamed"}))
    assert await status() == OUT_OF_SYNC
    assert (await service.download(hardware)).deployment_profile_name == "Renamed"
    assert await status() == IN_SYNC


async def test_r097_p23_a_profile_in_use_is_not_deleted_and_a_deleted_group_frees_it(service):
    """The documented sentence; without assignments it goes; a deleted group leaves none (R-97, P-23)."""
    group = await service.group()
    profile = await service.profile("Standard", Target("group", group))

    def delete(tx):
        autopilot.delete_profile(tx, profile["id"], principal=SYSTEM_PRINCIPAL)

    with pytest.raises(autopilot.ProfileInUse, match=r"Cannot delete Standard - .*must unassign all groups"):
        await service.write(delete)
    await service.write(lambda tx: directory.delete_group(tx, group))
    await service.write(delete)
    assert await service.read(autopilot.PROFILES.count) == 0


async def test_r098_the_351st_profile_is_refused(service, monkeypatch):
    """The limit is 350; the test lowers it to be quick (R-98)."""
    assert profiles.LIMIT == 350
    monkeypatch.setattr(profiles, "LIMIT", 2)
    for name in ("one", "two"):
        await service.write(create({"display_name": name}))
    with pytest.raises(autopilot.TooManyProfiles):
        await service.write(create({"display_name": "three"}))


async def test_the_devices_of_a_profile(service):
    """Those that carry it now."""
    ztdid = await service.registered()
    profile = await service.profile()
    found = await service.read(lambda tx: autopilot.assigned_devices(tx, profile["id"]))
    assert [row["id"] for row in found] == [ztdid]


async def test_r105_a_device_is_assigned_to_a_licensed_user(service):
    """User and greeting are set; nobody, or somebody without a licence, is refused (R-105)."""
    ztdid = await service.registered()
    await service.user("ada@contoso.example")
    await service.user("eve@contoso.example", licensed=False)

    def assign_to(upn, friendly=""):
        return lambda tx: autopilot.assign_user(tx, ztdid, upn, friendly, principal=SYSTEM_PRINCIPAL)

    for upn in ("eve@contoso.example", "nobody@contoso.example"):
        with pytest.raises(autopilot.UserRefused):
            await service.write(assign_to(upn))
    record = await service.write(assign_to("ada@contoso.example"))
    assert (record["user_principal_name"], record["addressable_user_name"]) == ("ada@contoso.example", "Ada Lovelace")
    edited = {"addressable_user_name": "Countess"}
    await service.write(lambda tx: autopilot.update_properties(tx, ztdid, edited, principal=SYSTEM_PRINCIPAL))
    assert (await service.read(lambda tx: autopilot.assigned_user(tx, ztdid)))["addressable_user_name"] == "Countess"


async def test_r107_unassigning_clears_user_and_greeting(service):
    """And an import with an assigned user leaves the same state as assigning one (R-107)."""
    await service.user("ada@contoso.example")
    ztdid = await service.registered(assigned_user_principal_name="ada@contoso.example")
    record = await service.record(ztdid)
    assert (record["user_principal_name"], record["addressable_user_name"]) == ("ada@contoso.example", "Ada Lovelace")
    await service.write(lambda tx: autopilot.unassign_user(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    record = await service.record(ztdid)
    assert (record["user_principal_name"], record["addressable_user_name"]) == ("", "")
    assert await service.read(lambda tx: autopilot.assigned_user(tx, ztdid)) is None


async def test_r108_a_name_that_nobody_has_still_reserves_the_device(service):
    """Whoever signs in is not that user, until the device is unassigned (R-108)."""
    ztdid = await service.registered(assigned_user_principal_name="nobody@contoso.example")
    assigned = await service.read(lambda tx: autopilot.assigned_user(tx, ztdid))
    assert (assigned["user_principal_name"], assigned["id"]) == ("nobody@contoso.example", None)


async def test_the_end_of_the_managed_device_resets_the_enrollment_state(service):
    """Enrolled, with the managed device's id; both end with it."""
    ztdid = await service.registered()
    await service.write(lambda tx: autopilot.mark_enrolled(tx, ztdid, "m-1", "u-1"))
    record = await service.record(ztdid)
    assert (record["enrollment_state"], record["managed_device_id"]) == ("enrolled", "m-1")
    await service.write(lambda tx: tx.announce("managed_device.removed", id="m-1"))
    record = await service.record(ztdid)
    assert (record["enrollment_state"], record["managed_device_id"][:8]) == ("notContacted", "00000000")
