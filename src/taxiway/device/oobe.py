"""The out-of-box experience, from the first page to the desktop; survives a power cut anywhere (06 section 4)."""

from __future__ import annotations

from urllib.parse import urlsplit
from uuid import UUID

from taxiway.device import hello, screens, updates
from taxiway.device.csp.node import DEVICE, USER
from taxiway.device.enroll import Enroller
from taxiway.device.errors import EnrollmentRefused, RestartDue, SignInRefused
from taxiway.device.join import Joiner
from taxiway.device.logon import Logon, is_owner
from taxiway.device.lookup import Found
from taxiway.device.machine import Machine
from taxiway.device.naming import rename
from taxiway.device.oauth import anew, refresh
from taxiway.device.outcome import Reached
from taxiway.device.person import Person
from taxiway.device.profile import find_profile
from taxiway.device.resets import RESTART, measure
from taxiway.device.restart import restart, restart_at_once, sign_in_again
from taxiway.device.screens import Choices, Screen
from taxiway.device.signin import SignedIn, WebSignIn
from taxiway.device.state import DIAGNOSTICS, TENANT_INFO, Joined, User
from taxiway.device.terms import NO_TERMS, accept_terms
from taxiway.wire.device_certificate import sid

JOIN, SIGN_ON, ENROLL, DEVICE_SETUP, ACCOUNT_SETUP, HELLO, UPDATES, DESKTOP = (
    "join",
    "sign-on",
    "enrollment",
    "device setup",
    "account setup",
    "Windows Hello",
    "quality updates",
    "desktop",
)

_MDM_CLAIMS = ("mdm_enrollment_url", "mdm_terms_of_use_url", "mdm_compliance_url")


