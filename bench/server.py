"""A server in this process, so that its operations can be counted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from taxiway import app
from taxiway.rehearsal.server import Addresses, free_port
from taxiway.settings import DoorSettings, Settings
from taxiway.store import Runtime
from taxiway.store.settings import StoreSettings


@dataclass(frozen=True, slots=True)
class InProcess:
    """An instance on a folder of its own, behind its real doors."""

    folder: Path
    database: str = ""
    _running: list[Runtime] = field(default_factory=list)

    @property
    def runtime(self) -> Runtime:
        """What the instance is made of, while it serves."""
        return self._running[-1]

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[Addresses]:
        """Serve while the block runs."""
        files = app.Files(self.folder)
        doors = DoorSettings(people_port=free_port(), devices_port=free_port())
        settings = Settings(doors=doors, store=StoreSettings(database=self.database))
        ready, stop = asyncio.Event(), asyncio.Event()
        async with app.open_runtime(files, settings) as rt:
            self._running.append(rt)
            password = await app.first_start(rt, organization="Contoso", domain="contoso.example")
            serving = asyncio.create_task(app.run(rt, files, settings, ready=ready, stop=stop))
            await ready.wait()
            urls = settings.urls
            yield Addresses(urls.people, urls.devices, files.root, "admin@contoso.example", password)
            stop.set()
            await serving
