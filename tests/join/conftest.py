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

from signin.conftest import (  # noqa: F401 - for the tests of this room
    BROKER,
    DRS,
    PASSWORD,
    UPN,
    Browser,
    answer_of,
    make_user,
    register,
)
from taxiway import signin
from taxiway.doors import Door
from taxiway.join.http import routes
from taxiway.wire import broker, rsa_blob

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"
REGISTRATION_CLIENT = "dd762716-544d-4aeb-a526-687b73838a22"


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

    async def post(self, token, body, *, version="2.0"):
        """Send a join request."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await self.http.post(
            f"/EnrollmentServer/device/?api-version={version}",
            content=content,
            headers={"authorization": f"Bearer {token}"},
        )

    async def join(self, *, upn=UPN, **changes):
        """Join; the answer, with the certificate kept."""
        answer = await self.post(await self.token(upn), self.body(**changes))
        if answer.status_code == 200:
            self.keep(answer)
        return answer

    def keep(self, answer):
        """Keep the certificate of an answer."""
        self.certificate = x509.load_der_x509_certificate(base64.b64decode(answer.json()["Certificate"]["RawBody"]))

    @property
    def device_id(self):
        return self.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value

    def connect(self, certificate=None):
        """From now on, the connection carries the device certificate."""
        self.door.certificate = (certificate or self.certificate).public_bytes(Encoding.DER)

    async def nonce(self):
        return (await self.browser.token(segment="common", grant_type="srv_challenge")).json()["Nonce"]

    async def device_signed(self, *, key=None, listed=True, form=None, **claims):
        """A request signed with the device key; a claim of None is left out."""
        payload = {
            "client_id": PRT_CLIENT,
            "scope": "openid aza ugs",
            "grant_type": "password",
            "username": UPN,
            "password": PASSWORD,
            "request_nonce": await self.nonce(),
            **claims,
        }
        return await self.send(self.by_device(payload, key=key, listed=listed), **(form or {}))

    def by_device(self, payload, *, key=None, listed=True):
        """The signed text of such a request."""
        der = base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()
        header = {"alg": "RS256", "typ": "JWT", "x5c": [der] if listed else der, "kdf_ver": 2}
        return rs256(key or self.device_key, header, {name: each for name, each in payload.items() if each is not None})

    async def sign_on(self, **claims):
        """Get a PRT; the reply."""
        reply = (await self.device_signed(**claims)).json()
        if "session_key_jwe" in reply:
            self.prt = reply["refresh_token"]
            self.session_key = broker.unwrap_session_key(self.transport_key, reply["session_key_jwe"])
        return reply

    async def session_signed(self, *, kdf=2, session_key=None, form=None, **claims):
        """A request signed with the session key; the opened reply, or the error. A claim of None is left out."""
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
        payload = {name: each for name, each in payload.items() if each is not None}
        answer = await self.send(broker.sign_request(key, self.rt.entropy.bytes(24), payload, kdf), **(form or {}))
        text = answer.text
        return json.loads(text if text.startswith("{") else broker.decrypt_response(self.session_key, text))

    async def send(self, request, *, version="", segment="common", **changes):
        """The broker's form."""
        form = {
            "grant_type": JWT_BEARER,
            "request": request,
            "windows_api_version": "2.2",
            "client_info": "1",
            **changes,
        }
        return await self.browser.token(segment=segment, version=version, **form)

    async def strong_refresh_token(self, user):
        """A refresh token of the broker after a sign-in with a Temporary Access Pass."""
        pass_ = await signin.issue_access_pass(self.rt, self.browser.tenant, user["id"])
        upn = user["user_principal_name"]
        page = await self.browser.login(await self.browser.authorize(login_hint=upn), upn=upn, password="")
        config, ended = await self.browser.factor(page, "AccessPass", pass_)
        code = answer_of(await self.browser.process(config, ended, "AccessPass"))["code"]
        return (await self.browser.redeem(code)).json()["refresh_token"]

    async def register_hello(self, user, key):
        """Sign on with a fresh second factor and register a Windows Hello key; the answer."""
        token = await self.strong_refresh_token(user)
        await self.sign_on(grant_type="refresh_token", client_id=BROKER, refresh_token=token)
        reply = await self.session_signed(client_id=REGISTRATION_CLIENT, amr_values="ngcmfa")
        blob = base64.b64encode(rsa_blob.encode(key.public_key())).decode()
        headers = {"authorization": f"Bearer {reply['access_token']}"}
        return await self.http.post("/EnrollmentServer/key/?api-version=1.0", json={"kngc": blob}, headers=headers)


def rs256(key, header, payload):
    """A compact token signed with an RSA key."""
    signed = ".".join(broker.b64url(json.dumps(part).encode()) for part in (header, payload))
    return f"{signed}.{broker.b64url(key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


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
