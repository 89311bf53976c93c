"""The agent's entries in the status page's tree: ready, listed, and how each tracked app stands (05 section 10.4)."""

from __future__ import annotations

from typing import Final

from taxiway.device.csp.base import MSFT
from taxiway.device.csp.dmclient import is_true
from taxiway.device.csp.node import DEVICE, USER, Node
from taxiway.device.csp.tree import Tree
from taxiway.wire.csp import Scope
from taxiway.wire.extension import PROVIDER, App, tracking_name

NOT_STARTED, IN_PROGRESS, COMPLETED, ERROR = "1", "2", "3", "4"
_ROOT: Final = (*MSFT, "EnrollmentStatusTracking")
_REBOOTS: Final = {"none": "1", "soft": "2", "hard": "3"}


class Tracking:
    """Writes the nodes that are the agent's own."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree

    def ready(self) -> None:
        """The agent runs: it will list its apps, and device preparation need not wait for it any longer."""
        home = Node(DEVICE, (*_ROOT, "DevicePreparation", "PolicyProviders", PROVIDER))
        if not self._tree.exists(home):
            return
        if is_true(self._tree.value(home.child("TrackedResourceTypes", "Apps"))):
            self.will_list(DEVICE)
        self._tree.put(home.child("InstallationState"), COMPLETED, "int")

    def will_list(self, scope: Scope) -> None:
        """The page of a scope waits until the apps are listed."""
        if scope == USER and not self._tree.user:
            return
        leaf = self._created(scope)
        if self._tree.stored(leaf) is None:
            self._tree.put(leaf, "false", "bool")

    def list_apps(self, scope: Scope, apps: list[App]) -> None:
        """List the tracked apps of a scope, once: what is meant later is installed and not waited for."""
        leaf = self._created(scope)
        if self._tree.stored(leaf) is None or is_true(self._tree.stored(leaf)):
            return
        for app in apps:
            self._tree.put(self._app(scope, app).child("InstallationState"), NOT_STARTED, "int")
        self._tree.put(leaf, "true", "bool")

    def set(self, app: App, state: str, restart: str = "none") -> None:
        """How a tracked app stands; of one that is not tracked nothing is written."""
        node = self._app(USER if app.user else DEVICE, app)
        if self._tree.stored(node.child("InstallationState")) is None:
            return
        self._tree.put(node.child("InstallationState"), state, "int")
        if restart != "none":
            self._tree.put(node.child("RebootRequired"), _REBOOTS[restart], "int")

    def is_tracked(self, app: App) -> bool:
        """Whether the page waits for an app."""
        node = self._app(USER if app.user else DEVICE, app)
        return self._tree.stored(node.child("InstallationState")) is not None

    def again(self) -> None:
        """What failed is to be tried again: the page must not find it failed."""
        for scope in (DEVICE, USER):
            home = self._home(scope)
            for name in self._tree.names(home):
                leaf = home.child(name, "InstallationState")
                if self._tree.stored(leaf) == ERROR:
                    self._tree.put(leaf, NOT_STARTED, "int")

    def wait_again(self) -> None:
        """The agent itself is to be installed once more."""
        leaf = Node(DEVICE, (*_ROOT, "DevicePreparation", "PolicyProviders", PROVIDER, "InstallationState"))
        if self._tree.stored(leaf) == ERROR:
            self._tree.put(leaf, NOT_STARTED, "int")

    def let_go(self, scope: Scope, meant: list[App]) -> None:
        """What was listed and is not meant any more keeps nobody waiting."""
        home = self._home(scope)
        for name in self._tree.names(home):
            leaf = home.child(name, "InstallationState")
            known = any(name.startswith(tracking_name(app.id, "")) for app in meant)
            if not known and self._tree.stored(leaf) == NOT_STARTED:
                self._tree.put(leaf, COMPLETED, "int")

    def _home(self, scope: Scope) -> Node:
        return Node(scope, (*_ROOT, "Setup", "Apps", "Tracking", PROVIDER))

    def _app(self, scope: Scope, app: App) -> Node:
        """The app's entry: the one that was listed, though the app may have another revision by now."""
        home, own = self._home(scope), tracking_name(app.id, app.revision)
        listed = (name for name in self._tree.names(home) if name.startswith(tracking_name(app.id, "")))
        return home.child(next(listed, own))

    def _created(self, scope: Scope) -> Node:
        return Node(scope, (*_ROOT, "Setup", "Apps", "PolicyProviders", PROVIDER, "TrackingPoliciesCreated"))
