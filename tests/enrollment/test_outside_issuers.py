"""Hardware that another tenant's tokens vouch for: a second instance is the outside issuer (04 section 5.3)."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest
from joserfc.jwk import RSAKey

from enrollment.conftest import VERIFY, Client
from enrollment.test_mistakes_tokens import decoded, encoded, hmac_signed
from signin.conftest import BROKER, make_user
from signin.conftest import Browser as SignInBrowser
from taxiway import app, directory, enrollment, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.enrollment import MANAGED
from taxiway.enrollment.tables import outside_identity
from taxiway.kernel import SystemEntropy, Urls
from taxiway.signin import issued, tokens
from taxiway.signin.http import routes as signin_routes
from taxiway.signin.issued import CodeFor
from taxiway.signin.model import Proof
from taxiway.store import (
    AlreadyExists,
    Blobs,
    KeyRing,
    Runtime,
    Store,
    UnknownProperty,
    entries,
    metadata,
    open_engine,
)
from taxiway.wire.soap_fault import Subcode

pytestmark = pytest.mark.anyio

AUDIENCE = "https://enrollment.manage.microsoft.com/"
REDIRECT = "ms-aadj-redir://auth/mdm"
GRACE = "grace@fabrikam.example"


class Issuer:
    """The second instance: a tenant with a user on a joined device, its tokens, and what it was asked for."""

    def __init__(self, rt, tenant, user, device):
        self.rt, self.tenant, self.user, self.device = rt, tenant, user, device
        self.asked = []
        self.down = False
        self.door = Door(signin_routes(rt), rt.entropy)

    async def __call__(self, scope, receive, send):
        self.asked.append(scope["path"])
        if self.down:
            raise OSError("the issuer is away")
        await self.door(scope, receive, send)

    async def token(self, **proof):
        """A token for enrollment as the broker gets it, by this instance's own token endpoint."""
        facts = {"user_id": self.user["id"], "device_id": self.device["device_id"], "amr": ("pwd",), **proof}
        bound = CodeFor(BROKER, REDIRECT, "", "", AUDIENCE, "")
        proof = Proof(auth_time=self.rt.clock.now(), **facts)
        code = await self.rt.store.write(self.tenant, lambda tx: issued.new_code(tx, bound, proof))
        browser = SignInBrowser(self.rt, self.tenant)
        form = {"redirect_uri": REDIRECT, "resource": AUDIENCE, "code_verifier": None}
        reply = await browser.redeem(code, **form)
        await browser.http.aclose()
        assert reply.status_code == 200, reply.text
        return reply.json()["access_token"]

    async def signed(self, **changes):
        """A good token's claims with some changed, signed by this instance's key."""
        body = decoded((await self.token()).split(".")[1])
        kept = {name: value for name, value in (body | changes).items() if value is not None}
        return (await tokens.sign(self.rt, kept))[0]

    @property
    def trust(self):
        """How the other side writes down that it trusts this."""
        return {
            "issuer": f"https://sts.windows.net/{self.tenant}/",
            "tenant_id": self.tenant,
            "audiences": [AUDIENCE],
            "jwks_url": f"https://login.fabrikam.example/{self.tenant}/discovery/keys",
        }


@pytest.fixture
async def issuer(clock, keys, tmp_path, rt):
    """fabrikam.example, at home in an instance of its own."""
    engine = open_engine(f"sqlite:///{tmp_path}/issuer.db", synchronous="OFF")
    metadata.create_all(engine)
    entropy = SystemEntropy()
    ring = KeyRing.open(tmp_path / "issuer" / "ring.json", entropy)
    store = Store(engine, clock=clock, entropy=entropy, ring=ring, followers=app.followers())
    urls = Urls(people="https://login.fabrikam.example", devices="https://devices.fabrikam.example")
    blobs = Blobs(tmp_path / "issuer-blobs", entropy)
    made = Runtime(store=store, clock=clock, entropy=entropy, workers=rt.workers, keys=keys, blobs=blobs, urls=urls)
    await pki.make_authorities(made)
    home = entropy.uuid()
    await store.write(home, lambda tx: directory.create_tenant(tx, display_name="F", domain="fabrikam.example"))
    user = await make_user(made, home, GRACE, "Another-secret-9-here")
    device = await store.write(
        home,
        lambda tx: directory.join_device(
            tx, display_name="PC-F", os="Windows", os_version="10", trust_type="AzureAd", owner_id=user["id"]
        ),
    )
    yield Issuer(made, home, user, device)
    store.close()


