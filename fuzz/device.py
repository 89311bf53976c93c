"""Messages of a joined device: what its broker signs, and what it registers."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from fuzz.common import JWT_BEARER, PRT_CLIENT, UPN, Make, access_token, authorize_query
from fuzz.instance import BROKER, DRS, PASSWORD, Instance, named, rs256
from fuzz.message import Blob, Message, Pairs, Sign, Token
from taxiway import directory, signin
from taxiway.wire import rsa_blob
from taxiway.wire.attestation import Measured, evidence
from taxiway.wire.broker import derive_key


def _by_device(it: Instance, claims: dict[str, Any]) -> Token:
    der = base64.b64encode(it.certificate.public_bytes(Encoding.DER)).decode()
    return Token({"alg": "RS256", "typ": "JWT", "x5c": [der], "kdf_ver": 2}, claims, rs256(it.device_key))


def _by_session(it: Instance, claims: dict[str, Any]) -> Token:
    """Signed with a key derived from the session key and from what the parts have become."""
    context = it.rt.entropy.bytes(24)
    header = {"alg": "HS256", "typ": "JWT", "ctx": base64.b64encode(context).decode(), "kdf_ver": 2}
    return Token(header, claims, _session_sign(it.session_key, context))


def _session_sign(session_key: bytes, context: bytes) -> Sign:
    def sign(signed: bytes) -> bytes:
        body = signed.partition(b".")[2]
        payload = base64.urlsafe_b64decode(body + b"=" * (-len(body) % 4))
        return hmac.new(derive_key(session_key, context, payload), signed, hashlib.sha256).digest()

    return sign


def _brokered(request: Token) -> Message:
    form = [("grant_type", JWT_BEARER), ("request", request), ("windows_api_version", "2.2"), ("client_info", "1")]
    return Message("POST", "/common/oauth2/token", form=form)


async def prt_by_password(it: Instance) -> Message:
    """A request for a PRT that the device signs."""
    claims = {
        "client_id": PRT_CLIENT,
        "scope": "openid aza ugs",
        "grant_type": "password",
        "username": UPN,
        "password": PASSWORD,
        "request_nonce": signin.make_nonce(it.rt),
        "win_ver": "10.0.26100.1",
    }
    return _brokered(_by_device(it, claims))


async def hello_assertion(it: Instance) -> Message:
    """An assertion inside a request: a token in a token."""
    now = int(it.clock.now().timestamp())
    inner = {"iss": UPN, "aud": it.tenant, "iat": now, "exp": now + 300, "request_nonce": signin.make_nonce(it.rt)}
    assertion = Token({"alg": "RS256", "typ": "JWT", "kid": "AAAA", "use": "ngc"}, inner, rs256(it.transport_key))
    claims = {
        "client_id": PRT_CLIENT,
        "scope": "openid aza ugs",
        "grant_type": JWT_BEARER,
        "assertion": assertion,
        "request_nonce": signin.make_nonce(it.rt),
    }
    return _brokered(_by_device(it, claims))


async def prt_used(it: Instance) -> Message:
    """A request for a token that the session key signs."""
    claims = {
        "client_id": BROKER,
        "scope": "openid",
        "resource": DRS,
        "grant_type": "refresh_token",
        "refresh_token": it.prt,
        "request_nonce": signin.make_nonce(it.rt),
        "iat": int(it.clock.now().timestamp()),
    }
    return _brokered(_by_session(it, claims))


async def prt_cookie(it: Instance) -> Message:
    """A PRT that speaks for its person in a header or a cookie."""
    token = _by_session(it, {"refresh_token": it.prt, "is_primary": "true", "request_nonce": signin.make_nonce(it.rt)})
    name = "x-ms-RefreshTokenCredential"
    as_header = int(it.clock.monotonic()) % 2
    headers: Pairs = (
        [(name, token)] if as_header else [("cookie", Token(token.header, token.claims, token.sign, f"{name}="))]
    )
    return Message("GET", f"/{it.tenant}/oauth2/authorize", query=authorize_query(it), headers=headers)


async def device_cookie(it: Instance) -> Message:
    """A device that speaks for itself."""
    token = _by_device(it, {"grant_type": "device_auth", "request_nonce": signin.make_nonce(it.rt)})
    return Message(
        "GET", f"/{it.tenant}/oauth2/authorize", query=authorize_query(it), headers=[("x-ms-DeviceCredential", token)]
    )


def _csr(key: Any) -> bytes:
    name = named("7E980AD9-B86D-4306-9425-9AC066FB014A")
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.DER)


async def join(it: Instance) -> Message:
    """A join: the certificate request and the transport key as blobs."""
    token = await access_token(it, DRS, scp="adrs_access")
    key, transport = it.keys.rsa(), it.keys.rsa()
    body = {
        "CertificateRequest": {"Type": "pkcs10", "Data": Blob(_csr(key))},
        "TransportKey": Blob(rsa_blob.encode(transport.public_key())),
        "TargetDomain": "contoso.example",
        "DeviceType": "Windows",
        "OSVersion": "10.0.26100.1742",
        "DeviceDisplayName": "DESKTOP-7F3K2QA",
        "JoinType": 0,
        "Attributes": {"ReuseDevice": "true", "ReturnClientSid": "true", "SharedDevice": "false"},
    }
    return Message(
        "POST",
        "/EnrollmentServer/device/",
        query=[("api-version", "2.0")],
        headers=[("authorization", token)],
        body=body,
        door="devices",
    )


async def hello_key(it: Instance) -> Message:
    """A Windows Hello key."""
    token = await access_token(it, DRS, scp="adrs_access", deviceid=it.device_id)
    body = {"kngc": Blob(rsa_blob.encode(it.keys.rsa().public_key()))}
    return Message("POST", "/EnrollmentServer/key/", headers=[("authorization", token)], body=body, door="devices")


async def recovery_key(it: Instance) -> Message:
    """A BitLocker key in escrow."""
    key = "-".join(f"{number * 11:06d}" for number in (1, 22, 333, 4444, 55555, 65535, 7, 60000))
    body = {"kid": it.rt.entropy.uuid(), "vol": "1", "key": key}
    return Message("POST", "/EnrollmentServer/bitlocker/keys", body=body, peer=it.pem, door="devices")


async def local_password(it: Instance) -> Message:
    """A local administrator's password in escrow."""
    changes = {"laps_enabled": True}
    await it.rt.store.write(
        it.tenant, lambda tx: directory.update_registration_policy(tx, directory.SYSTEM_PRINCIPAL, changes)
    )
    body = {"account": "Administrator", "password": "QTJiM0M0ZDU=", "sid": "S-1-5-21-0-0-0-500", "days": 30}
    return Message("POST", "/EnrollmentServer/laps/credentials", body=body, peer=it.pem, door="devices")


async def attestation(it: Instance) -> Message:
    """What a PC measured at its start, signed by its key."""
    signed = evidence(Measured("nonce", 1, True, True, True, True))  # noqa: FBT003 - the flags of a boot
    signature = it.device_key.sign(signed, padding.PKCS1v15(), hashes.SHA256())
    body = {"measured": Blob(signed), "signature": Blob(signature)}
    return Message("POST", "/attestation", body=body, peer=it.pem, door="devices")


async def bulk_token(it: Instance) -> Message:
    """The start of a bulk token."""
    token = await access_token(it, DRS, scp="adrs_access")
    body = {"pid": it.rt.entropy.uuid(), "name": "package", "exp": "01/30/2026"}
    return Message("POST", "/webapp/bulkaadjtoken/begin", headers=[("authorization", token)], body=body)


DEVICE: dict[str, Make] = {
    make.__name__: make
    for make in (
        prt_by_password,
        hello_assertion,
        prt_used,
        prt_cookie,
        device_cookie,
        join,
        hello_key,
        recovery_key,
        local_password,
        attestation,
        bulk_token,
    )
}
