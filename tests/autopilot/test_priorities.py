"""Which of several profiles applies: by age, or by explicit priority where the tenant wants it (P-24, P-25, P-29)."""

import pytest

from taxiway import autopilot, directory
from taxiway.autopilot.errors import BadProfile
from taxiway.directory import SYSTEM_PRINCIPAL as BY
from taxiway.directory import Target
from taxiway.store import UnknownProperty, entries


@pytest.fixture
async def two(service):
    """A device that two profiles reach, the older one called Old; and the id of the newer one."""
    ztdid = await service.registered()
    group = await service.group(members=[ztdid])
    await service.profile("Old", Target("group", group))
    service.rt.clock.advance(60)
    new = await service.profile("New", Target("group", group))
    return ztdid, new["id"], group


def switch(*, on):
    return lambda tx: autopilot.update_autopilot_policy(tx, {"explicit_priority": on}, principal=BY)


async def chosen(service, ztdid):
    """The profile in the device's column, and what its lookup would answer, which agree."""
    decision = await service.read(lambda tx: autopilot.effective_profile(tx, ztdid))
    record = await service.record(ztdid)
    assert record["deployment_profile_id"] == decision.value["id"]
    return decision.value["display_name"]


async def test_p24_explicit_priority_is_an_option_of_the_tenant(service, two):
    """Off: the oldest wins and no profile can be moved. On: the same winner, until the order is changed; off again."""
    ztdid, new, _ = two
    assert await chosen(service, ztdid) == "Old"

    def move(profile, place):
        return lambda tx: autopilot.set_profile_priority(tx, profile, place, principal=BY)

    with pytest.raises(BadProfile, match="oldest profile wins"):
        await service.write(move(new, 1))
    assert await service.write(switch(on=True)) == {"explicit_priority": True}
    assert await chosen(service, ztdid) == "Old"
    await service.write(move(new, 1))
    assert await chosen(service, ztdid) == "New"
    decision = await service.read(lambda tx: autopilot.effective_profile(tx, ztdid))
    assert "has the higher priority" in decision.reasons[-1].text
    third = await service.profile("Third", Target("all_devices"))

    def places(tx):
        return {row["display_name"]: row["priority"] for row in autopilot.PROFILES.select(tx)}

    assert await service.read(places) == {"New": 1, "Old": 2, "Third": 3}
    with pytest.raises(BadProfile, match="between 1 and 3"):
        await service.write(move(third["id"], 4))
    await service.write(lambda tx: autopilot.assign_profile(tx, new, [], principal=BY))
    await service.write(lambda tx: autopilot.delete_profile(tx, new, principal=BY))
    assert await service.read(places) == {"Old": 1, "Third": 2}
    await service.write(switch(on=False))
    assert await service.read(places) == {"Old": None, "Third": None}
    assert await chosen(service, ztdid) == "Old"


async def test_p24_saving_an_assignment_warns_of_the_other_profile(service, two):
    """Which two profiles, on how many devices, and which one applies; excluded devices are no conflict."""
    ztdid, new, group = two
    profile = await service.read(lambda tx: autopilot.PROFILES.get(tx, new))
    [finding] = profile["findings"]
    assert finding["code"] == "profile.conflict"
    assert "1 device is reached by the profiles 'New' and 'Old'; 'Old' is older and is the one" in finding["text"]
    log = await service.read(lambda tx: entries(tx, subject=f"autopilot_profile:{new}"))
    assert [entry.kind for entry in log if entry.kind.endswith("warned")] == ["autopilot_profile.warned"]

    def met(tx):
        return autopilot.met_conflicts(tx, autopilot.DEVICES.select(tx))

    assert await service.read(met) == [
        "1 device is reached by the profiles 'Old' and 'New'; 'Old' is older and is the one that applies, not 'New'."
    ]
    apart = await service.group("Apart", members=[ztdid])
    targets = [Target("group", group), Target("exclusion", apart)]
    await service.write(lambda tx: autopilot.assign_profile(tx, new, targets, principal=BY))
    assert (await service.read(lambda tx: autopilot.PROFILES.get(tx, new)))["findings"] == []
    assert await service.read(met) == []
    assert await chosen(service, ztdid) == "Old"


async def test_p24_only_who_may_changes_it_and_nothing_else_is_taken(service):
    """A Global or Intune Administrator; a value that is no switch is refused by name."""
    nobody = directory.Principal("user", "x", service.tenant)
    with pytest.raises(directory.Forbidden):
        await service.write(
            lambda tx: autopilot.update_autopilot_policy(tx, {"explicit_priority": True}, principal=nobody)
        )
    for changes in ({"explicit_priority": "yes"}, {"priority": True}):
        with pytest.raises(UnknownProperty):
            await service.write(lambda tx, given=changes: autopilot.update_autopilot_policy(tx, given, principal=BY))


async def test_p25_exclusions_with_all_devices_are_refused_when_they_are_saved(service):
    """The assignment stays as it was, and the sentence says what to do instead."""
    profile = await service.profile("Everybody")
    group = await service.group("Apart")
    both = [Target("all_devices"), Target("exclusion", group)]
    with pytest.raises(BadProfile, match="cannot be combined") as refused:
        await service.write(lambda tx: autopilot.assign_profile(tx, profile["id"], both, principal=BY))
    assert "Include groups" in refused.value.remedy
    kept = await service.read(lambda tx: directory.targets_of(tx, autopilot.OBJECT_KIND, profile["id"]))
    assert [target.kind for target in kept] == ["all_devices"]


async def test_p29_saving_a_profile_shows_the_name_and_says_what_is_cut(service):
    """With the longest serial number that is registered; a template that always fits has its preview alone."""
    record = await service.record(await service.registered())
    serial = record["serial_number"]
    long = await service.profile("Long", Target("all_devices"), device_name_template="CONTOSO-%SERIAL%")
    preview, cut = long["findings"]
    assert f"CONTOSO-{serial}"[:15] in preview["text"]
    assert (cut["code"], f"{8 + len(serial)} characters" in cut["text"]) == ("name.cut", True)
    short = await service.profile("Short", Target("all_devices"), device_name_template="PC-%RAND:4%")
    assert [finding["text"] for finding in short["findings"]] == [
        f"A PC with the serial number {serial} will be called PC-#### (# is a random digit)."
    ]
