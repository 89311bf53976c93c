"""Name and password at a service that has no page: enrollment by user name (04 section 4.3)."""

from __future__ import annotations

from taxiway.signin import conditional, factors
from taxiway.signin.credentials import Checked, check_password, confirm, tenant_for
from taxiway.signin.errors import MfaRequired, SignInError
from taxiway.store import Runtime, Tx


async def check_person(
    rt: Runtime, upn: str, password: str, *, app_id: str, address: str, correlation: str
) -> tuple[str, str]:
    """Tenant and id of the user with this name and password, who may use the service ``app_id`` without a page.

    Guesses are counted as on the page. There is no way to show a second factor here, so whoever has one, or is asked
    for one by Conditional Access, is refused.
    """
    tenant = await tenant_for(rt, None, upn)
    checked = await check_password(rt, tenant, upn, password, address=address, correlation=correlation)
    done = await rt.store.write(tenant, lambda tx: _admit(tx, checked, app_id), correlation=correlation)
    if isinstance(done, SignInError):
        raise done
    return tenant, done


def _admit(tx: Tx, checked: Checked, app_id: str) -> str | SignInError:
    """The user's id; a refusal is written to the log, so it is returned instead of raised."""
    subject, what = f"user:{checked.user_id}", {"upn": checked.caller.account, "resource": app_id}
    try:
        user = confirm(tx, checked)
        if factors.ONE_TIME_CODE in factors.methods_of(tx, user["id"]):
            raise MfaRequired("This account signs in with a second factor.", remedy="Enroll by the page instead.")
        why = conditional.require(tx, conditional.Attempt(checked.user_id, app_id))
    except SignInError as error:
        tx.log("signin.refused", subject=subject, what={**what, "error": error.name}, why=error.reasons)
        return error
    tx.log("signin.completed", subject=subject, what={**what, "amr": ["pwd"]}, why=why)
    return checked.user_id
