"""The lookup that a sealed PC asks (06 section 3)."""

import msgspec
import pytest

from support.hardware import make_hardware, row_of
from taxiway import autopilot
from taxiway.autopilot.errors import BadProfile
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.store import SYSTEM, entries
from taxiway.wire.autopilot_profile import PROFILE_PATH, OobeConfig, parse_offline
from taxiway.wire.ztd import TICKET_PATH

pytestmark = pytest.mark.anyio


async def log_of(service, ztdid):
    return await service.read(lambda tx: entries(tx, subject=f"autopilot:{ztdid}"))


async def test_r046_a_device_that_nobody_registered(service):
    """It gets a ticket and then 807, and nothing is stored anywhere (R-46)."""
    before = [await service.read(entries, tenant) for tenant in (service.tenant, SYSTEM)]
    assert await service.download(make_hardware()) == (404, 807, "ZtdDeviceIsNotRegistered")
    assert [await service.read(entries, tenant) for tenant in (service.tenant, SYSTEM)] == before


async def test_r102_the_profile_says_what_the_administrator_chose(service):
    """Bits, names, language, user and ids as the PC expects them (R-101, R-102)."""
    hardware = make_hardware()
    await service.user("ada@contoso.example")
    ztdid = await service.registered(hardware, assigned_user_principal_name="ada@contoso.example")
    await service.profile(
        "Standard",
        locale="os-default",
        device_name_template="C-%SERIAL%",
        user_type="standard",
        eula_hidden=True,
        privacy_settings_hidden=True,
        keyboard_selection_page_skipped=True,
        escape_link_hidden=True,
    )
    profile = await service.download(hardware)
    assert profile.cloud_assigned_oobe_config == 1310
    assert profile.cloud_assigned_tenant_id == service.tenant
    assert profile.cloud_assigned_tenant_domain == "contoso.example"
    assert profile.cloud_assigned_tenant_upn == "ada@contoso.example"
    assert profile.cloud_assigned_device_name == "C-%SERIAL%"
    assert (profile.cloud_assigned_language, profile.cloud_assigned_forced_enrollment) == ("os-default", 1)
    assert profile.ztd_registration_id == ztdid
    assert profile.aad_device_id == (await service.device(ztdid))["device_id"]
    assert profile.is_explicit_profile_assignment is False
    assert profile.autopilot_service_correlation_id == "11111111-2222-4333-8444-555555555555"


async def test_r038_the_name_of_one_device_comes_before_the_template(service):
    """The device name of the registration is what the PC is told (R-38)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    await service.profile("Standard", device_name_template="C-%SERIAL%", user_type="administrator")
    changes = {"display_name": "DESK-7"}
    await service.write(lambda tx: autopilot.update_properties(tx, ztdid, changes, principal=SYSTEM_PRINCIPAL))
    profile = await service.download(hardware)
    assert profile.cloud_assigned_device_name == "DESK-7"
    assert OobeConfig.STANDARD_USER not in profile.oobe


async def test_a_repeated_request_has_the_same_answer_and_one_log_entry(service):
    """One entry for each deployment, however often the PC asks; a restart is a deployment of its own."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    await service.profile()
    first, second = await service.download(hardware), await service.download(hardware)
    assert first == second
    await service.download(hardware, correlation="99999999-2222-4333-8444-555555555555")
    handed = [entry for entry in await log_of(service, ztdid) if entry.kind == "profile.handed_out"]
    assert [entry.correlation[:4] for entry in handed] == ["1111", "9999"]
    assert handed[0].what["profile"] == "Everything"
    assert [reason["code"] for reason in handed[0].why] == ["profile.chosen", "assigned.all_devices"]
    assert (await service.record(ztdid))["last_contacted_at"] == service.rt.clock.now()


