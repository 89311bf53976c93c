"""Reports wait here until there is a receipt for them, over a power cut too."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from taxiway.device.errors import ServerUnreachable
from taxiway.device.extension.client import Client
from taxiway.device.state import Storage
from taxiway.wire.extension import MAX_OUTPUT, MAX_REPORTS, Report

#: More than this is not kept: the newest report of each thing is what counts.
_MOST: Final = 500


class Outbox:
    """Numbers reports and sends them in order; ``token``: of the user who is there, empty for none."""

    def __init__(self, client: Client, storage: Storage) -> None:
        self._client = client
        self._agent = storage.state.extension
        self._storage = storage
        self.token = ""

    async def tell(self, kind: str, thing: Any, state: str, **more: Any) -> None:
        """Report how an app or a script stands; what cannot be sent now is sent later."""
        self._agent.number += 1
        text = str(more.pop("text", ""))[:MAX_OUTPUT]
        report = Report(
            kind="app" if kind == "app" else "script",
            id=thing.id,
            revision=thing.revision,
            number=self._agent.number,
            state=state,
            user=thing.user,
            text=text,
            **more,
        )
        self._agent.outbox = [*self._agent.outbox, msgspec.to_builtins(report)][-_MOST:]
        self._storage.save()
        try:
            await self.send()
        except ServerUnreachable:
            return

    async def send(self) -> None:
        """Send what waits; what there is a receipt for is not sent again."""
        while self._agent.outbox:
            waiting = [msgspec.convert(each, Report) for each in self._agent.outbox[:MAX_REPORTS]]
            answer = await self._client.report(self._agent.instance, waiting, self.token)
            again = {receipt.number for receipt in answer.receipts if receipt.again}
            sent = {report.number for report in waiting} - again
            left = [each for each in self._agent.outbox if each["number"] not in sent]
            stuck = len(left) == len(self._agent.outbox)
            self._agent.outbox = left
            self._storage.save()
            if stuck or again:
                return