@pytest.fixture
async def here(client, issuer, monkeypatch):
    """Our services with a way to the issuer, and real tokens."""
    monkeypatch.setattr(signin, "verify_token", VERIFY)
    rt = replace(client.rt, outside=httpx.ASGITransport(issuer))
    made = Client(rt, client.keys, client.tenant, client.user, client.device)
    yield made
    await made.http.aclose()


@pytest.fixture
def trust(here):
    """Trust issuers, and nobody else."""

    async def trust(*issuers):
        changes = {"trusted_issuers": list(issuers)}
        return await here.write(lambda tx: enrollment.update_enrollment_policy(tx, changes, principal=SYSTEM_PRINCIPAL))

    return trust


async def test_a_device_of_another_tenant_is_managed_here(here, issuer, trust):
    """Its own token endpoint and keys, our enrollment; a guest and a device here stand for its own."""
    await trust(issuer.trust)
    document = await here.enroll(token=await issuer.token(), DeviceName="PC-F")
    assert document.dm_client.aad_resource_id == AUDIENCE
    managed = await here.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    user = await here.read(lambda tx: directory.find_user(tx, managed["user_id"]))
    device = await here.read(lambda tx: directory.find_device(tx, device_id=managed["azure_ad_device_id"]))
    assert (user["user_principal_name"], user["user_type"]) == ("grace_fabrikam.example#EXT#@contoso.example", "Guest")
    assert user["id"] != issuer.user["id"]
    assert (device["display_name"], device["owner_id"], device["is_managed"]) == ("PC-F", user["id"], True)
    assert device["device_id"] != issuer.device["device_id"]
    kinds = [entry.kind for entry in await here.read(entries)]
    assert kinds.index("outside.user_adopted") < kinds.index("outside.device_adopted") < kinds.index("device.enrolled")
    assert await here.managed_by(document)


async def test_the_same_user_and_device_stay_the_same(here, issuer, trust):
    """A second enrollment adopts nobody anew, and replaces the first record of that device."""
    await trust(issuer.trust)
    first = await here.enroll(here.csr(here.keys.rsa()), token=await issuer.token())
    users, devices = await here.read(directory.USERS.count), await here.read(directory.DEVICES.count)
    second = await here.enroll(here.csr(here.keys.rsa()), token=await issuer.token())
    assert (await here.read(directory.USERS.count), await here.read(directory.DEVICES.count)) == (users, devices)
    assert await here.read(MANAGED.count) == 1
    assert await here.managed_by(second)
    assert (await here.session(first.certificates.leaf)).status_code == 403


async def test_its_tokens_prove_the_user_in_a_session(here, issuer, trust, client):
    """In a session too the outside token speaks for the user who stands for its own, on that very device."""
    await trust(issuer.trust)
    assert (await refusal_of_session(here, await issuer.token())) == "unknown"
    document = await here.enroll(token=await issuer.token())
    managed = await here.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    claims = await enrollment.authenticate_bearer(here.rt, await issuer.token())
    assert (claims.tenant, claims.oid) == (here.tenant, managed["user_id"])
    assert claims.device_id == managed["azure_ad_device_id"]
    await here.write(lambda tx: directory.update_user(tx, managed["user_id"], {"account_enabled": False}))
    assert (await refusal_of_session(here, await issuer.token())) == "unknown"


async def refusal_of_session(here, token):
    try:
        await enrollment.authenticate_bearer(here.rt, token)
    except enrollment.NotAuthenticated as error:
        return "unknown" if "not known here" in error.message else error.message
    return ""


