"""The Windows PC: a client of the services that shares nothing with them but the bytes on the wire."""

from taxiway.device.desktop import Synced
from taxiway.device.events import (
    EspItemChanged,
    EspPhaseChanged,
    Event,
    Failed,
    Finished,
    Listener,
    Noted,
    ScreenShown,
    StepDone,
)
from taxiway.device.faults import Fault, Faults, NotAFault, WrongClock
from taxiway.device.firmware import Firmware
from taxiway.device.host import Host, Leaves, Pace, Place
from taxiway.device.outcome import Encryption, Failure, Outcome
from taxiway.device.pc import PC, FolderInUse
from taxiway.device.person import Person
from taxiway.device.state import NoSuchPC
from taxiway.device.transport import Connect, Endpoints, Exchange, Identity

__all__ = [
    "PC",
    "Connect",
    "Encryption",
    "Endpoints",
    "EspItemChanged",
    "EspPhaseChanged",
    "Event",
    "Exchange",
    "Failed",
    "Failure",
    "Fault",
    "Faults",
    "Finished",
    "Firmware",
    "FolderInUse",
    "Host",
    "Identity",
    "Leaves",
    "Listener",
    "NoSuchPC",
    "NotAFault",
    "Noted",
    "Outcome",
    "Pace",
    "Person",
    "Place",
    "ScreenShown",
    "StepDone",
    "Synced",
    "WrongClock",
]
