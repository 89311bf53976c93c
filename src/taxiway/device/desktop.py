"""The PC after its deployment: a check-in at a time, from the desktop or the lock screen (05 section 2.6).

When check-ins are due is the server's to say, in ``DMClient/Provider/{id}/Poll``: five every 3 minutes, eight every 15,
then one every 8 hours. This PC has no clock of its own while its power is off: whoever runs it holds a check-in when
one is due, and one after another makes the same sequence of sessions that Windows would have.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import urlsplit
from uuid import UUID

from taxiway.device.errors import ServerUnreachable, SignInRefused
from taxiway.device.machine import Machine
from taxiway.device.resets import RESTART, measure
from taxiway.wire.device_certificate import sid

Where: TypeAlias = Literal["desktop", "lock screen", "oobe", "unmanaged"]


@dataclass(frozen=True, slots=True)
class Synced:
    """Where the PC is after the session, how many commands it brought, who took part, and what had to follow it."""

    at: Where
    commands: int = 0
    user: str = ""
    did: str = ""


class Desktop:
    """One check-in."""

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._state = machine.storage.state

    async def check_in(self) -> Synced:
        """The session, what it sets going, a second one where something is to be told, and a restart it ordered."""
        machine, state = self._machine, self._state
        if self._left():
            return Synced("unmanaged")
        await machine.renewer.renew_if_due()
        machine.msi.resume()
        machine.bitlocker.consider()
        machine.laps.consider()
        await machine.settle()
        token = await self._token()
        user = state.signed_on or (state.user.upn if state.user else "") if token else ""
        commands = await self._session(token)
        machine.after_session()
        await machine.settle()
        await machine.jobs.drain(machine.host.clock, machine.host.pace.patience)
        if self._left():
            return Synced("unmanaged", commands, user)
        if machine.oma_dm.waiting:
            commands += await self._session(token)
            machine.after_session()
        if state.pending == RESTART:
            machine.watch.note(2800, "a restart was ordered by the management server")
            measure(machine.storage)
            return Synced("lock screen", commands, user, RESTART)
        machine.storage.save()
        return Synced("desktop" if token else "lock screen", commands, user)

    async def _session(self, token: str) -> int:
        """One session; what it ordered before the network went is carried out all the same."""
        try:
            return await self._machine.oma_dm.sync("user" if token else "none", token)
        except ServerUnreachable:
            if not self._state.pending:
                raise
            return 0

    def _left(self) -> bool:
        return self._state.enrolled is None

    async def _token(self) -> str:
        """The signed-in user's token for the server; empty on the lock screen, or where none can be had."""
        state, machine = self._state, self._machine
        if state.locked or not state.mdm or state.joined is None:
            return ""
        parts = urlsplit(state.mdm["mdm_enrollment_url"])
        try:
            tokens = await machine.broker.token(f"{parts.scheme}://{parts.netloc}/")
            machine.tree.user = sid(UUID(str(tokens.claims["oid"])))
        except (SignInRefused, KeyError, ValueError):
            return ""
        return tokens.access_token
