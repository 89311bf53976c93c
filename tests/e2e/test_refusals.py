"""Each way a deployment is refused: the documented code on the screen, and the reason in the timeline."""

import dataclasses
import re

import pytest

from taxiway import autopilot, directory, enrollment
from taxiway.device import Place, ScreenShown
from taxiway.insight.checklist import checklist
from taxiway.insight.preflight import preflight
from taxiway.store import entries

pytestmark = pytest.mark.anyio


async def _log(instance, tenant=None):
    return await instance.rt.store.read(tenant or instance.tenant, entries)


def _told(log, text):
    """Whether some entry gives a reason that holds ``text``."""
    return any(text.lower() in reason["text"].lower() for entry in log for reason in entry.why)


async def _managed(instance):
    """The one managed device."""
    [found] = await instance.rt.store.read(instance.tenant, enrollment.MANAGED.select)
    return found


async def _ready(instance, tmp_path, upn="ada@contoso.example", **user):
    """A registered PC with a profile, and a person."""
    person = await instance.make_user(upn, **user)
    await instance.profile()
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    return pc, person


async def test_r046_an_unknown_pc_is_told_so(instance, tmp_path):
    """A PC that nobody registered: 807 ZtdDeviceIsNotRegistered, and nothing about it is stored (R-46)."""
    person = await instance.make_user()
    outcome = await instance.power_on(instance.make_pc(tmp_path / "pc"), person)
    assert (outcome.reached, outcome.failure.step, outcome.failure.code) == ("failed", "profile", "807")
    assert await instance.rt.store.read(instance.tenant, directory.DEVICES.count) == 0


async def test_r110_a_profile_assigned_after_the_first_boot_is_picked_up_by_a_restart(instance, tmp_path):
    """815 and a flag at first, not 807 (R-99, P-06, P-07); then the desktop, under one name (R-91)."""
    person = await instance.make_user()
    pc = instance.make_pc(tmp_path / "pc")
    record = (await instance.register(pc))["state"]["deviceRegistrationId"]
    outcome = await instance.power_on(pc, person)
    assert (outcome.failure.step, outcome.failure.code) == ("profile", "815")
    [step] = [step for step in await instance.rt.store.read(instance.tenant, checklist) if step.number == 6]
    assert not step.done
    found = await instance.rt.store.read(instance.tenant, lambda tx: preflight(tx, pc.firmware.serial, person.upn))
    assert "got no profile" in found.lines[0].why[0].text
    await instance.profile(device_name_template="CON-%RAND:5%")
    [step] = [step for step in await instance.rt.store.read(instance.tenant, checklist) if step.number == 6]
    assert f"{pc.firmware.serial} went online without profile" in step.notes[0]
    again = await instance.power_on(pc, person)
    assert again.reached == "desktop", again.failure
    assert (await instance.rt.store.read(instance.tenant, lambda tx: autopilot.record_of(tx, record)))[
        "went_without_at"
    ] is None
    managed = await _managed(instance)
    device = await instance.rt.store.read(
        instance.tenant, lambda tx: directory.find_device(tx, device_id=again.entra_device_id)
    )
    assert again.device_name == managed["device_name"] == device["display_name"]
    assert re.fullmatch(r"CON-\d{5}", again.device_name)


async def test_p26_an_offline_profile_deploys_a_pc_that_nobody_registered(instance, tmp_path):
    """Without a wire and without language and keyboard; its enrollment profile is named after the file."""
    person = await instance.make_user()
    profile = await instance.profile(keyboard_selection_page_skipped=True, locale="en-US")
    content = await instance.rt.store.read(instance.tenant, lambda tx: autopilot.offline_file(tx, profile["id"]))
    instance.host = dataclasses.replace(instance.host, place=Place(network="wireless"))
    pc = instance.make_pc(tmp_path / "pc")
    pc.take_offline_profile(content)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    shown = [event.name for event in instance.events if isinstance(event, ScreenShown)]
    assert not {"OobeRegion", "OobeKeyboard"} & set(shown)
    name = f"OfflineAutopilotprofile-{profile['id']}"
    assert (await _managed(instance))["enrollment_profile_name"] == name
    device = await instance.rt.store.read(
        instance.tenant, lambda tx: directory.find_device(tx, device_id=outcome.entra_device_id)
    )
    assert device["enrollment_profile_name"] == name


