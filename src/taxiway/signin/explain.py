"""Why somebody could sign in or could not: the questions of a sign-in, asked with assumed facts (design, rule 5)."""

from __future__ import annotations

from taxiway import directory
from taxiway.kernel import Decision, Reason
from taxiway.signin import conditional, factors, lockout, passwords, resources
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.due import factor_due
from taxiway.signin.errors import AccountLocked, SignInError
from taxiway.signin.federation import provider_of
from taxiway.signin.lockout import Caller
from taxiway.signin.model import Proof
from taxiway.store import Row, Tx

Check = tuple[str, Decision[bool]]


def explain(tx: Tx, upn: str, *, client_id: str, identifier: str, device_id: str = "") -> list[Check]:
    """Each question with its answer, in the order of a sign-in; what cannot be asked any more is left out.

    Assumed: the right password now, and the device with ``device_id`` if one is named.
    """
    user = directory.find_user(tx, upn)
    if user is None:
        return [("account", _no("account.unknown", f"There is no account {upn}."))]
    checks = [("account", _account(user)), ("lock", _lock(tx, upn)), ("password", _password(tx, user))]
    target = _resource(tx, user, client_id, identifier)
    checks.append(("application", target))
    if target.value:
        proof = Proof(user["id"], ("pwd",), tx.now, device_id=device_id or None)
        request = AuthorizeRequest(
            client_id=client_id.lower(), redirect_uri="", identifier=identifier, scope="", version="1.0"
        )
        checks += _factor(tx, user, request, proof)
    return checks


def _account(user: Row) -> Decision[bool]:
    if user["account_enabled"]:
        return _yes("account.enabled", "The account is there and enabled.")
    return _no("account.disabled", "The account is disabled.")


def _lock(tx: Tx, upn: str) -> Decision[bool]:
    """From a place where nobody has signed in with the account yet: what a new PC is."""
    try:
        lockout.require_open(tx, Caller.of(upn, ""))
    except AccountLocked as error:
        return Decision(value=False, reasons=error.reasons)
    return _yes("lock.open", "The account is not locked.")


def _password(tx: Tx, user: Row) -> Decision[bool]:
    provider = provider_of(tx, user["user_principal_name"])
    if provider is not None:
        return _yes("password.outside", f"{provider.domain} signs in at {provider.issuer}.")
    row = passwords.find(tx, user["id"])
    if row is not None and row["one_time"]:
        text = "The password is for one use: the page asks for another one first, and programs are refused."
        return _yes("password.one_time", text)
    if row is not None:
        return _yes("password.set", f"A password was set on {row['changed_at']:%Y-%m-%d %H:%M}Z.")
    if factors.active_pass(tx, user["id"]) is not None:
        return _yes("password.pass", "There is no password, but a Temporary Access Pass that works now.")
    return _no("password.none", "The account has neither a password nor a Temporary Access Pass.")


def _resource(tx: Tx, user: Row, client_id: str, identifier: str) -> Decision[bool]:
    """Whether the application may have what it is granted at the resource, for this user."""
    try:
        client = resources.client_of(tx, client_id)
        target = resources.target_of(tx, client, identifier, user_id=user["id"])
    except SignInError as error:
        return _no(error.name, error.message)
    return _yes("application.known", f"{client['display_name']} may ask for {target.aud} ({target.scp}).")


def _factor(tx: Tx, user: Row, request: AuthorizeRequest, proof: Proof) -> list[Check]:
    """Whether a second factor is due and there is one, then Conditional Access with that factor shown."""
    try:
        due = factor_due(tx, request, user, proof)
    except SignInError as error:
        return [("Conditional Access", Decision(value=False, reasons=error.reasons))]
    held = [method for method in factors.methods_of(tx, user["id"]) if method != factors.RECOVERY_CODE]
    if not due.value:
        return [("second factor", Decision(value=True, reasons=due.reasons))]
    text = f"The account has: {', '.join(held)}." if held else "The account has none: the page lets it register one."
    found = [("second factor", Decision(value=True, reasons=(*due.reasons, Reason("factor.held", text))))]
    app_id = resources.target_of(tx, resources.client_of(tx, request.client_id), request.identifier).app_id
    attempt = conditional.Attempt(proof.user_id, app_id, had_mfa=True, device_id=proof.device_id)
    access = conditional.decide(tx, attempt)
    if access.reasons:
        found.append(("Conditional Access", Decision(access.value.outcome == "allowed", access.reasons)))
    return found


def _yes(code: str, text: str) -> Decision[bool]:
    return Decision(value=True, reasons=(Reason(code, text),))


def _no(code: str, text: str) -> Decision[bool]:
    return Decision(value=False, reasons=(Reason(code, text),))
