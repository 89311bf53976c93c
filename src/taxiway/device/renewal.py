"""Renewal of the management certificate without anybody's help (04 section 14)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs7 import PKCS7Options, PKCS7SignatureBuilder

from taxiway.device.enroll import MANAGEMENT_KEY, NEXT_KEY, Enroller
from taxiway.device.errors import EnrollmentRefused
from taxiway.device.outcome import milliseconds
from taxiway.device.state import Storage
from taxiway.device.transport import Transport

_DAY: Final = 86_400_000

Renewed = Literal["not due", "renewed", "refused"]


class Renewer:
    """Asks for a new certificate in the last days of the old one, and again while it is refused."""

    def __init__(self, enroller: Enroller, transport: Transport, storage: Storage) -> None:
        self._enroller = enroller
        self._transport = transport
        self._storage = storage

    async def renew_if_due(self) -> Renewed:
        """Renew where it is time. A server that cannot be reached is asked the next time, with the same key."""
        if not self._due():
            return "not due"
        try:
            await self._enroller.renew(NEXT_KEY, sign_renewal)
        except EnrollmentRefused:
            self._storage.state.renewal_refused = milliseconds(self._transport.host.clock.now())
            self._storage.save()
            return "refused"
        return "renewed"

    def _due(self) -> bool:
        """In the last days before the end, not again before the interval is over, never after the end (14.1)."""
        state = self._storage.state
        if state.enrolled is None or not state.enrolled.renew_days:
            return False
        now = self._transport.host.clock.now()
        end = self._transport.tpm.certificate(MANAGEMENT_KEY).not_valid_after_utc
        waited = milliseconds(now) - state.renewal_refused >= state.enrolled.retry_days * _DAY
        return end - timedelta(days=state.enrolled.renew_days) <= now <= end and waited


def sign_renewal(old: rsa.RSAPrivateKey, certificate: x509.Certificate, request: bytes) -> bytes:
    """PKCS#7 around the request for the new key, signed by the old one with its certificate enclosed (14.2)."""
    builder = PKCS7SignatureBuilder().set_data(request).add_signer(certificate, old, hashes.SHA256())
    return builder.sign(Encoding.DER, [PKCS7Options.Binary])
