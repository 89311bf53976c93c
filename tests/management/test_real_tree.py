"""Every command the server emits is one that the PC of this project takes (05 section 16, check 14)."""

from __future__ import annotations

import httpx
import pytest

from management.uris import CORTANA, MSI, USER_NODE
from taxiway.device.firmware import Firmware
from taxiway.device.host import Host
from taxiway.device.machine import Machine
from taxiway.device.state import State, Storage
from taxiway.device.transport import Endpoints
from taxiway.kernel import SeededEntropy
from taxiway.wire.syncml import CmdIds, Item, Results, Status

pytestmark = pytest.mark.anyio


@pytest.fixture
async def machine(rt, tmp_path):
    """A PC that is on; its network leads nowhere."""
    entropy = SeededEntropy("pc")
    firmware = Firmware.new(entropy)
    host = Host(workers=rt.workers, clock=rt.clock, entropy=entropy)
    storage = Storage(tmp_path / "pc", State(correlation="c", firmware=firmware, device_name="PC-1"))
    endpoints = Endpoints("https://localhost:8444", "https://localhost:8443", "https://localhost:8444")
    nowhere = httpx.MockTransport(lambda _request: httpx.Response(503))
    machine = Machine(host, storage, endpoints, connect=lambda *_: nowhere)
    # What the provisioning document leaves behind.
    machine.tree.put("./Device/Vendor/MSFT/DMClient/Provider/taxiway", "", "node")
    yield machine
    await machine.off()


async def test_every_command_is_taken(pc, machine, custom, make, msi, everywhere, everyone):
    """The page's blocks, settings of each kind, an app, and the user's half: no command is refused."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await custom("Mine", USER_NODE, "x", everyone, kind="String")
    wifi = {"ssid": "corp net", "wifi_security_type": "wpa2Personal", "pre_shared_key": "12345678"}
    await make("windowsWifiConfiguration", {"display_name": "Wi-Fi", **wifi}, everywhere)
    encryption = {
        "bit_locker_encrypt_device": True,
        "bit_locker_disable_warning_for_other_disk_encryption": True,
        "bit_locker_system_drive_policy": {"encryptionMethod": "xtsAes256"},
    }
    await make("windows10EndpointProtectionConfiguration", {"display_name": "BitLocker", **encryption}, everywhere)
    hello = {"windows_hello_for_business_blocked": False, "pin_minimum_length": 6}
    await make("windowsIdentityProtectionConfiguration", {"display_name": "Hello", **hello}, everywhere)
    await msi("Tool", everywhere)
    statuses = []

    async def answers(answer, commands, login="others"):
        machine.tree.user = pc.owner if login == "user" else ""
        ids, out, ref = CmdIds(), [], answer.header.msg_id
        for each in commands:
            got = await machine.tree.run(each.verb, each.items[0])
            statuses.append((each.verb, each.items[0].target, int(got.code)))
            out.append(Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, cmd=each.verb, code=got.code))
            if got.found is not None:
                found = (Item(source=each.items[0].target, data=got.found.data),)
                out.append(Results(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, items=found))
        return out

    pc.answers = answers
    await pc.session()
    pc.user_id = pc.owner
    await pc.session("user")
    # A node that Replace does not find is added: what counts is the last word on each.
    last = {uri: code for verb, uri, code in statuses if verb != "Get"}
    assert {uri: code for uri, code in last.items() if code not in {200, 202, 418}} == {}
    assert (await pc.moves())[-1] == "released"
    assert (await pc.moves("user"))[-1] == "released"
    assert {uri for verb, uri, _ in statuses if verb == "Exec"} == {f"{MSI}/DownloadInstall"}
