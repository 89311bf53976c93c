"""Small stand-ins for the services a PC talks to, at the level of HTTP: enough to answer, nothing decided."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs

import httpx
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from taxiway.device.transport import Identity
from taxiway.wire import broker, discovery, enroll, join, policy, rsa_blob, ztd
from taxiway.wire.autopilot_profile import AutopilotProfile, render_profile
from taxiway.wire.provisioning import (
    AppAuth,
    Application,
    Certificates,
    DmClient,
    FirstSyncStatus,
    Poll,
    ProvisioningDocument,
    Renewal,
    render_provisioning,
)
from taxiway.wire.soap import Reply, parse_envelope
from taxiway.wire.soap_fault import Fault, render_fault
from taxiway.wire.syncml import (
    Alert,
    Chal,
    CmdIds,
    Code,
    Command,
    Header,
    Item,
    Message,
    Results,
    Status,
    check_md5,
    md5_secret,
    parse_message,
    render_message,
    verb_of,
)

ZTD, LOGIN = "https://devices.test", "https://login.test"
TENANT, USER_ID, DEVICE_ID = (
    "11111111-2222-4333-8444-555555555555",
    "22222222-3333-4444-8555-666666666666",
    "33333333-4444-4555-8666-777777777777",
)
MANAGED_ID = "44444444-5555-4666-8777-888888888888"
DOMAIN, UPN, PASSWORD = "contoso.test", "ada@contoso.test", "correct horse"
PROVIDER = "taxiway"
DMCLIENT = f"Vendor/MSFT/DMClient/Provider/{PROVIDER}"
MSI = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B11111111-2222-3333-4444-555555555555%7D"
CONTENT = b"not really an installer"


def jwt(claims: dict) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    return f"e30.{body}.c2ln"


def replace(uri: str, value: str, form: str = "chr") -> Command:
    return Command("Replace", "", (Item(target=uri, format=form, data=value),))


def add(uri: str, form: str = "node", value: str | None = None) -> Command:
    return Command("Add", "", (Item(target=uri, format=form, data=value),))


def get(uri: str) -> Command:
    return Command("Get", "", (Item(target=uri),))


def msi_job(content: bytes = CONTENT, *, retries: int = 0) -> str:
    digest = hashlib.sha256(content).hexdigest().upper()
    return (
        '<MsiInstallJob id="{11111111-2222-3333-4444-555555555555}"><Product Version="1.4.0"><Download>'
        f"<ContentURLList><ContentURL>{ZTD}/content/tool</ContentURL></ContentURLList></Download>"
        f"<Validation><FileHash>{digest}</FileHash></Validation><Enforcement><CommandLine>/quiet</CommandLine>"
        f"<TimeOut>10</TimeOut><RetryCount>{retries}</RetryCount><RetryInterval>0</RetryInterval></Enforcement>"
        "</Product></MsiInstallJob>"
    )


def install_msi() -> list[Command]:
    leaf = f"{MSI}/DownloadInstall"
    return [add(leaf, "xml"), Command("Exec", "", (Item(target=leaf, format="xml", data=msi_job()),))]


def finish(scope: str, **lists: str) -> list[Command]:
    """Block B: the lists, then the word that they are final (05 section 11.14)."""
    home = f"./{scope}/{DMCLIENT}/FirstSyncStatus"
    return [
        *(replace(f"{home}/{name}", value) for name, value in lists.items()),
        replace(f"{home}/ServerHasFinishedProvisioning", "true", "bool"),
    ]


class Authority:
    """Root, intermediate, leaves."""

    def __init__(self, keys) -> None:
        self._keys = [keys.rsa(), keys.rsa()]
        self.root = self._sign("Root", self._keys[0].public_key(), "Root", self._keys[0], ca=True)
        self.intermediate = self._sign("Devices", self._keys[1].public_key(), "Root", self._keys[0], ca=True)

    def issue(self, name: str, key) -> bytes:
        return self._sign(name, key, "Devices", self._keys[1], ca=False).public_bytes(Encoding.DER)

    @staticmethod
    def _sign(name: str, key, issuer: str, signer: rsa.RSAPrivateKey, *, ca: bool) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=5))
            .not_valid_after(now + timedelta(days=365))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .sign(signer, hashes.SHA256())
        )


class Cloud:
    """All services behind one function; what a test wants otherwise it sets on the object."""

    def __init__(self, keys) -> None:
        self.authority = Authority(keys)
        self.profile = AutopilotProfile(
            cloud_assigned_tenant_id=TENANT,
            cloud_assigned_tenant_domain=DOMAIN,
            cloud_assigned_oobe_config=286,
            cloud_assigned_forced_enrollment=1,
            cloud_assigned_device_name="C-%SERIAL%",
            cloud_assigned_language="en-US",
            ztd_registration_id="55555555-6666-4777-8888-999999999999",
            deployment_profile_name="Standard",
        )
        self.profile_error: ztd.ZtdError | None = None
        self.in_scope = True
        self.second_factor = ""
        self.company = "Contoso"
        self.content = CONTENT
        self.demand_fresh = False
        self.membership: tuple[join.MembershipChange, ...] = ()
        self.join_error: join.JoinError | None = None
        self.fault: Fault | None = None
        self.terms_url = f"{ZTD}/TermsOfUse"
        self.first_sync = FirstSyncStatus(skip_device_page=False, skip_user_page=False, block=3, timeout=60)
        self.device_work: list[Command] = [
            replace(f"./Device/{DMCLIENT}/SyncApplicationVersion", "3.0"),
            *install_msi(),
            *finish(
                "Device",
                ExpectedPolicies=f"./Device/{DMCLIENT}/EntDMID",
                ExpectedMSIAppPackages=f"{MSI}/Status;1",
            ),
        ]
        self.user_work: list[Command] = [
            add(f"./User/{DMCLIENT}"),
            add(f"./User/{DMCLIENT}/FirstSyncStatus"),
            *finish("User", ExpectedPolicies="./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName"),
            replace("./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName", "Office", "chr"),
        ]
        self.later: list[Command] = [get(f"./Device/{DMCLIENT}/FirstSyncStatus/IsSyncDone")]
        self.ask_md5 = False
        self.escrowed: list[dict] = []
        self.escrow_status = 200
        self.hello_keys = 0
        self.prt_requests: list[dict] = []
        self._hello_key: rsa.RSAPublicKey | None = None
        self.requests: list[httpx.Request] = []
        self.contexts: list[enroll.EnrollRequest] = []
        self.joins: list[join.JoinRequest] = []
        self.statuses: list[tuple[str, str, int]] = []
        self.results: dict[str, str] = {}
        self.alerts: list[tuple[str, str]] = []
        self.logins: list[str] = []
        self.down = 0
        self.pieces = 0
        self._partial: dict[str, str] = {}
        self.drop_after: str = ""
        self._transport_key: rsa.RSAPublicKey | None = None
        self._session_key = bytes(range(32))
        self._sent: dict[tuple[str, str, str], Command] = {}
        self._queues: dict[str, list[list[Command]]] = {}
        self._answers: dict[tuple[str, str], bytes] = {}

    def connect(self, identity: Identity) -> httpx.MockTransport:
        async def handle(request: httpx.Request) -> httpx.Response:
            await request.aread()
            return self.handle(request, identity)

        return httpx.MockTransport(handle)

    def handle(self, request: httpx.Request, identity: Identity) -> httpx.Response:
        self.requests.append(request)
        if self.down or request.url.host == "elsewhere.test":
            self.down = max(0, self.down - 1)
            raise httpx.ConnectError("the server is away", request=request)
        response = self._route(request, identity)
        response.headers["date"] = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
        if self.drop_after and request.url.path.endswith(self.drop_after):
            self.drop_after = ""
            raise httpx.ReadError("the answer is lost", request=request)
        return response

    def _route(self, request: httpx.Request, identity: Identity) -> httpx.Response:  # noqa: C901, PLR0911 - a table
        path = request.url.path
        if path == "/connecttest.txt":
            return httpx.Response(200, text="Microsoft Connect Test")
        if path.startswith("/ztd/"):
            return self._ztd(request)
        if request.url.host == "login.test":
            return self._login(request)
        if path == "/EnrollmentServer/device/":
            return self._join(request)
        if path.endswith("/Discover"):
            return self._discover()
        if path == "/EnrollmentServer/key/":
            self.hello_keys += 1
            self._hello_key = rsa_blob.decode(join.parse(request.content, join.KeyRequest).blob())
            return httpx.Response(200, content=join.render(join.KeyResponse("kid", UPN)))
        if path == "/EnrollmentServer/bitlocker/keys":
            assert identity is Identity.DEVICE
            self.escrowed.append(json.loads(request.content))
            return httpx.Response(self.escrow_status, json={"kid": self.escrowed[-1]["kid"]})
        if path.startswith("/content/"):
            assert identity is Identity.MANAGEMENT
            return httpx.Response(200, content=self.content)
        if path == "/TermsOfUse":
            target = request.url.params["redirect_uri"]
            return httpx.Response(302, headers={"location": f"{target}?IsAccepted=true&OpaqueBlob=blob-1"})
        if path.endswith(".svc") and request.method == "GET":
            return httpx.Response(200)
        if path.startswith("/EnrollmentServer/"):
            return self._enroll(request)
        if path == "/ManagementServer/MDM.svc":
            assert identity is Identity.MANAGEMENT
            return self._manage(request)
        return httpx.Response(404)

    def _ztd(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            ztd.parse_ticket_request(request.content)
            answer = ztd.DeviceTicketResponse("ticket-1", datetime.now(UTC))
            return httpx.Response(200, content=ztd.render(answer))
        assert request.headers["x-device-token"] == "t=ticket-1"
        if self.profile_error is not None:
            return httpx.Response(404, content=ztd.render(self.profile_error))
        return httpx.Response(200, content=render_profile(self.profile))

    def _login(self, request: httpx.Request) -> httpx.Response:  # noqa: PLR0911 - a table
        path, form = request.url.path, {k: v[0] for k, v in parse_qs(request.content.decode()).items()}
        if path.endswith("openid-configuration"):
            return httpx.Response(200, json={"issuer": f"{LOGIN}/{TENANT}/v2.0"})
        if "/userrealm/" in path:
            return httpx.Response(200, json={"account_type": "Managed"})
        if path.endswith("/authorize"):
            self._authorize = dict(request.url.params)
            return self._page("ConvergedSignIn", urlPost="/common/login")
        if path == "/common/login":
            if form.get("passwd") != PASSWORD:
                return self._page("ConvergedSignIn", urlPost="/common/login", sErrorCode="50126", sErrTxt="Wrong.")
            if self.second_factor or "amr_values" in self._authorize:
                proofs = [{"authMethodId": self.second_factor or "AccessPass"}]
                begin = {"urlBeginAuth": "/common/SAS/BeginAuth", "urlEndAuth": "/common/SAS/EndAuth"}
                return self._page("ConvergedTFA", urlPost="/common/SAS/ProcessAuth", arrUserProofs=proofs, **begin)
            return self._code()
        if path.endswith("/BeginAuth"):
            return httpx.Response(200, json={"Success": True, "SessionId": "s", "FlowToken": "f2", "Ctx": "c2"})
        if path.endswith("/EndAuth"):
            good = json.loads(request.content)["AdditionalAuthData"] == "tap-123"
            wrong = {"Success": False, "ErrCode": 500121, "ResultValue": "OtpCodeIncorrect"}
            return httpx.Response(200, json={"Success": True, "FlowToken": "f3", "Ctx": "c3"} if good else wrong)
        if path.endswith("/ProcessAuth"):
            return self._code()
        return self._token(form)

    def _page(self, kind: str, **more) -> httpx.Response:
        config = {
            "pgid": kind,
            "sCompanyDisplayName": self.company,
            "sCtx": "ctx",
            "sFT": "flow",
            "canary": "bird",
            "sessionId": "s",
            **more,
        }
        html = f"<html><script>//<![CDATA[\n$Config={json.dumps(config)};\n//]]></script></html>"
        return httpx.Response(200, html=html)

    def _code(self) -> httpx.Response:
        target = f"{self._authorize['redirect_uri']}?code=code-1&state={self._authorize['state']}"
        return httpx.Response(302, headers={"location": target})

    def _token(self, form: dict) -> httpx.Response:
        kind = form["grant_type"]
        if kind == "srv_challenge":
            return httpx.Response(200, json={"Nonce": "nonce-1"})
        claims = {"tid": TENANT, "oid": USER_ID, "upn": UPN, "amr": ["pwd"]}
        if kind in {"authorization_code", "refresh_token"}:
            if self.in_scope:
                claims |= {
                    "mdm_enrollment_url": f"{ZTD}/EnrollmentServer/Discovery.svc",
                    "mdm_terms_of_use_url": self.terms_url,
                }
            tokens = {"access_token": "drs-token", "refresh_token": "rt-1", "id_token": jwt(claims)}
            return httpx.Response(200, json=tokens)
        header = json.loads(broker.b64url_decode(form["request"].split(".")[0]))
        if header["alg"] == "RS256":
            return self._prt(form["request"], header)
        request = broker.parse_request(form["request"])
        assert request.verify(self._session_key)
        stale = self.demand_fresh and self.prt_requests[-1]["grant_type"] == "password"
        if stale and request.claims.get("amr_values") == "ngcmfa":
            text = "AADSTS50076: a fresh second factor is needed."
            return httpx.Response(400, json={"error": "interaction_required", "error_description": text})
        body = {"access_token": jwt({"deviceid": DEVICE_ID, "aud": request.claims["resource"]})}
        sealed = broker.encrypt_response(self._session_key, b"c" * 24, json.dumps(body).encode(), bytes(16))
        return httpx.Response(200, text=sealed)

    def _prt(self, request: str, header: dict) -> httpx.Response:
        signed, _, signature = request.rpartition(".")
        key = x509.load_der_x509_certificate(base64.b64decode(header["x5c"][0])).public_key()
        key.verify(broker.b64url_decode(signature), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        asked = json.loads(broker.b64url_decode(signed.split(".")[1]))
        if "assertion" in asked:
            signed, _, signature = asked["assertion"].rpartition(".")
            proof = broker.b64url_decode(signature)
            self._hello_key.verify(proof, signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        self.prt_requests.append(asked)
        wrapped = broker.wrap_session_key(self._transport_key, self._session_key, bytes(12))
        return httpx.Response(200, json={"refresh_token": "prt-1", "session_key_jwe": wrapped})

    def _discover(self) -> httpx.Response:
        body = join.Discovery(
            join.DiscoveryService(f"{ZTD}/EnrollmentServer/discover"),
            join.AuthenticationService(join.OAuth2(f"{LOGIN}/authorize", f"{LOGIN}/token")),
            join.DeviceJoinService(f"{ZTD}/EnrollmentServer/device/"),
            join.KeyProvisioningService(f"{ZTD}/EnrollmentServer/key/"),
            join.NonceService(f"{ZTD}/EnrollmentServer/nonce/"),
            join.TenantInfo(TENANT, DOMAIN, "Contoso"),
        )
        return httpx.Response(200, content=join.render(body))

    def _join(self, request: httpx.Request) -> httpx.Response:
        if self.join_error is not None:
            return httpx.Response(403, content=join.render(self.join_error))
        body = join.parse_join_request(request.content)
        self.joins.append(body)
        csr = x509.load_der_x509_csr(body.certificate_request.der())
        assert csr.is_signature_valid
        self._transport_key = rsa_blob.decode(base64.b64decode(body.transport_key))
        certificate = join.Certificate.of(self.authority.issue(DEVICE_ID, csr.public_key()))
        return httpx.Response(
            200, content=join.render(join.JoinResponse(certificate, join.JoiningUser(UPN), self.membership))
        )

    def _enroll(self, request: httpx.Request) -> httpx.Response:
        envelope = parse_envelope(request.content)
        reply = Reply(envelope.message_id, "activity")
        if request.url.path.endswith("Discovery.svc"):
            discovery.parse_discover(envelope)
            answer = discovery.DiscoverResponse(
                auth_policy="Federated",
                enrollment_version="4.0",
                enrollment_policy_service_url=f"{ZTD}/EnrollmentServer/Policy.svc",
                enrollment_service_url=f"{ZTD}/EnrollmentServer/Enrollment.svc",
            )
            return httpx.Response(200, content=discovery.render_discover_response(answer, reply))
        if request.url.path.endswith("Policy.svc"):
            policy.parse_get_policies(envelope)
            return httpx.Response(200, content=policy.render_policies(policy.CertificatePolicy(), reply))
        if self.fault is not None:
            soap = {"content-type": "application/soap+xml"}
            return httpx.Response(500, content=render_fault(self.fault, enroll.RESPONSE_ACTION, reply), headers=soap)
        return httpx.Response(200, content=self._issue(enroll.parse_enroll(envelope), reply))

    def _issue(self, request: enroll.EnrollRequest, reply: Reply) -> bytes:
        self.contexts.append(request)
        key = x509.load_der_x509_csr(request.token.content).public_key()
        der = Encoding.DER
        document = ProvisioningDocument(
            certificates=Certificates(
                root=self.authority.root.public_bytes(der),
                intermediate=self.authority.intermediate.public_bytes(der),
                leaf=self.authority.issue(MANAGED_ID, key),
            ),
            renewal=Renewal(),
            application=Application(
                provider_id=PROVIDER,
                address=f"{ZTD}/ManagementServer/MDM.svc",
                name="taxiway",
                server=AppAuth(secret="s", nonce="AQID", name=None),
                client=AppAuth(secret="device-secret", nonce="AQID", name=MANAGED_ID),
                certificate_criteria="Subject=CN%3Dx&Stores=My%5CSystem",
            ),
            dm_client=DmClient(
                provider_id=PROVIDER, ent_dm_id=MANAGED_ID, poll=Poll(), first_sync_status=self.first_sync
            ),
        )
        now = datetime.now(UTC)
        answer = enroll.EnrollResponse(render_provisioning(document))
        return enroll.render_enroll_response(answer, reply, valid=(now, now + timedelta(minutes=5)))

    def _manage(self, request: httpx.Request) -> httpx.Response:
        message = parse_message(request.content)
        key = (message.header.session_id, message.header.msg_id)
        if key not in self._answers:
            self._answers[key] = self._session(message)
        return httpx.Response(200, content=self._answers[key])

    def _session(self, message: Message) -> bytes:
        session, msg = message.header.session_id, message.header.msg_id
        if self.ask_md5 and message.header.cred is None and msg == "1":
            chal = Chal("syncml:auth-md5", "AQIDBAUGBwgJCgsMDQ4PEA==")
            return self._render(
                message, [Status(cmd_id="", msg_ref=msg, cmd_ref="0", cmd="SyncHdr", code=407, chal=chal)]
            )
        if self.ask_md5 and message.header.cred is not None:
            nonce = base64.b64decode("AQIDBAUGBwgJCgsMDQ4PEA==")
            assert check_md5(message.header.cred.data, md5_secret(MANAGED_ID, "device-secret"), nonce)
        self._record(message)
        if session not in self._queues:
            self._queues[session] = self._plan(message)
        queue = self._queues[session]
        out = [Status(cmd_id="", msg_ref=msg, cmd_ref="0", cmd="SyncHdr", code=Code.OK)]
        out += [
            Status(cmd_id="", msg_ref=msg, cmd_ref=each.cmd_id, cmd=verb_of(each), code=Code.OK)
            for each in message.commands
            if not isinstance(each, Status | Results)
        ]
        if not message.final:
            return self._render(message, [*out, Alert("", 1222)])
        return self._render(message, out + (queue.pop(0) if queue else []))

    def _plan(self, message: Message) -> list[list[Command]]:
        login = next((data for kind, data in self._events(message) if kind.endswith("LoginStatus")), "none")
        first = login not in self.logins
        self.logins.append(login)
        if first:
            return [self.device_work if login == "others" else self.user_work]
        return [self.later]

    def _record(self, message: Message) -> None:
        self.alerts += self._events(message)
        for each in message.commands:
            ref = (message.header.session_id, getattr(each, "msg_ref", ""), getattr(each, "cmd_ref", ""))
            if isinstance(each, Status) and ref in self._sent:
                self.statuses.append((self._sent[ref].verb, self._sent[ref].items[0].uri, each.code))
            if isinstance(each, Results):
                for item in each.items:
                    known = self._partial.pop(item.uri, "")
                    self.pieces += item.more
                    kept = self._partial if item.more else self.results
                    kept[item.uri] = known + (item.data or "")

    @staticmethod
    def _events(message: Message) -> list[tuple[str, str]]:
        items = [item for each in message.commands if isinstance(each, Alert) for item in each.items]
        return [(item.type or "", item.data or "") for item in items]

    def _render(self, message: Message, commands: list) -> bytes:
        header, ids = message.header, CmdIds()
        numbered = []
        for each in commands:
            fresh = msgspec.structs.replace(each, cmd_id=ids.next())
            numbered.append(fresh)
            if isinstance(fresh, Command):
                self._sent[header.session_id, header.msg_id, fresh.cmd_id] = fresh
        answer = Header(session_id=header.session_id, msg_id=header.msg_id, target=header.source, source=header.target)
        return render_message(Message(answer, tuple(numbered)))