class Oobe:
    """One run of OOBE on a machine, for the person in front of it."""

    def __init__(self, machine: Machine, person: Person) -> None:
        self._machine = machine
        self._person = person
        self._storage = machine.storage
        self._state = machine.storage.state
        self._refresh_token = ""
        self._token = ""

    async def run(self) -> Reached:
        """Go as far as the services let the PC go."""
        if self._storage.done(DESKTOP) and self._state.mdm and not await is_owner(self._machine, self._person):
            await Logon(self._machine, self._person, self._resource).run()
            return "desktop"
        if self._state.user is not None:
            self._machine.tree.user = self._state.user.sid if self._storage.done(DEVICE_SETUP) else ""
        if not self._storage.done(JOIN):
            await self._join_tenant()
        if not self._storage.done(SIGN_ON):
            await self._machine.broker.sign_on(self._person, self._refresh_token)
            self._done(SIGN_ON)
        managed = bool(self._state.mdm)
        if managed:
            await self._be_managed()
        else:
            self._show(screens.after_device_setup(self._choices))
        if not self._storage.done(HELLO):
            await self._set_up_hello()
        if managed and not self._storage.done(UPDATES):
            await self._update()
        await self._reach_desktop(managed=managed)
        return "desktop" if self._state.enrolled is not None else "unmanaged"

    @property
    def _choices(self) -> Choices:
        return Choices.of(self._state.profile, self._state.firmware.edition)

    # Up to the join.

    async def _join_tenant(self) -> None:
        found = await find_profile(self._machine)
        self._show(screens.before_sign_in(self._choices))
        rename(self._machine, found.profile)
        signed_in = await anew(lambda: self._sign_in(found))
        self._mark(JOIN)
        joiner = Joiner(self._machine.transport, self._machine.endpoints.drs, self._storage)
        domain = found.profile.cloud_assigned_tenant_domain
        discovery = await joiner.discover(domain)
        joined = await joiner.join(
            discovery, token=signed_in.tokens.access_token, domain=domain, device_ticket=found.ticket
        )
        administrator = self._state.user is not None and local_administrator(joined, self._state.user)
        self._done(JOIN, device_id=joined.device_id, tenant=joined.tenant_name, administrator=administrator)

    async def _sign_in(self, found: Found) -> SignedIn:
        self._mark("sign-in")
        profile, endpoints = found.profile, self._machine.endpoints
        domain = profile.cloud_assigned_tenant_domain
        page = WebSignIn(
            self._machine.transport,
            endpoints.login,
            self._person,
            device_ticket=found.ticket,
            on_screen=lambda company: self._show([screens.sign_in(company or domain)]),
        )
        signed_in = await page.run(domain)
        claims = signed_in.claims
        tenant, object_id = str(claims.get("tid", signed_in.tenant_id)), str(claims.get("oid", ""))
        matched = tenant.lower() == profile.cloud_assigned_tenant_id.lower()
        self._storage.write(DIAGNOSTICS, AadTenantId=tenant, TenantMatched=int(matched))
        if not matched and profile.cloud_assigned_forced_enrollment:
            raise SignInRefused("AADSTS90072", "the user belongs to another tenant than this PC")
        upn = str(claims.get("upn") or self._person.upn)
        self._state.user = User(upn=upn, object_id=object_id, sid=_sid(claims.get("primary_sid"), object_id))
        self._state.mdm = {name: str(claims[name]) for name in _MDM_CLAIMS if claims.get(name) is not None}
        if not self._state.mdm.get("mdm_enrollment_url"):
            self._state.mdm = {}
        self._storage.write(f"{TENANT_INFO}\\{tenant}", **self._state.mdm)
        self._refresh_token = signed_in.tokens.refresh_token if signed_in.used_factor else ""
        await self._accept_terms(signed_in)
        self._machine.watch.step("sign-in", {"user": upn, "managed": bool(self._state.mdm)})
        return signed_in

    async def _accept_terms(self, signed_in: SignedIn) -> None:
        url = self._state.mdm.get("mdm_terms_of_use_url")
        if url is None:
            return
        if not url:
            raise EnrollmentRefused(NO_TERMS, "Looks like the MDM Terms of Use endpoint is not correctly configured")
        token_url = f"{self._machine.endpoints.login}/{signed_in.tenant_id}/oauth2/token"
        tokens = await refresh(self._machine.transport, token_url, signed_in.tokens.refresh_token, self._resource)
        if signed_in.used_factor:
            self._refresh_token = tokens.refresh_token or self._refresh_token
        self._state.terms = await accept_terms(self._machine.transport, url, tokens.access_token)

    @property
    def _resource(self) -> str:
        """The audience of the MDM application: the origin of its enrollment address."""
        parts = urlsplit(self._state.mdm["mdm_enrollment_url"])
        return f"{parts.scheme}://{parts.netloc}/"

    # Management.

    async def _be_managed(self) -> None:
        machine = self._machine
        if not self._storage.done(ENROLL):
            await self._enroll()
        machine.resume()
        if not self._storage.done(DEVICE_SETUP):
            await self._device_setup()
        machine.bitlocker.release()
        if not self._storage.done(ACCOUNT_SETUP):
            await self._account_setup()

    async def _enroll(self) -> None:
        self._mark(ENROLL)
        tokens = await self._machine.broker.token(self._resource)
        enroller = Enroller(self._machine.transport, self._storage, self._machine.tree)
        user = self._state.user
        enrolled = await enroller.enroll(
            self._state.mdm["mdm_enrollment_url"],
            upn=user.upn if user is not None else self._person.upn,
            token=tokens.access_token,
        )
        self._machine.watch.note(72, "MDM enrollment succeeded")
        self._done(ENROLL, provider=enrolled.provider)

    async def _device_setup(self) -> None:
        """The status page before anybody is signed in; sessions say so (05 section 9.2)."""
        self._show([screens.esp("Setting up for work or school")])
        self._machine.keep_installer_busy()
        esp = self._machine.esp
        esp.again(DEVICE)
        self._state.restart_due = False  # the power was off since
        while True:
            try:
                await esp.device(self._sync_device)
                break
            except RestartDue:
                await restart_at_once(self._machine)
        if self._state.reboots or self._state.redeployed or self._state.restarted:
            await restart(self._machine, self._person)
        elif self._state.signed_off:
            await sign_in_again(self._machine, self._person)
        if self._state.redeployed:
            await self._take_over()
        self._done(DEVICE_SETUP)

    async def _take_over(self) -> None:
        """After an Autopilot Reset the PC belongs to whoever signs in first."""
        claims = (await self._machine.broker.token(self._resource)).claims
        object_id = str(claims.get("oid", ""))
        self._state.user = User(self._person.upn, object_id, _sid(claims.get("primary_sid"), object_id))
        self._state.redeployed = False

    async def _account_setup(self) -> None:
        """The user is on the PC: the status page of the account, in sessions that carry the user's token."""
        self._mark("first sign-in")
        self._show(screens.after_device_setup(self._choices))
        self._sign_user_in()
        self._machine.resume()  # what is the user's own shows only now
        self._machine.extension.sign_in(self._user_token)
        esp = self._machine.esp
        esp.again(USER)
        await esp.user(self._sync_user)
        self._done(ACCOUNT_SETUP)

    def _sign_user_in(self) -> None:
        user = self._state.user
        self._machine.tree.user = user.sid if user is not None else ""

    async def _sync_device(self) -> int:
        count = await self._machine.oma_dm.sync("others")
        self._machine.after_session()
        self._state.restarted = self._obey_restart() or self._state.restarted
        return count

    def _obey_restart(self) -> bool:
        """Restart at once where the server ordered it, in the middle of whatever it is: the page goes on after it."""
        if self._state.pending != RESTART:
            return False
        self._machine.watch.note(2800, "a restart was ordered by the management server")
        measure(self._storage)
        return True

    async def _sync_user(self) -> int:
        """A session of the user; without a token the server treats it as one of the device (05 section 2.2)."""
        count = await self._machine.oma_dm.sync("user", await self._user_token())
        self._machine.after_session()
        if self._obey_restart():
            await sign_in_again(self._machine, self._person)
            self._token = ""
        return count

    async def _user_token(self) -> str:
        if not self._token and self._state.enrolled is not None:
            self._token = (await self._machine.broker.token(self._resource)).access_token
        return self._token

    # The end.

    async def _update(self) -> None:
        """Quality updates, after the status page and before the desktop (01 section 9.1, screen 18)."""
        why_not = updates.obstacle(self._machine)
        if not why_not:
            self._mark(UPDATES)
            await updates.install(self._machine, self._person)
        self._done(UPDATES, result=why_not or "installed")

    async def _set_up_hello(self) -> None:
        self._mark(HELLO)
        machine = self._machine
        self._sign_user_in()
        why_not = hello.obstacle(machine.tree, self._storage)
        if why_not:
            machine.watch.note(360, f"Windows Hello for Business will not be launched: {why_not}")
        else:
            self._show([screens.HELLO])
        can_prove = self._person.temporary_access_pass or self._person.totp_secret
        prove = (lambda: anew(self._prove_again)) if can_prove else None
        self._state.hello = why_not or await hello.provision(machine.transport, self._storage, machine.broker, prove)
        self._done(HELLO, result=self._state.hello)

    async def _prove_again(self) -> None:
        """The page that Hello shows when the second factor is too old; the PC is signed on anew with it."""
        machine = self._machine
        page = WebSignIn(machine.transport, machine.endpoints.login, self._person, fresh_factor=True)
        joined = self._state.joined
        signed_in = await page.run(joined.tenant_id if joined is not None else "")
        await machine.broker.sign_on(self._person, signed_in.tokens.refresh_token)

    async def _reach_desktop(self, *, managed: bool) -> None:
        """Show the desktop; then check in once more, so that the server sees what became of encryption."""
        if not self._storage.done(DESKTOP):
            self._mark(DESKTOP)
            self._show([screens.DESKTOP])
            self._storage.write(DIAGNOSTICS, IsDevicePersonalized=1)
        if managed:
            if self._machine.extension.installed:
                await self._sync_user()  # the server holds back what may come now until it knows that the page is over
            self._machine.extension.sign_in(self._user_token)
            await self._machine.extension.finish()
            await self._machine.settle()
            await self._sync_user()
            await self._machine.settle()
        self._state.locked = False
        self._done(DESKTOP)

    def _show(self, pages: list[Screen]) -> None:
        for page in pages:
            self._machine.watch.screen(page)

    def _mark(self, phase: str) -> None:
        self._storage.mark(phase, self._machine.host.clock.now())

    def _done(self, step: str, **facts: str | bool) -> None:
        self._storage.finish(step)
        self._machine.watch.step(step, facts)


def local_administrator(joined: Joined, user: User) -> bool:
    """Whether the join put the user into the local administrators (R-101)."""
    return user.sid in joined.administrators


def _sid(claimed: object, object_id: str) -> str:
    if isinstance(claimed, str) and claimed:
        return claimed
    try:
        return sid(UUID(object_id))
    except ValueError as error:
        raise SignInRefused("0x801C0014", "the id_token names no user") from error
