"""What the specification prints as a device's messages, taken in by the server as it stands there (05)."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxiway import enrollment
from taxiway.wire.syncml import Alert, Status, parse_message

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[1] / "wire" / "samples"
HEADER = (
    "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>{}</MsgID>"
    "<Target><LocURI>https://mdm.example.test/manage</LocURI></Target><Source><LocURI>D</LocURI></Source>"
)


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


def message(name, number=1):
    part = (SAMPLES / f"spec-dm-{name}.xml").read_text("utf-8")
    if part.startswith("<SyncML"):
        return parse_message(part.encode())
    head = f'<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>{HEADER.format(number)}</SyncHdr>'
    return parse_message(f"{head}<SyncBody>{part}</SyncBody></SyncML>".encode())


def codes(answer):
    return [(each.cmd, int(each.code)) for each in answer.commands if isinstance(each, Status)]


async def test_section_3_5_the_worked_session_is_held(pc):
    """Package 1 is answered command by command; package 3 settles what was asked."""
    answer, _ = await pc.post(message("3-5a"))
    assert codes(answer) == [("SyncHdr", 200), ("Alert", 200), ("Alert", 200), ("Replace", 200)]
    answer, _ = await pc.post(message("3-5c"))
    assert codes(answer) == [("SyncHdr", 200)]


async def test_section_5_3_the_printed_alert_unenrolls(pc):
    """200, and the device is managed no more."""
    answer, _ = await pc.post(message("5-3"))
    assert codes(answer) == [("SyncHdr", 200), ("Alert", 200)]
    assert await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id)) is None


async def test_section_7_the_printed_piece_is_asked_on(pc):
    """213, and the next message please."""
    await pc.post(message("3-5a"))
    answer, _ = await pc.post(message("7a", 2))
    assert codes(answer) == [("SyncHdr", 200), ("Results", 213)]
    assert any(isinstance(each, Alert) and each.code == 1222 for each in answer.commands)


async def test_section_6_5_a_native_error_is_read(pc):
    """A Status that answers nothing of ours changes nothing."""
    await pc.post(message("3-5a"))
    answer, _ = await pc.post(message("6-5", 2))
    assert codes(answer)[0] == ("SyncHdr", 200)
