"""The Enrollment Status Page: device preparation, device setup, account setup as a state machine (05 section 11)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from taxiway.device.csp.dmclient import first_sync, is_true
from taxiway.device.csp.node import DEVICE, USER, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import EspFailed, ResetPressed, RestartDue, ServerUnreachable
from taxiway.device.esp_failure import CONTINUE, RESET, TRY_AGAIN, FailurePage, Help
from taxiway.device.esp_progress import TRACKING, Category, Progress, hresult
from taxiway.device.esp_trace import Lines, Trace
from taxiway.device.events import EspPhaseName
from taxiway.device.host import Host
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.outcome import milliseconds
from taxiway.device.state import Storage
from taxiway.device.watch import Watch
from taxiway.wire.csp import Scope

PREPARATION: EspPhaseName = "device preparation"
DEVICE_SETUP: EspPhaseName = "device setup"
ACCOUNT_SETUP: EspPhaseName = "account setup"

TIMED_OUT = "0x800705B4"
_DEFAULT_TIMEOUT = 60
_SECTIONS: dict[EspPhaseName, tuple[EspPhaseName, ...]] = {
    PREPARATION: (DEVICE_SETUP, ACCOUNT_SETUP),
    DEVICE_SETUP: (ACCOUNT_SETUP,),
    ACCOUNT_SETUP: (),
}
_SECURING, _JOINING, _REGISTERING, _PREPARING = (
    "Securing your hardware",
    "Joining your organization's network",
    "Registering your device for mobile management",
    "Preparing your device for mobile management",
)
_AGENT_READY, _AGENT_FAILED = {"2", "3"}, "4"
Sync = Callable[[], Awaitable[int]]


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
    installs: InstallQueue
    help: Help

    def shows(self, scope: Scope) -> bool:
        """Whether the page of a scope is on (05 section 10.3: off unless the server turns it on)."""
        leaf = "SkipDeviceStatusPage" if scope == DEVICE else "SkipUserStatusPage"
        return not is_true(self.tree.value(first_sync(self.provider, DEVICE, leaf)))

    async def device(self, sync: Sync) -> None:
        """Device preparation, from the first session on, and device setup (05 section 11.3, D2 to D5)."""
        self.installs.guard()
        self._begin(PREPARATION)
        lines: Lines = {
            _SECURING: ("notRequired", "No setup needed"),
            _JOINING: ("succeeded", "Complete"),
            _REGISTERING: ("succeeded", "Complete"),
            _PREPARING: ("inProgress", "Working on it..."),
        }
        self._lines(PREPARATION, lines)
        await self._sync(sync)
        if not self.shows(DEVICE):
            self._over(DEVICE)
            self.watch.phase(PREPARATION, "notRequired")
            await self._sync(sync)
            return
        self._pending(PREPARATION, "Waiting for previous step")
        await self._guarded(PREPARATION, DEVICE, lambda: self._prepare(sync), sync)
        self._lines(PREPARATION, {**lines, _PREPARING: ("succeeded", "Complete")})
        self._end(PREPARATION)
        self._begin(DEVICE_SETUP)
        went_well = await self._guarded(DEVICE_SETUP, DEVICE, lambda: self._setup(DEVICE_SETUP, DEVICE, sync), sync)
        self._close(DEVICE_SETUP, DEVICE, went_well=went_well)
        await self._sync(sync)

    async def user(self, sync: Sync) -> None:
        """Account setup (05 section 11.5).

        Whether the page shows is decided when the user signs in (U1): its own session may turn it off for later users.
        """
        if not self.shows(USER) and ACCOUNT_SETUP not in self.storage.state.esp_started:
            await self._sync(sync)
            self.watch.phase(ACCOUNT_SETUP, "notRequired")
            return
        self.installs.guard()
        self._begin(ACCOUNT_SETUP)
        await self._sync(sync)
        went_well = await self._guarded(ACCOUNT_SETUP, USER, lambda: self._setup(ACCOUNT_SETUP, USER, sync), sync)
        self._close(ACCOUNT_SETUP, USER, went_well=went_well)

    def again(self, scope: Scope) -> None:
        """Clear a failure and order again what failed; what did not fail is left alone."""
        if self.tree.stored(first_sync(self.provider, scope, "WasDeviceSuccessfullyProvisioned")) == "0":
            self._put(scope, "WasDeviceSuccessfullyProvisioned", "2", "int")
            self.retry()

    # The sections.

    async def _prepare(self, sync: Sync) -> bool:
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
                return True
            await self.jobs.wait(self.host.clock, self.host.pace.poll)
            await self._sync(sync)

    async def _setup(self, phase: EspPhaseName, scope: Scope, sync: Sync) -> bool:
        """Wait until everything expected is there (D4, U3); False if the person leaves a page that does not block."""
        progress = Progress(self.tree, self.provider, scope)
        shown: dict[str, Category] = {}
        while True:
            if self._settled(phase, progress, shown):
                return True
            if self._left(phase):
                return False
            await self.jobs.wait(self.host.clock, self.host.pace.poll)
            if self._settled(phase, progress, shown):
                return True
            if self.storage.state.restart_due:
                raise RestartDue("an installer wants the PC to restart")
            minutes = int(self.tree.value(first_sync(self.provider, DEVICE, "TimeOutUntilSyncFailure")) or 0)
            if self._elapsed(phase) > (minutes or _DEFAULT_TIMEOUT) * 60:
                waiting = [each.name for each in progress.categories() if each.state == "inProgress"]
                text = f"{phase} did not end within {minutes} minutes; waiting for {', '.join(waiting) or 'the server'}"
                raise EspFailed(TIMED_OUT, text)
            await self._sync(sync)

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
        return progress.complete

    def _left(self, phase: EspPhaseName) -> bool:
        """Whether the person leaves the page before it is over, which needs a page that does not block (R-63)."""
        flags = int(self.tree.value(first_sync(self.provider, DEVICE, "BlockInStatusPage")) or 0)
        if flags or not self.host.place.leaves_early:
            return False
        self.watch.note(62407, f"CommercialOOBE_ESPProgress_Abort: the person left {phase}")
        return True

    # Failure.

    async def _guarded(
        self, phase: EspPhaseName, scope: Scope, section: Callable[[], Awaitable[bool]], sync: Sync
    ) -> bool:
        """Run a section to its end; on failure show the page and do what the person presses (05 section 11.7).

        False when the person went on before its end or in spite of a failure; one nobody presses a button for is final.
        """
        while True:
            try:
                return await section()
            except EspFailed as failure:
                if not await self._failed(phase, scope, failure, sync):
                    return False

    async def _failed(self, phase: EspPhaseName, scope: Scope, failure: EspFailed, sync: Sync) -> bool:
        """Whether to try again; False goes on to the desktop; otherwise the failure is final."""
        self._trace.section(phase, "failed", failure.code)
        self.watch.phase(phase, "failed")
        self._pending(phase, "Previous step failed")
        ending = "Timeout" if failure.code == TIMED_OUT else "Failure"
        self.watch.note(62407, f"CommercialOOBE_ESPProgress_{ending}: {phase}, errorCode {failure.code}")
        self._put(scope, "WasDeviceSuccessfullyProvisioned", "0", "int")
        await self._sync(sync)
        # Read after that session: a server that ended the page says with what text and buttons.
        page = FailurePage.of(self.tree, self.provider)
        self.watch.failed(failure, page.buttons, page.text)
        # Whatever comes next begins anew, be it after this button or after the PC was switched off and on.
        self.storage.state.esp_started.pop(phase, None)
        press = CONTINUE if not page.blocks else await self._press(page)
        if press == TRY_AGAIN:
            self.again(scope)
            self._begin(phase)
            return True
        if press == CONTINUE:
            return False
        if press == RESET:
            raise ResetPressed(failure.code, failure.message)
        raise failure

    async def _press(self, page: FailurePage) -> str:
        """The button that leads away from the page; the two that help on it are carried out. Empty for none."""
        state, planned = self.storage.state, self.host.place.presses
        while state.presses < len(planned):
            press = planned[state.presses]
            state.presses += 1
            if press in page.ways and press in page.buttons:
                return press
            if press in page.buttons:
                await self.help(press)
        return ""

    # Beginnings and ends.

    async def _sync(self, sync: Sync) -> None:
        """Hold a session; without a network the page goes on waiting, up to its own time limit (R-118)."""
        try:
            await sync()
        except ServerUnreachable as error:
            self.watch.note(208, f"the management server does not answer: {error.message}")

    def _begin(self, phase: EspPhaseName) -> None:
        """Start the clock of a section; one that a power cut interrupted keeps its start."""
        self.storage.mark(phase, self.host.clock.now())
        self.storage.state.esp_started.setdefault(phase, milliseconds(self.host.clock.now()))
        self._trace.section(phase, "inProgress")
        self.watch.phase(phase, "inProgress")

    def _end(self, phase: EspPhaseName) -> None:
        self.watch.phase(phase, "succeeded")
        self._trace.section(phase, "succeeded")

    def _close(self, phase: EspPhaseName, scope: Scope, *, went_well: bool) -> None:
        """The last section of a scope is over: the page goes, and failures stop no installation any more."""
        if went_well:
            self._end(phase)
        self._over(scope)
        self.watch.note(62407, f"CommercialOOBE_ESPProgress_Page_Exiting: {phase}")

    def _over(self, scope: Scope) -> None:
        """Say that the page is over for a scope (D5, U5); a page that was left early ended neither well nor badly."""
        progress = Progress(self.tree, self.provider, scope)
        failed = progress.node_value("WasDeviceSuccessfullyProvisioned") == "0"
        if not failed and (progress.complete or not self.shows(scope)):
            self._put(scope, "WasDeviceSuccessfullyProvisioned", "1", "int")
        self._put(scope, "IsSyncDone", "true", "bool")
        self.tree.put(Node(scope, (*TRACKING, "Setup", "HasProvisioningCompleted")), "true", "bool")
        self.installs.release()
        self.storage.save()

    def _put(self, scope: Scope, leaf: str, value: str, form: str) -> None:
        self.tree.put(first_sync(self.provider, scope, leaf), value, form)

    def _elapsed(self, phase: EspPhaseName) -> float:
        return (milliseconds(self.host.clock.now()) - self.storage.state.esp_started[phase]) / 1000

    # What is shown.

    @property
    def _trace(self) -> Trace:
        return Trace(self.storage)

    def _tell(self, phase: EspPhaseName, categories: list[Category], shown: dict[str, Category]) -> None:
        changed = [each for each in categories if shown.get(each.name) != each]
        for each in changed:
            shown[each.name] = each
            code = hresult(each.error) if each.error else ""
            text = f"{each.name} ({each.text})"
            self.watch.item(phase, each.name, each.state, text, done=each.ready, total=each.total, code=code)
        if changed:
            self._trace.section(phase, "inProgress", lines={each.name: (each.state, each.text) for each in categories})
            self._trace.items(changed, self.host.clock.now(), self.tree.user)

    def _lines(self, phase: EspPhaseName, lines: Lines) -> None:
        for name, (state, text) in lines.items():
            self.watch.item(phase, name, state, f"{name} ({text})")
        self._trace.section(phase, "inProgress", lines=lines)

    def _pending(self, phase: EspPhaseName, text: str) -> None:
        """The sections behind this one have not begun, and say why."""
        for later in _SECTIONS[phase]:
            for name in Category.NAMES:
                self.watch.item(later, name, "notStarted", f"{name} ({text})")
            self._trace.section(later, "notStarted", lines=dict.fromkeys(Category.NAMES, ("notStarted", text)))
