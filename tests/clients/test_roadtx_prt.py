"""roadtx, unmodified: PRT, what it opens, and the end of it (03 sections 7 and 11.1)."""

from __future__ import annotations

import json

import pytest

from clients.desk import CERTIFICATE, DRS, TOKENS
from clients.tenant import PASSWORD, upn


def test_a_prt_comes_by_password(signed_on, ledger):
    """The session key opens with the device's own key."""
    kept = json.loads((signed_on.folder / "roadtx.prt").read_text("utf-8"))
    assert len(kept["session_key"]) == 64
    ledger.note("roadtx", "`prt` by password", "PRT and session key")


@pytest.mark.parametrize("option", ["", "-v3"])
def test_a_prt_comes_by_refresh_token(joined, ledger, option):
    """The broker's refresh token, in the old form and in the third version of the protocol."""
    joined.sign_in("-c", "msbroker", "-r", DRS)
    more = (option,) if option else ()
    said = joined.run("prt", "-r", "file", *more, *CERTIFICATE)
    assert "Obtained PRT" in said, said
    form = "protocol v3" if option else "protocol v2"
    ledger.note("roadtx", f"`prt` by refresh token, {form}", "PRT and session key")
    said = joined.run("prtauth", "-c", "msbroker", "-r", "msgraph", *more)
    assert joined.token()["deviceid"], said
    ledger.note("roadtx", f"`prtauth`, {form}", "token that names the device")


def test_a_prt_is_renewed(signed_on, ledger):
    """The reply is encrypted with the session key, and the new PRT is another one."""
    file = signed_on.folder / "roadtx.prt"
    before = json.loads(file.read_text("utf-8"))
    said = signed_on.run("prt", "-a", "renew", *CERTIFICATE)
    after = json.loads(file.read_text("utf-8"))
    assert after["refresh_token"] != before["refresh_token"], said
    ledger.note("roadtx", "`prt -a renew`", "new PRT")


def test_a_prt_gives_the_token_for_enrollment(signed_on, ledger):
    """The token for MDM names person and device."""
    said = signed_on.run("prtauth", "-c", "msbroker", "-r", "enrollment", "-ru", "ms-aadj-redir://auth/mdm")
    token = signed_on.token()
    assert token["aud"].startswith("https://enrollment.manage.microsoft.com"), said
    assert token["scp"] == "mdm_delegation"
    assert token["upn"] == upn("ada")
    assert token["deviceid"]
    ledger.note("roadtx", "`prtauth` for enrollment", "token that names person and device")


def test_a_device_gets_a_token_of_its_own(joined, ledger):
    """Without a person; the tenant is named by its domain."""
    said = joined.run("getdevicetoken", *CERTIFICATE, "-t", "contoso.example", "-r", "enrollment")
    token = joined.token()
    assert token["idtyp"] == "device", said
    assert token["deviceid"]
    assert "upn" not in token
    ledger.note("roadtx", "`getdevicetoken`", "token that names the device alone")


def test_a_prt_cookie_signs_on_in_a_browser(signed_on, ledger):
    """The cookie brings a code at once, and the code a token."""
    said = signed_on.run("gettokens", "--prt-cookie", signed_on.cookie(), "-r", "msgraph")
    token = signed_on.token()
    assert token["upn"] == upn("ada"), said
    assert token["deviceid"]
    ledger.note("roadtx", "`prtcookie`, then `gettokens --prt-cookie`", "token that names person and device")


def test_the_older_key_derivation_is_refused_until_it_is_allowed(signed_on, ledger):
    """The same cookie signs nobody on while the switch is off, and somebody when it is on."""
    kept = json.loads((signed_on.folder / "roadtx.prt").read_text("utf-8"))
    prt = ("--prt", kept["refresh_token"], "--prt-sessionkey", kept["session_key"])
    for allowed in (False, True):
        signed_on.world.graph("PATCH", "/taxiway/signin-policy", {"allow_kdf_v1": allowed})
        said = signed_on.run("gettokens", *prt, "--kdf-v1", "-r", "msgraph")
        assert (signed_on.folder / TOKENS).exists() is allowed, said
    signed_on.world.graph("PATCH", "/taxiway/signin-policy", {"allow_kdf_v1": False})
    ledger.note("roadtx", "`gettokens --prt --kdf-v1`", "nobody signed in; token with `allow_kdf_v1`")


