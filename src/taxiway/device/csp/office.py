"""Office: Microsoft 365 Apps by a configuration of the Office Deployment Tool (05 section 10.6)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.app_jobs import parse_office
from taxiway.wire.errors import WireError
from taxiway.wire.syncml import Code

ROOT: Final = (*MSFT, "Office")
#: ``Status``: an error code of the deployment tool; while it works, and when all went well.
WORKING, WELL = "997", "0"
#: ``FinalStatus``, which ends as an MSI's status does.
DONE, FAILED = "70", "60"


class Office(Csp):
    """Lets the deployment tool run; what it fetches from the content delivery network is not fetched here."""

    root = ROOT
    upsert = True
    runs = frozenset({"Install"})

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport, queue: InstallQueue) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._queue = queue

    def check(self, change: Change) -> None:
        """The configuration has to be one."""
        if change.verb == "Exec":
            _products(change.value)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Install begins; the order is kept, so that a power cut does not lose it."""
        if change.verb == "Exec":
            return self._order(change.node, change.value)
        return None

    def resume(self) -> None:
        """Go on with what a power cut interrupted."""
        for node in self._installations():
            if self._tree.stored(node.child("Status")) == WORKING:
                self._start(node)

    def retry(self) -> None:
        """Run again what failed: the page's Try again."""
        for node in self._installations():
            if self._tree.stored(node.child("FinalStatus")) == FAILED:
                self._start(node)

    def _installations(self) -> list[Node]:
        home = Node(DEVICE, (*ROOT, "Installation"))
        return [home.child(name) for name in self._tree.names(home) if name != "CurrentStatus"]

    async def _order(self, node: Node, document: str) -> Code:
        """Take an order; the same one again changes nothing."""
        home = node.above()
        if self._tree.stored(node) == document and self._tree.stored(home.child("FinalStatus")) == DONE:
            return Code.OK
        self._tree.put(node, document)
        self._start(home)
        return Code.ACCEPTED

    def _start(self, node: Node) -> None:
        if self._jobs.running(node.uri):
            return
        self._set(node, "Status", WORKING)
        self._tree.remove(node.child("FinalStatus"))
        self._jobs.start(node.uri, self._run(node, _products(self._tree.stored(node.child("Install")) or "")))

    async def _run(self, node: Node, products: tuple[str, ...]) -> None:
        host, name = self._transport.host, node.name.upper()
        async with self._queue.turn():
            await host.clock.sleep(host.place.durations.get(name, host.pace.install))
        runs = self._storage.state.runs
        run = runs[name] = runs.get(name, 0) + 1
        code = host.place.exit_code(name, run - 1)
        if code:
            self._queue.failed()
        installed = self._storage.state.installed
        for product in () if code else products or [known for known in installed if known.endswith("Retail")]:
            installed.pop(product, None)
            if products:
                installed[product] = "16.0"
        self._set(node, "Status", str(code))
        self._set(node, "FinalStatus", FAILED if code else DONE)
        self._storage.save()

    def _set(self, node: Node, leaf: str, value: str) -> None:
        self._tree.put(node.child(leaf), value, "int")


def _products(document: str) -> tuple[str, ...]:
    try:
        return parse_office(document)
    except WireError as error:
        raise Refused(Code.BAD_REQUEST) from error
