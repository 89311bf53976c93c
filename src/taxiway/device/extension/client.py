"""The agent's two requests, over mutual TLS with the certificate of the management account."""

from __future__ import annotations

from urllib.parse import urlsplit

from taxiway.device.errors import StepFailed
from taxiway.device.state import Storage
from taxiway.device.transport import Identity, Transport
from taxiway.wire.errors import WireError
from taxiway.wire.extension import (
    AGENT_VERSION,
    CHECK_IN_PATH,
    REPORT_PATH,
    VERSION,
    Answer,
    CheckIn,
    Receipts,
    Report,
    Reports,
    read_answer,
    write,
)


class ExtensionRefused(StepFailed):
    """The server refused the agent, or its answer cannot be used."""

    step = "management extension"


class Client:
    """Asks and reports; the address is that of the management account."""

    def __init__(self, transport: Transport, storage: Storage) -> None:
        self._transport = transport
        self._storage = storage

    @property
    def origin(self) -> str:
        """Where the management server is."""
        enrolled = self._storage.state.enrolled
        if enrolled is None:
            raise ExtensionRefused("0x80180026", "the PC is not enrolled")
        parts = urlsplit(enrolled.address)
        return f"{parts.scheme}://{parts.netloc}"

    async def check_in(self, instance: str, token: str) -> Answer:
        """What is meant for this PC, and for the user whose token this is."""
        message = CheckIn(version=VERSION, instance=instance, agent_version=AGENT_VERSION)
        body = await self._post(CHECK_IN_PATH, write(message), token)
        try:
            return read_answer(body, Answer)
        except WireError as error:
            raise ExtensionRefused("0x80072F78", f"the answer cannot be read: {error.message}") from error

    async def report(self, instance: str, reports: list[Report], token: str) -> Receipts:
        """Say how things stand; a receipt for each report."""
        message = Reports(version=VERSION, instance=instance, reports=reports)
        body = await self._post(REPORT_PATH, write(message), token)
        try:
            return read_answer(body, Receipts)
        except WireError as error:
            raise ExtensionRefused("0x80072F78", f"the answer cannot be read: {error.message}") from error

    async def _post(self, path: str, content: bytes, token: str) -> bytes:
        headers = {"content-type": "application/json", "accept": "application/json"}
        if token:
            headers["authorization"] = f"Bearer {token}"
        response = await self._transport.send(
            "POST", self.origin + path, identity=Identity.MANAGEMENT, content=content, headers=headers
        )
        if response.status_code != 200:
            raise ExtensionRefused(
                f"0x8019{response.status_code:04X}", f"the management server answers HTTP {response.status_code}"
            )
        return response.content
