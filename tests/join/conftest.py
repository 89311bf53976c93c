"""A PC that joins: its keys, its certificate, its broker."""

from __future__ import annotations

import base64
import json

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from signin.conftest import DRS, PASSWORD, UPN, Browser, make_user, register  # noqa: F401 - for the tests of this room
from taxiway.doors import Door
from taxiway.join.http import routes
from taxiway.wire import broker, rsa_blob

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"


class WithPeer:
    """Delivers a certificate as a door does after its TLS handshake."""

    def __init__(self, app):
        self.app, self.certificate = app, None

    async def __call__(self, scope, receive, send):
        chain = [self.certificate] if self.certificate else []
        await self.app({**scope, "extensions": {"tls": {"client_cert_chain": chain}}}, receive, send)


class Device:
    """One PC in front of the registration service, and the browser on it."""

    def __init__(self, rt, keys, browser):
        self.rt, self.browser = rt, browser
        self.device_key, self.transport_key = keys.rsa(), keys.rsa()
        self.door = WithPeer(Door(routes(rt), rt.entropy))
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.door), base_url="https://localhost:8444")
        self.certificate = None
        self.prt = self.session_key = None

    async def token(self, upn=UPN, **changes):
        """A token for device registration, by the sign-in page."""
        done = await self.browser.login(await self.browser.authorize(login_hint=upn, **changes), upn=upn)
        code = done.headers["location"].split("code=")[1].split("&")[0]
        return (await self.browser.redeem(code)).json()["access_token"]

    def csr(self, key=None):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "7E980AD9-B86D-4306-9425-9AC066FB014A")])
        made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key or self.device_key, hashes.SHA256())
        return base64.b64encode(made.public_bytes(Encoding.DER)).decode()

    def body(self, *, ticket="", **changes):
        """A join request as Windows writes it."""
        attributes = {"ReuseDevice": "true", "ReturnClientSid": "true", "SharedDevice": "false"}
        if ticket:
            attributes["MSA-DDID"] = base64.b64encode(ticket.encode()).decode()
        return {
            "CertificateRequest": {"Type": "pkcs10", "Data": self.csr()},
            "TransportKey": base64.b64encode(rsa_blob.encode(self.transport_key.public_key())).decode(),
            "TargetDomain": "contoso.example",
            "DeviceType": "Windows",
            "OSVersion": "10.0.26100.1742",
            "DeviceDisplayName": "DESKTOP-7F3K2QA",
            "JoinType": 0,
            "Attributes": attributes,
            **changes,
        }

    async def post(self, token, body):
        """Send a join request."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(
            "/EnrollmentServer/device/?api-version=2.0", content=content, headers={"authorization": f"Bearer {token}"}
        )

    async def join(self, *, upn=UPN, **changes):
        """Join; the answer, with the certificate kept."""
        answer = await self.post(await self.token(upn), self.body(**changes))
        if answer.status_code == 200:
            self.certificate = x509.load_der_x509_certificate(base64.b64decode(answer.json()["Certificate"]["RawBody"]))
        return answer

    @property
    def device_id(self):
        return self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    def connect(self, certificate=None):
        """From now on, the connection carries the device certificate."""
        self.door.certificate = (certificate or self.certificate).public_bytes(Encoding.DER)

    async def nonce(self):
        return (await self.browser.token(segment="common", grant_type="srv_challenge")).json()["Nonce"]

    async def device_signed(self, *, key=None, listed=True, **claims):
        """A request signed with the device key."""
        der = base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()
        header = {"alg": "RS256", "typ": "JWT", "x5c": [der] if listed else der, "kdf_ver": 2}
        payload = {
            "client_id": PRT_CLIENT,
            "scope": "openid aza ugs",
            "grant_type": "password",
            "username": UPN,
            "password": PASSWORD,
            "request_nonce": await self.nonce(),
            **claims,
        }
        signed = ".".join(broker.b64url(json.dumps(part).encode()) for part in (header, payload))
        signature = (key or self.device_key).sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return await self.send(f"{signed}.{broker.b64url(signature)}")

    async def sign_on(self, **claims):
        """Get a PRT; the reply."""
        reply = (await self.device_signed(**claims)).json()
        if "session_key_jwe" in reply:
            self.prt = reply["refresh_token"]
            self.session_key = broker.unwrap_session_key(self.transport_key, reply["session_key_jwe"])
        return reply

    async def session_signed(self, *, kdf=2, session_key=None, **claims):
        """A request signed with the session key; the opened reply, or the error."""
        payload = {
            "client_id": "29d9ed98-a469-4536-ade2-f981bc1d605e",
            "scope": "openid",
            "resource": DRS,
            "grant_type": "refresh_token",
            "refresh_token": self.prt,
            "request_nonce": await self.nonce(),
            **claims,
        }
        key = session_key or self.session_key
        answer = await self.send(broker.sign_request(key, self.rt.entropy.bytes(24), payload, kdf))
        text = answer.text
        return json.loads(text if text.startswith("{") else broker.decrypt_response(self.session_key, text))

    async def send(self, request):
        """The broker's form."""
        form = {"grant_type": JWT_BEARER, "request": request, "windows_api_version": "2.2", "client_info": "1"}
        return await self.browser.token(segment="common", **form)


@pytest.fixture
async def user(rt, tenant):
    return await make_user(rt, tenant)


@pytest.fixture
async def browser(rt, tenant):
    browser = Browser(rt, tenant)
    yield browser
    await browser.http.aclose()


@pytest.fixture
async def device(rt, keys, browser, user):
    return Device(rt, keys, browser)


@pytest.fixture
async def joined(device):
    """A device that has joined."""
    answer = await device.join()
    assert answer.status_code == 200, answer.text
    return device
