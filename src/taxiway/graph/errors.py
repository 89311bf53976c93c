"""What the Graph face itself refuses (02 section 1.5); everything else is an error of the room that was called.

TaxiwayError
  GraphError
    BadRequest              what a body or an address asks does not hold
      Malformed             an address, option or body that cannot be read: refused before a service is asked
        FilterRefused       a filter that does not parse, or compares what cannot be compared
        UnknownSegment      no such segment
    UnsupportedQuery        a directory query that needs the advanced mode
    InvalidToken            no token, or one that does not prove who calls
    ScopeMissing            the token carries no permission for this route
    NoSuchItem              no object with this id
    OnlyInBeta              v1.0 does not have this
    UnsupportedMediaType    a body that says it is something else than JSON
    MethodNotAllowed        the address exists, not with this method
    SyncStateGone           a delta token that is too old, or of another history
    TooManyRequests         come back after ``retry_after`` seconds
    PreconditionFailed      ``If-Match`` names an old version
    ServiceFault            a failure of the original, where the settings ask for its quirks
NotImplementedHere
  NotServed                 Graph has it, this program does not
"""

from __future__ import annotations

from collections.abc import Mapping

from taxiway.kernel import NotImplementedHere, TaxiwayError


class GraphError(TaxiwayError):
    """Base of this face's errors."""


class BadRequest(GraphError):
    """What a body or an address asks does not hold."""


class Malformed(BadRequest):
    """An address, option or body that cannot be read: refused before a service is asked."""


class FilterRefused(Malformed):
    """A filter that does not parse (``position`` counts from 0), or compares what cannot be compared."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"Invalid filter clause at position {position}: {message}")
        self.position = position


class UnknownSegment(Malformed):
    """No such segment."""

    def __init__(self, segment: str) -> None:
        super().__init__(f"Resource not found for the segment '{segment}'.")


class UnsupportedQuery(GraphError):
    """A directory query that needs ``ConsistencyLevel: eventual`` and ``$count=true`` (02 section 1.8)."""


class InvalidToken(GraphError):
    """No token, or one that does not prove who calls."""


class ScopeMissing(GraphError):
    """The token carries no permission for this route."""


class NoSuchItem(GraphError):
    """No object with this id."""

    def __init__(self, row_id: str) -> None:
        super().__init__(
            f"Resource '{row_id}' does not exist or one of its queried reference-property objects are not present."
        )


class OnlyInBeta(GraphError):
    """v1.0 does not have this (02 section 3)."""


class MethodNotAllowed(GraphError):
    """The address exists, not with this method."""


class UnsupportedMediaType(GraphError):
    """A body that says it is something else than JSON."""


class SyncStateGone(GraphError):
    """A delta token that is too old, or of another history; ``location``: where to begin anew."""

    def __init__(self, location: str) -> None:
        super().__init__("The sync state is not known any more.", remedy="Begin the round anew without a token.")
        self.location = location


class TooManyRequests(GraphError):
    """Come back after ``retry_after`` seconds; None: it is not said when. ``headers`` go with the answer."""

    def __init__(self, message: str, retry_after: int | None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.headers = dict(headers or {})
        if retry_after is not None:
            self.headers["Retry-After"] = str(retry_after)


class PreconditionFailed(GraphError):
    """``If-Match`` names a version of the object that is no longer the last one."""

    def __init__(self) -> None:
        super().__init__("The object was changed since it was read.", remedy="Read it again.")


class ServiceFault(GraphError):
    """A failure that the original has and that was asked for."""


class NotServed(NotImplementedHere):
    """Graph has it, this program does not."""
