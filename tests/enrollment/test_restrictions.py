"""Who may enroll what: scope, licence, restrictions, limit (01 R-02 to R-20)."""

from __future__ import annotations

import pytest

from taxiway import directory, enrollment
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENT_CONFIGURATIONS, MANAGED
from taxiway.store import entries
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio


async def test_r009_without_a_license_the_device_sees_0x80180018(client):
    """The fault carries the number Windows shows, and the log why."""
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], (), ["INTUNE_A"]))
    fault = await client.refused()
    assert fault.hresult == 0x80180018
    (logged,) = [entry for entry in await client.read(entries) if entry.kind == "enrollment.refused"]
    assert logged.what["error"] == "LicenseMissing"


async def test_r002_outside_the_mdm_scope_nothing_is_issued(client):
    """Scope None: the request is refused as not authorized."""
    await client.write(lambda tx: directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "none"}))
    fault = await client.refused()
    assert (fault.subcode, fault.hresult) == (Subcode.AUTHORIZATION, 0x80180003)
    assert await client.read(MANAGED.count) == 0


async def restrict(client, **rule):
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_RESTRICTIONS))
    changes = {"windows_restriction": {**row["windows_restriction"], **rule}}
    await client.write(lambda tx: enrollment.update_configuration(tx, row["id"], changes, principal=SYSTEM_PRINCIPAL))


async def test_r019_a_blocked_platform_stops_autopilot_too(client, registered):
    """Windows (MDM) = Block ends in 0x80180014, registered or not."""
    await restrict(client, platformBlocked=True)
    assert (await client.refused()).hresult == 0x80180014


async def test_r019_personally_owned_blocked_does_not_stop_autopilot(client, registered):
    """A registered device counts as corporate."""
    await restrict(client, personalDeviceEnrollmentBlocked=True)
    await client.enroll()
    assert len(registered) == 1


async def test_r019_personally_owned_blocked_stops_what_is_not_registered(client):
    """A join by a user alone is no corporate enrollment method."""
    await restrict(client, personalDeviceEnrollmentBlocked=True)
    assert (await client.refused()).hresult == 0x80180014


@pytest.mark.parametrize(("version", "let_in"), [("10.0.22000.1", True), ("10.0.19045.1", False), ("x", False)])
async def test_versions_can_be_restricted(client, version, let_in):
    """Below the minimum, or without a readable version, the device is not supported."""
    await restrict(client, osMinimumVersion="10.0.22000")
    if let_in:
        await client.enroll(OSVersion=version)
    else:
        assert (await client.refused(OSVersion=version)).hresult == 0x80180014


async def fill(client, count):
    def insert(tx):
        row = enrollment.default_of(tx, enrollment.DEFAULT_LIMIT)
        ENROLLMENT_CONFIGURATIONS.update(tx, row["id"], {"limit": count})
        for number in range(count):
            MANAGED.insert(tx, {"user_id": client.user["id"], "azure_ad_device_id": f"other-{number}"})

    await client.write(insert)


async def test_r018_the_device_limit_holds_for_others(client):
    """The user has as many devices as allowed: 0x80180013."""
    await fill(client, 2)
    assert (await client.refused()).hresult == 0x80180013


async def test_r018_the_device_limit_is_ignored_for_autopilot(client, registered):
    """A registered device enrolls beyond the limit."""
    await fill(client, 2)
    await client.enroll()


@pytest.mark.parametrize("where", ["before", "after", "personal"])
async def test_r018_r019_only_a_registration_makes_a_device_corporate(client, where):
    """What a client says of itself, bulk join included, opens no restriction and no limit."""
    claims = {"BulkAADJ": "true", "ZeroTouchProvisioning": "2f6ff3f0-0000-4000-8000-000000000001"}
    claims |= {"WhiteGlove": "true", "PlugandForget": "true", "NotInOobe": (where == "after" and "true") or "false"}
    await restrict(client, personalDeviceEnrollmentBlocked=True)
    assert (await client.refused(**claims)).hresult == 0x80180014
    await restrict(client, personalDeviceEnrollmentBlocked=False)
    await fill(client, 1)
    assert (await client.refused(**claims)).hresult == 0x80180013


async def test_r018_the_limit_counts_other_devices_only(client):
    """The device that enrolls again does not count against itself."""
    await fill(client, 0)
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_LIMIT))
    await client.write(lambda tx: ENROLLMENT_CONFIGURATIONS.update(tx, row["id"], {"limit": 1}))
    await client.enroll(client.csr(client.keys.rsa()))
    await client.enroll(client.csr(client.keys.rsa()))
    other = await client.another()
    token = client.claims(device_id=other["device_id"])
    assert (await client.refused(csr=client.csr(client.keys.rsa()), token=token)).hresult == 0x80180013


