"""Writing down who was turned away, and why (design, rule 5)."""

from __future__ import annotations

from taxiway.kernel import Reason
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import SignInError
from taxiway.signin.sts import sts_of
from taxiway.store import Runtime, Tx


async def note_refusal(rt: Runtime, request: AuthorizeRequest, error: SignInError, upn: str) -> None:
    """Log a refused step of a sign-in on the timeline of the device, or of the tenant when none is known."""
    if request.tenant is None:
        return
    subject = f"autopilot:{request.ztdid}" if request.ztdid else f"tenant:{request.tenant}"
    what = {"upn": upn, "client": request.client_id, "code": f"AADSTS{sts_of(error).code}", "error": error.name}

    def write(tx: Tx) -> None:
        tx.log("signin.refused", subject=subject, what=what, why=error.reasons or (Reason(error.name, error.message),))

    await rt.store.write(request.tenant, write, correlation=request.correlation)
