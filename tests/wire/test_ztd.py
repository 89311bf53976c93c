"""The profile lookup: ticket, profile, error body, offline file and device names."""

import json
import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.kernel import SeededEntropy
from taxiway.wire import ztd
from taxiway.wire.autopilot_profile import (
    AutopilotProfile,
    OobeConfig,
    ZeroTouchConfig,
    aad_server_data,
    parse_aad_server_data,
    parse_offline,
    parse_profile,
    render_offline,
    render_profile,
)
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name
from taxiway.wire.hardware_hash import IdentityFacts
from taxiway.wire.json_body import BadJson

PROFILE = AutopilotProfile(
    cloud_assigned_tenant_id="3c77",
    cloud_assigned_tenant_domain="contoso.example",
    cloud_assigned_oobe_config=1310,
    cloud_assigned_domain_join_method=0,
    cloud_assigned_forced_enrollment=1,
    cloud_assigned_device_name="C-%SERIAL%",
    cloud_assigned_language="os-default",
    cloud_assigned_region="os-default",
    hybrid_join_skip_dc_connectivity_check=0,
    ztd_registration_id="0d2e",
    is_explicit_profile_assignment=True,
)


def test_a_profile_has_the_field_names_of_windows():
    """Names are spelled as in 06 section 3.7, and what is not set is absent."""
    body = json.loads(render_profile(PROFILE))
    assert body["CloudAssignedOobeConfig"] == 1310
    assert body["HybridJoinSkipDCConnectivityCheck"] == 0
    assert body["ZtdRegistrationId"] == "0d2e"
    assert body["IsExplicitProfileAssignment"] is True
    assert "Comment_File" not in body
    assert parse_profile(render_profile(PROFILE)) == PROFILE


def test_a_profile_with_unknown_fields_is_read():
    """A later service may say more."""
    body = json.loads(render_profile(PROFILE)) | {"SomethingNew": {"a": 1}}
    assert parse_profile(json.dumps(body).encode()) == PROFILE


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"\xff", b"[" * 60000, b" " * 70000, b'{"CloudAssignedTenantId":1}']
)
def test_a_bad_profile_is_named(data):
    """No bytes raise anything but the named error."""
    for parse in (parse_profile, parse_offline, ztd.parse_ticket_request, ztd.parse_ticket_response, ztd.parse_error):
        with pytest.raises(BadJson):
            parse(data)


@pytest.mark.parametrize(
    ("switches", "value"),
    [((False, False, False, False), 264), ((True, True, True, False), 286), ((True, True, True, True), 1310)],
)
def test_oobe_bits(switches, value):
    """The bits add up as in the examples of 06 section 3.8."""
    names = ("standard_user", "hide_privacy", "hide_eula", "skip_keyboard")
    assert OobeConfig.compose(**dict(zip(names, switches, strict=True))) == value


def test_shared_devices_need_a_tpm():
    """Self-deploying adds attestation and the device ticket."""
    plain = {"standard_user": False, "hide_privacy": False, "hide_eula": False, "skip_keyboard": False}
    assert OobeConfig.compose(**plain, shared=True) == 264 + 96


def test_unknown_bits_are_kept():
    """1022 and 28 were seen in the wild."""
    for value in (28, 1022, 4096):
        profile = AutopilotProfile(
            cloud_assigned_tenant_id="t", cloud_assigned_tenant_domain="d", cloud_assigned_oobe_config=value
        )
        assert int(profile.oobe) == value


def test_the_offline_file():
    """The file holds what the common converter writes, in ASCII, and nothing only the service knows."""
    data = render_offline(PROFILE, profile_id="p1", name="Büro")
    body = json.loads(data.decode("ascii"))
    assert body["Version"] == 2049
    assert body["Comment_File"] == "Profile Büro"
    assert body["ZtdCorrelationId"] == "p1"
    assert body["CloudAssignedLanguage"] == "os-default"
    assert json.loads(body["CloudAssignedAadServerData"]) == {
        "ZeroTouchConfig": {
            "CloudAssignedTenantUpn": "",
            "ForcedEnrollment": 1,
            "CloudAssignedTenantDomain": "contoso.example",
        }
    }
    assert "ZtdRegistrationId" not in body
    assert parse_offline(data).ztd_correlation_id == "p1"
    for unreadable in (b"\xef\xbb\xbf" + data, data.decode().encode("utf-16-le")):
        with pytest.raises(BadJson, match="ASCII"):
            parse_offline(unreadable)


def test_offline_needs_a_user():
    """Self-deploying cannot come from a file."""
    shared = parse_profile(render_profile(PROFILE).replace(b"1310", b"360"))
    with pytest.raises(BadJson, match="without a user"):
        render_offline(shared, profile_id="p1", name="x")


def test_aad_server_data_is_a_string_of_json():
    """An unregistered device has empty strings and no forced enrollment."""
    assert aad_server_data(ZeroTouchConfig()) == (
        '{"ZeroTouchConfig":{"CloudAssignedTenantUpn":"","ForcedEnrollment":0,"CloudAssignedTenantDomain":""}}'
    )
    config = ZeroTouchConfig(cloud_assigned_tenant_upn="a@b.test", forced_enrollment=1)
    assert parse_aad_server_data(aad_server_data(config)) == config


