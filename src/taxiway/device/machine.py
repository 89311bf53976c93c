"""The running PC: its parts wired together for as long as the power is on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from taxiway.device.broker import Broker
from taxiway.device.csp.accounts import Accounts, LocalGroups
from taxiway.device.csp.bitlocker import JOB as ENCRYPTION
from taxiway.device.csp.bitlocker import ROTATION, BitLocker
from taxiway.device.csp.certificates import ClientCertificates
from taxiway.device.csp.diagnostic_log import JOB as DIAGNOSTICS
from taxiway.device.csp.diagnostic_log import DiagnosticLog
from taxiway.device.csp.dmclient import DmClient
from taxiway.device.csp.facts import DevDetail, DeviceStatus, DevInfo, WindowsAutopilot
from taxiway.device.csp.health import HealthAttestation
from taxiway.device.csp.laps import JOB as LAPS
from taxiway.device.csp.laps import Laps
from taxiway.device.csp.modern import ModernApps
from taxiway.device.csp.msi import MsiApps
from taxiway.device.csp.office import Office
from taxiway.device.csp.others import NOT_HERE, Defender, NotHere, PassportForWork, Policy, RootCertificates, Vpn, WiFi
from taxiway.device.csp.power import PROVIDERS, PowerOrders
from taxiway.device.csp.restarts import ROOTS, Restarting
from taxiway.device.csp.tree import Tree
from taxiway.device.diagnostics import page, write_bundle
from taxiway.device.enroll import MANAGEMENT_KEY, NEXT_KEY, Enroller, management_id
from taxiway.device.errors import JoinRefused
from taxiway.device.esp import Esp
from taxiway.device.esp_failure import COLLECT
from taxiway.device.events import Listener
from taxiway.device.extension.agent import Extension
from taxiway.device.host import Host
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.msiexec import WindowsInstaller
from taxiway.device.omadm import OmaDm
from taxiway.device.renewal import Renewer
from taxiway.device.resets import RESTART, ResetOrdered
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
        self.tpm.follow(MANAGEMENT_KEY, NEXT_KEY)  # where a power cut came between a renewal and its end
        self.transport = Transport(host, self.tpm, state.correlation, endpoints.ca_file, connect, transcript)
        self.jobs = Jobs()
        self.tree = Tree(state)
        dev_info = DevInfo(storage, management_id(storage))
        self.oma_dm = OmaDm(self.transport, storage, self.tree, dev_info)
        self.installs = InstallQueue()
        self.installer = WindowsInstaller(host.clock)
        of_apps = (storage, self.tree, self.jobs, self.transport)
        self.msi = MsiApps(*of_apps, self.oma_dm, self.installs, self.installer)
        self.modern = ModernApps(*of_apps, self.installs)
        self.office = Office(*of_apps, self.installs)
        self.certificates = ClientCertificates(storage, self.tree, self.jobs, self.transport)
        arrival = partial(self.msi.settle, AGENT_PRODUCT)
        self.extension = Extension(self.transport, storage, self.tree, self.jobs, self.installs, self.watch, arrival)
        self.msi.installed = self.extension.arrived
        self.bitlocker = BitLocker(storage, self.tree, self.jobs, self.transport, endpoints.drs)
        self.diagnostics = DiagnosticLog(storage, self.jobs, self.transport)
        self.laps = Laps(storage, self.tree, self.jobs, self.transport, endpoints.drs)
        self.tree.add(
            dev_info,
            DevDetail(storage, self.transport),
            WindowsAutopilot(storage, self.transport),
            DeviceStatus(storage),
            DmClient(storage, self.tree),
            Policy(self.tree, storage),
            *(Restarting(root, storage, self.tree) for root in ROOTS),
            PassportForWork(),
            WiFi(),
            Defender(),
            Vpn(),
            LocalGroups(storage),
            RootCertificates(),
            Accounts(storage, host.entropy),
            self.msi,
            self.modern,
            self.office,
            self.certificates,
            self.bitlocker,
            self.laps,
            HealthAttestation(storage, self.transport),
            self.diagnostics,
            *(PowerOrders(name, storage) for name in PROVIDERS),
            *(NotHere(root) for root in NOT_HERE),
        )

    @property
    def renewer(self) -> Renewer:
        """What keeps the certificate of the management account from running out."""
        return Renewer(Enroller(self.transport, self.storage, self.tree), self.transport, self.storage)

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

    def after_session(self) -> None:
        """What a session leaves to be done: the background cycle of LAPS, logs, and a reset that was ordered."""
        self.laps.consider()
        self.diagnostics.resume()
        if self.storage.state.pending not in {"", RESTART}:
            raise ResetOrdered(self.storage.state.pending)

    async def settle(self) -> None:
        """Wait for what a session set going and what has to reach the servers before the power goes."""
        for job in (ENCRYPTION, ROTATION, LAPS, DIAGNOSTICS):
            await self.jobs.settle(job)

    def _retry(self) -> None:
        """What the page's Try again orders again, and lets go on."""
        self.installs.go_on()
        for each in self._installing:
            each.retry()

    def resume(self) -> None:
        """Go on with what a power cut interrupted."""
        for each in self._installing:
            each.resume()

    @property
    def _installing(self) -> tuple[MsiApps | ModernApps | Office | ClientCertificates | Extension, ...]:
        return self.msi, self.modern, self.office, self.certificates, self.extension

    def keep_installer_busy(self) -> None:
        """Something that nobody ordered uses the Windows Installer, where the place says so."""
        if seconds := self.host.place.other_installation:
            self.jobs.start("another installation", self._use_installer(seconds))

    async def _use_installer(self, seconds: float) -> None:
        await self.installer.run(seconds)

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