async def test_r099_registered_without_a_profile(service):
    """815 with the reason in the timeline, not 807; a profile that is assigned now is seen (P-06, P-07)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    ticket = await service.ticket(hardware)
    refused = (404, 815, "ZtdDeviceHasNoAssignedProfile")
    assert await service.download(hardware, ticket=ticket) == refused
    assert await service.download(hardware, ticket=ticket) == refused
    told = [entry for entry in await log_of(service, ztdid) if entry.kind == "profile.refused"]
    assert [[reason["code"] for reason in entry.why] for entry in told] == [["lookup.815", "profile.none"]]
    await service.profile()
    assert (await service.download(hardware, ticket=ticket)).deployment_profile_name == "Everything"


async def test_r100_the_profile_the_device_had_was_deleted(service):
    """809, not 815: the administrator learns that something was taken away (R-100)."""
    hardware = make_hardware()
    await service.registered(hardware)
    profile = await service.profile()

    def remove(tx):
        autopilot.assign_profile(tx, profile["id"], [], principal=SYSTEM_PRINCIPAL)
        autopilot.delete_profile(tx, profile["id"], principal=SYSTEM_PRINCIPAL)

    await service.write(remove)
    assert await service.download(hardware) == (404, 809, "ZtdDeviceHasNoAssignedProfile")
    await service.profile("Another")
    assert (await service.download(hardware)).deployment_profile_name == "Another"


async def test_r047_another_serial_number_on_a_registered_board(service):
    """908 SerialNumberMismatch; the ticket opens no sign-in either, and the timeline has the reason (R-47)."""
    hardware = make_hardware(tpm_ek=None)
    ztdid = await service.registered(hardware)
    await service.profile()
    changed = msgspec.structs.replace(hardware, serial="OTHER-1")
    assert await service.download(changed) == (409, 908, "SerialNumberMismatch")
    told = [entry for entry in await log_of(service, ztdid) if entry.kind == "profile.refused"]
    assert told[0].what["error"] == "SerialNumberMismatch"
    ticket = await service.ticket(changed)
    with pytest.raises(autopilot.TicketRefused):
        await autopilot.verify_ticket(service.rt, ticket)


async def test_r047_another_product_key(service):
    """908 ProductKeyIdMismatch (R-47)."""
    hardware = make_hardware(tpm_ek=None, product_key_id="3300000000001")
    await service.registered(hardware)
    await service.profile()
    changed = msgspec.structs.replace(hardware, product_key_id="3300000000002")
    assert await service.download(changed) == (409, 908, "ProductKeyIdMismatch")


async def test_r047_a_registration_that_contradicts_its_own_hash(service):
    """The serial number of the row is not the one of the hardware: seen by the device as 908 (06 section 1.8)."""
    hardware = make_hardware()
    await service.registered(hardware, serial_number="TYPED-WRONG")
    await service.profile()
    assert await service.download(hardware) == (409, 908, "SerialNumberMismatch")


async def test_r039_a_repaired_device_is_still_found(service):
    """A new disk and a new network card: known. A new board: not registered (R-39)."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    await service.profile()
    repaired = msgspec.structs.replace(hardware, disk_identities=(), adapters=())
    assert (await service.download(repaired)).ztd_registration_id == ztdid
    swapped = make_hardware(serial=hardware.serial, disk_identities=hardware.disk_identities)
    assert await service.download(swapped) == (404, 807, "ZtdDeviceIsNotRegistered")


async def test_a_ticket_names_its_device_as_registrations_stand_now(service):
    """Nobody's, then the tenant's, then nobody's again: a ticket is no state."""
    hardware = make_hardware()
    ticket = await service.ticket(hardware)
    assert (await autopilot.verify_ticket(service.rt, ticket)).ztdid is None
    ztdid = await service.registered(hardware)
    found = await autopilot.verify_ticket(service.rt, ticket)
    assert (found.tenant, found.ztdid) == (service.tenant, ztdid)
    await service.write(lambda tx: autopilot.deregister(tx, ztdid, principal=SYSTEM_PRINCIPAL))
    assert (await autopilot.verify_ticket(service.rt, ticket)).tenant is None


async def test_a_ticket_expires(service):
    """After an hour it opens nothing."""
    hardware = make_hardware()
    await service.registered(hardware)
    await service.profile()
    ticket = await service.ticket(hardware)
    service.rt.clock.advance(3601)
    assert (await service.download(hardware, ticket=ticket))[:2] == (401, 801)


@pytest.mark.parametrize("ticket", ["x", "a.b", "é", "k." + "A" * 40, "A" * 20_000, "k.=", "..", "%"])
async def test_what_is_no_ticket_is_refused(service, ticket):
    """Hostile tickets are a 401 with a named error."""
    response = await service.http.get(PROFILE_PATH, headers={"x-device-token": b"t=" + ticket.encode("latin-1")})
    assert response.status_code == 401
    assert response.json()["ErrorCode"] == 801