def test_the_key_of_another_device_is_refused(joined, ledger):
    """Certificate and key have to belong together."""
    (joined.folder / "dev.key").rename(joined.folder / "own.key")
    joined.sign_in()
    joined.run("device", "-a", "join", "-n", "DESKTOP-2", "-c", "other.pem", "-k", "dev.key")
    said = joined.run("prt", "-u", upn("ada"), "-p", PASSWORD, *CERTIFICATE)
    assert "AADSTS50155" in said, said
    ledger.note("roadtx", "`prt` with the key of another device", "AADSTS50155")


def test_a_disabled_device_is_refused(signed_on, ledger):
    """Its PRT has ended, and it gets no other."""
    signed_on.run("prtauth", "-c", "msbroker", "-r", "msgraph")
    device_id = signed_on.token()["deviceid"]
    [device] = signed_on.world.graph("GET", f"/v1.0/devices?$filter=deviceId eq '{device_id}'")["value"]
    signed_on.world.graph("PATCH", f"/v1.0/devices/{device['id']}", {"accountEnabled": False})
    assert "AADSTS50173" in signed_on.run("prtauth", "-c", "msbroker", "-r", "msgraph")
    ledger.note("roadtx", "`prtauth` of a disabled device", "AADSTS50173")
    assert "AADSTS135011" in signed_on.run("prt", "-u", upn("ada"), "-p", PASSWORD, *CERTIFICATE)
    ledger.note("roadtx", "`prt` of a disabled device", "AADSTS135011")


def test_r122_a_hello_key_brings_a_prt(desk, ledger):
    """A fresh second factor in the browser of the PC, the key registered by that token, a PRT by the key alone."""
    desk.person = "hana"
    desk.join()
    desk.run("prt", "-u", upn("hana"), "-p", PASSWORD, *CERTIFICATE)
    made = desk.world.graph(
        "POST",
        f"/v1.0/users/{upn('hana')}/authentication/temporaryAccessPassMethods",
        {"lifetimeInMinutes": 60, "isUsableOnce": False},
    )
    page = ("-c", "msbroker", "-r", "drs", "--force-mfa", "--pkce", "-ru", "ms-appx-web://Microsoft.AAD.BrokerPlugin")
    with desk.start("clicodeauth", *page) as running:
        address = next(line for line in running.stdout if line.startswith("https://")).strip()
        final = desk.browse(address, factor=made["temporaryAccessPass"], cookie=desk.cookie())
        said, _ = running.communicate(final + "\n", timeout=60)
    assert "ngcmfa" in desk.token()["amr"], (final, said)
    ledger.note("roadtx", "`clicodeauth --force-mfa` with a PRT cookie and a second factor", "token with `ngcmfa`")
    said = desk.run("winhello", "-k", "hello.key")
    assert "kid" in said, said
    ledger.note("roadtx", "`winhello`", "key registered")
    (desk.folder / "roadtx.prt").unlink()
    said = desk.run("prt", "-u", upn("hana"), "-hk", "hello.key", *CERTIFICATE)
    assert "Obtained PRT" in said, said
    said = desk.run("prtauth", "-c", "msbroker", "-r", "msgraph")
    assert {"rsa", "mfa"} <= set(desk.token()["amr"]), said
    ledger.note("roadtx", "`prt` by Hello key", "PRT with `rsa` and `mfa`")


def test_a_person_without_a_fresh_factor_registers_no_hello_key(signed_on, ledger):
    """A password is not enough: the refusal names it."""
    signed_on.run("prtauth", "-c", "msbroker", "-r", DRS)
    said = signed_on.run("winhello", "-k", "hello.key")
    assert "A fresh second factor is needed" in said, said
    ledger.note("roadtx", "`winhello` without a fresh second factor", "`NotAllowed`")


def test_a_device_is_deleted_and_its_prt_ends(signed_on, ledger):
    """The device proves itself by its TLS client certificate; afterwards the PRT opens nothing."""
    said = signed_on.run("device", "-a", "delete", *CERTIFICATE)
    assert "Device was deleted" in said, said
    ledger.note("roadtx", "`device -a delete`", "deleted")
    said = signed_on.run("prtauth", "-c", "msbroker", "-r", "msgraph")
    assert "AADSTS50173" in said, said
    ledger.note("roadtx", "`prtauth` after the delete", "AADSTS50173")
