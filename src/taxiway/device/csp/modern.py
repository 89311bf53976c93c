"""EnterpriseModernAppManagement: MSIX and APPX packages, fetched, proven by their block map, installed (05 10.6)."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable
from typing import Final

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, USER, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.download import fetch
from taxiway.device.errors import ServerUnreachable
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.app_jobs import HostedInstall, parse_hosted_install
from taxiway.wire.errors import WireError
from taxiway.wire.hresult import signed
from taxiway.wire.msix import BadPackage, PackageIdentity, check_package
from taxiway.wire.syncml import Code

ROOT: Final = (*MSFT, "EnterpriseModernAppManagement")
NOT_INSTALLED, INSTALLING, FAILED, INSTALLED = "0", "1", "2", "3"
#: The package is of another family than the node, or the deployment failed.
OTHER_PACKAGE, DEPLOYMENT_FAILED = 0x80073CF2, 0x80073CF9
#: What the deployment service says of an installer that ended with a code of its own.
_DEPENDENCIES: Final = 0x80073CF3


class ModernApps(Csp):
    """Installs packages its server hosts; the inventory names what is there."""

    root = ROOT
    runs = frozenset({"HostedInstall"})

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport, queue: InstallQueue) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._queue = queue

    def check(self, change: Change) -> None:
        """The order has to be one; packages from the store are not served."""
        if change.node.name == "StoreInstall":
            raise Refused(Code.NOT_SUPPORTED)
        if change.verb == "Exec":
            _read(change.value)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """HostedInstall begins the installation; a package that is deleted from the inventory is taken off."""
        if change.verb == "Exec":
            return self._order(change.node, change.value)
        if change.verb == "Delete" and "AppManagement" in change.node.path:
            self._storage.state.installed.pop(change.node.path[len(ROOT) + 2], None)
        return None

    def resume(self) -> None:
        """Go on with what a power cut interrupted."""
        self._start_all({INSTALLING})

    def retry(self) -> None:
        """Install again what failed: the page's Try again."""
        self._start_all({FAILED})

    def _start_all(self, states: set[str]) -> None:
        homes = [Node(scope, (*ROOT, "AppInstallation")) for scope in (DEVICE, USER)]
        for node in [home.child(name) for home in homes for name in self._tree.names(home)]:
            if self._tree.stored(node.child("Status")) in states:
                self._start(node)

    async def _order(self, node: Node, document: str) -> Code:
        """Take an order; the same one again while it runs changes nothing, nor does one for what is there."""
        home = node.above()
        same = self._tree.stored(node) == document and self._tree.stored(home.child("Status")) == INSTALLED
        if same and self._tree.names(self._inventory(home)):
            return Code.OK
        self._tree.put(node, document, "xml")
        self._start(home)
        return Code.ACCEPTED

    def _start(self, node: Node) -> None:
        if self._jobs.running(node.uri):
            return
        self._set(node, "Status", INSTALLING)
        self._set(node, "LastError", "0")
        self._jobs.start(node.uri, self._run(node, _read(self._tree.stored(node.child("HostedInstall")) or "")))

    async def _run(self, node: Node, job: HostedInstall) -> None:
        try:
            identity = await self._prove(node, job)
        except BadPackage as error:
            self._fail(node, error.hresult, error.message)
            return
        async with self._queue.turn():
            code = await self._install(node)
        if code:
            self._fail(node, DEPLOYMENT_FAILED, f"the deployment ended with {code}")
            return
        self._tree.remove(self._inventory(node))  # one version at a time
        package = self._inventory(node).child(identity.full_name)
        self._tree.put(package.child("Name"), identity.name)
        self._tree.put(package.child("Version"), identity.version)
        self._tree.put(package.child("Publisher"), identity.publisher)
        self._tree.put(package.child("Architecture"), identity.architecture)
        self._tree.put(package.child("InstallDate"), self._transport.host.clock.now().strftime("%Y-%m-%d"))
        for leaf, value in (("IsFramework", "0"), ("IsBundle", str(int(identity.bundle))), ("PackageStatus", "0")):
            self._tree.put(package.child(leaf), value, "int")
        self._set(node, "Status", INSTALLED)
        self._storage.state.installed[node.name] = identity.version
        self._storage.save()

    async def _prove(self, node: Node, job: HostedInstall) -> PackageIdentity:
        """The package's identity, once every block of it was found to be what the package says."""
        if job.dependencies:
            raise BadPackage("packages that others need are not fetched here", hresult=_DEPENDENCIES)
        name = hashlib.sha256(job.package_uri.encode()).hexdigest()
        target = self._storage.folder / "downloads" / f"{name}.msix"
        try:
            error = await fetch(self._transport, job.package_uri, target)
        except ServerUnreachable as silence:
            error = int(silence.code, 16)
        if error:
            raise BadPackage("the package could not be fetched", hresult=error)

        def look() -> PackageIdentity:
            with target.open("rb") as file:
                return check_package(file)

        identity = await self._transport.host.workers.run(look)
        if identity.family_name.casefold() != node.name.casefold():
            raise BadPackage(f"the package is of the family {identity.family_name}", hresult=OTHER_PACKAGE)
        return identity

    async def _install(self, node: Node) -> int:
        host, product = self._transport.host, node.name.upper()
        await host.clock.sleep(host.place.durations.get(product, host.pace.install))
        runs = self._storage.state.runs
        run = runs[product] = runs.get(product, 0) + 1
        return host.place.exit_code(product, run - 1)

    def _fail(self, node: Node, error: int, text: str) -> None:
        self._queue.failed()
        self._set(node, "LastError", str(signed(error)))
        self._tree.put(node.child("LastErrorDesc"), text)
        self._set(node, "Status", FAILED)
        self._storage.save()

    def _inventory(self, node: Node) -> Node:
        return Node(node.scope, (*ROOT, "AppManagement", "AppStore", node.name))

    def _set(self, node: Node, leaf: str, value: str) -> None:
        self._tree.put(node.child(leaf), value, "int")


def _read(document: str) -> HostedInstall:
    try:
        return parse_hosted_install(document)
    except WireError as error:
        raise Refused(Code.BAD_REQUEST) from error
