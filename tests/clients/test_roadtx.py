"""roadtx, unmodified: its own command line, with Microsoft's names built in (03 section 11.1)."""

from __future__ import annotations

import pytest

from clients.desk import CERTIFICATE, DRS, Desk
from clients.tenant import PASSWORD, upn
from clients.world import ADMIN_PASSWORD

_POLICY = "/beta/policies/deviceRegistrationPolicy"
_NOBODY = {"@odata.type": "#microsoft.graph.noDeviceRegistrationMembership"}


def test_a_person_signs_in_with_name_and_password(desk, ledger):
    """Over v1 with a resource; the audience is literally the one that was asked for."""
    said = desk.sign_in()
    assert desk.token()["aud"] == DRS, said
    ledger.note("roadtx", "`gettokens` (name and password)", "token")


def test_a_person_signs_in_over_v2(desk, ledger):
    """With a scope instead of a resource."""
    said = desk.sign_in("-s", "https://graph.microsoft.com/.default")
    assert desk.token()["upn"] == upn("ada"), said
    ledger.note("roadtx", "`gettokens --scope` (name and password)", "token")


@pytest.mark.parametrize(
    ("person", "password", "what", "code"),
    [
        ("ada", "not the password", "wrong password", "AADSTS50126"),
        ("roadtx", PASSWORD, "locked account", "AADSTS50053"),
        ("mia", PASSWORD, "second factor demanded", "AADSTS50076"),
    ],
)
def test_a_refusal_is_named(desk, ledger, person, password, what, code):
    """The command prints the code."""
    if person == "roadtx":
        desk.world.lock(person)
    desk.person = person
    assert code in desk.sign_in(password=password)
    ledger.note("roadtx", what, code)


def test_a_person_types_the_code_of_a_device(desk, ledger):
    """roadtx polls while the person signs in on the page that it names."""
    with desk.start("gettokens", "--device-code", "-r", "msgraph") as running:
        words = next(line for line in running.stdout if "code" in line and "https://" in line).split()
        page = next(word for word in words if word.startswith("https://"))
        desk.browse(page, words[words.index("code") + 1])
        running.communicate(timeout=60)
    assert desk.token()["upn"] == upn("ada")
    ledger.note("roadtx", "`gettokens --device-code`", "token")


def test_r013_a_device_joins(each_world, tmp_path, ledger):
    """One key is both the device's and the transport key; on both databases."""
    desk = Desk(each_world, tmp_path)
    said = desk.join()
    assert "Device ID: " in said, said
    assert (tmp_path / "dev.pem").read_bytes().startswith(b"-----BEGIN CERTIFICATE")
    ledger.note("roadtx", "`device -a join`", "device certificate")


@pytest.mark.parametrize("kind", ["Windows", "MacOS", "Android"])
def test_a_device_registers(desk, ledger, kind):
    """Workplace registration; macOS and Android send their key as a JWK."""
    desk.sign_in()
    said = desk.run("device", "-a", "register", "-n", f"{kind}-1", "--device-type", kind, *CERTIFICATE)
    assert "Device ID: " in said, said
    ledger.note("roadtx", f"`device -a register` as {kind}", "device certificate")


def test_a_key_on_an_elliptic_curve_is_refused_by_name(desk, ledger):
    """Registration as macOS 14 does it (version 3.0, no RSA transport key) is not offered."""
    desk.sign_in()
    said = desk.run("device", "-a", "register", "-n", "Mac-14", "--device-type", "macos14", *CERTIFICATE)
    assert "InvalidRequest" in said, said
    ledger.note("roadtx", "`device -a register` as MacOS14 (elliptic curve)", "`InvalidRequest`: not offered")


def test_a_token_for_something_else_joins_nothing(desk, ledger):
    """roadtx itself refuses a token with another audience, before it asks."""
    desk.sign_in("-r", "msgraph")
    assert "Wrong token audience" in desk.run("device", "-a", "join", "-n", "DESKTOP-1", *CERTIFICATE)
    ledger.note("roadtx", "`device -a join` with a token for Graph", "refused by roadtx")


@pytest.fixture
def join_policy(world):
    """The function that changes who may join; afterwards it is as it was."""
    before = {name: value for name, value in world.graph("GET", _POLICY).items() if name != "@odata.context"}

    def change(**changes):
        world.graph("PUT", _POLICY, {**before, **changes})

    yield change
    change()


def test_r016_the_device_limit_is_named(desk, ledger, join_policy):
    """The second device of a person who may have one."""
    desk.person = "nick"
    join_policy(userDeviceQuota=1)
    assert "Device ID: " in desk.join()
    said = desk.join()
    assert "DeviceQuotaExceeded" in said, said
    ledger.note("roadtx", "`device -a join` over the device limit", "`DeviceQuotaExceeded`")


def test_r014_a_person_who_may_not_join_is_told(desk, ledger, join_policy):
    """Nobody may join; the reason is in the answer."""
    join_policy(azureADJoin={"isAdminConfigurable": True, "allowedToJoin": _NOBODY})
    said = desk.join()
    assert "AuthorizationError" in said, said
    ledger.note("roadtx", "`device -a join` by a person who may not", "`AuthorizationError`")


def test_a_bulk_token_joins_devices(desk, ledger):
    """An administrator asks for it once; what it brings joins a device without a person."""
    desk.person = "admin"
    desk.sign_in(password=ADMIN_PASSWORD)
    said = desk.run("bulkenrollmenttoken", "-a", "request")
    assert (desk.folder / ".bulktoken").exists(), said
    ledger.note("roadtx", "`bulkenrollmenttoken -a request`", "bulk token")
    desk.forget()
    desk.run("bulkenrollmenttoken", "-a", "use")
    assert desk.token()["aud"] == DRS
    said = desk.run("device", "-a", "join", "-n", "DESKTOP-2", *CERTIFICATE)
    assert "Device ID: " in said, said
    ledger.note("roadtx", "`bulkenrollmenttoken -a use`, then `device -a join`", "device certificate")
