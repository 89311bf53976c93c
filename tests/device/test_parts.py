"""Firmware, person, pages: the small parts of a PC."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest

from device.cloud import DOMAIN, PASSWORD, UPN
from taxiway.device import PC, Firmware, FolderInUse, NoSuchPC, Person
from taxiway.device.errors import EnrollmentRefused, SignInRefused
from taxiway.device.outcome import durations
from taxiway.device.signin import page_config
from taxiway.device.terms import accept_terms
from taxiway.device.tpm import Tpm
from taxiway.device.transport import Transport
from taxiway.kernel import InlineWorkers, SeededEntropy
from taxiway.wire.hardware_hash import decode

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


@pytest.mark.parametrize("tpm", [True, False])
def test_the_hardware_hash_is_one_the_service_takes(tpm):
    """It decodes to the same facts, and the identity of the PC does not depend on when it was taken."""
    firmware = Firmware.new(SeededEntropy("one"), tpm=tpm)
    taken = firmware.hardware_hash(NOW)
    assert decode(taken.encode()) == taken
    later = firmware.hardware_hash(NOW.replace(hour=9))
    assert later.encode() != taken.encode()
    assert later.identity() == taken.identity()


def test_two_pcs_are_two_devices():
    """Different streams give different hardware; the same stream gives the same."""
    one, two = (Firmware.new(SeededEntropy(name)) for name in ("one", "two"))
    assert not set(one.hardware_hash(NOW).identity().macs) & set(two.hardware_hash(NOW).identity().macs)
    assert one.serial != two.serial
    assert Firmware.new(SeededEntropy("one")) == one


def test_an_authenticator_app_shows_the_code_of_the_standard():
    """The first vector of RFC 6238, cut to six digits."""
    person = Person(UPN, "x", totp_secret="GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    assert person.one_time_code(datetime.fromtimestamp(59, UTC)) == "287082"


def test_a_person_does_not_print_secrets():
    """Whoever logs a person logs a name."""
    assert "hunter2" not in repr(Person(UPN, "hunter2", "hunter2", "hunter2"))


def test_a_folder_holds_one_pc(tmp_path, host, pc):
    """Neither is a PC overwritten, nor is one found where there is none."""
    with pytest.raises(FolderInUse):
        PC.create(tmp_path / "pc", pc.firmware, host)
    with pytest.raises(NoSuchPC):
        PC.open(tmp_path / "nothing", host)
    (tmp_path / "pc" / "pc.json").write_bytes(b"{")
    with pytest.raises(NoSuchPC):
        PC.open(tmp_path / "pc", host)


def test_phases_are_cut_at_their_marks():
    """Neighbours of one name are one phase; the sum is the distance from the first mark to the end."""
    marks = [("a", 1000), ("b", 1500), ("b", 1700), ("a", 1900)]
    assert durations(marks, 2000) == (("a", 0.5), ("b", 0.4), ("a", 0.1))


@pytest.mark.parametrize("html", ["", "<html>", "$Config=nonsense;\n//]]>", "$Config=[1];\n//]]>"])
def test_what_is_no_sign_in_page_is_named(html):
    """A portal that answers in between is an error with a name."""
    with pytest.raises(SignInRefused):
        page_config(html)


def test_the_config_of_a_page_ends_where_the_script_ends():
    """Text behind the object, and brackets in texts, do not matter (03 section 3.4)."""
    assert page_config('<script>//<![CDATA[\n$Config={"a":"}"};\n//]]></script>{}') == {"a": "}"}


def terms_link(host, keys, tmp_path, handler):
    tpm = Tpm(tmp_path / "tpm", InlineWorkers(), keys)
    return Transport(host, tpm, "corr", connect=lambda identity: httpx.MockTransport(handler))


async def test_terms_are_accepted_by_the_form_of_the_page(host, keys, tmp_path):
    """The hidden fields and the first button go back; the blob comes with the redirect (04 section 6)."""
    seen = {}

    def handler(request):
        if request.method == "GET":
            assert request.headers["cxh-host"] == "FRX"
            form = '<form method="post" action="/accept"><input type="hidden" name="t" value="1">'
            return httpx.Response(200, html=form + '<button name="answer" value="yes">Accept</button></form>')
        seen["body"] = request.content
        return httpx.Response(302, headers={"location": "ms-aadj-redir://auth/mdm?IsAccepted=true&OpaqueBlob=b"})

    link = terms_link(host, keys, tmp_path, handler)
    assert await accept_terms(link, f"https://{DOMAIN}/terms", "token") == "b"
    assert seen["body"] == b"t=1&answer=yes"


@pytest.mark.parametrize(
    "location",
    [
        "ms-aadj-redir://auth/mdm?IsAccepted=false",
        "ms-aadj-redir://auth/mdm?error=unauthorized_client",
        "https://elsewhere.test/?IsAccepted=true",
    ],
)
async def test_terms_that_were_not_accepted_end_the_enrollment(host, keys, tmp_path, location):
    """Declined, refused, or led astray: none of it counts as accepted."""
    link = terms_link(host, keys, tmp_path, lambda request: httpx.Response(302, headers={"location": location}))
    with pytest.raises(EnrollmentRefused):
        await accept_terms(link, f"https://{DOMAIN}/terms", "token")


async def test_r115_the_bundle_has_what_readers_look_for(pc, power_on, host, tmp_path):
    """Registry dump as text with full paths, event logs by channel, profile, hardware hash; and no secret."""
    await power_on(pc)
    names = PC.open(tmp_path / "pc", host).write_diagnostics(tmp_path / "out")
    assert sorted(names) == sorted(path.name for path in (tmp_path / "out").iterdir())
    dump = (tmp_path / "out" / "MdmDiagReport_RegistryDump.reg").read_bytes().decode("utf-16")
    for part in (
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Provisioning\AutopilotSettings]",
        r"[HKEY_LOCAL_MACHINE\SOFTWARE\Microsoft\Provisioning\OMADM\Logger]",
        r"\FirstSync\S-1-12-1-",
        '"SyncFailureTimeout"=dword:0000003c',
        '"IsSyncDone"=dword:00000001',
        r"\EnrollmentStatusTracking\ESPTrackingInfo\Diagnostics\ExpectedMSIAppPackages",
        "=dword:00000046",
    ):
        assert part in dump
    assert PASSWORD not in dump
    autopilot = tmp_path / "out" / "microsoft-windows-moderndeployment-diagnostics-provider-autopilot.xml"
    assert "<EventID>161</EventID>" in autopilot.read_text()
    shell = (tmp_path / "out" / "microsoft-windows-shell-core-operational.xml").read_text()
    assert shell.count("CommercialOOBE_ESPProgress_Page_Exiting") == 2
    assert "HKEY" not in (tmp_path / "out" / "AutopilotDDSZTDFile.json").read_text()
