"""EnterpriseDesktopAppManagement: MSI apps, downloaded, checked and installed one after the other (05 section 10.5)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, USER, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.download import download
from taxiway.device.errors import AnswerTooLarge, ServerUnreachable
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.msiexec import BUSY, WindowsInstaller
from taxiway.device.omadm import OmaDm
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.errors import WireError
from taxiway.wire.hresult import signed
from taxiway.wire.msi_job import MsiJob, parse_msi_job
from taxiway.wire.syncml import MSI_INSTALL_DONE, Code

INITIALISED, DOWNLOADING, DOWNLOAD_RETRY, DOWNLOAD_FAILED, DOWNLOADED = "10", "20", "25", "30", "40"
ENFORCING, RETRY_PENDING, FAILED, DONE = "50", "55", "60", "70"

_NO_CONTENT = 0x80190194
_RESTART_NEEDED = frozenset({1641, 3010})
_TIMED_OUT = 1460
_MINUTES = 60


def read_job(document: str) -> MsiJob:
    """The job of an Exec; one that cannot run is 400."""
    try:
        return parse_msi_job(document)
    except WireError as error:
        raise Refused(Code.BAD_REQUEST) from error


class MsiApps(Csp):
    """Installs what the server orders; the Windows Installer runs one package at a time."""

    root = (*MSFT, "EnterpriseDesktopAppManagement")
    runs = frozenset({"DownloadInstall"})

    def __init__(
        self,
        storage: Storage,
        tree: Tree,
        jobs: Jobs,
        transport: Transport,
        oma_dm: OmaDm,
        queue: InstallQueue,
        installer: WindowsInstaller,
    ) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._oma_dm = oma_dm
        self._queue = queue
        self._installer = installer
        self.installed: Callable[[str], None] = lambda _product: None
        """Hears of each product that was installed."""

    def read(self, node: Node) -> str | None:
        """Status and error of an app that was ordered."""
        if node.name == "LastError" and self._tree.stored(node.above().child("Status")) is not None:
            return self._tree.stored(node) or "0"
        return None

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Arm on Add, run on Exec, uninstall when the product is deleted."""
        if change.node.name == "DownloadInstall" and change.verb == "Add":
            self._set(change.node, "Status", INITIALISED)
        if change.node.name == "DownloadInstall" and change.verb == "Exec":
            return self._order(change.node, change.value)
        if change.verb == "Delete":
            self._storage.state.installed.pop(change.node.name, None)
        return None

    def resume(self) -> None:
        """Go on with what a power cut interrupted; what had failed stays failed."""
        for node in self._products():
            if self._tree.stored(node.child("Status")) not in {INITIALISED, FAILED, DOWNLOAD_FAILED, DONE}:
                self._start(node.child("DownloadInstall"))

    def retry(self) -> None:
        """Run again what failed, and go on with what waits: the page's Try again."""
        self._queue.go_on()
        for node in self._products():
            if self._tree.stored(node.child("Status")) in {FAILED, DOWNLOAD_FAILED}:
                self._start(node.child("DownloadInstall"))

    async def settle(self, product: str) -> None:
        """Wait until the installation of a product has ended, if one runs."""
        for node in self._products():
            if node.name.lower() == product.lower():
                await self._jobs.settle(node.child("DownloadInstall").uri)

    def _products(self) -> list[Node]:
        homes = [Node(scope, (*self.root, "MSI")) for scope in (DEVICE, USER)]
        found = [home.child(name) for home in homes for name in self._tree.names(home)]
        return [node for node in found if self._tree.stored(node.child("DownloadInstall"))]

    async def _order(self, node: Node, document: str) -> Code:
        """Take an order; the same order again, while it runs or after it was carried out, changes nothing."""
        read_job(document)
        same = self._tree.stored(node) == document
        if same and self._tree.stored(node.above().child("Status")) == DONE:
            return Code.OK
        self._tree.put(node, document, "xml")
        self._start(node)
        return Code.ACCEPTED

    def _start(self, node: Node) -> None:
        if self._jobs.running(node.uri):
            return
        self._set(node, "Status", DOWNLOADING)
        self._set(node, "LastError", "0")
        self._jobs.start(node.uri, self._run(node, read_job(self._tree.stored(node) or "")))

    async def _run(self, node: Node, job: MsiJob) -> None:
        error = await self._fetch(node, job)
        if error:
            self._finish(node, job, DOWNLOAD_FAILED, error)
            return
        self._set(node, "Status", DOWNLOADED)
        async with self._queue.turn():
            await self._enforce(node, job)

    async def _enforce(self, node: Node, job: MsiJob) -> None:
        """Run the installer, again while it fails; the next product's turn comes when this one is settled."""
        error = 0
        for attempt in range(job.retries + 1):
            if attempt:
                self._set(node, "Status", RETRY_PENDING)
                pace = self._transport.host.pace
                await self._transport.host.clock.sleep(job.interval * pace.installer_minute)
            self._set(node, "Status", ENFORCING)
            code = await self._run_installer(job)
            if code in _RESTART_NEEDED:
                self._storage.state.reboots.append(node.uri)
            if code == 0 or code in _RESTART_NEEDED:
                self._finish(node, job, DONE, 0)
                return
            error = 0x80070000 | code
        self._finish(node, job, FAILED, error)

    async def _fetch(self, node: Node, job: MsiJob) -> int:
        """Fetch the content, again while no server answers, as long as the job has minutes; 0 or the last error."""
        clock, pace = self._transport.host.clock, self._transport.host.pace
        deadline = clock.monotonic() + (job.timeout or _MINUTES) * 60
        while True:
            try:
                error = await self._try_addresses(job)
                break
            except ServerUnreachable as failure:
                error = int(failure.code, 16)
                if isinstance(failure, AnswerTooLarge) or clock.monotonic() > deadline:
                    break
                self._set(node, "Status", DOWNLOAD_RETRY)
                await clock.sleep(pace.poll)
        if error:
            self._tree.put(node.above().child("LastErrorDesc"), "the content could not be fetched or checked")
        return error

    async def _try_addresses(self, job: MsiJob) -> int:
        """Try the addresses in turn; 0 or the error of the last one, raised where that one gave no answer."""
        target = self._storage.folder / "downloads" / f"{job.sha256}.msi"
        error, silence = _NO_CONTENT, None
        for url in job.urls:
            try:
                error, silence = await download(self._transport, url, target, job.sha256), None
            except ServerUnreachable as failure:
                silence = failure
            if not error and silence is None:
                return 0
        if silence is not None:
            raise silence
        return error

    async def _run_installer(self, job: MsiJob) -> int:
        """Let the installer run as long as it takes; one that outlasts its job's minutes is ended."""
        host, product = self._transport.host, job.product_id.upper()
        seconds = host.place.durations.get(product, host.pace.install)
        limit = job.timeout * 60 or seconds
        if not await self._installer.run(min(seconds, limit)):
            return BUSY
        runs = self._storage.state.runs
        run = runs[product] = runs.get(product, 0) + 1
        return _TIMED_OUT if seconds > limit else host.place.exit_code(product, run - 1)

    def _finish(self, node: Node, job: MsiJob, status: str, error: int) -> None:
        if status != DONE:
            self._queue.failed()
        self._set(node, "Status", status)
        told = str(signed(error))
        self._set(node, "LastError", told)
        if status == DONE:
            self._tree.put(node.above().child("Version"), job.version)
            self._storage.state.installed[node.above().name] = job.version
            self.installed(node.above().name)
        self._storage.save()
        self._oma_dm.tell(MSI_INSTALL_DONE, node.uri, told)

    def _set(self, node: Node, leaf: str, value: str) -> None:
        self._tree.put(node.above().child(leaf), value, "int")
