"""Quality updates at the end of OOBE, where the server asks for them (01 section 6.6, R-83).

What tells Windows of this setting is not documented. This PC goes by a node of this project's own; a real PC does not
know the node, answers 404, and goes by its own means.
"""

from __future__ import annotations

from taxiway.device.csp.dmclient import is_true
from taxiway.device.machine import Machine
from taxiway.device.person import Person
from taxiway.device.screens import QUALITY_UPDATES, Screen

WANTED = "./Device/Vendor/taxiway/EnrollmentStatusPage/InstallQualityUpdates"
_FIRST_BUILD = 22621


def obstacle(machine: Machine) -> str:
    """Why no updates are installed; empty when they are to be."""
    if not is_true(machine.tree.value(WANTED)):
        return "not asked for"
    build = machine.storage.state.firmware.os_version.split(".")[2:3]
    if not build or int(build[0]) < _FIRST_BUILD:
        return "this version of Windows installs none in OOBE"
    return "the network is metered" if machine.host.place.metered else ""


async def install(machine: Machine, person: Person) -> None:
    """Show the page, install, restart; the user is not signed in by itself afterwards."""
    machine.watch.screen(QUALITY_UPDATES)
    await machine.host.clock.sleep(machine.host.pace.update)
    machine.watch.screen(Screen("SignIn", person.upn))
    await machine.broker.sign_on(person)