async def test_a_changed_ticket_is_refused(service):
    """Each changed character voids it."""
    ticket = await service.ticket(make_hardware())
    for at in (0, len(ticket) // 2, len(ticket) - 2):
        other = ticket[:at] + ("A" if ticket[at] != "A" else "B") + ticket[at + 1 :]
        with pytest.raises(autopilot.TicketRefused):
            await autopilot.verify_ticket(service.rt, other)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Facts":{"Ek":"short"}}', b'{"Facts":7}', b"\xff\xfe"])
async def test_what_is_no_ticket_request_is_refused(service, body):
    """801 with 400."""
    response = await service.http.post(TICKET_PATH, content=body)
    assert (response.status_code, response.json()["ErrorCode"]) == (400, 801)


async def test_a_device_without_any_fact_is_nobodys(service):
    """Empty facts get a ticket and 807."""
    response = await service.http.post(TICKET_PATH, content=b'{"Facts":{}}')
    assert await service.download(None, ticket=response.json()["Ticket"]) == (404, 807, "ZtdDeviceIsNotRegistered")


async def test_the_lookup_finds_the_tenant_that_has_the_device(service, other_tenant):
    """Each tenant's PC gets its own tenant's profile."""
    hardware = make_hardware()
    await service.imported(row_of(hardware), tenant=other_tenant)
    await service.profile("Contoso's")
    assert await service.download(hardware) == (404, 815, "ZtdDeviceHasNoAssignedProfile")


@pytest.mark.parametrize(
    ("kind", "values", "mode"),
    [
        ("activeDirectoryWindowsAutopilotDeploymentProfile", {}, "hybrid join"),
        ("azureADWindowsAutopilotDeploymentProfile", {"device_usage_type": "shared"}, "self-deploying"),
        ("azureADWindowsAutopilotDeploymentProfile", {"preprovisioning_allowed": True}, "pre-provisioning"),
    ],
)
async def test_a_profile_of_another_mode_is_refused_by_name(service, kind, values, mode):
    """It is stored and assigned, and the PC is told 899 and never treated as user-driven; no offline file either."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)

    def make(tx):
        made = autopilot.create_profile(tx, {"display_name": "Other", **values}, principal=SYSTEM_PRINCIPAL, kind=kind)
        autopilot.assign_profile(tx, made["id"], [Target("all_devices")], principal=SYSTEM_PRINCIPAL)
        return made["id"]

    profile = await service.write(make)
    assert await service.download(hardware) == (404, 899, "DeploymentModeNotServed")
    refused = (await service.read(lambda tx: entries(tx, subject=f"autopilot:{ztdid}")))[-1]
    assert (refused.kind, mode in refused.why[0]["text"]) == ("profile.refused", True)
    assert (await service.record(ztdid))["deployment_profile_id"] == profile
    with pytest.raises(BadProfile, match=mode):
        await service.read(lambda tx: autopilot.offline_file(tx, profile))


async def test_p06_a_device_that_came_before_its_profile_is_flagged_until_it_has_one(service):
    """815 says wait; the record keeps when; the profile is there at once when it is assigned, and the flag goes."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    assert (await service.download(hardware))[1] == 815
    assert (await service.record(ztdid))["went_without_at"] == service.rt.clock.now()
    await service.profile("Late")
    assert (await service.record(ztdid))["went_without_at"] is not None
    assert (await service.download(hardware)).deployment_profile_name == "Late"
    assert (await service.record(ztdid))["went_without_at"] is None


async def test_p26_the_offline_file_says_what_the_profile_says(service):
    """ASCII, with language and keyboard where they are skipped, without a user or what only the service knows."""
    profile = await service.profile(
        "Offline", keyboard_selection_page_skipped=True, locale="de-DE", device_name_template="PC-%RAND:4%"
    )
    content = await service.read(lambda tx: autopilot.offline_file(tx, profile["id"]))
    read = parse_offline(content)
    assert (read.ztd_correlation_id, read.comment_file, read.version) == (profile["id"], "Profile Offline", 2049)
    assert (read.cloud_assigned_language, read.cloud_assigned_region) == ("de-DE", "de-DE")
    assert (read.cloud_assigned_device_name, read.cloud_assigned_domain_join_method) == ("PC-%RAND:4%", 0)
    assert (read.ztd_registration_id, read.cloud_assigned_tenant_upn, read.deployment_profile_name) == (None,) * 3
    with pytest.raises(BadProfile, match="OfflineAutopilotprofile-"):
        await service.profile("OfflineAutopilotprofile-1")
