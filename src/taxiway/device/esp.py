"""The Enrollment Status Page: device preparation, device setup, account setup as a state machine (05 section 11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from taxiway.device.csp.dmclient import first_sync, is_true
from taxiway.device.csp.node import DEVICE, USER, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import EspFailed
from taxiway.device.esp_progress import TRACKING, Category, Progress, hresult
from taxiway.device.events import EspPhaseName, ItemState
from taxiway.device.host import Host
from taxiway.device.jobs import Jobs
from taxiway.device.outcome import milliseconds
from taxiway.device.state import AUTOPILOT_SETTINGS, Storage
from taxiway.device.watch import Watch
from taxiway.wire.csp import Scope

PREPARATION: EspPhaseName = "device preparation"
DEVICE_SETUP: EspPhaseName = "device setup"
ACCOUNT_SETUP: EspPhaseName = "account setup"

TIMED_OUT = "0x800705B4"
_DEFAULT_TIMEOUT = 60
_BUTTONS = ((1, "Reset PC"), (2, "Try again"), (4, "Continue anyway"))
_CATEGORY = {
    PREPARATION: "DevicePreparationCategory.Status",
    DEVICE_SETUP: "DeviceSetupCategory.Status",
    ACCOUNT_SETUP: "AccountSetupCategory.Status",
}
_SECURING, _JOINING, _REGISTERING, _PREPARING = (
    "Securing your hardware",
    "Joining your organization's network",
    "Registering your device for mobile management",
    "Preparing your device for mobile management",
)
_AGENT_READY, _AGENT_FAILED = {"2", "3"}, "4"


@dataclass(slots=True)
class Esp:
    """Waits for what the server expects and tells every change; ``sync`` holds a management session."""

    host: Host
    storage: Storage
    tree: Tree
    watch: Watch
    jobs: Jobs
    provider: str
    retry: Callable[[], None]

    def shows(self, scope: Scope) -> bool:
        """Whether the page of a scope is on (05 section 10.3: off unless the server turns it on)."""
        leaf = "SkipDeviceStatusPage" if scope == DEVICE else "SkipUserStatusPage"
        return not is_true(self.tree.value(first_sync(self.provider, DEVICE, leaf)))

    async def device(self, sync: Callable[[], Awaitable[int]]) -> None:
        """Device preparation, from the first session on, and device setup (05 section 11.3, D2 to D5)."""
        self._begin(PREPARATION)
        lines: dict[str, tuple[ItemState, str]] = {
            _SECURING: ("notRequired", "No setup needed"),
            _JOINING: ("succeeded", "Complete"),
            _REGISTERING: ("succeeded", "Complete"),
            _PREPARING: ("inProgress", "Working on it..."),
        }
        self._lines(PREPARATION, lines)
        await sync()
        if not self.shows(DEVICE):
            self._complete(DEVICE)
            self.watch.phase(PREPARATION, "notRequired")
            return
        await self._guarded(PREPARATION, DEVICE, lambda: self._prepare(sync), sync)
        self._lines(PREPARATION, {**lines, _PREPARING: ("succeeded", "Complete")})
        self._end(PREPARATION)
        self._begin(DEVICE_SETUP)
        await self._guarded(DEVICE_SETUP, DEVICE, lambda: self._setup(DEVICE_SETUP, DEVICE, sync), sync)
        self._end(DEVICE_SETUP)
        self._complete(DEVICE)

    async def user(self, sync: Callable[[], Awaitable[int]]) -> None:
        """Account setup (05 section 11.5).

        Whether the page shows is decided when the user signs in (U1): its own session may turn it off for later users.
        """
        if not self.shows(USER) and ACCOUNT_SETUP not in self.storage.state.esp_started:
            await sync()
            self.watch.phase(ACCOUNT_SETUP, "notRequired")
            return
        self._begin(ACCOUNT_SETUP)
        await sync()
        await self._guarded(ACCOUNT_SETUP, USER, lambda: self._setup(ACCOUNT_SETUP, USER, sync), sync)
        self._end(ACCOUNT_SETUP)
        self._complete(USER)

    def again(self, scope: Scope) -> None:
        """Clear a failure and order again what failed; what did not fail is left alone."""
        if self.tree.stored(first_sync(self.provider, scope, "WasDeviceSuccessfullyProvisioned")) == "0":
            self._put(scope, "WasDeviceSuccessfullyProvisioned", "2", "int")
            self.retry()

    async def _prepare(self, sync: Callable[[], Awaitable[int]]) -> None:
        """Wait for the agents that have to be there before device setup (D3)."""
        home = Node(DEVICE, (*TRACKING, "DevicePreparation", "PolicyProviders"))
        while True:
            waiting = False
            for name in self.tree.names(home):
                agent = home.child(name)
                state = self.tree.value(agent.child("InstallationState"))
                if state == _AGENT_FAILED:
                    code = int(self.tree.value(agent.child("LastError")) or 0)
                    raise EspFailed(hresult(code or 0x80004005), f"{name} could not be installed")
                minutes = int(self.tree.value(agent.child("Timeout")) or 15)
                if state not in _AGENT_READY and self._elapsed(PREPARATION) > minutes * 60:
                    raise EspFailed(TIMED_OUT, f"{name} was not installed within {minutes} minutes")
                waiting = waiting or state not in _AGENT_READY
            if not waiting:
                return
            await self.jobs.wait(self.host.clock, self.host.pace.poll)
            await sync()

    async def _setup(self, phase: EspPhaseName, scope: Scope, sync: Callable[[], Awaitable[int]]) -> None:
        """Wait until everything expected is there (D4, U3)."""
        progress = Progress(self.tree, self.provider, scope)
        shown: dict[str, Category] = {}
        while True:
            if self._settled(phase, progress, shown):
                return
            await self.jobs.wait(self.host.clock, self.host.pace.poll)
            if self._settled(phase, progress, shown):
                return
            minutes = int(self.tree.value(first_sync(self.provider, DEVICE, "TimeOutUntilSyncFailure")) or 0)
            if self._elapsed(phase) > (minutes or _DEFAULT_TIMEOUT) * 60:
                waiting = [each.name for each in progress.categories() if each.state == "inProgress"]
                text = f"{phase} did not end within {minutes} minutes; waiting for {', '.join(waiting) or 'the server'}"
                raise EspFailed(TIMED_OUT, text)
            await sync()

    def _settled(self, phase: EspPhaseName, progress: Progress, shown: dict[str, Category]) -> bool:
        """Show what changed; whether the section is over. An item that failed ends it with an error."""
        categories = progress.categories()
        self._tell(phase, categories, shown)
        for category in categories:
            if category.error:
                raise EspFailed(hresult(category.error), f"{category.name}: {category.ready} of {category.total}")
        if progress.node_value("WasDeviceSuccessfullyProvisioned") == "0":
            raise EspFailed("0x81036502", "the server ended the provisioning")
        if is_true(progress.node_value("IsSyncDone")):
            return True
        return progress.server_finished and all(each.state in {"succeeded", "notRequired"} for each in categories)

    async def _guarded(
        self,
        phase: EspPhaseName,
        scope: Scope,
        section: Callable[[], Awaitable[None]],
        sync: Callable[[], Awaitable[int]],
    ) -> None:
        """Run a section; on failure show the page with its buttons and do what the person presses (05 section 11.7)."""
        while True:
            try:
                await section()
            except EspFailed as failure:
                if not await self._failed(phase, scope, failure, sync):
                    return
            else:
                return

    async def _failed(
        self, phase: EspPhaseName, scope: Scope, failure: EspFailed, sync: Callable[[], Awaitable[int]]
    ) -> bool:
        """Whether to try again; False goes on to the desktop; otherwise the failure is final."""
        flags = int(self.tree.value(first_sync(self.provider, DEVICE, "BlockInStatusPage")) or 0)
        buttons = tuple(name for bit, name in _BUTTONS if flags & bit) or ("Continue anyway",) * (not flags)
        self._category(phase, "failed", failure.code, {})
        self.watch.phase(phase, "failed")
        self.watch.failed(failure, buttons)
        self._put(scope, "WasDeviceSuccessfullyProvisioned", "0", "int")
        await sync()
        # Whatever comes next begins anew, be it after this button or after the PC was switched off and on.
        self.storage.state.esp_started.pop(phase, None)
        press = "Continue anyway" if not flags else self._press(buttons)
        if press == "Try again":
            self.again(scope)
            self._begin(phase)
            return True
        if press == "Continue anyway":
            self._put(scope, "IsSyncDone", "true", "bool")
            return False
        raise failure

    def _press(self, buttons: Sequence[str]) -> str:
        pressed = self.storage.state.presses
        planned = self.host.place.presses
        press = planned[pressed] if pressed < len(planned) else ""
        self.storage.state.presses = pressed + 1
        return press if press in buttons else ""

    def _begin(self, phase: EspPhaseName) -> None:
        """Start the clock of a section; one that a power cut interrupted keeps its start."""
        self.storage.mark(phase, self.host.clock.now())
        self.storage.state.esp_started.setdefault(phase, milliseconds(self.host.clock.now()))
        self._category(phase, "inProgress", "", {})
        self.watch.phase(phase, "inProgress")

    def _end(self, phase: EspPhaseName) -> None:
        self.watch.phase(phase, "succeeded")
        self._category(phase, "succeeded", "", {})

    def _complete(self, scope: Scope) -> None:
        """Say that the page is over for a scope (D5, U5)."""
        if self.tree.value(first_sync(self.provider, scope, "WasDeviceSuccessfullyProvisioned")) != "0":
            self._put(scope, "WasDeviceSuccessfullyProvisioned", "1", "int")
        self._put(scope, "IsSyncDone", "true", "bool")
        self.tree.put(Node(scope, (*TRACKING, "Setup", "HasProvisioningCompleted")), "true", "bool")
        self.storage.save()

    def _put(self, scope: Scope, leaf: str, value: str, form: str) -> None:
        self.tree.put(first_sync(self.provider, scope, leaf), value, form)

    def _elapsed(self, phase: EspPhaseName) -> float:
        return (milliseconds(self.host.clock.now()) - self.storage.state.esp_started[phase]) / 1000

    def _tell(self, phase: EspPhaseName, categories: list[Category], shown: dict[str, Category]) -> None:
        changed = [each for each in categories if shown.get(each.name) != each]
        for each in changed:
            shown[each.name] = each
            code = hresult(each.error) if each.error else ""
            text = f"{each.name} ({each.text})"
            self.watch.item(phase, each.name, each.state, text, done=each.ready, total=each.total, code=code)
        if changed:
            self._category(phase, "inProgress", "", {each.name: (each.state, each.text) for each in categories})

    def _lines(self, phase: EspPhaseName, lines: dict[str, tuple[ItemState, str]]) -> None:
        for name, (state, text) in lines.items():
            self.watch.item(phase, name, state, f"{name} ({text})")
        self._category(phase, "inProgress", "", lines)

    def _category(self, phase: EspPhaseName, state: str, code: str, lines: dict[str, tuple[ItemState, str]]) -> None:
        """Leave the trace that diagnostics read (05 section 11.12)."""
        outcome = {"succeeded": True, "failed": False}.get(state)
        kept: dict[str, Any] = {"categorySucceeded": outcome, "categoryState": state, "categoryStatusMessage": code}
        for name, (line_state, text) in lines.items():
            kept[name] = {"subcategoryState": line_state, "subcategoryStatusText": text}
        self.storage.write(AUTOPILOT_SETTINGS, **{_CATEGORY[phase]: msgspec.json.encode(kept).decode()})
