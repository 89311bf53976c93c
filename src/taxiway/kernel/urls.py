"""The addresses under which one instance answers."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Urls:
    """One family of addresses: what an answer given under one of these names may point to.

    All are origins without a final slash, for example ``https://localhost:8443``. Two suffice: ``people`` for people
    and programs, ``devices`` for devices (client certificate asked for). The services are at these two unless they
    have names of their own: ``login`` signs in, ``graph`` is Microsoft Graph, ``ztd`` the Autopilot deployment
    service (06 section 3), ``drs`` device registration (03 section 8), ``mdm`` enrollment and OMA-DM (04, 05).

    ``issuer``: what v2 tokens of this family are issued by; its login address, unless that is an alias of another.
    ``login_aliases``: further hosts that sign in for the same issuer (03 section 2.4).
    """

    people: str
    devices: str
    login: str = ""
    graph: str = ""
    ztd: str = ""
    drs: str = ""
    mdm: str = ""
    issuer: str = ""
    login_aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Put the services that have no name of their own behind the two doors."""
        for name in ("login", "graph"):
            self._default(name, self.people)
        for name in ("ztd", "drs", "mdm"):
            self._default(name, self.devices)
        self._default("issuer", self.login)

    def _default(self, name: str, value: str) -> None:
        if not getattr(self, name):
            object.__setattr__(self, name, value)

    @property
    def login_hosts(self) -> tuple[str, ...]:
        """Every host of this family that signs in, with its port where that is not 443; the issuer's own first."""
        return (urlsplit(self.issuer).netloc.lower(), *self.login_aliases)


def with_bare(origin: str) -> tuple[str, str]:
    """An origin, and the same without its port: some clients leave that away (02 section 11)."""
    parts = urlsplit(origin)
    return origin, f"{parts.scheme}://{parts.hostname}"
