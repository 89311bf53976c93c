"""The addresses under which one instance answers."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Urls:
    """Two doors: one for people and programs, one for devices (client certificate asked for).

    ``people`` and ``devices`` are origins without a final slash, for example ``https://localhost:8443``.
    """

    people: str
    devices: str

    @property
    def login(self) -> str:
        """The sign-in service."""
        return self.people

    @property
    def graph(self) -> str:
        """Microsoft Graph."""
        return self.people

    @property
    def ztd(self) -> str:
        """The Autopilot deployment service (06 section 3)."""
        return self.devices

    @property
    def drs(self) -> str:
        """The device registration service (03 section 8)."""
        return self.devices

    @property
    def mdm(self) -> str:
        """MDM enrollment and OMA-DM (04, 05)."""
        return self.devices
