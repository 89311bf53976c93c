"""Up to the profile: what the service says, or what lies on the disk (01 section 9.1, 06 section 3)."""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.device import screens
from taxiway.device.errors import NoProfile, ServerUnreachable
from taxiway.device.lookup import Found, Lookup, require_user_driven
from taxiway.device.machine import Machine
from taxiway.device.screens import Choices, Screen
from taxiway.wire.autopilot_profile import AutopilotProfile
from taxiway.wire.ztd import NOT_REGISTERED


async def find_profile(machine: Machine) -> Found:
    """Network and profile; a PC with a cable has the profile before its first page (R-103)."""
    _mark(machine, "network")
    wired, edition = machine.host.place.network == "wired", machine.storage.state.firmware.edition
    lookup = Lookup(machine.transport, machine.endpoints, machine.storage, machine.watch)
    offline = lookup.offline()
    if not wired:
        _show(machine, screens.before_network(Choices.of(offline, edition), "wireless"))
    try:
        found = await _ask(machine, lookup, offline)
    except ServerUnreachable:
        _show(machine, [screens.NO_SERVICE])
        raise
    except NoProfile as missing:
        _show(machine, screens.before_network(Choices(), "wired") if wired else [])
        _show(machine, [screens.without_profile(missing.code)])
        _show(machine, [*screens.before_sign_in(Choices()), screens.WORK_OR_PERSONAL])
        raise
    machine.watch.step("profile", {"name": found.profile.deployment_profile_name or ""})
    require_user_driven(found.profile)
    if wired:
        _show(machine, screens.before_network(Choices.of(found.profile, edition), "wired"))
    return found


async def _ask(machine: Machine, lookup: Lookup, offline: AutopilotProfile | None) -> Found:
    """What the service says; the offline profile is for hardware that nobody registered (06 section 3.10)."""
    await lookup.connect()
    _mark(machine, "profile")
    try:
        return await lookup.find()
    except NoProfile as missing:
        if offline is None or missing.code != str(NOT_REGISTERED):
            raise
        return lookup.use(offline)


def _mark(machine: Machine, phase: str) -> None:
    machine.storage.mark(phase, machine.host.clock.now())


def _show(machine: Machine, pages: Sequence[Screen]) -> None:
    for page in pages:
        machine.watch.screen(page)
