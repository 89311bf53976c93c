"""Apps in their order: needed ones before, superseded ones off, one installer at a time, each detected afterwards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from taxiway.device.errors import RestartDue
from taxiway.device.extension.install import NOT_DETECTED, RETRIES, RETRY_MINUTES, STILL_DETECTED, Installer, Run
from taxiway.device.extension.outbox import Outbox
from taxiway.device.extension.rules import Surroundings
from taxiway.device.extension.software import Software
from taxiway.device.extension.state import Record
from taxiway.device.extension.tracking import COMPLETED, ERROR, IN_PROGRESS, Tracking
from taxiway.device.installs import InstallQueue
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.device.watch import Watch
from taxiway.wire.extension import App, Restart

#: An app that it depends on is not there, and is not to be installed or could not be.
DEPENDENCY_MISSING: Final = 0x87D13B64
_GOOD: Final = frozenset({"installed", "notApplicable", "uninstalled"})
_FINAL: Final = _GOOD | {"failed", "uninstallFailed"}
_EVENT: Final = 1000


@dataclass(slots=True)
class _Result:
    """What became of an app."""

    state: str
    error: int = 0
    exit_code: int | None = None
    restart: Restart = "none"
    text: str = ""


@dataclass(slots=True)
class _Round:
    """The apps of one answer by id, and where their packages are; ``path``: what is being seen to, outermost first."""

    apps: dict[str, App]
    origin: str
    path: list[str] = field(default_factory=list)


class Apps:
    """Sees to the apps of the agent's answers."""

    def __init__(
        self,
        transport: Transport,
        storage: Storage,
        tracking: Tracking,
        outbox: Outbox,
        queue: InstallQueue,
        watch: Watch,
    ) -> None:
        self.user_is_there = False
        """Whether device setup is over: account setup is not interrupted by a restart (R-81)."""
        self._host = transport.host
        self._storage = storage
        self._tracking = tracking
        self._outbox = outbox
        self._queue = queue
        self._watch = watch
        software = Software(storage)
        self._around = Surroundings(software, storage.state.firmware, transport.host.place)
        self._installer = Installer(transport, storage, software, self._around)

    async def see_to(self, apps: list[App], origin: str) -> None:
        """Bring every app to where it is meant to be; what has failed in this revision stays failed."""
        now = _Round({app.id: app for app in apps}, origin)
        for app in apps:
            if app.intent == "required":
                await self._bring(app, now)
            elif app.intent == "uninstall":
                await self._take_off(app)

    def retry(self) -> None:
        """Forget failures; what was installed is left alone."""
        records = self._storage.state.extension.records
        for key in [key for key, record in records.items() if record.state in {"failed", "uninstallFailed"}]:
            del records[key]

    # ------------------------------------------------------------------------------------------ one app

    async def _bring(self, app: App, now: _Round) -> bool:
        """Whether the app is there, or does not apply; installs it unless that was settled before."""
        record = self._record(app)
        if record.state in _FINAL:
            self._tracking.set(app, COMPLETED if record.state in _GOOD else ERROR)
            return record.state in _GOOD
        await self._queue.moving()
        result = await self._required(app, record, now)
        await self._settle(app, record, result)
        return result.state in _GOOD

    async def _required(self, app: App, record: Record, now: _Round) -> _Result:
        """From the requirements to the detection."""
        unmet = self._around.unmet(app.requirements)
        if unmet:
            return _Result("notApplicable", text=unmet)
        if self._installer.detected(app):
            return _Result("installed")
        self._tracking.set(app, IN_PROGRESS)
        now.path.append(app.id)
        try:
            missing = await self._dependencies(app, now) or await self._superseded(app, now)
        finally:
            now.path.pop()
        if missing is not None:
            return missing
        await self._outbox.tell("app", app, "downloading", attempt=record.attempt)
        error = await self._installer.fetch(app, now.origin)
        if error:
            return _Result("failed", error, text="the package could not be fetched or opened")
        async with self._queue.turn():
            await self._outbox.tell("app", app, "installing", attempt=record.attempt + 1)
            return await self._install(app, record)

    async def _dependencies(self, app: App, now: _Round) -> _Result | None:
        """See to what has to be there first; what is wrong with it, or None."""
        for each in app.dependencies:
            needed = now.apps.get(each.id)
            if needed is None or needed.id in now.path:
                return _Result("failed", DEPENDENCY_MISSING, text="an app that it depends on is not known")
            if self._installer.detected(needed):
                continue
            if not each.install:
                return _Result("failed", DEPENDENCY_MISSING, text=f"it depends on {needed.name}, which is not there")
            if not await self._bring(needed, now):
                error = self._record(needed).error or DEPENDENCY_MISSING
                return _Result("failed", error, text=f"it depends on {needed.name}, which could not be installed")
        return None

    async def _superseded(self, app: App, now: _Round) -> _Result | None:
        """Take off what this app replaces; what is wrong with that, or None."""
        for each in app.supersedes:
            older = now.apps.get(each.id)
            if older is None or not each.uninstall or not self._installer.detected(older):
                continue
            async with self._queue.turn():
                run = await self._again(older, self._installer.uninstall)
            if run.type == "failed" or self._installer.detected(older):
                error = run.error or STILL_DETECTED
                return _Result("failed", error, run.code, text=f"{older.name} could not be taken off")
        return None

    async def _install(self, app: App, record: Record) -> _Result:
        """Run the installer and look for what it is to have left."""
        run = await self._again(app, self._installer.install, record)
        if run.type in {"failed", "retry"}:
            return _Result("failed", run.error, run.code, text=_ended(run))
        restart = _restart(app, run)
        if not self._installer.detected(app):
            text = "the installer ended well, and the detection rules do not find the app"
            return _Result("failed", NOT_DETECTED, run.code, restart, text)
        return _Result("installed", 0, run.code, restart)

    async def _take_off(self, app: App) -> None:
        """Uninstall what is meant to go."""
        record = self._record(app)
        if record.state in _FINAL:
            return
        if not self._installer.detected(app):
            await self._settle(app, record, _Result("uninstalled"))
            return
        async with self._queue.turn():
            run = await self._again(app, self._installer.uninstall, record)
        if run.type in {"failed", "retry"}:
            result = _Result("uninstallFailed", run.error, run.code, text=_ended(run))
        elif self._installer.detected(app):
            result = _Result("uninstallFailed", STILL_DETECTED, run.code)
        else:
            result = _Result("uninstalled", 0, run.code, _restart(app, run))
        await self._settle(app, record, result)

    # ------------------------------------------------------------------------------------------ inside

    async def _again(self, app: App, run: Callable[..., object], record: Record | None = None) -> Run:
        """Run, and once more while the number that comes back means that it may go better later."""
        for attempt in range(RETRIES + 1):
            if attempt:
                await self._host.clock.sleep(RETRY_MINUTES * self._host.pace.installer_minute)
            if record is not None:
                record.attempt += 1
            ended: Run = await run(app)  # type: ignore[misc]  # one of the installer's two runs
            if ended.type != "retry":
                break
        return ended

    def _record(self, app: App) -> Record:
        """What is known of an app in its present revision."""
        records, key = self._storage.state.extension.records, f"app|{app.id}|{app.user}"
        known = records.get(key)
        if known is None or known.revision != app.revision:
            known = records[key] = Record(app.revision)
        return known

    async def _settle(self, app: App, record: Record, result: _Result) -> None:
        """Write down what became of an app: for the page, for the next round, for the server."""
        record.state, record.error = result.state, result.error
        good = result.state in _GOOD
        if not good and self._tracking.is_tracked(app):
            self._queue.failed()
        self._tracking.set(app, COMPLETED if good else ERROR, result.restart)
        if result.restart != "none" and good:
            self._storage.state.reboots.append(f"Win32App {app.name}")
        code = f" 0x{result.error:08X}" if result.error else ""
        self._watch.note(_EVENT, f"{app.name}: {result.state}{code}{f', {result.text}' if result.text else ''}")
        self._storage.save()
        await self._outbox.tell(
            "app",
            app,
            result.state,
            error=result.error,
            exit_code=result.exit_code,
            attempt=record.attempt,
            restart=result.restart,
            text=result.text,
        )
        if result.restart == "hard" and good and self._queue.guarded and not self.user_is_there:
            self._storage.state.restart_due = True
            self._storage.save()
            raise RestartDue(f"{app.name} wants the PC to restart at once")


def _ended(run: Run) -> str:
    if run.code is None:
        return "the installer did not end within its time"
    return f"the installer ended with {run.code}"


def _restart(app: App, run: Run) -> Restart:
    """Whether a restart follows: what the number says, unless the app has a will of its own."""
    if app.restarts == "suppress":
        return "none"
    if app.restarts == "force":
        return "hard"
    return {"softReboot": "soft", "hardReboot": "hard"}.get(run.type, "none")  # type: ignore[return-value]  # of three
