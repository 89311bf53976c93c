"""Each code of the catalogue can be provoked, and the page shows it (01 section 9.3, R-116)."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from device.cloud import DMCLIENT, add, finish, replace
from taxiway.device import PC, Failed, Firmware, Place
from taxiway.device.state import Enrolled
from taxiway.kernel import SeededEntropy
from taxiway.wire.join import JoinError
from taxiway.wire.soap_fault import ERROR_TYPE_HRESULT, SUBCODE_HRESULT, ErrorType, Fault, Subcode
from taxiway.wire.ztd import NO_PROFILE, NOT_REGISTERED, ZtdError

pytestmark = pytest.mark.anyio

PRODUCT = "{11111111-2222-3333-4444-555555555555}"
TRACKING = "./Device/Vendor/MSFT/EnrollmentStatusTracking/Setup/Apps"


def shown(power_on):
    return [event.code for event in power_on.events if isinstance(event, Failed)]


@pytest.mark.parametrize("subcode", list(Subcode))
async def test_r116_enrollment_faults(pc, cloud, power_on, subcode):
    """80180001 to 80180007 by the kind of the fault."""
    cloud.fault = Fault(subcode=subcode, reason="no")
    await power_on(pc)
    assert shown(power_on) == [f"0x{SUBCODE_HRESULT[subcode]:08X}"]


@pytest.mark.parametrize("kind", list(ErrorType))
async def test_r116_enrollment_details(pc, cloud, power_on, kind):
    """80180013 to 80180019 and 80180032 by the detail: limit, platform, licence and the others."""
    cloud.fault = Fault(subcode=Subcode.AUTHORIZATION, reason="no", error_type=kind)
    await power_on(pc)
    assert shown(power_on) == [f"0x{ERROR_TYPE_HRESULT[kind]:08X}"]


async def test_r116_windows_home(cloud, host, power_on, tmp_path):
    """80180022, and the management server is not even asked."""
    firmware = Firmware.new(SeededEntropy("firmware"), serial="SN-0001")
    home = PC.create(tmp_path / "home", msgspec.structs.replace(firmware, edition="Home"), host)
    await power_on(home)
    assert shown(power_on) == ["0x80180022"]
    assert not cloud.contexts


async def test_r116_enrolled_already(pc, cloud, power_on):
    """8018000A, where an account of a management server is there already."""
    pc.state.enrolled = Enrolled(provider="another", address="https://another.example")
    await power_on(pc)
    assert shown(power_on) == ["0x8018000A"]


@pytest.mark.parametrize(
    ("kind", "code"), [("AuthorizationError", "0x801C0003"), ("DeviceQuotaExceeded", "0x801C000E")]
)
async def test_r116_join(pc, cloud, power_on, kind, code):
    """Not allowed, and over the limit."""
    cloud.join_error = JoinError(error_type=kind, message="no", trace_id="t", time="now")
    await power_on(pc)
    assert shown(power_on) == [code]


@pytest.mark.parametrize("number", [NOT_REGISTERED, NO_PROFILE])
async def test_r116_profile(pc, cloud, power_on, number):
    """807 and 815 of the deployment service."""
    cloud.profile_error = ZtdError.of(number)
    await power_on(pc)
    assert shown(power_on) == [str(number)]


@pytest.mark.parametrize(("exit_code", "code"), [(1603, "0x80070643"), (1618, "0x80070652"), (1, "0x80070001")])
async def test_r116_an_installers_own_code(pc, cloud, host, power_on, tmp_path, exit_code, code):
    """What the installer ends with stands next to Apps."""
    place = Place(exit_codes={PRODUCT: exit_code})
    await power_on(PC.open(tmp_path / "pc", dataclasses.replace(host, place=place)))
    assert shown(power_on) == [code]


async def test_r116_an_app_that_failed_without_a_code(pc, cloud, power_on):
    """87D1041C, for an agent that says failed and no more."""
    app = f"{TRACKING}/Tracking/Agent/App1"
    listed = add(f"{TRACKING}/PolicyProviders/Agent/TrackingPoliciesCreated", "bool", "true")
    cloud.device_work = [listed, add(f"{app}/InstallationState", "int", "4"), *finish("Device")]
    await power_on(pc)
    assert shown(power_on) == ["0x87D1041C"]


async def test_r116_a_server_that_ends_the_provisioning(pc, cloud, power_on):
    """81036502."""
    outcome = f"./Device/{DMCLIENT}/FirstSyncStatus/WasDeviceSuccessfullyProvisioned"
    cloud.device_work = [replace(outcome, "0", "int")]
    await power_on(pc)
    assert shown(power_on) == ["0x81036502"]


async def test_r116_a_server_that_is_not_there(pc, cloud, power_on):
    """80072EFD, and not a code of TPM or enrollment."""
    cloud.down = 100_000
    await power_on(pc)
    assert shown(power_on) == ["0x80072EFD"]
