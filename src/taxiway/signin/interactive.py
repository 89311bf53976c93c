"""The sign-in of a person, step by step: name and password, second factor, new password, code (03 section 3.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec

from taxiway import autopilot, directory
from taxiway.kernel import Decision, Reason
from taxiway.signin import factors, lockout, passwords, resources
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.credentials import Checked, check_password, confirm, require_enabled, tenant_for
from taxiway.signin.errors import (
    FlowExpired,
    MfaNotRegistered,
    OtherUser,
    PasswordWeak,
    SignInError,
)
from taxiway.signin.flowtoken import Flow
from taxiway.signin.issued import CodeFor, new_code
from taxiway.signin.model import BROKER, DRS_APP, Proof
from taxiway.store import Row, Runtime, Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """The next page. ``pgid``: its name in ``$Config``; ``error``: why it is shown again."""

    pgid: str
    flow: Flow
    error: SignInError | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """The end of the sign-in: the answer for the redirect URI."""

    tenant: str
    code: str


Step = Page | Code


class SignIn:
    """One step of one sign-in; everything it knows came sealed with the request."""

    def __init__(self, rt: Runtime, request: AuthorizeRequest, flow: Flow) -> None:
        self._rt = rt
        self._request = request
        self._flow = flow

    async def by_password(self, upn: str, password: str) -> Step:
        """Name and password; an empty password asks for the Temporary Access Pass instead."""
        tenant = await tenant_for(self._rt, self._request.tenant, upn)
        await self._rt.store.read(tenant, lambda tx: self._check_assigned(tx, upn))
        if not password:
            return factor_page(self._moved("factor", tenant=tenant, upn=upn, methods=(factors.ACCESS_PASS,)))
        checked = await check_password(self._rt, tenant, upn, password, correlation=self._request.correlation)
        return await self._write(tenant, lambda tx: self._after_password(tx, checked))

    async def by_device(self, tenant: str, proof: Proof) -> Step:
        """A PRT spoke for the person; only what the request asks beyond it is left (03 section 7.8)."""
        return await self._write(tenant, lambda tx: self._go_on(tx, directory.USERS.require(tx, proof.user_id), proof))

    async def new_password(self, old: str, new: str) -> Step:
        """Replace a one-time password, then go on as after any password."""
        flow = self._at("change")
        checked = await check_password(self._rt, flow.tenant, flow.upn, old, correlation=self._request.correlation)
        try:
            passwords.check_strength(new, before=old)
        except PasswordWeak as error:
            return Page("ConvergedChangePassword", flow, error)
        hashed = await passwords.hash_secret(self._rt, new)

        def change(tx: Tx) -> Step:
            user = confirm(tx, checked, allow_one_time=True)
            passwords.store_password(tx, user["id"], hashed, one_time=False)
            return self._go_on(tx, user, self._password_proof(tx, user))

        return await self._write(flow.tenant, change)

    async def factor(self, method: str, answer: str) -> Flow:
        """Check a second factor; the flow that has it. Wrong answers count towards the lock of the account."""
        flow = self._at("factor")
        if method not in flow.methods:
            raise factors.wrong(method)
        known = await self._rt.store.read(flow.tenant, lambda tx: self._pass_of(tx, flow))
        right = method == factors.ACCESS_PASS and await passwords.matches(
            self._rt, known["hash"] if known else None, answer.strip()
        )
        shown = await self._write(
            flow.tenant, lambda tx: self._spend(tx, flow, method, answer, known["id"] if known and right else "")
        )
        if isinstance(shown, SignInError):
            raise shown
        return shown

    async def after_factor(self, method: str, answer: str) -> Step:
        """The second factor and the end in one, for a browser without scripts."""
        self._flow = await self.factor(method, answer)
        return await self.finish()

    async def finish(self) -> Step:
        """Both factors were shown: the code."""
        flow = self._at("factor_shown")

        def end(tx: Tx) -> Step:
            user = directory.USERS.require(tx, flow.user_id)
            require_enabled(user)
            return self._code(tx, user, flow.proof(self._request.ztdid), ())

        return await self._write(flow.tenant, end)

    # ------------------------------------------------------------------------------------------ decisions

    def _after_password(self, tx: Tx, checked: Checked) -> Step:
        user = confirm(tx, checked, allow_one_time=True)
        if checked.one_time:
            tx.log("signin.password_change_asked", subject=self._subject(user["id"]), what={"upn": checked.upn})
            flow = self._moved("change", tenant=tx.tenant, upn=checked.upn)
            return Page("ConvergedChangePassword", flow)
        return self._go_on(tx, user, self._password_proof(tx, user))

    def _go_on(self, tx: Tx, user: Row, proof: Proof) -> Step:
        """A second factor where one is due, else the code."""
        due = self._factor_due(tx, user, proof)
        if not due.value:
            return self._code(tx, user, proof, due.reasons)
        methods = factors.methods_of(tx, user["id"])
        flow = self._moved("factor", tenant=tx.tenant, user_id=user["id"], upn=user["user_principal_name"])
        flow = msgspec.structs.replace(
            flow, amr=proof.amr, auth_time=int(proof.auth_time.timestamp()), device_id=proof.device_id
        )
        if not methods:
            missing = MfaNotRegistered(
                "A second factor is required and this account has none.",
                reasons=due.reasons,
                remedy="Ask an administrator for a Temporary Access Pass.",
            )
            tx.log("signin.refused", subject=self._subject(user["id"]), what=self._what(user), why=due.reasons)
            return Page("ConvergedProofUpRedirect", flow, missing)
        tx.log("signin.factor_asked", subject=self._subject(user["id"]), what=self._what(user), why=due.reasons)
        return factor_page(msgspec.structs.replace(flow, methods=tuple(methods)))

    def _factor_due(self, tx: Tx, user: Row, proof: Proof) -> Decision[bool]:
        if self._request.strong:
            fresh = "ngcmfa" in proof.methods(tx.now)
            return _verdict("The request asks for a fresh second factor.", value=not fresh, code="asked")
        if proof.had_mfa:
            return _verdict("The sign-in already had a second factor.", value=False, code="shown")
        if self._joins(tx) and directory.registration_policy(tx)["mfa_required"]:
            return _verdict("The registration policy asks for a second factor to join.", value=True, code="join_policy")
        if factors.ONE_TIME_CODE in factors.methods_of(tx, user["id"]):
            return _verdict(
                "The account has an authenticator, so every sign-in asks for it.", value=True, code="registered"
            )
        return _verdict("Nothing asks for a second factor.", value=False, code="not_due")

    def _joins(self, tx: Tx) -> bool:
        if self._request.client_id != BROKER:
            return False
        client = resources.client_of(tx, BROKER)
        return resources.target_of(tx, client, self._request.identifier).app_id == DRS_APP

    def _check_assigned(self, tx: Tx, upn: str) -> None:
        """Only the assigned user signs in on an assigned device (01 R-106)."""
        assigned = autopilot.assigned_user(tx, self._request.ztdid) if self._request.ztdid else None
        if assigned is not None and assigned["user_principal_name"].lower() != upn.strip().lower():
            raise OtherUser(
                "This device is assigned to somebody else.",
                reasons=[Reason("assigned_user", f"{upn} is not the user this device is assigned to.")],
                remedy="Sign in as the assigned user, or ask an administrator to change the assignment.",
            )

    def _code(self, tx: Tx, user: Row, proof: Proof, why: tuple[Reason, ...]) -> Code:
        request = self._request
        client = resources.client_of(tx, request.client_id)
        resources.target_of(tx, client, request.identifier, scope=request.scope, user_id=user["id"])
        bound = CodeFor(
            client_id=request.client_id,
            redirect_uri=request.redirect_uri,
            challenge=request.challenge,
            nonce=request.nonce,
            resource=request.identifier,
            scope=request.scope,
        )
        what = {**self._what(user), "amr": list(proof.amr)}
        tx.log("signin.completed", subject=self._subject(user["id"]), what=what, why=why)
        return Code(tx.tenant, new_code(tx, bound, proof))

    # ------------------------------------------------------------------------------------------ second factor

    def _pass_of(self, tx: Tx, flow: Flow) -> Row | None:
        lockout.require_open(tx, flow.upn)
        user = directory.find_user(tx, flow.upn)
        return factors.active_pass(tx, user["id"]) if user is not None else None

    def _spend(self, tx: Tx, flow: Flow, method: str, answer: str, pass_id: str) -> Flow | SignInError:
        """Use the factor, or count the failure: both are kept, so the error is returned instead of raised."""
        lockout.require_open(tx, flow.upn)
        user = directory.find_user(tx, flow.upn)
        if pass_id and user is not None:
            require_enabled(user)
            factors.spend_pass(tx, user["id"], pass_id)
        elif not (method == factors.ONE_TIME_CODE and flow.user_id and factors.spend_code(tx, flow.user_id, answer)):
            lockout.failed(tx, flow.upn)
            error = factors.wrong(method)
            why = [Reason("factor_wrong", error.message)]
            tx.log(
                "signin.refused", subject=self._subject(flow.user_id), what={"upn": flow.upn, "method": method}, why=why
            )
            return error
        lockout.succeeded(tx, flow.upn)
        now = int(tx.now.timestamp())
        amr = tuple(dict.fromkeys((*flow.amr, "mfa"))) if flow.user_id else ("otp", "mfa")
        user_id = flow.user_id or (user["id"] if user is not None else "")
        return msgspec.structs.replace(
            flow, stage="factor_shown", user_id=user_id, amr=amr, mfa_at=now, auth_time=flow.auth_time or now
        )

    # ------------------------------------------------------------------------------------------ small things

    def _at(self, stage: str) -> Flow:
        if self._flow.stage != stage:
            raise FlowExpired("The sign-in is not at this step.", remedy="Start the sign-in again.")
        return self._flow

    def _moved(self, stage: str, **changes: Any) -> Flow:
        return msgspec.structs.replace(self._flow, stage=stage, **changes)

    def _password_proof(self, tx: Tx, user: Row) -> Proof:
        return Proof(user_id=user["id"], amr=("pwd",), auth_time=tx.now, ztdid=self._request.ztdid)

    def _subject(self, user_id: str) -> str:
        return f"autopilot:{self._request.ztdid}" if self._request.ztdid else f"user:{user_id or 'unknown'}"

    def _what(self, user: Row) -> dict[str, Any]:
        upn = user["user_principal_name"]
        return {"upn": upn, "client": self._request.client_id, "resource": self._request.identifier}

    async def _write(self, tenant: str, function: Callable[[Tx], T]) -> T:
        return await self._rt.store.write(tenant, function, correlation=self._request.correlation)


def factor_page(flow: Flow, error: SignInError | None = None) -> Page:
    """The page that asks for a second factor, with the methods the flow offers."""
    proofs = [
        {"authMethodId": name, "data": name, "display": "", "isDefault": not index, "isLocationAware": False}
        for index, name in enumerate(flow.methods)
    ]
    return Page("ConvergedTFA", flow, error, {"arrUserProofs": proofs})


def _verdict(text: str, *, value: bool, code: str) -> Decision[bool]:
    return Decision(value, (Reason(code, text),))
