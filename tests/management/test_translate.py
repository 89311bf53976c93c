"""Configurations as the nodes they set: every one is checked against the table of CSP facts."""

from __future__ import annotations

import base64

import pytest

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.entities import DEVICE_CONFIGURATION
from taxiway.management.configuration.kinds import bitlocker, custom, hello, trusted_root, wifi
from taxiway.management.configuration.translate import items_of
from taxiway.management.errors import BadOmaUri, BadPolicy

TENANT = "11111111-2222-3333-4444-555555555555"
STATUS = "./Device/Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus"


def row(kind, **values):
    return {**{name: prop.default for name, prop in DEVICE_CONFIGURATION.props.items()}, "kind": kind, **values}


def oma(uri, value, kind="String"):
    setting = {"@odata.type": f"#microsoft.graph.omaSetting{kind}", "displayName": "x", "omaUri": uri, "value": value}
    return row(custom.KIND, oma_settings=[setting])


def values(found):
    return {item.uri.removeprefix("./Device/Vendor/MSFT/"): item.data for item in found}


def test_r119_silent_bitlocker_needs_three_switches_and_the_method():
    """The three switches of silent encryption and the method per drive come out as the CSP spells them."""
    found = values(
        items_of(
            row(
                bitlocker.KIND,
                bit_locker_encrypt_device=True,
                bit_locker_disable_warning_for_other_disk_encryption=True,
                bit_locker_allow_standard_user_encryption=True,
                bit_locker_system_drive_policy={
                    "encryptionMethod": "xtsAes256",
                    "recoveryOptions": {
                        "enableRecoveryInformationSaveToStore": True,
                        "enableBitLockerAfterRecoveryInformationToStore": True,
                    },
                },
            ),
            TENANT,
        )
    )
    assert found["BitLocker/RequireDeviceEncryption"] == "1"
    assert found["BitLocker/AllowWarningForOtherDiskEncryption"] == "0"
    assert found["BitLocker/AllowStandardUserEncryption"] == "1"
    assert '"EncryptionMethodWithXtsOsDropDown_Name" value="7"' in found["BitLocker/EncryptionMethodByDriveType"]
    assert '"OSRequireActiveDirectoryBackup_Name" value="true"' in found["BitLocker/SystemDrivesRecoveryOptions"]


def test_an_empty_endpoint_protection_configuration_sets_nothing():
    """What an administrator leaves open is not sent."""
    assert items_of(row(bitlocker.KIND), TENANT) == ()


def test_r122_hello_can_be_switched_off():
    """Blocked Windows Hello is UsePassportForWork=false under the tenant's own node."""
    found = values(items_of(row(hello.KIND, windows_hello_for_business_blocked=True, pin_minimum_length=8), TENANT))
    assert found[f"PassportForWork/{TENANT}/Policies/UsePassportForWork"] == "false"
    assert found[f"PassportForWork/{TENANT}/Policies/PINComplexity/MinimumPINLength"] == "8"


def test_a_wifi_profile_is_escaped_xml_and_its_key_is_secret():
    """The SSID stands in the URI and in the XML, each escaped its own way; the item is marked secret."""
    config = row(wifi.KIND, ssid="Caf\u00e9 & <Co>", wifi_security_type="wpa2Personal", pre_shared_key="correct&horse")
    (item,) = items_of(config, TENANT)
    assert item.uri == "./Device/Vendor/MSFT/WiFi/Profile/Caf%C3%A9%20%26%20%3CCo%3E/WlanXml"
    assert "correct&amp;horse" in item.data
    assert "Caf\u00e9 &amp; &lt;Co&gt;" in item.data
    assert item.secret


def test_wifi_that_needs_certificates_is_a_named_error():
    """Enterprise Wi-Fi is not served, and says so when it is saved."""
    with pytest.raises(NotImplementedHere, match="wpaEnterprise"):
        items_of(row(wifi.KIND, ssid="corp", wifi_security_type="wpaEnterprise"), TENANT)


def test_a_trusted_root_is_named_by_its_thumbprint():
    """The node bears the SHA-1 of the certificate."""
    der = b"\x30\x03\x02\x01\x05"
    (item,) = items_of(row(trusted_root.KIND, trusted_root_certificate=base64.b64encode(der).decode()), TENANT)
    assert item.uri.startswith("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/")
    assert base64.b64decode(item.data) == der


@pytest.mark.parametrize(
    ("uri", "value", "kind"),
    [
        (f"{STATUS}/ExpectedPolicies/Child", "x", "String"),
        (f"{STATUS}/BlockInStatusPage", True, "Boolean"),
        (f"{STATUS}/TimeOutUntilSyncFailure", 10800, "Integer"),
        ("./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/TrackedPolicies", "x", "String"),
        ("./Vendor/MSFT/Nowhere/At/All", "x", "String"),
        ("/Vendor/MSFT/Policy/Config/Experience/AllowCortana", "0", "String"),
        ("./DevDetail/SwV", "10.0", "String"),
    ],
)
def test_p22_wrong_nodes_and_types_are_refused_when_saved(uri, value, kind):
    """The mistakes that servers have made in the field never leave ours."""
    with pytest.raises(BadOmaUri):
        items_of(oma(uri, value, kind), TENANT)


def test_r080_the_user_page_can_be_hidden_by_a_custom_setting():
    """SkipUserStatusPage is a node like any other to a custom configuration."""
    (item,) = items_of(oma(f"{STATUS}/SkipUserStatusPage", value=True, kind="Boolean"), TENANT)
    assert (item.format, item.data) == ("bool", "true")


def test_an_unknown_kind_of_setting_is_a_named_error():
    """A setting of a type nobody knows is refused, not guessed."""
    with pytest.raises(BadPolicy, match="omaSettingMystery"):
        items_of(oma(f"{STATUS}/SkipUserStatusPage", "x", "Mystery"), TENANT)