async def test_a_wrong_password_is_refused_on_the_page(instance, tmp_path):
    """AADSTS50126 on the screen and in the log, without saying whether the account exists."""
    pc, person = await _ready(instance, tmp_path)
    outcome = await instance.power_on(pc, dataclasses.replace(person, password="wrong"))
    assert (outcome.failure.step, outcome.failure.code) == ("sign-in", "AADSTS50126")
    assert any("50126" in str(entry.what) or "password" in str(entry.why) for entry in await _log(instance))


async def test_r009_a_user_without_licence_is_refused_at_enrollment(instance, tmp_path):
    """Joined, then 0x80180018 from the SOAP fault UserLicense; the timeline names the licence (R-09)."""
    pc, person = await _ready(instance, tmp_path, licensed=False)
    outcome = await instance.power_on(pc, person)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180018")
    assert _told(await _log(instance), "licen")


async def test_r014_a_user_who_may_not_join_is_refused(instance, tmp_path):
    """Join allowed for nobody: 0x801C0003, with the policy as reason (R-14)."""
    pc, person = await _ready(instance, tmp_path)
    await instance.rt.store.write(
        instance.tenant,
        lambda tx: directory.update_registration_policy(tx, directory.SYSTEM_PRINCIPAL, {"join_allowed": "none"}),
    )
    outcome = await instance.power_on(pc, person)
    assert (outcome.failure.step, outcome.failure.code) == ("join", "0x801C0003")
    assert _told(await _log(instance), "join")


async def test_r016_a_user_over_quota_is_refused(instance, tmp_path):
    """At the device limit the next join fails, and deleting a device frees the slot (R-16, R-17)."""
    pc, person = await _ready(instance, tmp_path)
    await instance.rt.store.write(
        instance.tenant,
        lambda tx: directory.update_registration_policy(tx, directory.SYSTEM_PRINCIPAL, {"quota": 1}),
    )
    first = await instance.power_on(pc, person)
    assert first.reached == "desktop", first.failure
    second = instance.make_pc(tmp_path / "second")
    await instance.register(second)
    outcome = await instance.power_on(second, person)
    assert (outcome.failure.step, outcome.failure.code) == ("join", "0x801C000E")
    assert _told(await _log(instance), "quota") or _told(await _log(instance), "limit")

    def free(tx):
        device = directory.find_device(tx, device_id=first.entra_device_id)
        directory.delete_device(tx, device["id"], principal=directory.SYSTEM_PRINCIPAL, force=True)

    await instance.rt.store.write(instance.tenant, free)
    again = await instance.power_on(second, person)
    assert again.reached == "desktop", again.failure


async def test_r023_a_user_of_another_tenant_is_refused(instance, tmp_path):
    """The PC belongs to Contoso, the user to Fabrikam: refused, and nothing of either tenant leaks (R-23)."""
    pc, _ = await _ready(instance, tmp_path)
    other = await instance.make_tenant("fabrikam.example")
    stranger = await instance.make_user("eve@fabrikam.example", tenant=other)
    outcome = await instance.power_on(pc, stranger)
    assert outcome.reached == "failed"
    assert outcome.failure.step == "sign-in"
    assert "another organization" in outcome.failure.reason or outcome.failure.code.startswith("AADSTS")
    assert await instance.rt.store.read(other, directory.DEVICES.count) == 0


async def test_r106_the_assigned_user_is_the_only_one_who_may_sign_in(instance, tmp_path):
    """The PC is assigned to Ada; Grace, of the same tenant, cannot sign in on it (R-106)."""
    pc, ada = await _ready(instance, tmp_path)
    grace = await instance.make_user("grace@contoso.example")
    record = await instance.rt.store.read(
        instance.tenant, lambda tx: autopilot.record_of_serial(tx, pc.firmware.serial)
    )
    await instance.rt.store.write(
        instance.tenant,
        lambda tx: autopilot.assign_user(tx, record["id"], ada.upn, "Ada", principal=directory.SYSTEM_PRINCIPAL),
    )
    outcome = await instance.power_on(pc, grace)
    assert (outcome.reached, outcome.failure.step) == ("failed", "sign-in")
    assert (await instance.power_on(pc, ada)).reached == "desktop"


@pytest.mark.parametrize("scope", ["none", "some"])
async def test_r002_r003_outside_the_mdm_scope_a_pc_ends_unmanaged(instance, tmp_path, scope):
    """Joined, not enrolled, no ESP, an unmanaged desktop; the timeline names the scope (R-02, R-03)."""
    pc, person = await _ready(instance, tmp_path)

    def narrow(tx):
        system = directory.SYSTEM_PRINCIPAL
        if scope == "none":
            directory.update_mdm_policy(tx, system, {"applies_to": "none"})
            return
        group = directory.create_group(tx, principal=system, display_name="Pilots", kind="assigned")
        directory.update_mdm_policy(tx, system, {"applies_to": "selected", "group_ids": [group["id"]]})

    await instance.rt.store.write(instance.tenant, narrow)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "unmanaged"
    assert outcome.entra_device_id
    assert not outcome.intune_device_id
    assert not [e for e in instance.events if type(e).__name__.startswith("Esp")]
    assert _told(await _log(instance), "scope")


