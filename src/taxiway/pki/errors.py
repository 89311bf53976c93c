"""What can go wrong with certificates.

TaxiwayError
  PkiError
    NoAuthority         the instance has not made its authorities yet
    PeerRefused         a presented certificate is not one of ours, not valid now, or revoked
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class PkiError(TaxiwayError):
    """Base of the errors of this package."""


class NoAuthority(PkiError):
    """The instance has not made its authorities yet."""


class PeerRefused(PkiError):
    """A presented certificate is not one of ours, not valid now, or revoked."""