async def test_without_trust_its_tokens_are_nothing(here, issuer, trust):
    """Before it is trusted, and after it no longer is: an authentication fault, and nobody is adopted."""
    before = await here.read(directory.USERS.count)
    assert (await here.refused(token=await issuer.token())).subcode == Subcode.AUTHENTICATION
    await trust(issuer.trust)
    await trust()
    assert (await here.refused(token=await issuer.token())).subcode == Subcode.AUTHENTICATION
    assert await here.read(directory.USERS.count) == before
    assert issuer.asked == []


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "https://elsewhere.example/"},
        {"aud": [AUDIENCE]},
        {"tid": "11111111-1111-4111-8111-111111111111"},
        {"iss": "https://sts.windows.net/11111111-1111-4111-8111-111111111111/"},
        {"exp": 1},
        {"nbf": 2**33 - 1},
        {"exp": "soon"},
        {"exp": True},
        {"nbf": None, "iat": None},
        {"scp": None},
        {"scp": "user_impersonation", "appid": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"},
        {"idtyp": "app", "roles": ["x"]},
        {"oid": "../../etc"},
        {"oid": 7},
        {"deviceid": "x"},
    ],
)
async def test_m02_every_claim_of_an_outside_token_is_checked(here, issuer, trust, changes):
    """What our own tokens have to say, theirs have to say too; nobody is adopted on less."""
    await trust(issuer.trust)
    before = await here.read(directory.USERS.count)
    fault = await here.refused(token=await issuer.signed(**changes))
    assert fault.subcode == Subcode.AUTHENTICATION
    assert await here.read(directory.USERS.count) == before
    assert await here.read(MANAGED.count) == 0


@pytest.mark.parametrize(("changes", "hresult"), [({"oid": None}, 0x80180015), ({"deviceid": None}, 0x80180003)])
async def test_an_outside_token_names_user_and_device(here, issuer, trust, changes, hresult):
    """Without a user it is a kind that is not served, without a device nothing to enroll."""
    await trust(issuer.trust)
    assert (await here.refused(token=await issuer.signed(**changes))).hresult == hresult


@pytest.mark.parametrize("forgery", ["none", "hmac", "stranger", "body", "rubbish", "no payload"])
async def test_m02_an_outside_token_is_signed_by_its_issuer(here, issuer, trust, forgery):
    """Key and algorithm are those that its key set and we name."""
    await trust(issuer.trust)
    head, body, signature = (await issuer.token()).split(".")
    kid = decoded(head)["kid"]
    stranger = RSAKey.import_key(here.keys.rsa())
    forged = {
        "none": encoded(b'{"alg": "none", "kid": "%s"}' % kid.encode()) + f".{body}.",
        "hmac": hmac_signed({"alg": "HS256", "kid": kid}, body, stranger.as_pem(private=False)),
        "stranger": encoded(b'{"alg": "RS256", "kid": "other"}') + f".{body}.{signature}",
        "body": f"{head}.{encoded(b'{}')}.{signature}",
        "rubbish": "eyJ.a.b",
        "no payload": f"{head}.{encoded(b'[1]')}.{signature}",
    }[forgery]
    assert (await here.refused(token=forged)).subcode == Subcode.AUTHENTICATION
    assert await here.read(MANAGED.count) == 0


async def test_m02_the_keys_are_fetched_once_an_hour(here, issuer, trust, clock):
    """Not for every call; again after an hour; for an unknown key once a minute; a day without an answer is borne."""
    await trust(issuer.trust)
    token = await issuer.token()
    await here.enroll(token=token)
    await here.enroll(token=token)
    assert len(issuer.asked) == 1
    unknown = encoded(b'{"alg": "RS256", "kid": "other"}') + "." + ".".join(token.split(".")[1:])
    for _ in range(3):
        await here.refused(token=unknown)
    assert len(issuer.asked) == 1
    clock.advance(61)
    for _ in range(3):
        await here.refused(token=unknown)
    assert len(issuer.asked) == 2
    clock.advance(3601)
    issuer.down = True
    await here.enroll(token=await issuer.token())
    clock.advance(86_400)
    fault = await here.refused(token=await issuer.token())
    assert (fault.subcode, fault.hresult) == (Subcode.ENROLLMENT_SERVER, 0x80180005)


async def test_an_issuer_speaks_for_nobody_of_ours(here, issuer, trust):
    """It may put our own ids and names into its tokens: a guest and a device of their own come out of it."""
    await trust(issuer.trust)
    claims = {"oid": here.user["id"], "deviceid": here.device["device_id"], "upn": "ada@contoso.example"}
    own = await here.enroll(token=await here.signed())
    document = await here.enroll(here.csr(here.keys.rsa()), token=await issuer.signed(**claims))
    managed = await here.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    assert managed["user_id"] != here.user["id"]
    assert managed["azure_ad_device_id"] != here.device["device_id"]
    assert managed["upn"].endswith("#EXT#@contoso.example")
    assert await here.managed_by(own)


