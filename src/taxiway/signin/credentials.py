"""Name and password, checked alike for the page, the password grant and the PRT (03 section 15.8)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway import directory
from taxiway.kernel import Reason
from taxiway.signin import lockout, passwords
from taxiway.signin.errors import AccountDisabled, BadCredentials, OtherOrganization, PasswordExpired, TenantUnknown
from taxiway.signin.federation.providers import keeps_passwords, provider_of
from taxiway.signin.lockout import Caller
from taxiway.store import SYSTEM, Row, Runtime, Tx

_WRONG = "Error validating credentials due to invalid username or password."


@dataclass(frozen=True, slots=True)
class Checked:
    """A user whose password was right; ``hash`` is what it was right against, ``stronger`` what replaces it."""

    user_id: str
    caller: Caller
    hash: str
    one_time: bool
    stronger: str = ""


@dataclass(frozen=True, slots=True)
class _Known:
    user: Row | None
    password: Row | None


async def tenant_of_name(rt: Runtime, upn: str) -> str | None:
    """The tenant of a user principal name's domain."""
    domain = upn.rpartition("@")[2]
    return await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, domain)) if "@" in upn else None


async def tenant_of_segment(rt: Runtime, segment: str) -> str | None:
    """The tenant of a path segment; None for ``common`` and ``organizations``; raises ``TenantUnknown``."""
    if segment.lower() in {"common", "organizations"}:
        return None
    # A tenant's id leads to itself from its creation on; a domain may move.
    known = f"tenant:{segment.lower()}"
    if known in rt.store.memo:
        return segment.lower()
    found = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, segment))
    if found == segment.lower():
        rt.store.memo[known] = True
    if found is None:
        raise TenantUnknown(
            f"Tenant '{segment[:100]}' not found.", remedy="Check that you have the correct tenant ID or domain name."
        )
    return found


async def tenant_for(rt: Runtime, tenant: str | None, upn: str) -> str:
    """The tenant in which a name signs in; a name of another organization is refused (01 R-23)."""
    own = await tenant_of_name(rt, upn)
    if own is not None and tenant is not None and own != tenant:
        raise OtherOrganization(
            "That username looks like it belongs to another organization. Try signing in again or start over with a "
            "different account.",
            reasons=[Reason("other_organization", f"The domain of {upn} belongs to another tenant.")],
        )
    found = tenant or own
    if found is None:
        await passwords.matches(rt, None, "")
        raise BadCredentials(_WRONG)
    return found


async def check_password(
    rt: Runtime, tenant: str, upn: str, password: str, *, address: str, correlation: str
) -> Checked:
    """The user with this name and password; every wrong answer costs the same work and reads the same."""
    caller = Caller.of(upn, address)

    def load(tx: Tx) -> _Known:
        lockout.require_open(tx, caller)
        user = directory.find_user(tx, upn) if "@" in upn else None
        return _Known(user, _password_of(tx, user) if user is not None else None)

    known = await rt.store.read(tenant, load)
    right = await passwords.matches(rt, known.password["hash"] if known.password else None, password)
    if not right or known.user is None or known.password is None:
        await rt.store.write(tenant, lambda tx: lockout.failed(tx, caller), correlation=correlation)
        raise BadCredentials(
            _WRONG,
            reasons=[Reason("bad_credentials", "Name or password was wrong.", {"upn": upn})],
            remedy="Type the name as name@domain, or ask an administrator to reset the password.",
        )
    hashed = known.password["hash"]
    stronger = await passwords.stronger(rt, hashed, password)
    return Checked(known.user["id"], caller, hashed, known.password["one_time"], stronger)


def _password_of(tx: Tx, user: Row) -> Row | None:
    """The user's password; whoever signs in at an outside provider has none, whatever was set."""
    provider = provider_of(tx, user["user_principal_name"])
    if provider is not None and not keeps_passwords(tx, provider):
        return None
    return passwords.find(tx, user["id"])


def confirm(tx: Tx, checked: Checked, *, allow_one_time: bool = False) -> Row:
    """The user, after what was read before the hashing was checked again; forgets earlier failures."""
    lockout.require_open(tx, checked.caller)
    user = directory.USERS.get(tx, checked.user_id)
    password = _password_of(tx, user) if user is not None else None
    if user is None or password is None or password["hash"] != checked.hash:
        raise BadCredentials(_WRONG)
    require_enabled(user)
    if checked.one_time and not allow_one_time:
        raise PasswordExpired(
            "The password was for one use only.", remedy="Sign in on the web page once and choose a new password."
        )
    lockout.succeeded(tx, checked.caller)
    if checked.stronger:
        passwords.rehash(tx, checked.user_id, checked.stronger)
    return user


def require_enabled(user: Row) -> None:
    """Raise ``AccountDisabled`` for a disabled user."""
    if not user["account_enabled"]:
        raise AccountDisabled("The user account is disabled.", remedy="Ask an administrator to enable it.")