async def restriction(client, name, *, blocked, target):
    """A restriction of its own that is assigned."""

    def make(tx):
        values = {"display_name": name, "platform_restriction": {"platformBlocked": blocked}}
        row = enrollment.create_configuration(tx, enrollment.RESTRICTION, values, principal=SYSTEM_PRINCIPAL)
        enrollment.assign_configuration(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
        return row["id"]

    return await client.write(make)


async def test_r020_the_restriction_with_the_highest_priority_decides_alone(client, anyone):
    """Of two that are meant for the user the first one counts, turned round the other; without any the default."""
    await restrict(client, platformBlocked=True)
    assert (await client.refused()).hresult == 0x80180014
    first = await restriction(client, "open", blocked=False, target=anyone)
    second = await restriction(client, "closed", blocked=True, target=anyone)
    await client.enroll(client.csr(client.keys.rsa()))
    await client.write(lambda tx: enrollment.set_priority(tx, second, 1, principal=SYSTEM_PRINCIPAL))
    fault = await client.refused(csr=client.csr(client.keys.rsa()))
    assert fault.hresult == 0x80180014
    assert "closed" in fault.reason

    def remove(tx):
        for row_id in (first, second):
            enrollment.delete_configuration(tx, row_id, principal=SYSTEM_PRINCIPAL)

    await client.write(remove)
    assert (await client.refused(csr=client.csr(client.keys.rsa()))).hresult == 0x80180014


@pytest.mark.parametrize(("edition", "let_in"), [("101", False), ("98", False), ("48", True), ("4", True), ("x", True)])
async def test_home_editions_are_stopped_where_the_tenant_says_so(client, edition, let_in):
    """Editions that production cannot manage (04 section 3.5)."""
    row = await client.read(lambda tx: enrollment.default_of(tx, enrollment.DEFAULT_RESTRICTIONS))
    changes = {"windows_home_sku_restriction": {"platformBlocked": True}}
    await client.write(lambda tx: enrollment.update_configuration(tx, row["id"], changes, principal=SYSTEM_PRINCIPAL))
    if let_in:
        assert await client.enroll(OSEdition=edition)
    else:
        assert (await client.refused(OSEdition=edition)).hresult == 0x80180014


async def scope(client, applies_to, *groups, of=directory.update_mdm_policy):
    values = {"applies_to": applies_to, "group_ids": list(groups)}
    await client.write(lambda tx: of(tx, SYSTEM_PRINCIPAL, values))


async def test_r003_r004_the_scope_decides_at_enrollment_too(client):
    """Some: a member enrolls, others do not; All: everybody with a licence."""

    def pilots(tx):
        return directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="Pilots", kind="assigned")["id"]

    group = await client.write(pilots)
    await scope(client, "selected", group)
    assert (await client.refused()).hresult == 0x80180003
    await client.write(
        lambda tx: directory.add_member(tx, group, "user", client.user["id"], principal=SYSTEM_PRINCIPAL)
    )
    assert await client.enroll(client.csr(client.keys.rsa()))
    await scope(client, "all")
    assert await client.enroll(client.csr(client.keys.rsa()))


async def test_r005_in_both_scopes_a_corporate_join_enrolls(client):
    """The WIP scope takes nothing from a device that is joined."""
    await scope(client, "all", of=directory.update_wip_policy)
    assert await client.enroll(client.csr(client.keys.rsa()))
    assert await client.read(MANAGED.count) == 1


async def test_r006_in_both_scopes_a_workplace_registration_does_not_enroll(client):
    """On a personal device the WIP scope comes first; outside it the same registration enrolls."""
    await scope(client, "all", of=directory.update_wip_policy)
    own = await client.another(trust_type="Workplace")
    token = client.claims(device_id=own["device_id"])
    assert (await client.refused(csr=client.csr(client.keys.rsa()), token=token)).hresult == 0x80180003
    assert await client.read(MANAGED.count) == 0
    refused = (await client.read(entries))[-1]
    assert (refused.kind, refused.why[-1]["code"]) == ("enrollment.refused", "NotAuthorized")
    await scope(client, "none", of=directory.update_wip_policy)
    assert await client.enroll(client.csr(client.keys.rsa()), token=token)


async def test_r011_who_is_enrolled_stays_when_the_scope_changes(client):
    """The next enrollment is refused; sessions and the record go on."""
    document = await client.enroll(client.csr(client.keys.rsa()))
    await scope(client, "none")
    assert await client.managed_by(document)
    assert (await client.refused(csr=client.csr(client.keys.rsa()))).hresult == 0x80180003
    assert await client.read(MANAGED.count) == 1


async def test_r009_a_plan_that_is_switched_off_is_no_license(client):
    """The licence has to contain device management, and have it on."""
    skus = await client.read(lambda tx: [row["sku_part_number"] for row in directory.SUBSCRIBED_SKUS.select(tx)])
    assert "INTUNE_A" in skus
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], ["EMS"], ["INTUNE_A"]))
    assert await client.enroll(client.csr(client.keys.rsa()))
    await client.write(lambda tx: directory.assign_licenses(tx, client.user["id"], (), ["EMS"]))
    assert (await client.refused(csr=client.csr(client.keys.rsa()))).hresult == 0x80180018