async def test_two_tenants_do_not_share_an_issuer_and_audience(here, issuer, trust):
    """The pair leads to one tenant; when that one lets go, another may have it."""
    await trust(issuer.trust)
    other = here.rt.entropy.uuid()

    def second(tx):
        if directory.TENANTS.get(tx, other) is None:
            directory.create_tenant(tx, display_name="N", domain="northwind.example")
        changes = {"trusted_issuers": [issuer.trust]}
        enrollment.update_enrollment_policy(tx, changes, principal=SYSTEM_PRINCIPAL)

    with pytest.raises(AlreadyExists):
        await here.rt.store.write(other, second)
    await trust()
    await here.rt.store.write(other, second)
    assert (await here.refused(token=await issuer.token())).subcode == Subcode.AUTHORIZATION
    assert await here.read(MANAGED.count) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://sts.windows.net/x/"},
        {"jwks_url": "http://login.fabrikam.example/keys"},
        {"jwks_url": "file:///etc/passwd"},
        {"tenant_id": "common"},
        {"tenant_id": ""},
        {"audiences": []},
        {"audiences": [""]},
        {"skip_signature": True},
        {"issuer": None},
    ],
)
async def test_an_issuer_is_written_down_completely(issuer, trust, changes):
    """https, one tenant, at least one audience, and nothing that nobody knows."""
    with pytest.raises(UnknownProperty):
        await trust(issuer.trust | changes)


async def test_a_guest_who_was_deleted_comes_back_as_another(here, issuer, trust):
    """Deleting forgets; disabling refuses."""
    await trust(issuer.trust)
    token = await issuer.token()
    document = await here.enroll(token=token)
    managed = await here.read(lambda tx: MANAGED.require(tx, document.dm_client.ent_dm_id))
    await here.write(lambda tx: directory.update_user(tx, managed["user_id"], {"account_enabled": False}))
    assert (await here.refused(csr=here.csr(here.keys.rsa()), token=token)).subcode == Subcode.AUTHORIZATION
    await here.write(lambda tx: directory.delete_user(tx, managed["user_id"]))
    again = await here.enroll(here.csr(here.keys.rsa()), token=token)
    managed_again = await here.read(lambda tx: MANAGED.require(tx, again.dm_client.ent_dm_id))
    assert managed_again["user_id"] != managed["user_id"]
    kept = await here.read(lambda tx: tx.all(outside_identity.select().where(outside_identity.c.tenant == tx.tenant)))
    assert len(kept) == 2


async def test_a_refused_guest_leaves_nothing_behind(here, issuer, trust):
    """Scope, restriction and limit hold for them too, and the adoption is part of the enrollment."""
    await trust(issuer.trust)
    await here.write(lambda tx: directory.update_mdm_policy(tx, SYSTEM_PRINCIPAL, {"applies_to": "none"}))
    users, devices = await here.read(directory.USERS.count), await here.read(directory.DEVICES.count)
    assert (await here.refused(token=await issuer.token())).hresult == 0x80180003
    assert (await here.read(directory.USERS.count), await here.read(directory.DEVICES.count)) == (users, devices)
    (refused,) = [entry for entry in await here.read(entries) if entry.kind == "enrollment.refused"]
    assert refused.actor == f"outside:{issuer.user['id']}"


async def test_terms_are_accepted_by_the_guest_who_enrolls(here, issuer, trust):
    """The terms page takes the outside token, and its answer counts for the enrollment that follows."""
    await trust(issuer.trust)
    await here.write(
        lambda tx: enrollment.set_terms(tx, title="House rules", text="Be kind.", principal=SYSTEM_PRINCIPAL)
    )
    token = await issuer.token()
    assert (await here.refused(token=token)).hresult == 0x80180019
    where = {"redirect_uri": "ms-aadj-redir://auth/mdm", "api-version": "1.0"}
    headers = {"authorization": f"Bearer {await issuer.signed(deviceid=None)}"}
    page = await here.http.get("/TermsOfUse", params=where, headers=headers)
    proof = page.text.partition('name="proof" value="')[2].partition('"')[0]
    accepted = await here.http.post(page.request.url, data={"proof": proof})
    blob = httpx.URL(accepted.headers["location"]).params["OpaqueBlob"]
    assert await here.enroll(token=token, EnrollmentData=blob)
