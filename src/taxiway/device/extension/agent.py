"""The agent: asks what is meant, sees to it in order, and says how it stands (docs/management-extension.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from taxiway.device.csp.node import DEVICE, USER
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import RestartDue, ServerUnreachable, StepFailed
from taxiway.device.extension.apps import Apps
from taxiway.device.extension.client import Client
from taxiway.device.extension.outbox import Outbox
from taxiway.device.extension.scripts import run_script
from taxiway.device.extension.tracking import Tracking
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.device.watch import Watch
from taxiway.wire.extension import AGENT_PRODUCT, Answer

JOB: Final = "management extension"
#: The number under which the agent speaks in the PC's event log.
EVENT: Final = 1000
UserToken = Callable[[], Awaitable[str]]


class Extension:
    """Does nothing until it has been installed; then one round after the other, whenever there is a reason for one.

    ``arrival`` waits for the agent's own installation, where one runs.
    """

    def __init__(
        self,
        transport: Transport,
        storage: Storage,
        tree: Tree,
        jobs: Jobs,
        queue: InstallQueue,
        watch: Watch,
        arrival: Callable[[], Awaitable[None]],
    ) -> None:
        self._arrival = arrival
        self._host = transport.host
        self._storage = storage
        self._jobs = jobs
        self._watch = watch
        self._tracking = Tracking(tree)
        self._client = Client(transport, storage)
        self._outbox = Outbox(self._client, storage)
        self._apps = Apps(transport, storage, self._tracking, self._outbox, queue, watch)
        self._user_token: UserToken | None = None
        self._due = False
        self._at_desktop = False

    @property
    def installed(self) -> bool:
        """Whether the agent is on the PC."""
        wanted = AGENT_PRODUCT.lower()
        return any(name.lower() == wanted for name in self._storage.state.installed)

    def arrived(self, product: str) -> None:
        """A product was installed; if it is the agent, it starts."""
        if product.lower() == AGENT_PRODUCT.lower():
            self._start()

    def resume(self) -> None:
        """The power is back, or the PC has restarted."""
        if self.installed:
            self._start()

    def sign_in(self, token: UserToken) -> None:
        """A user is there: what is meant for the user can be asked for, and account setup waits for the list."""
        self._user_token = token
        self._apps.user_is_there = True
        if self.installed:
            self._tracking.will_list(USER)
            self._wake()

    def retry(self) -> None:
        """The page's Try again: what failed is to be done once more, and nothing else."""
        self._tracking.wait_again()
        self._tracking.again()
        self._apps.retry()
        if self.installed:
            self._wake()

    async def finish(self) -> None:
        """The desktop is reached: one more round, for what was held back; not longer than the rehearsal lingers."""
        self._at_desktop = True
        settled = asyncio.ensure_future(self._last_round())
        timer = asyncio.ensure_future(self._host.clock.sleep(self._host.pace.linger))
        try:
            await asyncio.wait({settled, timer}, return_when=asyncio.FIRST_COMPLETED)
            if settled.done():
                settled.result()
        finally:
            timer.cancel()
            settled.cancel()

    # ------------------------------------------------------------------------------------------ inside

    async def _last_round(self) -> None:
        await self._arrival()
        if self.installed:
            self._wake()
            await self._jobs.settle(JOB)

    def _start(self) -> None:
        agent = self._storage.state.extension
        agent.instance = agent.instance or self._host.entropy.uuid()
        self._tracking.ready()
        self._tracking.will_list(USER)
        self._storage.save()
        self._wake()

    def _wake(self) -> None:
        self._due = True
        self._jobs.start(JOB, self._rounds())

    async def _rounds(self) -> None:
        while self._due:
            self._due = False
            try:
                await self._round()
            except RestartDue as due:
                self._watch.note(EVENT, due.message)
                return
            except ServerUnreachable as failure:
                self._watch.note(EVENT, f"the management server does not answer the agent: {failure.message}")
                self._due = not self._at_desktop
                await self._host.clock.sleep(self._host.pace.poll)
            except StepFailed as refusal:  # the agent, or the user's token
                self._watch.note(EVENT, f"the agent was refused: {refusal.code} {refusal.message}")

    async def _round(self) -> None:
        """Tell what is untold, ask, list what the page waits for, then scripts, then apps."""
        token = await self._user_token() if self._user_token is not None else ""
        self._outbox.token = token
        await self._outbox.send()
        agent = self._storage.state.extension
        answer = await self._client.check_in(agent.instance, token)
        self._list(answer)
        for script in answer.scripts:
            await run_script(script, self._host, self._outbox, self._storage)
        await self._apps.see_to(answer.apps, self._client.origin)
        await self._outbox.send()

    def _list(self, answer: Answer) -> None:
        """Say to the page which apps it waits for; the user's only where the server has seen the user's token."""
        tracked = [app for app in answer.apps if app.tracked]
        self._tracking.list_apps(DEVICE, [app for app in tracked if not app.user])
        self._tracking.let_go(DEVICE, answer.apps)
        if answer.user:
            self._tracking.list_apps(USER, [app for app in tracked if app.user])
            self._tracking.let_go(USER, answer.apps)
        self._storage.save()
