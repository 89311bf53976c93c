"""The running PC: its parts wired together for as long as the power is on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from taxiway.device.broker import Broker
from taxiway.device.csp.bitlocker import BitLocker
from taxiway.device.csp.dmclient import DmClient
from taxiway.device.csp.facts import DevDetail, DeviceStatus, DevInfo
from taxiway.device.csp.msi import MsiApps
from taxiway.device.csp.others import NOT_HERE, Accounts, NotHere, PassportForWork, Policy, RootCertificates, WiFi
from taxiway.device.csp.tree import Tree
from taxiway.device.diagnostics import page, write_bundle
from taxiway.device.enroll import management_id
from taxiway.device.errors import JoinRefused
from taxiway.device.esp import Esp
from taxiway.device.esp_failure import COLLECT
from taxiway.device.events import Listener
from taxiway.device.extension.agent import Extension
from taxiway.device.host import Host
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.omadm import OmaDm
from taxiway.device.screens import Screen
from taxiway.device.state import Storage
from taxiway.device.tpm import Tpm
from taxiway.device.transport import Connect, Endpoints, Exchange, Transport
from taxiway.device.watch import Watch
from taxiway.wire.extension import AGENT_PRODUCT

#: Where "Collect logs" writes to, in the PC's folder: on a real PC a stick.
REMOVABLE = "usb"


class Machine:
    """Everything that exists only while the PC is on."""

    def __init__(
        self,
        host: Host,
        storage: Storage,
        endpoints: Endpoints,
        *,
        listener: Listener | None = None,
        connect: Connect | None = None,
        transcript: Callable[[Exchange], None] | None = None,
    ) -> None:
        state = storage.state
        self.host = host
        self.storage = storage
        self.endpoints = endpoints
        self.watch = Watch(host.clock, state.event_log, listener)
        self.tpm = Tpm(storage.folder / "tpm", host.workers, host.keys)
        self.transport = Transport(host, self.tpm, state.correlation, endpoints.ca_file, connect, transcript)
        self.jobs = Jobs()
        self.tree = Tree(state)
        dev_info = DevInfo(storage, management_id(storage))
        self.oma_dm = OmaDm(self.transport, storage, self.tree, dev_info)
        self.installs = InstallQueue()
        self.msi = MsiApps(storage, self.tree, self.jobs, self.transport, self.oma_dm, self.installs)
        arrival = partial(self.msi.settle, AGENT_PRODUCT)
        self.extension = Extension(self.transport, storage, self.tree, self.jobs, self.installs, self.watch, arrival)
        self.msi.installed = self.extension.arrived
        self.bitlocker = BitLocker(storage, self.tree, self.jobs, self.transport, endpoints.drs)
        self.tree.add(
            dev_info,
            DevDetail(storage, self.transport),
            DeviceStatus(storage),
            DmClient(storage, self.tree),
            Policy(self.tree),
            PassportForWork(),
            WiFi(),
            RootCertificates(),
            Accounts(storage, host.entropy),
            self.msi,
            self.bitlocker,
            *(NotHere(root) for root in NOT_HERE),
        )

    @property
    def broker(self) -> Broker:
        """The token broker of the tenant the PC is joined to."""
        joined, firmware = self.storage.state.joined, self.storage.state.firmware
        if joined is None:
            raise JoinRefused("0x801C03F3", "the PC is not joined")
        return Broker(self.transport, self.endpoints.login, joined.tenant_id, firmware.os_version)

    @property
    def esp(self) -> Esp:
        """The status page of the enrollment."""
        enrolled = self.storage.state.enrolled
        provider = enrolled.provider if enrolled is not None else ""
        return Esp(
            self.host,
            self.storage,
            self.tree,
            self.watch,
            self.jobs,
            provider,
            self._retry,
            self.installs,
            self._help,
        )

    def _retry(self) -> None:
        """The page's Try again, for whatever installs."""
        self.msi.retry()
        self.extension.retry()

    async def _help(self, button: str) -> None:
        """What the failure page offers beside the ways that lead on: the log bundle, the diagnostics page."""
        if button == COLLECT:
            folder = self.storage.folder / REMOVABLE
            await self.host.workers.run(write_bundle, self.storage, folder, self.host.clock.now())
        shown = [f"{group}: {name} {value}" for group, of in page(self.storage).items() for name, value in of.items()]
        self.watch.screen(Screen("AutopilotDiagnostics", "; ".join(shown)))

    async def off(self) -> None:
        """Cut the power."""
        await self.jobs.close()
        await self.transport.close()
