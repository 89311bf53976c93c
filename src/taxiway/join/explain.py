"""Why somebody could join a device or could not: what ``admit`` decides, with assumed facts (design, rule 5)."""

from __future__ import annotations

from datetime import timedelta

from taxiway import autopilot, signin
from taxiway.join.errors import RegistrationError
from taxiway.join.service import admit
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx
from taxiway.wire.join import RESOURCE
from taxiway.wire.ztd import FactDigests

Check = tuple[str, Decision[bool]]


def explain(tx: Tx, user: Row, *, ztdid: str | None) -> list[Check]:
    """Whether ``user`` may join the hardware registered as ``ztdid``, or hardware that nobody registered."""
    ticket = None if ztdid is None else autopilot.Ticket(tx.tenant, ztdid, FactDigests())
    without, with_factor = (_asked(tx, user, ticket, amr) for amr in (("pwd",), ("pwd", "mfa")))
    if without.value or without.reasons == with_factor.reasons:
        return [("join", without)]
    return [("join with a password alone", without), ("join with a second factor", with_factor)]


def _asked(tx: Tx, user: Row, ticket: autopilot.Ticket | None, amr: tuple[str, ...]) -> Decision[bool]:
    if not user["account_enabled"]:
        return Decision(value=False, reasons=(Reason("account.disabled", "The account is disabled."),))
    claims = signin.Claims(
        tenant=tx.tenant,
        app_id="",
        aud=RESOURCE,
        amr=amr,
        issued_at=tx.now,
        expires_at=tx.now + timedelta(minutes=60),
        uti="",
        oid=user["id"],
        upn=user["user_principal_name"],
    )
    try:
        plan = admit(tx, claims, ticket)
    except RegistrationError as error:
        return Decision(value=False, reasons=error.reasons or (Reason(error.name, error.message),))
    return Decision(value=True, reasons=plan.reasons)
