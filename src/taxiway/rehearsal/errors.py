"""What can go wrong while a rehearsal drives a server.

TaxiwayError
  RehearsalError
    BadPlan             the plan file cannot be read or contradicts itself
    BadBackup           a folder or file of a backup cannot be read
    AdminRefused        the administrator could not sign in
    GraphRefused        Microsoft Graph answered with an error
    NoAnswer            a server gave no answer
    ServerFailed        the server could not be started or went away
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class RehearsalError(TaxiwayError):
    """Base of the errors of this package."""


class BadPlan(RehearsalError):
    """The plan file cannot be read or contradicts itself."""


class BadBackup(RehearsalError):
    """A folder or file of a backup cannot be read."""


class AdminRefused(RehearsalError):
    """The administrator could not sign in."""


class GraphRefused(RehearsalError):
    """Microsoft Graph answered with an error; ``status`` is HTTP's, ``code`` Graph's."""

    def __init__(self, message: str, *, status: int, code: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class NoAnswer(RehearsalError):
    """A server gave no answer."""


class ServerFailed(RehearsalError):
    """The server could not be started or went away."""
