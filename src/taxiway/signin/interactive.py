"""The sign-in of a person, step by step: name and password, second factor, new password, code (03 section 3.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import msgspec

from taxiway import autopilot, directory
from taxiway.kernel import Reason
from taxiway.signin import device_codes, factors, lockout, passwords, recovery, resources, sessions
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.credentials import Checked, check_password, confirm, require_enabled, tenant_for
from taxiway.signin.due import factor_due
from taxiway.signin.errors import FactorRefused, FlowExpired, OtherUser, PasswordWeak, SignInError
from taxiway.signin.federation.providers import Provider, keeps_passwords, provider_of
from taxiway.signin.flowtoken import Flow, Stage
from taxiway.signin.grants.device_code import check_offered
from taxiway.signin.issued import CodeFor, new_code
from taxiway.signin.lockout import Caller
from taxiway.signin.model import BROKER, FRESH, Proof
from taxiway.signin.steps import (
    Away,
    Browser,
    Code,
    Page,
    Step,
    codes_page,
    enrol_page,
    factor_page,
    manage_page,
    with_factor,
)
from taxiway.store import Row, Runtime, Tx

T = TypeVar("T")


class SignIn:
    """One step of one sign-in; everything it knows came sealed with the request."""

    def __init__(self, rt: Runtime, request: AuthorizeRequest, flow: Flow, browser: Browser) -> None:
        self.rt = rt
        self.request = request
        self.flow = flow
        self.browser = browser
        self._keeps_session = False

    async def by_password(self, upn: str, password: str) -> Step:
        """Name and password; an empty password asks for the Temporary Access Pass instead.

        A name of a federated domain leads to its provider, unless it may have a password here and one was typed.
        """
        tenant = await tenant_for(self.rt, self.request.tenant, upn)

        def look(tx: Tx) -> Provider | None:
            self.check_assigned(tx, upn)
            provider = provider_of(tx, upn)
            return None if provider is not None and password and keeps_passwords(tx, provider) else provider

        provider = await self.rt.store.read(tenant, look)
        if provider is not None:
            return Away(provider, self.moved("start", tenant=tenant, upn=upn))
        if not password:
            return factor_page(self.moved("factor", tenant=tenant, upn=upn, methods=(factors.ACCESS_PASS,)))
        checked = await self._check_password(tenant, upn, password)
        return await self.write(tenant, lambda tx: self._after_password(tx, checked))

    async def by_proof(self, tenant: str, proof: Proof) -> Step:
        """A PRT or an earlier session speaks for the person; only what the request asks beyond it is left."""
        self._keeps_session = True

        def go_on(tx: Tx) -> Step:
            user = directory.USERS.require(tx, proof.user_id)
            require_enabled(user)
            self.check_assigned(tx, user["user_principal_name"])
            if self.browser.session:
                sessions.touch(tx, self.browser.session)
            return self.go_on(tx, user, proof)

        return await self.write(tenant, go_on)

    async def new_password(self, old: str, new: str) -> Step:
        """Replace a one-time password, then go on as after any password."""
        flow = self.at("change")
        checked = await self._check_password(flow.tenant, flow.upn, old)
        try:
            passwords.check_strength(new, upn=flow.upn, before=old)
        except PasswordWeak as error:
            return Page("ConvergedChangePassword", flow, error)
        hashed = await passwords.hash_secret(self.rt, new)

        def change(tx: Tx) -> Step:
            user = confirm(tx, checked, allow_one_time=True)
            passwords.store_password(tx, user["id"], hashed, one_time=False)
            return self.go_on(tx, user, self._password_proof(tx, user))

        return await self.write(flow.tenant, change)

    async def factor(self, method: str, answer: str) -> Flow:
        """Check a second factor; the flow that has it. Wrong answers count towards the lock of the account."""
        flow = self.at("factor")
        if method not in flow.methods:
            raise factors.wrong(method)
        known = await self.rt.store.read(flow.tenant, lambda tx: self._pass_of(tx, flow))
        right = method == factors.ACCESS_PASS and await passwords.matches(
            self.rt, known["hash"] if known else None, answer.strip()
        )
        shown = await self.write(
            flow.tenant, lambda tx: self._spend(tx, flow, method, answer, known["id"] if known and right else "")
        )
        if isinstance(shown, SignInError):
            raise shown
        return shown

    async def after_factor(self, method: str, answer: str) -> Step:
        """The second factor and the end in one, for a browser without scripts; unnamed it is the first on offer."""
        self.flow = await self.factor(method or next(iter(self.flow.methods), ""), answer)
        return await self.finish()

    async def finish(self) -> Step:
        """Both factors were shown: the code."""
        flow = self.at("factor_shown")

        def end(tx: Tx) -> Step:
            user = directory.USERS.require(tx, flow.user_id)
            require_enabled(user)
            return self.go_on(tx, user, flow.proof(self.request.ztdid))

        return await self.write(flow.tenant, end)

    async def register_authenticator(self, code: str) -> Step:
        """The first code of a new authenticator: it counts as the second factor, and recovery codes are shown once."""
        flow = self.at("enrol")

        def register(tx: Tx) -> Step | SignInError:
            caller = self._factor_caller(flow)
            lockout.require_open(tx, caller)
            if not factors.register_code(tx, flow.user_id, flow.secret, code):
                lockout.failed(tx, caller)
                return FactorRefused("The code is not the one that this secret gives now.", remedy="Try the next one.")
            return codes_page(with_factor(flow, tx, flow.user_id), recovery.new_codes(tx, flow.user_id))

        done = await self.write(flow.tenant, register)
        return enrol_page(flow, done) if isinstance(done, SignInError) else done

    async def answer_device(self, *, approved: bool) -> Step:
        """The person's word on a device code, after a deliberate click (03 section 15.9)."""
        flow, request = self.at("confirm"), self.request
        proof = flow.proof(None)
        what = {"upn": flow.upn, "client": request.client_id, "resource": request.identifier}
        give = device_codes.approve if approved else device_codes.decline
        await give(self.rt, flow.tenant, request.device_code, proof, what=what, correlation=request.correlation)
        return Page("ConvergedRemoteConnect", self.moved("done"), None, {"fApproved": approved})

    # ------------------------------------------------------------------------------------------ decisions

    def _after_password(self, tx: Tx, checked: Checked) -> Step:
        user = confirm(tx, checked, allow_one_time=True)
        if checked.one_time:
            upn = checked.caller.account
            tx.log("signin.password_change_asked", subject=self._subject(user["id"]), what={"upn": upn})
            return Page("ConvergedChangePassword", self.moved("change", tenant=tx.tenant, upn=upn))
        return self.go_on(tx, user, self._password_proof(tx, user))

    def go_on(self, tx: Tx, user: Row, proof: Proof) -> Step:
        """A second factor where one is due, else the end."""
        due = factor_due(tx, self.request, user, proof)
        if not due.value:
            return self._end(tx, user, proof, due.reasons)
        flow = self.moved("factor", tenant=tx.tenant, upn=user["user_principal_name"]).with_proof(proof, "factor")
        methods = tuple(factors.methods_of(tx, user["id"]))
        kind = "signin.factor_asked" if methods else "signin.registration_asked"
        tx.log(kind, subject=self._subject(user["id"]), what=self._what(user), why=due.reasons)
        if methods:
            return factor_page(msgspec.structs.replace(flow, methods=methods))
        secret = factors.new_secret(self.rt)
        return enrol_page(msgspec.structs.replace(flow, stage="enrol", secret=secret))

    def _end(self, tx: Tx, user: Row, proof: Proof, why: tuple[Reason, ...]) -> Step:
        request = self.request
        client = resources.client_of(tx, request.client_id)
        resources.target_of(tx, client, request.identifier, scope=request.scope, user_id=user["id"])
        if request.manages:
            flow = self.moved("manage", tenant=tx.tenant, upn=user["user_principal_name"])
            return manage_page(flow.with_proof(proof, "manage"))
        if request.device_code:
            check_offered(tx, request.client_id, request.identifier)
            flow = self.moved("confirm", tenant=tx.tenant, upn=user["user_principal_name"])
            return Page("ConvergedRemoteConnect", flow.with_proof(proof, "confirm"))
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
        return Code(tx.tenant, new_code(tx, bound, proof), self._session(tx, proof))

    def _session(self, tx: Tx, proof: Proof) -> str:
        """A fresh session after a page; none for the broker, whose PRT takes its place."""
        if self._keeps_session or self.request.client_id == BROKER:
            return ""
        if sessions.tenant_of(self.browser.session) == tx.tenant:
            sessions.end(tx, self.browser.session)
        return sessions.begin(tx, proof)

    def check_assigned(self, tx: Tx, upn: str) -> None:
        """Only the assigned user signs in on an assigned device, however they sign in (01 R-106, P-31)."""
        assigned = autopilot.assigned_user(tx, self.request.ztdid) if self.request.ztdid else None
        if assigned is not None and assigned["user_principal_name"].lower() != upn.strip().lower():
            raise OtherUser(
                "This device is assigned to somebody else.",
                reasons=[Reason("assigned_user", f"{upn} is not the user this device is assigned to.")],
                remedy="Sign in as the assigned user, or ask an administrator to change the assignment.",
            )

    # ------------------------------------------------------------------------------------------ second factor

    def _pass_of(self, tx: Tx, flow: Flow) -> Row | None:
        lockout.require_open(tx, self._factor_caller(flow))
        user = directory.find_user(tx, flow.upn)
        return factors.active_pass(tx, user["id"]) if user is not None else None

    def _spend(self, tx: Tx, flow: Flow, method: str, answer: str, pass_id: str) -> Flow | SignInError:
        """Use the factor, or count the failure: both are kept, so the error is returned instead of raised."""
        caller = self._factor_caller(flow)
        lockout.require_open(tx, caller)
        user = directory.find_user(tx, flow.upn)
        if pass_id and user is not None:
            require_enabled(user)
            factors.spend_pass(tx, user["id"], pass_id)
        elif not (flow.user_id and factors.spend(tx, flow.user_id, method, answer)):
            lockout.failed(tx, caller)
            error = factors.wrong(method)
            why = [Reason("factor_wrong", error.message)]
            what = {"upn": flow.upn, "method": method}
            tx.log("signin.refused", subject=self._subject(flow.user_id), what=what, why=why)
            return error
        lockout.succeeded(tx, caller)
        until = tx.now + FRESH if pass_id else None
        return with_factor(flow, tx, flow.user_id or (user["id"] if user is not None else ""), until=until)

    # ------------------------------------------------------------------------------------------ small things

    async def _check_password(self, tenant: str, upn: str, password: str) -> Checked:
        address, correlation = self.browser.address, self.request.correlation
        return await check_password(self.rt, tenant, upn, password, address=address, correlation=correlation)

    def caller(self, upn: str) -> Caller:
        """Whose failures count, and from where."""
        return Caller.of(upn, self.browser.address)

    def _factor_caller(self, flow: Flow) -> Caller:
        """Guesses at a second factor are counted apart, and per sign-in (03 section 15.8)."""
        return replace(self.caller(flow.upn), factor=True, flow=flow.request)

    def at(self, *stages: Stage) -> Flow:
        """The flow, at one of these steps; raises ``FlowExpired``."""
        if self.flow.stage not in stages:
            raise FlowExpired("The sign-in is not at this step.", remedy="Start the sign-in again.")
        return self.flow

    def moved(self, stage: Stage, **changes: Any) -> Flow:
        """The flow at another step."""
        return msgspec.structs.replace(self.flow, stage=stage, **changes)

    def _password_proof(self, tx: Tx, user: Row) -> Proof:
        device_id = self.flow.device_id
        return Proof(user_id=user["id"], amr=("pwd",), auth_time=tx.now, device_id=device_id, ztdid=self.request.ztdid)

    def _subject(self, user_id: str) -> str:
        return f"autopilot:{self.request.ztdid}" if self.request.ztdid else f"user:{user_id or 'unknown'}"

    def _what(self, user: Row) -> dict[str, Any]:
        upn = user["user_principal_name"]
        return {"upn": upn, "client": self.request.client_id, "resource": self.request.identifier}

    async def write(self, tenant: str, function: Callable[[Tx], T]) -> T:
        """Write as this sign-in."""
        return await self.rt.store.write(tenant, function, correlation=self.request.correlation)
