"""Who asks, as this directory knows them (04 sections 4 and 5)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway import directory
from taxiway.enrollment import outside
from taxiway.enrollment.credentials import Proven, Way
from taxiway.enrollment.errors import NotAuthorized, NotForThisAccount
from taxiway.kernel import Reason
from taxiway.store import Row, Tx
from taxiway.wire.enroll import EnrollRequest


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, proven: the user, and the Entra device the proof was given on; None: the device is in no directory.

    ``audience``: what an outside issuer's tokens for this service are made out to; empty: our own name.
    """

    user_id: str
    device_id: str | None
    way: Way
    audience: str = ""


def require_served(proven: Proven, enrollment_type: str | None) -> None:
    """Raise the refusal of a kind of account that is not served."""
    if proven.user_id is None:
        raise NotForThisAccount("Enrollment without a user (self-deploying, bulk) is not served here.")
    if proven.device_id is None and proven.way in {"token", "outside"}:
        kind = (enrollment_type or "Full")[:40]
        raise NotAuthorized(
            f"The token was not given on a joined or registered device, which the enrollment '{kind}' needs.",
            reasons=(Reason("token.no_device", "The token has no deviceid."),),
        )


def known_asker(tx: Tx, proven: Proven) -> Asker | None:
    """Who asks; None for somebody of whom an outside issuer is the first to speak."""
    foreign = proven.foreign
    if foreign is None:
        return Asker(str(proven.user_id), proven.device_id, proven.way)
    user, device = outside.known_user(tx, foreign), outside.known_device(tx, foreign)
    if user is None or device is None:
        return None
    return Asker(user["id"], device["device_id"], proven.way, foreign.audience)


def asker_of(tx: Tx, proven: Proven, request: EnrollRequest) -> Asker:
    """Who asks; whom an outside issuer vouches for is taken in."""
    known, foreign = known_asker(tx, proven), proven.foreign
    if known is not None:
        return known
    assert foreign is not None  # nobody else is unknown
    user = outside.adopt_user(tx, foreign)
    device = outside.adopt_device(tx, foreign, user, request)
    return Asker(user["id"], device["device_id"], proven.way, foreign.audience)


def device_of(tx: Tx, proven: Proven) -> Row | None:
    """The Entra device of a request, where this directory has it."""
    if proven.foreign is not None:
        return outside.known_device(tx, proven.foreign)
    return None if proven.device_id is None else directory.find_device(tx, device_id=proven.device_id)
