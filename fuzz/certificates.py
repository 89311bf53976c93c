"""Messages of devices that ask for certificates (RFC 8894)."""

from __future__ import annotations

from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from fuzz.common import Make
from fuzz.instance import Instance
from fuzz.message import Blob, Message, Raw
from taxiway import pki
from taxiway.management.certificates import challenges
from taxiway.wire import scep, scep_content
from taxiway.wire.scep_settings import parse_subject

_SUBJECT = "CN=PC-1"
_TERMS = {"subject": _SUBJECT, "names": [], "usages": [], "key_usage": [], "bits": "2048", "days": 1}


async def _request(it: Instance) -> bytes:
    """A request that is all that a request has to be, of a device that is not managed any more."""
    await pki.make_client_authority(it.rt, it.tenant)
    authority = await pki.client_authority(it.rt, it.tenant)
    challenge = await it.rt.store.write(it.tenant, lambda tx: challenges.draw(tx, "gone", "profile", _TERMS))
    key, name, now = it.device_key, parse_subject(_SUBJECT), it.clock.now()
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    request = scep_content.write_request(key, name, [], challenge)
    envelope = scep_content.seal(request, authority.registration)
    asked = scep.Attributes(scep.MessageType.REQUEST, "T-1", b"n" * 16)
    return scep.write_message(asked, envelope, builder.sign(key, hashes.SHA256()), key)


def _path(it: Instance) -> str:
    return f"/scep/{it.tenant}/pkiclient.exe"


async def scep_post(it: Instance) -> Message:
    """A SCEP request in a body."""
    query = [("operation", "PKIOperation")]
    return Message("POST", _path(it), query=query, body=Raw(await _request(it)), door="devices")


async def scep_get(it: Instance) -> Message:
    """A SCEP request in a query."""
    query = [("operation", "PKIOperation"), ("message", Blob(await _request(it)))]
    return Message("GET", _path(it), query=query, door="devices")


CERTIFICATES: dict[str, Make] = {"SCEP request": scep_post, "SCEP request by GET": scep_get}
