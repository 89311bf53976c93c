"""A server of one's own on loopback, as a process of its own: what the demo and the benchmark rehearse against."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from taxiway.rehearsal.errors import ServerFailed


@dataclass(frozen=True, slots=True)
class Addresses:
    """What a server says when it is ready."""

    people: str
    devices: str
    ca_file: Path
    administrator: str = ""
    one_time_password: str = field(default="", repr=False)


@dataclass(slots=True)
class LocalServer:
    """``taxiway up`` on free ports; killed hard or stopped gently, and started again on the same folder."""

    folder: Path
    organization: str = "Contoso"
    domain: str = "contoso.example"
    database: str = ""
    _ports: tuple[int, int] = (0, 0)
    _process: asyncio.subprocess.Process | None = None

    async def start(self) -> Addresses:
        """Start and wait until both doors answer."""
        if self._ports == (0, 0):
            self._ports = (free_port(), free_port())
        arguments = [
            *("--data", str(self.folder), "--people-port", str(self._ports[0]), "--devices-port", str(self._ports[1])),
            *("--organization", self.organization, "--domain", self.domain, "--json"),
            *(("--database", self.database) if self.database else ()),
        ]
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self.log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "taxiway", "up", *arguments), stdout=asyncio.subprocess.PIPE, stderr=log
            )
        line = await self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            text = self.log.read_text("utf-8", "replace").strip().splitlines()
            raise ServerFailed(
                f"The server did not start: {text[-1] if text else 'no reason given'}", remedy=f"See {self.log}."
            )
        said = json.loads(line)
        return Addresses(
            said["people"],
            said["devices"],
            Path(said["ca_file"]),
            said.get("administrator", ""),
            said.get("one_time_password", ""),
        )

    @property
    def log(self) -> Path:
        """What the server says of its own trouble."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int:
        """The process id of the running server."""
        if self._process is None:
            raise ServerFailed("The server is not running.")
        return self._process.pid

    async def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.communicate()

    async def stop(self) -> None:
        """Ask it to end and wait."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.communicate()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


def free_port() -> int:
    """A TCP port of loopback that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
