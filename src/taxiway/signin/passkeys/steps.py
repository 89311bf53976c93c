"""The two steps of a sign-in that a passkey takes: signing in with one, and registering one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from taxiway import directory
from taxiway.kernel import Reason
from taxiway.signin import lockout, nonces, recovery
from taxiway.signin.credentials import require_enabled
from taxiway.signin.errors import OtherOrganization, PasskeyRefused
from taxiway.signin.interactive import SignIn
from taxiway.signin.lockout import Caller
from taxiway.signin.model import Proof
from taxiway.signin.passkeys import ceremony, kept
from taxiway.signin.passkeys.ceremony import Assertion, Site, refused
from taxiway.signin.steps import Step, codes_page, manage_page, with_factor
from taxiway.store import SYSTEM, Row, Tx

#: A spent challenge is remembered for longer than any page that could bring it back is good.
_REMEMBERED = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Known:
    """A passkey, its owner, and whose failures count when the answer is wrong."""

    passkey: Row | None
    caller: Caller


async def sign_in(signin: SignIn, text: str) -> Step:
    """A passkey proves who signs in, and two factors. After a password it must be the same person's."""
    flow = signin.at("start", "factor")
    given, site = ceremony.read_assertion(text), Site(signin.rt.urls.login)
    tenant = flow.tenant or await _tenant_of(signin, given)
    known = await signin.rt.store.read(tenant, lambda tx: _look_up(tx, signin, given))
    try:
        if known.passkey is None:
            raise refused("No such passkey is registered.")
        count = await signin.rt.workers.run(_check, given, site, flow.challenge, known.passkey)
    except PasskeyRefused:
        await signin.write(tenant, lambda tx: lockout.failed(tx, known.caller))
        raise
    row = known.passkey
    return await signin.write(tenant, lambda tx: _accept(tx, signin, row, known.caller, count))


async def register(signin: SignIn, text: str) -> Step:
    """A new passkey: as a first second factor, or beside those that the person has."""
    flow = signin.at("enrol", "manage")
    given, site = ceremony.read_attestation(text), Site(signin.rt.urls.login)
    caller = signin.caller(flow.upn)
    try:
        new = await signin.rt.workers.run(lambda: ceremony.check_attestation(given, site, challenge=flow.challenge))
    except PasskeyRefused:
        await signin.write(flow.tenant, lambda tx: lockout.failed(tx, caller))
        raise

    def keep(tx: Tx) -> Step:
        lockout.require_open(tx, caller)
        require_enabled(directory.USERS.require(tx, flow.user_id))
        _use_challenge(tx, flow.challenge)
        kept.keep(tx, flow.user_id, new)
        if flow.stage == "manage":
            return manage_page(flow)
        return codes_page(with_factor(flow, tx, flow.user_id), recovery.new_codes(tx, flow.user_id))

    return await signin.write(flow.tenant, keep)


async def _tenant_of(signin: SignIn, given: Assertion) -> str:
    """Where to look the passkey up; one of another organization than the request names is refused (01 R-23)."""
    named = ceremony.tenant_of_handle(given.user_handle)
    found = await signin.rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, named)) if named else None
    if found is not None and signin.request.tenant not in {None, found}:
        raise OtherOrganization(
            "That passkey belongs to another organization.",
            reasons=[Reason("other_organization", "The passkey was registered in another tenant.")],
            remedy="Use another passkey, or sign in with your password.",
        )
    return found or signin.request.tenant or SYSTEM


def _look_up(tx: Tx, signin: SignIn, given: Assertion) -> _Known:
    """The passkey; a locked account or network is told at once."""
    row = kept.find(tx, ceremony.key_of(given.id)) if tx.tenant != SYSTEM else None
    user = directory.USERS.get(tx, row["user_id"]) if row is not None else None
    caller = signin.caller(user["user_principal_name"] if user is not None else "")
    lockout.require_open(tx, caller)
    return _Known(row if row is not None and user is not None and _fits(tx, signin, given, row) else None, caller)


def _fits(tx: Tx, signin: SignIn, given: Assertion, row: Row) -> bool:
    """Whether it is the passkey of whoever the authenticator says, and of whoever gave the password before."""
    owner = row["user_id"]
    handle = given.user_handle or ceremony.user_handle(tx.tenant, owner)
    return handle == ceremony.user_handle(tx.tenant, owner) and signin.flow.user_id in {"", owner}


def _check(given: Assertion, site: Site, challenge: str, row: Row) -> int:
    public_key, sign_count = row["public_key"], row["sign_count"]
    return ceremony.check_assertion(given, site, challenge=challenge, public_key=public_key, sign_count=sign_count)


def _accept(tx: Tx, signin: SignIn, row: Row, caller: Caller, sign_count: int) -> Step:
    lockout.require_open(tx, caller)
    user = directory.USERS.require(tx, row["user_id"])
    require_enabled(user)
    signin.check_assigned(tx, user["user_principal_name"])
    _use_challenge(tx, signin.flow.challenge)
    kept.spend(tx, row, sign_count)
    lockout.succeeded(tx, caller)
    proof = Proof(
        user_id=user["id"],
        amr=("fido", "mfa"),
        auth_time=tx.now,
        mfa_at=tx.now,
        device_id=signin.flow.device_id,
        ztdid=signin.request.ztdid,
        key_id=row["id"],
    )
    return signin.go_on(tx, user, proof)


def _use_challenge(tx: Tx, challenge: str) -> None:
    if not challenge or not nonces.spend_once(tx, challenge, tx.now + _REMEMBERED):
        raise refused("The page's challenge was used before.")
