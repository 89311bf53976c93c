"""PCs made and powered on together, each in a folder of its own, each with a person in front of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from taxiway.device import PC, Endpoints, Event, Firmware, Host, Outcome, Person
from taxiway.kernel import Entropy
from taxiway.wire import registration_csv

#: Called with the serial number of the PC and what happened on it.
Watcher = Callable[[str, Event], None]


@dataclass(frozen=True, slots=True)
class Seat:
    """A PC and who will sign in on it."""

    pc: PC
    person: Person


def make_pcs(folder: Path, count: int, host: Host, entropy: Entropy) -> list[PC]:
    """``count`` sealed PCs below ``folder``, each with firmware of its own."""
    made = []
    for number in range(1, count + 1):
        firmware = Firmware.new(entropy.child("firmware", str(number)))
        made.append(PC.create(folder / f"pc{number:03d}", firmware, host))
    return made


def registration_file(pcs: Sequence[PC], host: Host, *, tag: str = "") -> bytes:
    """The CSV that the collecting script would write for these PCs (06 section 2.1)."""
    rows = [(pc.firmware.serial, "", pc.firmware.hardware_hash(host.clock.now()).encode_base64(), tag) for pc in pcs]
    return registration_csv.write(rows, 4 if tag else 3)


async def power_on(seats: Sequence[Seat], endpoints: Endpoints, watcher: Watcher) -> list[Outcome]:
    """Power on every PC at the same time and wait until all have come to rest."""

    async def one(seat: Seat) -> Outcome:
        serial = seat.pc.firmware.serial
        return await seat.pc.power_on(endpoints, seat.person, lambda event: watcher(serial, event))

    return list(await asyncio.gather(*(one(seat) for seat in seats)))
