"""Whether a sign-in has to show a second factor, and for whose sake (01 R-21; 03 sections 3.1 and 5.3)."""

from __future__ import annotations

from taxiway import directory
from taxiway.kernel import Decision, Reason
from taxiway.signin import conditional, factors, resources
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.model import BROKER, DRS_APP, Proof
from taxiway.store import Row, Tx


def factor_due(tx: Tx, request: AuthorizeRequest, user: Row, proof: Proof) -> Decision[bool]:
    """The first of: the request itself, the policy for joining devices, Conditional Access, the user's own factor.

    Raises the refusal when Conditional Access asks for something that no page can give.
    """
    if request.strong:
        fresh = "ngcmfa" in proof.methods(tx.now)
        return _verdict("The request asks for a fresh second factor.", value=not fresh, code="asked")
    joins = joins_device(tx, request)
    access = access_of(tx, request, proof, joins=joins)
    if proof.had_mfa(tx.now):
        return _verdict("The sign-in already had a second factor.", value=False, code="shown")
    if joins and directory.registration_policy(tx)["mfa_required"]:
        return _verdict("The registration policy asks for a second factor to join.", value=True, code="join_policy")
    if access.value:
        return access
    if factors.is_registered(tx, user["id"]):
        text = "The account has an authenticator or a passkey, so every sign-in asks for it."
        return _verdict(text, value=True, code="registered")
    return Decision(value=False, reasons=(Reason("not_due", "Nothing asks for a second factor."), *access.reasons))


def access_of(tx: Tx, request: AuthorizeRequest, proof: Proof, *, joins: bool) -> Decision[bool]:
    """Whether Conditional Access asks for a second factor, for the resource and for joining; raises its refusal."""
    app_id = _target(tx, request)
    device, had_mfa = proof.device_id, proof.had_mfa(tx.now)
    attempts = [conditional.Attempt(proof.user_id, app_id, had_mfa=had_mfa, device_id=device)]
    if joins:
        attempts.append(conditional.Attempt(proof.user_id, action=conditional.REGISTER_DEVICE, had_mfa=had_mfa))
    reasons: tuple[Reason, ...] = ()
    due = False
    for attempt in attempts:
        decision = conditional.decide(tx, attempt)
        reasons += decision.reasons
        if decision.value.outcome == "mfa":
            due = True
        elif decision.value.outcome != "allowed":
            raise conditional.refusal(decision)
    return Decision(due, reasons)


def joins_device(tx: Tx, request: AuthorizeRequest) -> bool:
    """Whether the sign-in is the one before a join: the broker's, for device registration."""
    return request.client_id == BROKER and _target(tx, request) == DRS_APP


def _target(tx: Tx, request: AuthorizeRequest) -> str:
    return resources.target_of(tx, resources.client_of(tx, request.client_id), request.identifier).app_id


def _verdict(text: str, *, value: bool, code: str) -> Decision[bool]:
    return Decision(value, (Reason(code, text),))
