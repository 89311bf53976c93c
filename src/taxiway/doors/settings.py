"""The doors' sections of the settings."""

from __future__ import annotations

import re

import msgspec

_HOST = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")
_FOREIGN = (".microsoft.com", ".microsoftonline.com", ".windows.net")


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the two doors listen.

    ``host``: the name in every address we hand out and in the certificate. ``bind``: the address to listen on.
    ``people_port``: sign-in and Graph. ``devices_port``: lookup, join, enrollment, OMA-DM; asks for a client
    certificate.
    """

    host: str = "localhost"
    bind: str = "127.0.0.1"
    people_port: int = 8443
    devices_port: int = 8444


class NameSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Host names of one's own, and Microsoft's: a third listener on ``port`` that tells them apart.

    ``login``, ``graph``, ``drs``, ``ztd``, ``mdm``: the name of each service; empty: it stays at the two doors.
    ``microsoft``: answer under Microsoft's names too, with certificates that are good for nothing else.
    """

    port: int = 443
    login: str = ""
    graph: str = ""
    drs: str = ""
    ztd: str = ""
    mdm: str = ""
    microsoft: bool = False

    def __post_init__(self) -> None:
        """Refuse what is no host name, what is not ours to name, and one name for people and devices."""
        for name in (*self.people, *self.devices):
            if not _HOST.fullmatch(name):
                raise ValueError(f"'{name}' is no host name in lower case")
            if name.endswith(_FOREIGN):
                raise ValueError(f"'{name}' is Microsoft's; it is served by names.microsoft alone")
        if both := set(self.people) & set(self.devices):
            raise ValueError(f"'{min(both)}' cannot be for people and for devices: they get different TLS policies")

    @property
    def people(self) -> tuple[str, ...]:
        """The names that never ask for a client certificate."""
        return tuple(name for name in (self.login, self.graph) if name)

    @property
    def devices(self) -> tuple[str, ...]:
        """The names that ask for one."""
        return tuple(name for name in (self.drs, self.ztd, self.mdm) if name)
