"""Silent encryption: when it begins, what stands against it, where the key goes."""

from __future__ import annotations

import pytest

from device.cloud import DMCLIENT, finish, get, replace
from taxiway.device import PC, Firmware
from taxiway.kernel import SeededEntropy

pytestmark = pytest.mark.anyio

HOME = "./Device/Vendor/MSFT/BitLocker"
STATUS = f"{HOME}/Status/DeviceEncryptionStatus"
XTS_256 = '<enabled/><data id="EncryptionMethodWithXtsOsDropDown_Name" value="7"/>'
ESCROW_FIRST = '<enabled/><data id="OSRequireActiveDirectoryBackup_Name" value="true"/>'
PIN = '<enabled/><data id="ConfigurePINUsageDropDown_Name" value="1"/>'

SILENT = [
    replace(f"{HOME}/EncryptionMethodByDriveType", XTS_256),
    replace(f"{HOME}/AllowWarningForOtherDiskEncryption", "0", "int"),
    replace(f"{HOME}/AllowStandardUserEncryption", "1", "int"),
    replace(f"{HOME}/RequireDeviceEncryption", "1", "int"),
]


async def test_r119_encryption_begins_when_the_status_page_is_over(pc, cloud, power_on):
    """With the policy's method, and not while the device phase is still going on."""
    cloud.device_work = [*SILENT, *finish("Device")]
    cloud.later = [get(STATUS), get("./Device/Vendor/MSFT/DeviceStatus/Compliance/EncryptionCompliance")]
    outcome = await power_on(pc)
    assert outcome.encryption.method == "XTS-AES 256"
    assert outcome.encryption.escrowed
    paths = [request.url.path for request in cloud.requests]
    escrow = paths.index("/EnrollmentServer/bitlocker/keys")
    assert paths[:escrow].count("/ManagementServer/MDM.svc") >= 4, "the device phase was over"
    assert cloud.results[STATUS] == "0"
    assert cloud.results["./Device/Vendor/MSFT/DeviceStatus/Compliance/EncryptionCompliance"] == "1"


async def test_r119_a_policy_that_comes_with_the_user_finds_the_default_method(pc, cloud, power_on):
    """The method was fixed when OOBE released encryption; the status names the difference."""
    cloud.device_work = finish("Device")
    cloud.user_work = [*SILENT, *cloud.user_work]
    cloud.later = [get(STATUS)]
    outcome = await power_on(pc)
    assert outcome.encryption.method == "XTS-AES 128"
    assert int(cloud.results[STATUS]) & 2


@pytest.mark.parametrize(
    ("firmware", "extra", "bit"),
    [
        ({"tpm": False}, [], 1 << 13),
        ({"secure_boot": False}, [], 1 << 14),
        ({}, [replace(f"{HOME}/SystemDrivesRequireStartupAuthentication", PIN)], 1 << 4),
        ({}, [replace(f"{HOME}/AllowWarningForOtherDiskEncryption", "1", "int")], 1),
        ({}, [replace(f"{HOME}/AllowStandardUserEncryption", "0", "int")], 1 << 11),
    ],
)
async def test_r120_what_stands_against_silent_encryption_is_in_the_status(
    cloud, host, power_on, tmp_path, firmware, extra, bit
):
    """No encryption, no escrow, and the reason as a bit and in words."""
    pc = PC.create(tmp_path / "other", Firmware.new(SeededEntropy("other"), **firmware), host)
    cloud.device_work = [*SILENT, *extra, *finish("Device")]
    cloud.later = [get(STATUS)]
    outcome = await power_on(pc)
    assert outcome.reached == "desktop"
    assert outcome.encryption.method == ""
    assert outcome.encryption.reason
    assert not cloud.escrowed
    assert int(cloud.results[STATUS]) & bit


async def test_r121_the_key_is_escrowed_with_the_device_certificate(pc, cloud, power_on):
    """Eight groups of six digits, each a multiple of eleven, over the join's certificate and not over OMA-DM."""
    cloud.device_work = [*SILENT, *finish("Device")]
    await power_on(pc)
    groups = cloud.escrowed[0]["key"].split("-")
    assert len(groups) == 8
    assert all(len(group) == 6 and int(group) % 11 == 0 and int(group) < 720896 for group in groups)
    assert not any(groups[0] in str(request.content) for request in cloud.requests if "MDM.svc" in request.url.path)


@pytest.mark.parametrize("first", [True, False])
async def test_r121_a_failed_escrow_stops_encryption_where_the_policy_demands_escrow_first(pc, cloud, power_on, first):
    """Otherwise the volume is encrypted and the status says that the backup failed."""
    demand = [replace(f"{HOME}/SystemDrivesRecoveryOptions", ESCROW_FIRST)] if first else []
    cloud.device_work = [*demand, *SILENT, *finish("Device")]
    cloud.escrow_status = 403
    cloud.later = [get(STATUS)]
    outcome = await power_on(pc)
    assert (outcome.encryption.method == "") == first
    assert int(cloud.results[STATUS]) & (1 << 8)


async def test_without_a_policy_nothing_is_encrypted(pc, cloud, power_on):
    """And the status has nothing to complain about."""
    cloud.later = [get(STATUS), get(f"./Device/{DMCLIENT}/EntDMID")]
    outcome = await power_on(pc)
    assert outcome.encryption.method == ""
    assert cloud.results[STATUS] == "0"
