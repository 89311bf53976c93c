"""A licensed user with a joined device, tokens by name, and a client of the enrollment services."""

from __future__ import annotations

from datetime import UTC, datetime

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from taxiway import autopilot, directory, management, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.enrollment import routes
from taxiway.kernel import SystemEntropy
from taxiway.signin import BROKER, tokens
from taxiway.wire import enroll
from taxiway.wire.provisioning import parse_provisioning
from taxiway.wire.soap import JWT_TOKEN, BinaryToken
from taxiway.wire.soap_fault import FaultReceived
from taxiway.wire.syncml import Alert, Header, Message, parse_message, render_message

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)
PATHS = {"discovery": "Discovery.svc", "policy": "Policy.svc", "enrollment": "Enrollment.svc"}
MDM = "/ManagementServer/MDM.svc"
#: The check of tokens as it is; the fixture ``client`` puts names in its place.
VERIFY = signin.verify_token


class Client:
    """What a device sends to the enrollment services."""

    def __init__(self, rt, keys, tenant, user, device):
        self.rt, self.keys, self.tenant, self.user, self.device = rt, keys, tenant, user, device
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self._door()), base_url="https://localhost:8444")
        #: The certificates that the connection bears, as PEM or DER.
        self.chain = ()
        self.tokens = {}
        self.token = self.claims()

    def _door(self):
        door = Door([*routes(self.rt), *management.routes(self.rt)], SystemEntropy())

        async def with_certificate(scope, receive, send):
            scope["extensions"] = {"tls": {"client_cert_chain": self.chain}}
            await door(scope, receive, send)

        return with_certificate

    def claims(self, **changes):
        """A token that proves what ``changes`` say; its text."""
        facts = {
            "tenant": self.tenant,
            "app_id": BROKER,
            "aud": "https://localhost:8444/",
            "amr": ("pwd",),
            "issued_at": NOW,
            "expires_at": NOW,
            "uti": "u",
            "oid": self.user["id"],
            "upn": self.user["user_principal_name"],
            "device_id": self.device["device_id"],
            **changes,
        }
        name = f"eyJ{len(self.tokens)}.b.c"
        self.tokens[name] = signin.Claims(**facts)
        return name

    def csr(self, key=None):
        """A certificate request for a key."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ConfigMgrEnroll")])
        made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key or self.keys.rsa(), hashes.SHA256())
        return made.public_bytes(serialization.Encoding.DER)

    async def post(self, service, body, headers=None):
        """Post an envelope; the raw answer."""
        url = f"/EnrollmentServer/{PATHS[service]}?client-request-id=x"
        return await self.http.post(url, content=body, headers=headers)

    async def ask(self, csr=None, token=None, request_type=enroll.ISSUE, credential=None, **context):
        """Ask for a certificate; the raw answer."""
        items = {"EnrollmentType": "Device", "OSVersion": "10.0.26100.1", "OSEdition": "48", "NotInOobe": "false"}
        kind = enroll.PKCS7 if request_type == enroll.RENEW else enroll.PKCS10
        request = enroll.EnrollRequest(
            request_type=request_type,
            token=BinaryToken(kind, csr or self.csr()),
            context=tuple((items | context).items()),
        )
        credential = credential or BinaryToken(JWT_TOKEN, (token or self.token).encode())
        body = enroll.render_enroll(
            request, message_id="1", to="https://localhost:8444/EnrollmentServer/Enrollment.svc", credential=credential
        )
        return await self.post("enrollment", body)

    async def enroll(self, *arguments, **named):
        """Ask for a certificate; the provisioning document, or the fault that is raised."""
        answer = await self.ask(*arguments, **named)
        return parse_provisioning(enroll.parse_enroll_response(answer.content).document)

    async def signed(self, **changes):
        """A token that is really signed here; its claims are ``changes``. Good only with ``real``."""
        now = int(self.rt.clock.now().timestamp())
        body = {
            "aud": "https://localhost:8444/",
            "iss": f"https://sts.windows.net/{changes.get('tid', self.tenant)}/",
            "iat": now,
            "nbf": now,
            "exp": now + 3600,
            "ver": "1.0",
            "tid": self.tenant,
            "oid": self.user["id"],
            "upn": self.user["user_principal_name"],
            "appid": BROKER,
            "scp": "mdm_delegation",
            "amr": ["pwd"],
            "uti": "u",
            "deviceid": self.device["device_id"],
            **changes,
        }
        kept = {name: value for name, value in body.items() if value is not None}
        return (await tokens.sign(self.rt, kept))[0]

    async def session(self, certificate=None, *, source="PC", number=1, headers=None, commands=()):
        """The first message of a management session over a connection with this certificate; the raw answer."""
        self.chain = () if certificate is None else (certificate,)
        header = Header(session_id=str(number), msg_id="1", target="https://mdm", source=source)
        message = Message(header, (Alert("1", 1201), *commands))
        try:
            return await self.http.post(MDM, content=render_message(message), headers=headers)
        finally:
            self.chain = ()

    async def managed_by(self, document):
        """Whether the certificate of this document opens a session."""
        answer = await self.session(document.certificates.leaf)
        return answer.status_code == 200 and parse_message(answer.content).header.session_id == "1"

    async def another(self, name="PC-2", **facts):
        """One more joined device of the same user."""
        known = {"os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", "owner_id": self.user["id"]}
        return await self.write(lambda tx: directory.join_device(tx, display_name=name, **known | facts))

    async def refused(self, **arguments):
        """The fault that an enrollment ends with."""
        with pytest.raises(FaultReceived) as caught:
            await self.enroll(**arguments)
        return caught.value.fault

    async def write(self, function):
        return await self.rt.store.write(self.tenant, function)

    async def read(self, function):
        return await self.rt.store.read(self.tenant, function)


@pytest.fixture
async def client(rt, keys, tenant, monkeypatch):
    """A client for the licensed user ada on a joined device."""

    def prepare(tx):
        user = directory.create_user(
            tx, principal=SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada", usage_location="SE"
        )
        directory.assign_licenses(tx, user["id"], ["INTUNE_A"])
        directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "all"})
        device = directory.join_device(
            tx, display_name="PC-1", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd", owner_id=user["id"]
        )
        return user, device

    made = Client(rt, keys, tenant, *await rt.store.write(tenant, prepare))

    async def verify(_rt, token, *, audiences):
        claims = made.tokens.get(token)
        if claims is None or claims.aud not in audiences:
            raise signin.TokenRefused("The token is not good.")
        return claims

    monkeypatch.setattr(signin, "verify_token", verify)
    yield made
    await made.http.aclose()


@pytest.fixture
def real(client, monkeypatch):
    """Tokens are checked as they are, so only ``client.signed`` makes good ones."""
    monkeypatch.setattr(signin, "verify_token", VERIFY)


@pytest.fixture
def registered(client, monkeypatch):
    """The device belongs to an Autopilot registration."""
    record = {
        "id": "2f6ff3f0-0000-4000-8000-000000000001",
        "serial_number": "SN1",
        "manufacturer": "Contoso",
        "model": "B",
    }
    marks = []
    monkeypatch.setattr(autopilot, "record_of_device", lambda _tx, _id: record)
    monkeypatch.setattr(autopilot, "effective_profile", lambda _tx, _id: type("D", (), {"value": None})())
    monkeypatch.setattr(autopilot, "mark_enrolled", lambda _tx, *args: marks.append(args))
    return marks


@pytest.fixture
def anyone():
    """A target: all users."""
    return directory.Target("all_users")
