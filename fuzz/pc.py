"""The other side: what the PC makes of a server's documents, valid ones and spoiled ones."""

from __future__ import annotations

import base64
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from fuzz.mutate import Mutator
from fuzz.xml import spoil
from taxiway.device.commands import Responder
from taxiway.device.csp.dmclient import DmClient
from taxiway.device.csp.others import Policy, RootCertificates, WiFi
from taxiway.device.csp.tree import Tree
from taxiway.device.firmware import Firmware
from taxiway.device.state import Enrolled, State, Storage
from taxiway.kernel import SeededEntropy
from taxiway.wire import discovery, enroll, msi_job, policy, provisioning, soap_fault, syncml
from taxiway.wire.errors import WireError

Read = Callable[[], None]
SAMPLES = Path(__file__).parent.parent / "tests" / "wire" / "samples"

_SERVER = b"""<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>
<SessionID>1</SessionID><MsgID>1</MsgID><Target><LocURI>D</LocURI></Target><Source><LocURI>https://s/</LocURI></Source>
</SyncHdr><SyncBody><Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>212</Data></Status>
<Get><CmdID>2</CmdID><Item><Target><LocURI>./Device/Vendor/MSFT/DMClient/Provider</LocURI></Target></Item></Get>
<Atomic><CmdID>3</CmdID><Replace><CmdID>4</CmdID><Item><Target>
<LocURI>./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana</LocURI></Target><Meta>
<Format xmlns="syncml:metinf">int</Format></Meta><Data>0</Data></Item></Replace></Atomic>
<Sequence><CmdID>5</CmdID><Add><CmdID>6</CmdID><Item><Target>
<LocURI>./Device/Vendor/MSFT/WiFi/Profile/a/WlanXml</LocURI></Target><Meta>
<Format xmlns="syncml:metinf">chr</Format></Meta><Data>&lt;WLANProfile/&gt;</Data></Item></Add></Sequence>
<Delete><CmdID>7</CmdID><Item><Target><LocURI>./Device/Vendor/MSFT/WiFi/Profile/b</LocURI></Target></Item></Delete>
<Exec><CmdID>8</CmdID><Item><Target><LocURI>./Vendor/MSFT/DMClient/Unenroll</LocURI></Target><Data>x</Data></Item>
</Exec>
<Replace><CmdID>9</CmdID><Item><Target><LocURI>./Device/Vendor/MSFT/Policy/Config/A/B</LocURI></Target><Meta>
<Format xmlns="syncml:metinf">chr</Format><Size xmlns="syncml:metinf">9</Size></Meta><Data>abc</Data><MoreData/></Item>
</Replace><Final/></SyncBody></SyncML>"""


class PcReaders:
    """Documents as a server sends them, and what the PC does with each; only a named error may come of it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._texts: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
            "SyncML at the PC": (_SERVER, self._obey),
            "Discover answer": (_sample("spec-discover-response"), discovery.parse_discover_response),
            "policies at the PC": (_sample("spec-policies"), policy.parse_policies),
            "fault at the PC": (_sample("spec-fault"), soap_fault.parse_response),
            "enrollment answer": (_sample("spec-enroll-response"), enroll.parse_enroll_response),
            "provisioning at the PC": (_sample("wap-enrollment"), provisioning.parse_provisioning),
            "MSI job": (_job(), lambda data: msi_job.parse_msi_job(data.decode("utf-8", "replace"))),
        }

    def one(self, mutator: Mutator) -> tuple[str, bytes, Read]:
        """The name of a document, what is read, and the reading of it."""
        name = mutator.rng.choice(list(self._texts))
        data, read = self._texts[name]
        for _ in range(mutator.rng.choice((1, 1, 2, 4))):
            data = spoil(mutator.rng, data) if mutator.rng.random() < 0.8 else mutator.data(data)
        return name, data, lambda: _quietly(lambda: read(data))

    def _obey(self, data: bytes) -> None:
        """Take a message in as a managed PC; its answers must be a message again."""
        message = syncml.parse_message(data)
        firmware = Firmware.new(SeededEntropy("fuzz"), serial="F")
        state = State(correlation="c", firmware=firmware, device_name="PC")
        state.enrolled = Enrolled("taxiway", "https://s/")
        tree, storage = Tree(state), Storage(self._folder, state)
        tree.add(DmClient(storage, tree), Policy(tree, storage), WiFi(), RootCertificates())
        responder = Responder(tree, native_errors=True)
        _run(responder.respond(message))
        header = syncml.Header(session_id="1", msg_id="2", target="s", source="d")
        syncml.parse_message(syncml.render_message(syncml.Message(header, tuple(responder.answers))))


def _run(work: Coroutine[Any, Any, object]) -> None:
    """To its end without an event loop: nothing in it waits."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    raise RuntimeError("the PC waits in the middle of a message")


def _sample(name: str) -> bytes:
    return (SAMPLES / f"{name}.xml").read_bytes()


def _job() -> bytes:
    return (
        b'<MsiInstallJob id="{11111111-2222-3333-4444-555555555555}"><Product Version="1.4.0"><Download>'
        b"<ContentURLList><ContentURL>https://s/tool.msi</ContentURL></ContentURLList></Download><Validation><FileHash>"
        + base64.b16encode(bytes(32))
        + b"</FileHash></Validation><Enforcement><CommandLine>/quiet</CommandLine><TimeOut>10</TimeOut><RetryCount>3"
        b"</RetryCount><RetryInterval>5</RetryInterval></Enforcement></Product></MsiInstallJob>"
    )


def _quietly(read: Callable[[], object]) -> None:
    try:
        read()
    except WireError:
        return