def test_a_ticket_request_shows_no_fact():
    """Digests travel instead of facts; equal facts have equal digests, and one name never equals another."""
    facts = IdentityFacts(serial="SIM1", manufacturer="SIM1", macs=("02aabbccdd01",), disk_serials=("D1",))
    body = ztd.render(ztd.DeviceTicketRequest(ztd.digest_facts(facts)))
    assert b"SIM1" not in body
    assert b"02aabbccdd01" not in body
    read = ztd.parse_ticket_request(body).facts
    assert read == ztd.digest_facts(facts)
    assert read.serial == ztd.digest_facts(IdentityFacts(serial=" SIM1 ")).serial != read.manufacturer
    assert read.ek == ""


@pytest.mark.parametrize(
    "facts", [{"Serial": "SIM1"}, {"Serial": "A" * 64}, {"Macs": ["0" * 64] * 33}, {"Macs": "0" * 64}, None]
)
def test_a_ticket_request_holds_digests_only(facts):
    """What is no digest, or too many of them, is refused."""
    with pytest.raises(BadJson):
        ztd.parse_ticket_request(json.dumps({"Facts": facts}).encode())


def test_ticket_response_and_error_bodies():
    """The answers survive the wire under their names."""
    answer = ztd.DeviceTicketResponse("t", datetime(2026, 11, 24, 8, tzinfo=UTC))
    assert ztd.render(answer) == b'{"Ticket":"t","Expires":"2026-11-24T08:00:00Z"}'
    assert ztd.parse_ticket_response(ztd.render(answer)) == answer
    error = ztd.ZtdError.of(807, "cv.0")
    assert json.loads(ztd.render(error)) == {
        "ErrorCode": 807,
        "Message": "ZtdDeviceIsNotRegistered",
        "CorrelationVector": "cv.0",
    }
    assert ztd.parse_error(ztd.render(error)) == error
    assert ztd.ZtdError.of(908, name=ztd.PRODUCT_KEY_MISMATCH).message == "ProductKeyIdMismatch"


def test_r046_codes():
    """The codes have the names of 06 section 2.4."""
    assert {code: ztd.CODE_NAMES[code] for code in (802, 806, 807, 808, 809, 815)} == {
        802: "InvalidZtdHardwareHash",
        806: "ZtdDeviceAlreadyAssigned",
        807: "ZtdDeviceIsNotRegistered",
        808: "ZtdDeviceAssignedToOtherTenant",
        809: "ZtdDeviceHasNoAssignedProfile",
        815: "ZtdDeviceHasNoAssignedProfile",
    }


@pytest.mark.parametrize(
    ("template", "serial", "name"),
    [
        ("MYPC-%RAND:6%", "S", "MYPC-777777"),
        ("%SERIAL%", "SIM 00.01", "SIM0001"),
        ("C-%SERIAL%", "ABCDEFGHIJKLMNOPQ", "C-ABCDEFGHIJKLM"),
        ("%SERIAL%%RAND:2%", "A", "A77"),
        ("KIOSK", "", "KIOSK"),
        ("ABC%RAND:12%", "", "ABC777777777777"),
    ],
)
def test_r090_names(template, serial, name):
    """Templates expand to at most 15 allowed characters."""
    assert parse_device_name(template).expand(serial, lambda n: 7 if n == 10 else -1) == name


@pytest.mark.parametrize(
    ("template", "fault"),
    [
        ("", "empty"),
        ("%serial%", "macro_case"),
        ("PC-%rand:3%", "macro_case"),
        ("PC-%MODEL%", "macro"),
        ("PC-%RAND:0%", "macro"),
        ("PC-%RAND%", "macro"),
        ("MY PC", "blank"),
        ("PC_1", "character"),
        ("PC-%", "character"),
        ("Büro", "character"),
        ("ABCDEFGHIJKLMNOP", "length"),
        ("PC-%RAND:13%", "length"),
        ("1234", "digits"),
        ("12%RAND:6%", "digits"),
        ("²²", "character"),
    ],
)
def test_r090_templates_refused(template, fault):
    """Each broken rule has its own message."""
    with pytest.raises(InvalidDeviceName) as caught:
        parse_device_name(template)
    assert caught.value.fault == fault


@pytest.mark.parametrize(("serial", "fault"), [("12345", "digits"), ("...", "empty")])
def test_r090_names_refused(serial, fault):
    """A serial number can spoil a good template."""
    with pytest.raises(InvalidDeviceName) as caught:
        parse_device_name("%SERIAL%").expand(serial, lambda n: 0)
    assert caught.value.fault == fault


@pytest.mark.parametrize(
    ("template", "form"),
    [
        ("MYPC-%RAND:6%", r"MYPC-\d{6}"),
        ("%RAND:2%-%SERIAL%", r"\d{2}-SN0+\d{1,3}"),
        ("CONTOSO-%SERIAL%", r"CONTOSO-SN0+\d{1,3}"),
    ],
)
def test_r091_generated_names_fit_and_differ(template, form):
    """At most 15 characters, as many random digits as were asked for, and another name for every PC (R-91)."""
    parsed = parse_device_name(template)
    names = [parsed.expand(f"SN{n:05}", SeededEntropy(f"pc-{n}").below) for n in range(100)]
    assert all(len(name) <= 15 and re.fullmatch(form, name) for name in names)
    assert len(set(names)) == len(names)


@given(st.text(max_size=25), st.text(max_size=25))
def test_any_template_gives_a_name_or_the_named_error(template, serial):
    """Whatever is typed, a name follows the rules or there is none."""
    try:
        name = parse_device_name(template).expand(serial, lambda n: n - 1)
    except InvalidDeviceName:
        return
    assert 0 < len(name) <= 15
    assert name.isascii()
    assert not name.isdigit()
