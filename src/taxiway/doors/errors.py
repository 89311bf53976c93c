"""What a request can be refused for before any room sees it.

TaxiwayError
  DoorError
    BodyTooLarge        more bytes than this route takes (413)
    PortInUse           the address of a door cannot be listened on
    MisdirectedRequest  the request is for a host that this door does not answer for (421)
    NoSuchAddress       an address that can be nobody's (404)
    BadBody             not the form, JSON or text it claims to be (400)
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class DoorError(TaxiwayError):
    """Base of the errors of this package."""


class BodyTooLarge(DoorError):
    """More bytes than this route takes."""


class PortInUse(DoorError):
    """The address of a door cannot be listened on."""


class MisdirectedRequest(DoorError):
    """The request is for a host that this door does not answer for."""


class NoSuchAddress(DoorError):
    """An address that can be nobody's."""


class BadBody(DoorError):
    """Not the form, JSON or text that it claims to be."""
