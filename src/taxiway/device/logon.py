"""The sign-in of another user on a PC that is set up: each user has an account setup (05 section 11.5)."""

from __future__ import annotations

from uuid import UUID

from taxiway.device.csp.node import USER
from taxiway.device.esp import ACCOUNT_SETUP
from taxiway.device.machine import Machine
from taxiway.device.person import Person
from taxiway.device.screens import DESKTOP, FIRST_SIGN_IN, Screen
from taxiway.wire.device_certificate import sid


class Logon:
    """One sign-in of a user who is not the one who set the PC up; ``resource`` is the MDM application."""

    def __init__(self, machine: Machine, person: Person, resource: str) -> None:
        self._machine = machine
        self._person = person
        self._resource = resource
        self._token = ""

    async def run(self) -> None:
        """From the sign-in page to the desktop; one that was interrupted goes on."""
        machine, state = self._machine, self._machine.storage.state
        if state.logon != self._person.upn:
            state.esp_started.pop(ACCOUNT_SETUP, None)
            state.logon = self._person.upn
        machine.watch.screen(Screen("SignIn", self._person.upn))
        await machine.broker.sign_on(self._person)
        state.signed_on = self._person.upn
        tokens = await machine.broker.token(self._resource)
        self._token = tokens.access_token
        machine.tree.user = sid(UUID(str(tokens.claims["oid"])))
        machine.watch.screen(FIRST_SIGN_IN)
        machine.extension.sign_in(self._user_token)
        esp = machine.esp
        esp.again(USER)
        await esp.user(self._sync)
        machine.watch.screen(DESKTOP)
        await machine.extension.finish()
        await self._sync()
        state.logon = ""
        machine.storage.save()

    async def _user_token(self) -> str:
        return self._token

    async def _sync(self) -> int:
        return await self._machine.oma_dm.sync("user", self._token)


async def is_owner(machine: Machine, person: Person) -> bool:
    """Whether the person is the one who set the PC up; who comes back after somebody else is signed on anew."""
    state = machine.storage.state
    owner = state.user is not None and state.user.upn.lower() == person.upn.lower()
    if owner and state.signed_on not in {"", person.upn}:
        await machine.broker.sign_on(person)
        state.signed_on = person.upn
    return owner
