"""The doors' section of the settings."""

from __future__ import annotations

import msgspec


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
