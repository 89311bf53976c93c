"""A PC in a folder: made once, switched on as often as needed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from taxiway.device import resets
from taxiway.device.csp.diagnostic_log import JOB as DIAGNOSTICS
from taxiway.device.desktop import Desktop, Synced
from taxiway.device.diagnostics import write_bundle
from taxiway.device.errors import ResetPressed, StepFailed
from taxiway.device.events import Listener
from taxiway.device.faults import PowerLost
from taxiway.device.firmware import Firmware
from taxiway.device.host import Host
from taxiway.device.lookup import OFFLINE_FILE
from taxiway.device.machine import Machine
from taxiway.device.oobe import DESKTOP, Oobe
from taxiway.device.outcome import Encryption, Failure, Outcome, Reached, durations, milliseconds
from taxiway.device.person import Person
from taxiway.device.resets import RESUMED, ResetOrdered
from taxiway.device.screens import RESETTING, invented_name
from taxiway.device.state import STATE_FILE, State, Storage
from taxiway.device.transport import Connect, Endpoints, Exchange
from taxiway.kernel import TaxiwayError
from taxiway.wire.autopilot_profile import parse_offline


class FolderInUse(TaxiwayError):
    """The folder holds a PC already."""


class PC:
    """A Windows PC. ``host`` lends it clock, entropy, workers and keys."""

    def __init__(self, storage: Storage, host: Host) -> None:
        self._storage = storage
        self._host = host

    @classmethod
    def create(cls, folder: Path, firmware: Firmware, host: Host) -> PC:
        """Unpack a sealed PC into a folder of its own."""
        if (folder / STATE_FILE).exists():
            raise FolderInUse(f"there is a PC in {folder} already")
        name = invented_name(host.entropy)
        storage = Storage(folder, State(correlation=host.entropy.uuid(), firmware=firmware, device_name=name))
        storage.save()
        return cls(storage, host)

    @classmethod
    def open(cls, folder: Path, host: Host) -> PC:
        """The PC that is in a folder."""
        return cls(Storage.open(folder), host)

    @property
    def firmware(self) -> Firmware:
        """What the PC is made of."""
        return self._storage.state.firmware

    @property
    def folder(self) -> Path:
        """Where the PC is kept."""
        return self._storage.folder

    @property
    def state(self) -> State:
        """What the PC remembers; to look at, not to change."""
        return self._storage.state

    def reset(self) -> None:
        """Reset Windows: keys, settings and apps are gone, the firmware stays."""
        resets.to_the_start(self._storage, self._host)

    def take_offline_profile(self, content: bytes) -> None:
        """Put an offline profile on the disk, as an image would bring it; ``BadJson`` for what Windows cannot read."""
        parse_offline(content)
        (self._storage.folder / OFFLINE_FILE).write_bytes(content)

    def write_diagnostics(self, folder: Path) -> list[str]:
        """Write the log bundle of the deployment so far into a folder; the names of its files."""
        return write_bundle(self._storage, folder, self._host.clock.now())

    async def power_on(
        self,
        endpoints: Endpoints,
        person: Person,
        on_event: Listener | None = None,
        *,
        connect: Connect | None = None,
        transcript: Callable[[Exchange], None] | None = None,
    ) -> Outcome:
        """Let the person set the PC up, from wherever it was; returns when the PC is at rest.

        ``connect`` replaces sockets by another way to the servers, ``transcript`` sees every exchange. A step that
        fails is in the outcome; an exception is a fault of the program.
        """
        if self._storage.state.pending in RESUMED:
            resets.reset(self._storage, self._host, self._storage.state.pending)
        resets.measure(self._storage)
        while True:
            machine = Machine(
                self._host, self._storage, endpoints, listener=on_event, connect=connect, transcript=transcript
            )
            try:
                return await self._run(machine, person)
            except (ResetPressed, ResetOrdered) as reason:
                machine.watch.screen(RESETTING)
                order = reason.order if isinstance(reason, ResetOrdered) else resets.WIPE
                resets.reset(self._storage, self._host, order)
            except PowerLost:
                return self._cut_off()

    def _cut_off(self) -> Outcome:
        """The power went: what is not on the disk is gone."""
        self._storage = Storage.open(self._storage.folder)
        if self._host.place.faults is not None:
            self._host.place.faults.power_is_back()
        return self._outcome("failed", Failure("power", "", "the power went; switch the PC on again"))

    async def sync(
        self,
        endpoints: Endpoints,
        on_event: Listener | None = None,
        *,
        connect: Connect | None = None,
        transcript: Callable[[Exchange], None] | None = None,
    ) -> Synced:
        """Hold one management session from where the PC is: one tick of the poll schedule, or Settings > Info > Sync.

        The user who is signed in takes part; on the lock screen the session is the device's alone. A restart or a reset
        that the session ordered is carried out; after it the PC is on its lock screen, or sealed again.
        """
        machine = Machine(
            self._host, self._storage, endpoints, listener=on_event, connect=connect, transcript=transcript
        )
        try:
            return await Desktop(machine).check_in()
        except ResetOrdered as ordered:
            machine.watch.screen(RESETTING)
            resets.reset(self._storage, self._host, ordered.order)
            return Synced("oobe", did=ordered.order)
        finally:
            await machine.off()

    def restart(self) -> None:
        """Restart the PC: it is on its lock screen then, and what its firmware measured is new."""
        resets.measure(self._storage)

    def replace_board(self, *, reflashed: bool = True) -> None:
        """A technician replaces the board; Windows, its disk and its keys stay, and an enrolled PC will report it.

        On real hardware the keys in the old TPM are gone and have to be made anew: that is left out here.
        """
        state = self._storage.state
        if state.enrolled is not None and state.enrolled_with is None:
            state.enrolled_with = state.firmware
        state.firmware = state.firmware.with_new_board(self._host.entropy, reflashed=reflashed)
        resets.measure(self._storage)

    def replace_disk(self) -> None:
        """A technician replaces the disk: Windows is set up anew from the start."""
        self._storage.state.firmware = self._storage.state.firmware.with_new_disk(self._host.entropy)
        resets.to_the_start(self._storage, self._host)

    async def _run(self, machine: Machine, person: Person) -> Outcome:
        """OOBE from wherever the PC was, until it is at rest."""
        failure: Failure | None = None
        reached: Reached = "failed"
        try:
            reached = await Oobe(machine, person).run()
        except (ResetPressed, ResetOrdered):
            raise
        except StepFailed as error:
            failure = Failure(error.step, error.code, error.message)
            await machine.jobs.settle(DIAGNOSTICS)  # the page stands there, and the logs go on their way
            if error.step != "esp":
                machine.watch.failed(error)
        finally:
            await machine.off()
        self._rest(reached)
        machine.watch.finished(reached)
        return self._outcome(reached, failure)

    async def disconnect(self, endpoints: Endpoints, *, connect: Connect | None = None) -> bool:
        """Let the person disconnect the account in Settings: the PC leaves management. False when it was in none."""
        if self._storage.state.enrolled is None:
            return False
        machine = Machine(self._host, self._storage, endpoints, connect=connect)
        try:
            await machine.oma_dm.leave("user")
        finally:
            await machine.off()
        return True

    def _rest(self, reached: Reached) -> None:
        """Stop the account of time; after a failure it goes on when the power comes back."""
        now = self._host.clock.now()
        state = self._storage.state
        if not state.ended:
            if reached == "failed":
                self._storage.mark("waiting", now)
            else:
                state.ended = milliseconds(now)
        self._storage.save()

    def _outcome(self, reached: Reached, failure: Failure | None) -> Outcome:
        state = self._storage.state
        disk = state.disk
        return Outcome(
            reached=reached,
            serial=state.firmware.serial,
            device_name=state.device_name,
            entra_device_id=state.joined.device_id if state.joined else "",
            intune_device_id=self._storage.intune_device_id,
            user=state.user.upn if state.user else "",
            profile_name=(state.profile.deployment_profile_name or "") if state.profile else "",
            encryption=Encryption(disk.method if disk.encrypted else "", disk.escrowed, disk.reason),
            hello=state.hello if self._storage.done(DESKTOP) else "",
            failure=failure,
            phases=durations(state.marks, state.ended or state.marks[-1][1]) if state.marks else (),
            correlation=state.correlation,
        )
