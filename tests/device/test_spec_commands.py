"""What the specification prints as a server's commands, carried out by the PC as it stands there (05)."""

from __future__ import annotations

from pathlib import Path

import pytest

from taxiway.device.commands import Responder
from taxiway.device.machine import Machine
from taxiway.device.state import Enrolled
from taxiway.wire.syncml import Results, Status, parse_message

pytestmark = pytest.mark.anyio
SAMPLES = Path(__file__).parents[1] / "wire" / "samples"


@pytest.fixture
async def machine(pc, host, endpoints, cloud):
    """A PC that the server OpenMDM manages, with a user signed in."""
    pc.state.enrolled = Enrolled("OpenMDM", "https://mdm.example.test/manage")
    made = Machine(host, pc._storage, endpoints, connect=cloud.connect)
    made.tree.user = "S-1-12-1-1"
    made.tree.put("./Device/Vendor/MSFT/DMClient/Provider/OpenMDM", "", "node")
    yield made
    await made.off()


def message(name):
    part = (SAMPLES / f"spec-dm-{name}.xml").read_text("utf-8")
    if part.startswith("<SyncML"):
        return parse_message(part.encode())
    header = (
        "<VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>2</MsgID>"
        "<Target><LocURI>D</LocURI></Target><Source><LocURI>https://mdm.example.test/manage</LocURI></Source>"
    )
    head = f'<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr>{header}</SyncHdr>'
    return parse_message(f"{head}<SyncBody>{part}<Final/></SyncBody></SyncML>".encode())


@pytest.mark.parametrize(
    ("name", "codes"),
    [
        ("3-5b", [200, 200]),
        ("6-2a", [200]),
        ("10-3a", [200, 200]),
        ("10-3b", [200]),
        ("10-4", [200, 200]),
        ("10-5", [200, 202]),
        ("11-14a", [200, 200]),
        ("11-14b", [200, 200, 200]),
    ],
)
async def test_a_printed_command_is_carried_out(machine, name, codes):
    """The Status of each command, in order."""
    responder = Responder(machine.tree, native_errors=True)
    await responder.respond(message(name))
    assert [each.code for each in responder.answers if isinstance(each, Status)] == codes


async def test_the_printed_get_has_its_results(machine):
    """The names of the providers, as section 6.2 prints them for its own."""
    responder = Responder(machine.tree, native_errors=True)
    await responder.respond(message("6-2a"))
    [results] = [each for each in responder.answers if isinstance(each, Results)]
    assert (results.items[0].format, results.items[0].data) == ("node", "OpenMDM")


async def test_the_printed_order_to_wait_is_taken_for_the_last_piece(machine):
    """213 and 1222 of the other side ask for nothing but the next message."""
    responder = Responder(machine.tree, native_errors=True)
    await responder.respond(message("7b"))
    assert [(each.cmd, each.code) for each in responder.answers if isinstance(each, Status)] == [("Alert", 200)]
