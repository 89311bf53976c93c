"""What the status page counts: expected items and their states, read from the tree (05 sections 11.2 to 11.6)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from taxiway.device.csp.base import MSFT
from taxiway.device.csp.dmclient import first_sync, is_true
from taxiway.device.csp.modern import ROOT as MODERN
from taxiway.device.csp.msi import DONE, DOWNLOAD_FAILED, FAILED
from taxiway.device.csp.node import Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.events import ItemState
from taxiway.wire.csp import Scope
from taxiway.wire.expected import split_apps

TRACKING = (*MSFT, "EnrollmentStatusTracking")

POLICIES, CERTIFICATES, NETWORK, APPS = "Security policies", "Certificates", "Network connections", "Apps"
_NOUNS = {POLICIES: "applied", CERTIFICATES: "applied", NETWORK: "added", APPS: "installed"}
_STATE_COMPLETED, _STATE_ERROR = "3", "4"
_ENROLMENT_FAILED = "16"
_DEPLOYMENT_FAILED = "2"
_UNKNOWN_ERROR = 0x87D1041C


@dataclass(frozen=True, slots=True)
class Item:
    """One expected thing: how many it stands for, whether it is there, the HRESULT if it failed."""

    done: bool = False
    error: int = 0
    weight: int = 1
    uri: str = ""
    status: str = ""
    """What the node itself says, where it has a status of its own."""

    @property
    def number(self) -> int:
        """The state as diagnostics read it: the installer's status, or whether it was processed."""
        return int(self.status) if self.status.isdecimal() else int(self.done)


@dataclass(frozen=True, slots=True)
class Category:
    """One line of the page."""

    NAMES: ClassVar[tuple[str, ...]] = (POLICIES, CERTIFICATES, NETWORK, APPS)

    name: str
    items: tuple[Item, ...] = ()
    listed: bool = True
    """Whether the list is final; until then the page says Identifying."""

    @property
    def total(self) -> int:
        """How many things are expected."""
        return sum(item.weight for item in self.items)

    @property
    def ready(self) -> int:
        """How many are there."""
        return sum(item.weight for item in self.items if item.done)

    @property
    def error(self) -> int:
        """The HRESULT of the first that failed, 0 for none."""
        return next((item.error for item in self.items if item.error), 0)

    @property
    def state(self) -> ItemState:
        """The state of the line."""
        if self.error:
            return "failed"
        if not self.listed or self.ready < self.total:
            return "inProgress"
        return "succeeded" if self.items else "notRequired"

    @property
    def text(self) -> str:
        """The line as the page words it."""
        if self.error:
            return f"Error: {hresult(self.error)}"
        if not self.listed and not self.items:
            return "Identifying"
        if self.state == "notRequired":
            return "No setup needed"
        return f"{self.ready} of {self.total} {_NOUNS[self.name]}"


def hresult(number: int) -> str:
    """An HRESULT as screens show it."""
    return f"0x{number & 0xFFFFFFFF:08X}"


class Progress:
    """Counts for one scope of one management server."""

    def __init__(self, tree: Tree, provider: str, scope: Scope) -> None:
        self._tree = tree
        self._provider = provider
        self._scope = scope

    @property
    def server_finished(self) -> bool:
        """Whether the server has said that its lists are final."""
        return is_true(self.node_value("ServerHasFinishedProvisioning"))

    @property
    def complete(self) -> bool:
        """Whether everything expected is there."""
        return self.server_finished and all(each.state in {"succeeded", "notRequired"} for each in self.categories())

    def node_value(self, leaf: str) -> str | None:
        """A value of the first-sync status in this scope."""
        return self._tree.value(first_sync(self._provider, self._scope, leaf))

    def categories(self) -> list[Category]:
        """The four lines in their order."""
        known = self.server_finished
        tracked, tracking_known = self._tracked_apps()
        apps = [
            *self._expected("ExpectedMSIAppPackages", self._msi),
            *self._expected("ExpectedModernAppPackages", self._package),
            *tracked,
        ]
        certificates = [
            *self._expected("ExpectedPFXCerts", self._imported),
            *self._expected("ExpectedSCEPCerts", self._enrolled),
        ]
        return [
            Category(POLICIES, tuple(self._expected("ExpectedPolicies", self._present)), known),
            Category(CERTIFICATES, tuple(certificates), known),
            Category(NETWORK, tuple(self._expected("ExpectedNetworkProfiles", self._present)), known),
            Category(APPS, tuple(apps), known and tracking_known),
        ]

    def _expected(self, leaf: str, judge: Callable[[Node], Item]) -> list[Item]:
        """The items of a list; an address that is none never comes true."""
        found = []
        for app in split_apps(self.node_value(leaf) or ""):
            try:
                item = judge(Node.parse(app.uri))
            except Refused:
                item = Item()
            found.append(replace(item, weight=max(app.count, 1), uri=app.uri))
        return found

    def _present(self, node: Node) -> Item:
        return Item(done=self._tree.exists(node))

    def _msi(self, node: Node) -> Item:
        status = self._tree.value(node)
        if status in {FAILED, DOWNLOAD_FAILED}:
            leaf = "Status" if node.name == "FinalStatus" else "LastError"  # Office's code is its status
            error = int(self._tree.value(node.above().child(leaf)) or 0) or _UNKNOWN_ERROR
            return Item(error=error, status=status or "")
        return Item(done=status == DONE, status=status or "")

    def _package(self, node: Node) -> Item:
        """A package is there when the inventory has it; whether it failed, its family's installation says."""
        if self._tree.exists(node) or len(node.path) < len(MODERN) + 3 or not node.under(MODERN):
            return self._present(node)
        family = Node(node.scope, (*MODERN, "AppInstallation", node.path[len(MODERN) + 2]))
        if self._tree.value(family.child("Status")) == _DEPLOYMENT_FAILED:
            return Item(error=int(self._tree.value(family.child("LastError")) or 0) or _UNKNOWN_ERROR)
        return Item()

    def _enrolled(self, node: Node) -> Item:
        status = self._tree.value(node.child("Status"))
        if status == _ENROLMENT_FAILED:
            return Item(error=int(self._tree.value(node.child("ErrorCode")) or 0) or _UNKNOWN_ERROR)
        return Item(done=bool(self._tree.value(node.child("CertThumbprint"))))

    def _imported(self, node: Node) -> Item:
        status = self._tree.value(node.child("Status")) or "0"
        if status != "0":
            return Item(error=int(status))
        return Item(done=bool(self._tree.value(node.child("Thumbprint"))))

    def _tracked_apps(self) -> tuple[list[Item], bool]:
        """Apps that agents report, and whether all agents have listed theirs (05 section 10.4)."""
        home = Node(self._scope, (*TRACKING, "Setup", "Apps"))
        providers = home.child("PolicyProviders")
        listed = all(
            is_true(self._tree.value(providers.child(name, "TrackingPoliciesCreated")))
            for name in self._tree.names(providers)
        )
        tracking = home.child("Tracking")
        apps = [
            self._tracked(tracking.child(agent, app))
            for agent in self._tree.names(tracking)
            for app in self._tree.names(tracking.child(agent))
        ]
        return apps, listed

    def _tracked(self, app: Node) -> Item:
        uri = self._tree.value(app.child("TrackingUri"))
        if uri:
            try:
                return self._msi(Node.parse(uri))
            except Refused:
                return Item()
        state = self._tree.value(app.child("InstallationState"))
        error = _UNKNOWN_ERROR if state == _STATE_ERROR else 0
        return Item(done=state == _STATE_COMPLETED, error=error, uri=app.uri, status=state or "")
