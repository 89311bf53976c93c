"""Every sample message of the specification of OMA-DM, as it stands there, read by the side that gets it (05).

The files hold what the specification prints, with the ellipsis of its one hash filled in; nothing of them went through
our writers. Where it prints a part of a message, the part stands here in the envelope of its section 3.1, written by
hand.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.wire.syncml import (
    Alert,
    Command,
    Group,
    Results,
    Status,
    check_md5,
    md5_secret,
    parse_message,
    verb_of,
    walk,
)
from taxiway.wire.wap import parse_wap

SAMPLES = Path(__file__).parent / "samples"
ESP = "./Device/Vendor/MSFT/DMClient/Provider/OpenMDM/FirstSyncStatus"
MSI = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B11111111-2222-3333-4444-555555555555%7D"
HEADER = (
    "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>2</MsgID>"
    "<Target><LocURI>5F2C0A7E11D94B0E</LocURI></Target><Source><LocURI>https://mdm.example.test/manage</LocURI></Source>"
)


def sample(name):
    return (SAMPLES / f"spec-dm-{name}.xml").read_text("utf-8")


def enveloped(part, header=""):
    """A part in the envelope of section 3.1."""
    return (
        f'<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>{HEADER}{header}</SyncHdr>'
        f"<SyncBody>{part}<Final/></SyncBody></SyncML>"
    ).encode()


def summary(message):
    """Kind, id, and where or what, of each command."""
    found = []
    for each in walk(message.commands):
        what = each.code if isinstance(each, Status | Alert) else ""
        if isinstance(each, Command | Results) and each.items:
            what = each.items[0].uri
        found.append((verb_of(each), each.cmd_id, what))
    return found


def test_section_3_1_the_skeleton():
    """Header as printed; nothing in the body but its end."""
    message = parse_message(sample("3-1").encode())
    assert (message.header.session_id, message.header.msg_id, message.header.source) == ("1", "1", "DEV-ID")
    assert (message.commands, message.final) == ((), True)


def test_section_3_5_the_worked_session():
    """Both sides' messages, in their order."""
    first, answer, second = (parse_message(sample(f"3-5{letter}").encode()) for letter in "abc")
    assert (first.header.max_msg_size, first.header.source) == (524288, "5F2C0A7E11D94B0E")
    assert [kind for kind, _, _ in summary(first)] == ["Alert", "Alert", "Replace"]
    assert first.commands[1].items[0].data == "others"
    assert first.commands[2].items[0].uri == "./DevInfo/DevId"
    assert [kind for kind, _, _ in summary(answer)] == ["Status"] * 4 + ["Get", "Replace"]
    assert answer.commands[-1].items[0].format == "int"
    assert [kind for kind, _, _ in summary(second)] == ["Status", "Status", "Results", "Status"]
    assert second.commands[2].items[0].data == "10.0.26100.1742"


def test_check_01_section_4_credential_and_challenge():
    """The digest is that of the vector; the challenge carries its nonce."""
    message = parse_message(enveloped("", sample("4a")))
    assert check_md5(message.header.cred.data, md5_secret("dev-0001", "s3cret-A"), bytes(range(1, 17)))
    [status] = parse_message(enveloped(sample("4b"))).commands
    assert (status.code, status.chal.type, status.chal.next_nonce) == (
        407,
        "syncml:auth-md5",
        "AQIDBAUGBwgJCgsMDQ4PEA==",
    )


PARTS = {
    "5-3": [("Alert", "5", 1226)],
    "6-2a": [("Get", "11", "./Device/Vendor/MSFT/DMClient/Provider")],
    "6-2b": [("Status", "4", 200), ("Results", "5", "./Device/Vendor/MSFT/DMClient/Provider")],
    "6-3": [
        ("Atomic", "20", ""),
        ("Add", "21", "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/open-wifi"),
        ("Add", "22", "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/open-wifi/Install/ServerURL"),
        ("Exec", "23", "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/open-wifi/Install/Enroll"),
    ],
    "6-5": [("Status", "7", 404)],
    "7a": [("Results", "6", "./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/AppInventoryResults")],
    "7b": [("Status", "2", 213), ("Alert", "3", 1222)],
    "10-3a": [("Replace", "31", f"{ESP}/SkipDeviceStatusPage"), ("Replace", "32", f"{ESP}/BlockInStatusPage")],
    "10-3b": [("Replace", "33", f"{ESP}/ExpectedMSIAppPackages")],
    "10-4": [
        ("Add", "40", "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/OpenMDM"),
        (
            "Replace",
            "41",
            "./Device/Vendor/MSFT/EnrollmentStatusTracking/DevicePreparation/PolicyProviders/OpenMDM/InstallationState",
        ),
    ],
    "10-5": [("Add", "51", f"{MSI}/DownloadInstall"), ("Exec", "52", f"{MSI}/DownloadInstall")],
    "10-7": [("Replace", "60", "./Device/Vendor/MSFT/Policy/Config/LocalUsersAndGroups/Configure")],
    "11-14a": [("Replace", "71", f"{ESP}/ExpectedPolicies"), ("Replace", "72", f"{ESP}/ServerHasFinishedProvisioning")],
    "11-14b": [
        ("Add", "81", "./User/Vendor/MSFT/DMClient/Provider/OpenMDM"),
        ("Add", "82", "./User/Vendor/MSFT/DMClient/Provider/OpenMDM/FirstSyncStatus"),
        ("Replace", "83", "./User/Vendor/MSFT/DMClient/Provider/OpenMDM/FirstSyncStatus/ServerHasFinishedProvisioning"),
    ],
}


@pytest.mark.parametrize("name", PARTS)
def test_a_printed_part_is_read(name):
    """Kind, id and address of every command in it."""
    assert summary(parse_message(enveloped(sample(name)))) == PARTS[name]


def test_what_the_parts_carry():
    """Native error, announced size, escaped separator, markup as data, CDATA."""
    assert parse_message(enveloped(sample("6-5"))).commands[0].original_error == "0x86000002"
    piece = parse_message(enveloped(sample("7a"))).commands[0].items[0]
    assert (piece.size, piece.more) == (700000, True)
    assert "\uf000" in parse_message(enveloped(sample("10-3b"))).commands[0].items[0].data
    job = parse_message(enveloped(sample("10-5"))).commands[1].items[0].data
    assert job.strip().startswith("<MsiInstallJob id=")
    assert "SYNCML" not in job
    accounts = parse_message(enveloped(sample("10-7"))).commands[0].items[0].data
    assert accounts.startswith("<GroupConfiguration>")
    assert isinstance(parse_message(enveloped(sample("6-3"))).commands[0], Group)
    alert = parse_message(enveloped(sample("5-3"))).commands[0].items[0]
    assert (alert.type, alert.format, alert.data) == ("com.microsoft:mdm.unenrollment.userrequest", "int", "1")


def test_section_11_10_the_page_in_the_provisioning_document():
    """The characteristics are found by their path, with their values."""
    root = parse_wap(f'<wap-provisioningdoc version="1.1">{sample("11-10")}</wap-provisioningdoc>'.encode())
    page = next(block.at("Provider", "OpenMDM", "FirstSyncStatus") for block in root if block.type == "DMClient")
    assert (page.parm("BlockInStatusPage"), page.parm("SkipDeviceStatusPage")) == ("3", "false")
