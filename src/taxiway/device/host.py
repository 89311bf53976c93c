"""What the machine lends to the PC that runs on it, and how long things take there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from taxiway.device.faults import Faults
from taxiway.kernel import Clock, Entropy, FreshKeys, Keys, SystemClock, SystemEntropy, Workers


@dataclass(frozen=True, slots=True)
class Pace:
    """How the PC spends its time, in seconds of its clock.

    The defaults make a rehearsal quick: an installer or an encryption that takes an hour on hardware takes a moment
    here. Limits that the specification names (page timeout, provider timeout, prefetch) keep their documented length.
    """

    poll: float = 0.2
    """Between two management sessions while the Enrollment Status Page is up (05 section 2.6)."""
    install: float = 0.05
    """One run of the Windows Installer."""
    installer_minute: float = 1.0
    """A minute of an installer's retry interval."""
    enrolment_minute: float = 1.0
    """A minute of a certificate enrolment's retry delay."""
    encryption: float = 0.05
    """Encrypting the used space of the system volume."""
    update: float = 0.05
    """Installing the quality updates at the end of OOBE."""
    linger: float = 600.0
    """How long the PC stays on at the desktop for what the management extension still has to do."""
    prefetch: float = 36.0
    """How long OOBE waits for an Autopilot profile (06 section 3.6)."""
    patience: float = 60.0
    """How long one request is repeated while the server gives no answer."""
    pause: float = 0.1
    """The first pause before a request is repeated; it doubles up to two seconds."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """What an installer leaves: files by path with their version, registry values by key, products with a version."""

    files: Mapping[str, str] = field(default_factory=dict)
    registry: Mapping[str, Mapping[str, str | int]] = field(default_factory=dict)
    products: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the PC stands and what the person in front of it does when a page asks."""

    network: Literal["wired", "wireless"] = "wired"
    metered: bool = False
    """Whether the network costs by the megabyte: no quality updates then (R-83)."""
    presses: tuple[str, ...] = ()
    """Buttons pressed on the failure pages of the ESP, in their order (05 section 11.7)."""
    leaves_early: bool = False
    """Whether the person leaves a status page that does not block as soon as it shows (R-63)."""
    exit_codes: Mapping[str, int | Sequence[int]] = field(default_factory=dict)
    """What an installer ends with, by product code, package family name, id of an installation of Office, or
    name of the app, in capitals; 0 where nothing is said.

    Several numbers are for one run each, the last for every further one. An uninstaller has the name of its app and
    ``UNINSTALL`` behind it.
    """
    other_installation: float = 0.0
    """How many seconds a program nobody ordered keeps the Windows Installer busy when device setup begins (P-11)."""
    durations: Mapping[str, float] = field(default_factory=dict)
    """How many seconds an installer runs, by the same names; the pace where nothing is said.

    ``inf`` hangs: only the time limit of its job or of the page ends it.
    """
    leaves: Mapping[str, Leaves] = field(default_factory=dict)
    """What the installer of an app leaves, by its name in capitals; where nothing is said, what is looked for."""
    catalogue: Mapping[str, str] = field(default_factory=dict)
    """The Store packages that can be had, by identifier, with their versions."""
    scripts: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    """What a script ends with and prints, by its name in capitals; where nothing is said, 0 and nothing."""
    message_size: int = 524288
    """What the PC announces as MaxMsgSize, and holds itself to (05 section 7)."""
    faults: Faults | None = None
    """What goes wrong on the way to the servers; None for nothing."""

    def exit_code(self, product: str, run: int) -> int:
        """What run number ``run`` (0 first) of the product's installer ends with."""
        codes = self.exit_codes.get(product.upper(), 0)
        return codes if isinstance(codes, int) else codes[min(run, len(codes) - 1)]

    def script(self, name: str) -> tuple[int, str] | None:
        """What a script ends with and prints, where something is said of it."""
        return self.scripts.get(name.upper())


@dataclass(frozen=True, slots=True)
class Host:
    """Clock, entropy, workers and keys of the machine, with the pace and the place of the rehearsal."""

    workers: Workers
    clock: Clock = field(default_factory=SystemClock)
    entropy: Entropy = field(default_factory=SystemEntropy)
    keys: Keys = field(default_factory=FreshKeys)
    pace: Pace = field(default_factory=Pace)
    place: Place = field(default_factory=Place)
