"""HealthAttestation: what the firmware measured at the last start, signed by the PC's own key (05 section 10.17)."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import Node, Refused
from taxiway.device.errors import ServerUnreachable
from taxiway.device.state import Storage
from taxiway.device.transport import Identity, Transport
from taxiway.wire import attestation
from taxiway.wire.attestation import Measured, Order
from taxiway.wire.errors import WireError
from taxiway.wire.hresult import signed
from taxiway.wire.syncml import Code

_FIRST_BUILD = 22000
_NO_TPM, _HTTP, _UNREADABLE = 0x80284008, 0x80190000, 0x80072F78


class HealthAttestation(Csp):
    """Answers an order with a report of the attestation service; the older flow is not here."""

    root = (*MSFT, "HealthAttestation")
    runs = frozenset({"TriggerAttestation"})

    def __init__(self, storage: Storage, transport: Transport) -> None:
        self._storage = storage
        self._transport = transport

    def read(self, node: Node) -> str | None:
        """Status and report of the last attestation; there is none before the first."""
        told = self._storage.state.attestation
        match node.name:
            case "AttestStatus":
                return str(signed(told.status))
            case "GetAttestReport":
                return told.report
            case "GetServiceCorrelationIDs":
                return self._transport.correlation
        return None

    def check(self, change: Change) -> None:
        """An order that cannot be read is 400; what is not of the newer flow, or an older Windows, is 406."""
        build = int(self._storage.state.firmware.os_version.split(".")[2])
        if change.node.name != "TriggerAttestation" or build < _FIRST_BUILD:
            raise Refused(Code.NOT_SUPPORTED)
        self._order(change.value)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Ask the service, and answer when it has."""
        return self._attest(self._order(change.value)) if change.verb == "Exec" else None

    async def _attest(self, order: Order) -> Code:
        told = self._storage.state.attestation
        told.status, told.report = await self._ask(order)
        self._storage.save()
        return Code.OK

    async def _ask(self, order: Order) -> tuple[int, str]:
        """Status and report; without a TPM nothing was measured."""
        state, transport = self._storage.state, self._transport
        if not state.firmware.has_tpm:
            return _NO_TPM, ""
        secure = state.firmware.secure_boot
        measured = Measured(order.nonce, state.boot.number, state.boot.encrypted, secure, secure, secure)
        signed = attestation.evidence(measured)
        body = attestation.pack(signed, await transport.tpm.sign(Identity.DEVICE.value, signed))
        try:
            answer = await transport.send("POST", order.service_endpoint, identity=Identity.DEVICE, content=body)
        except ServerUnreachable as failure:
            return int(failure.code, 16), ""
        if answer.status_code != 200:
            return _HTTP | answer.status_code, ""
        try:
            return 0, str(msgspec.json.decode(answer.content, type=dict[str, str])["report"])
        except (msgspec.MsgspecError, KeyError):
            return _UNREADABLE, ""

    @staticmethod
    def _order(text: str) -> Order:
        try:
            order = attestation.read_order(text)
        except WireError as error:
            raise Refused(Code.BAD_REQUEST) from error
        if not order.nonce or not order.service_endpoint.startswith("https://"):
            raise Refused(Code.BAD_REQUEST)
        return order