async def test_r004_with_the_scope_at_all_any_licensed_user_enrolls_during_the_join(instance, tmp_path):
    """Two users of no group: each PC is managed when it reaches its desktop, and nobody did anything but sign in."""
    await instance.profile()
    for name in ("ada", "grace"):
        person = await instance.make_user(f"{name}@contoso.example")
        pc = instance.make_pc(tmp_path / name)
        await instance.register(pc)
        outcome = await instance.power_on(pc, person)
        assert outcome.reached == "desktop", outcome.failure
        assert outcome.intune_device_id
        steps = [event.step for event in instance.events if type(event).__name__ == "StepDone"]
        assert steps.index("join") < steps.index("enrollment") < steps.index("desktop")


async def test_r005_r011_a_joined_pc_is_managed_in_both_scopes_and_stays_so(instance, tmp_path):
    """The WIP scope takes nothing from a join (R-05); out of the MDM scope, the PC still checks in (R-11)."""
    pc, person = await _ready(instance, tmp_path)
    system = directory.SYSTEM_PRINCIPAL

    async def scope(update, applies_to):
        await instance.rt.store.write(instance.tenant, lambda tx: update(tx, system, {"applies_to": applies_to}))

    await scope(directory.update_wip_policy, "all")
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    before = await _managed(instance)
    assert before["id"] == outcome.intune_device_id
    await scope(directory.update_mdm_policy, "none")
    await pc.sync(instance.endpoints)
    after = await _managed(instance)
    assert after["id"] == before["id"]
    assert after["last_sync_at"] > before["last_sync_at"]


async def test_r018_the_device_limit_counts_for_nothing_with_autopilot(instance, tmp_path):
    """One device per user is allowed; the second registered PC is managed as well (R-18)."""
    pc, person = await _ready(instance, tmp_path)

    def limit(tx):
        default = enrollment.default_of(tx, enrollment.DEFAULT_LIMIT)
        enrollment.update_configuration(tx, default["id"], {"limit": 1}, principal=directory.SYSTEM_PRINCIPAL)

    await instance.rt.store.write(instance.tenant, limit)
    second = instance.make_pc(tmp_path / "second")
    await instance.register(second)
    for each in (pc, second):
        outcome = await instance.power_on(each, person)
        assert outcome.reached == "desktop", outcome.failure
        assert outcome.intune_device_id


async def test_r019_windows_blocked_by_restriction(instance, tmp_path):
    """Platform restriction Windows = Block stops an Autopilot enrollment with 0x80180014 (R-19)."""
    pc, person = await _ready(instance, tmp_path)

    def block(tx):
        default = enrollment.default_of(tx, enrollment.DEFAULT_RESTRICTIONS)
        enrollment.update_configuration(
            tx,
            default["id"],
            {"windows_restriction": {"platformBlocked": True}},
            principal=directory.SYSTEM_PRINCIPAL,
        )

    await instance.rt.store.write(instance.tenant, block)
    outcome = await instance.power_on(pc, person)
    assert (outcome.failure.step, outcome.failure.code) == ("enrollment", "0x80180014")


async def test_r101_r102_the_profile_decides_screens_and_account(instance, tmp_path):
    """A profile that shows EULA and privacy has them on the screen; the account type reaches the PC (R-101, R-102)."""
    person = await instance.make_user()
    await instance.profile(eula_hidden=False, privacy_settings_hidden=False, user_type="administrator")
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    shown = [event.name for event in instance.events if isinstance(event, ScreenShown)]
    assert shown.index("OobeEula") < shown.index("OobeAAD") < shown.index("OobeSettings")


async def test_the_pc_of_one_tenant_is_not_seen_by_another(instance, tmp_path):
    """A device registered at Contoso cannot be registered at Fabrikam: 808 (R-29)."""
    pc, _ = await _ready(instance, tmp_path)
    other = await instance.make_tenant("fabrikam.example")
    refused = await instance.register(pc, tenant=other)
    assert "808" in str(refused)
    assert await instance.rt.store.read(other, directory.DEVICES.count) == 0
