"""The base of every error tree.

Only a room's ``http.py`` turns an error into a status, a SOAP fault, an AADSTS code or a SyncML status.
"""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.kernel.reasons import Reason


class TaxiwayError(Exception):
    """An error a person can act on: what happened, why, and what to do next."""

    def __init__(self, message: str, *, reasons: Sequence[Reason] = (), remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.reasons = tuple(reasons)
        self.remedy = remedy

    @property
    def name(self) -> str:
        """The class name: what logs and tests call this error."""
        return type(self).__name__


class NotImplementedHere(TaxiwayError):
    """Something the original has and this program does not: named, and on the coverage list."""


class Busy(TaxiwayError):
    """The queue is full; the caller should come back later (503 with Retry-After)."""
