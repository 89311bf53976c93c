"""Restarts of the PC during setup: one for all at its end, or one at once (05 section 11.3, D6; R-81)."""

from __future__ import annotations

from taxiway.device.machine import Machine
from taxiway.device.person import Person
from taxiway.device.resets import measure
from taxiway.device.screens import Screen


async def restart(machine: Machine, person: Person) -> None:
    """One restart for all that asked; the password typed at the join is gone with it."""
    state = machine.storage.state
    machine.storage.mark("restart", machine.host.clock.now())
    if state.reboots or not state.restarted:  # one that the server ordered has happened where it was ordered
        _go_down(machine)
    state.restarted = False
    await sign_in_again(machine, person)


async def restart_at_once(machine: Machine) -> None:
    """A restart in the middle: the page resumes at device setup; who signs in is asked at its end."""
    state = machine.storage.state
    machine.storage.mark("restart", machine.host.clock.now())
    _go_down(machine)
    state.restart_due, state.signed_off = False, True
    await machine.jobs.close()
    machine.installs.go_on()
    machine.storage.save()
    machine.resume()


async def sign_in_again(machine: Machine, person: Person) -> None:
    """The sign-in page, and a new primary refresh token."""
    machine.watch.screen(Screen("SignIn", person.upn))
    await machine.broker.sign_on(person)
    machine.storage.state.signed_off = False


def _go_down(machine: Machine) -> None:
    state = machine.storage.state
    for uri in state.reboots:
        machine.watch.note(2800, f"the following URI has triggered a reboot: {uri}")
    measure(machine.storage)
