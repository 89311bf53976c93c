"""What signed requests carry beyond a first PRT: renewal, versions, other grants, the rules of 15.15 (03 section 7)."""

from __future__ import annotations

import base64
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding

from join.conftest import PRT_CLIENT, Device
from signin.conftest import BROKER, DRS, GRAPH, REDIRECT, UPN, VERIFIER, answer_of, claims_of, make_user
from taxiway import directory, signin
from taxiway.store import entries
from taxiway.wire import broker
from taxiway.wire.broker import sign_request

pytestmark = pytest.mark.anyio

MDM = "https://localhost:8444/"


@pytest.fixture
async def signed_on(joined):
    """A device with a PRT."""
    assert "session_key_jwe" in await joined.sign_on()
    return joined


# ------------------------------------------------------------------------------------------------ life of a PRT


async def test_a_renewed_prt_ends_the_one_before_at_its_first_use(signed_on):
    """Until the new one was used, the answer that brought it may have been lost."""
    old = signed_on.prt
    new = (await signed_on.session_signed(scope="openid aza ugs", previous_refresh_token=old))["refresh_token"]
    assert "access_token" in await signed_on.session_signed()
    signed_on.prt = new
    assert "access_token" in await signed_on.session_signed()
    signed_on.prt = old
    assert (await signed_on.session_signed())["error_codes"] == [50173]
    signed_on.prt = new
    assert "access_token" in await signed_on.session_signed()


async def test_a_renewal_reads_like_a_prt_without_its_key(signed_on, tenant):
    """Renewal alone brings no access token; together with a resource both come, each with its own lifetime."""
    reply = await signed_on.session_signed(client_id=PRT_CLIENT, scope="openid aza ugs", resource=None)
    assert "access_token" not in reply
    assert "session_key_jwe" not in reply
    assert (reply["refresh_token_expires_in"], reply["expires_in"]) == (1_209_599, "1209599")
    assert (reply["device_tenant_id"], claims_of(reply["id_token"])["upn"]) == (tenant, UPN)
    both = await signed_on.session_signed(scope="openid aza", resource=MDM)
    assert (both["refresh_token_expires_in"], claims_of(both["access_token"])["aud"]) == (1_209_599, MDM)
    assert int(both["expires_in"]) < 5000
    signed_on.prt = both["refresh_token"]
    assert "access_token" in await signed_on.session_signed()


async def test_a_prt_ends_after_fourteen_days_unless_it_is_renewed(signed_on, clock):
    """Idle expiry; a renewed one lives on under the same session key."""
    clock.advance(13 * 86_400)
    kept = (await signed_on.session_signed(scope="openid aza ugs"))["refresh_token"]
    clock.advance(2 * 86_400)
    assert (await signed_on.session_signed())["error_codes"] == [70008]
    signed_on.prt = kept
    assert "access_token" in await signed_on.session_signed()


async def test_a_joined_anew_device_has_no_prt(rt, keys, signed_on, tenant, clock):
    """The device leaves and joins again with the same keys: what was issued before is over."""
    token = (await signed_on.session_signed())["access_token"]
    signed_on.connect()
    await signed_on.http.delete(f"/EnrollmentServer/device/{signed_on.device_id}")
    clock.advance(2)
    assert (await signed_on.join()).status_code == 200
    assert (await signed_on.session_signed())["error_codes"] == [50173]
    with pytest.raises(signin.TokenRefused):
        await signin.verify_token(rt, token, audiences=[DRS])


async def test_session_signed_replies_bring_a_refresh_token_of_the_client(signed_on):
    """Brokers read one in each reply; it is an ordinary one of that client, and names the device."""
    reply = await signed_on.session_signed(resource=MDM, redirect_uri="ms-aadj-redir://auth/mdm")
    assert {"access_token", "refresh_token", "expires_in", "id_token"} <= reply.keys()
    refreshed = await signed_on.browser.token(
        grant_type="refresh_token", client_id=BROKER, refresh_token=reply["refresh_token"], resource=MDM
    )
    assert claims_of(refreshed.json()["access_token"])["deviceid"] == signed_on.device_id


async def test_r114_a_pass_opens_the_desktop_and_apps_ask_for_the_factor_again(rt, joined, user, clock, tenant):
    """The pass counts as a second factor for ten minutes; later, tokens for applications say that there is none."""
    token = await joined.strong_refresh_token(user)
    await joined.sign_on(grant_type="refresh_token", client_id=BROKER, refresh_token=token)
    assert "mfa" in claims_of((await joined.session_signed())["access_token"])["amr"]
    clock.advance(601)
    assert claims_of((await joined.session_signed())["access_token"])["amr"] == ["otp"]
    assert (await joined.session_signed(amr_values="ngcmfa"))["error_codes"] == [50076]
    await joined.sign_on()  # the desktop, by password: no factor any more
    assert claims_of((await joined.session_signed())["access_token"])["amr"] == ["pwd"]
    assert (await joined.session_signed(amr_values="ngcmfa"))["error_codes"] == [50076]


# ------------------------------------------------------------------------------------------------ other grants


async def test_version_three_of_the_protocol(signed_on, user):
    """The same request at the v2 endpoint, for the broker; session-signed replies come in true GCM."""
    form = {"version": "/v2.0", "prt_protocol_version": "3.0"}
    token = await signed_on.strong_refresh_token(user)
    claims = {"grant_type": "refresh_token", "client_id": BROKER, "refresh_token": token, "scope": "openid aza"}
    reply = (await signed_on.device_signed(form=form, listed=False, username=None, password=None, **claims)).json()
    signed_on.prt = reply["refresh_token"]
    signed_on.session_key = broker.unwrap_session_key(signed_on.transport_key, reply["session_key_jwe"])
    use = {
        "resource": None,
        "scope": f"{GRAPH}/.default openid",
        "iss": BROKER,
        "aud": "https://login.windows.net/common/oauth2/v2.0/token",
        "redirect_uri": "msauth://Microsoft.AAD.BrokerPlugin",
    }
    payload = {"client_id": BROKER, "grant_type": "refresh_token", "refresh_token": signed_on.prt, **use}
    del payload["resource"]
    signed = sign_request(signed_on.session_key, bytes(24), {**payload, "request_nonce": await signed_on.nonce()})
    answer = await signed_on.send(signed, **form)
    assert len(broker.b64url_decode(answer.text.split(".")[2])) == 12
    opened = json.loads(broker.decrypt_response(signed_on.session_key, answer.text))
    assert claims_of(opened["access_token"])["deviceid"] == signed_on.device_id
    assert isinstance(opened["expires_in"], int)
    scope = "urn:aad:tb:update:prt/.default openid profile offline_access"
    renewed = await signed_on.session_signed(form=form, resource=None, scope=scope)
    assert renewed["refresh_token_expires_in"] == 1_209_599


async def test_a_device_token_names_the_device_and_nobody(rt, joined, tenant):
    """For a device alone: nothing of a user in it, no refresh token; the tenant may be a domain in the path."""
    claims = {"grant_type": "device_token", "client_id": BROKER, "resource": MDM, "iss": "aad:brokerplugin"}
    redirect = f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{BROKER}"
    claims = {**claims, "redirect_uri": redirect, "scope": None, "username": None, "password": None}
    reply = (await joined.device_signed(form={"segment": "contoso.example"}, **claims)).json()
    body = claims_of(reply["access_token"])
    device = await rt.store.read(tenant, lambda tx: directory.find_device(tx, device_id=joined.device_id))
    assert (body["deviceid"], body["oid"], body["sub"]) == (joined.device_id, device["id"], device["id"])
    assert (body["idtyp"], body["amr"], body["tid"], body["aud"]) == ("device", ["rsa"], tenant, MDM)
    assert not {"upn", "name", "scp", "unique_name", "wids"} & body.keys()
    assert not {"refresh_token", "id_token", "session_key_jwe"} & reply.keys()
    assert (reply["token_type"], reply["resource"]) == ("Bearer", MDM)
    known = await signin.verify_token(rt, reply["access_token"], audiences=[MDM])
    assert (known.kind, known.oid, known.device_id) == ("device", None, joined.device_id)
    assert signin.principal_of(known).kind == "device"
    missing = await joined.device_signed(**{**claims, "resource": None})
    assert missing.json()["error_codes"] == [900144]
    await rt.store.write(tenant, lambda tx: directory.update_device(tx, device["id"], {"account_enabled": False}))
    assert (await joined.device_signed(**claims)).json()["error_codes"] == [135011]
    with pytest.raises(signin.TokenRefused):
        await signin.verify_token(rt, reply["access_token"], audiences=[MDM])


async def test_a_device_token_does_not_join_or_enroll_as_a_user(rt, joined):
    """Where a user is needed, a device is none."""
    claims = {"grant_type": "device_token", "client_id": BROKER, "resource": DRS, "username": None, "password": None}
    token = (await joined.device_signed(**claims)).json()["access_token"]
    assert (await joined.post(token, joined.body())).status_code == 401


async def test_a_refresh_by_the_device_names_it(keys, joined, rt):
    """Without ``aza``: ordinary tokens with the device id, rotated; a token of another device is refused."""
    code = await joined.browser.code()
    first = (await joined.browser.redeem(code)).json()
    claims = {"grant_type": "refresh_token", "client_id": BROKER, "resource": MDM, "scope": "openid"}
    claims = {**claims, "username": None, "password": None, "redirect_uri": REDIRECT}
    reply = (await joined.device_signed(refresh_token=first["refresh_token"], **claims)).json()
    assert claims_of(reply["access_token"])["deviceid"] == joined.device_id
    assert "session_key_jwe" not in reply
    assert reply["refresh_token"] != first["refresh_token"]
    other = Device(rt, keys, joined.browser)
    await other.join()
    foreign = (await other.device_signed(refresh_token=reply["refresh_token"], **claims)).json()
    assert foreign["error_codes"] == [50155]
    again = (await joined.device_signed(refresh_token=reply["refresh_token"], **claims)).json()
    assert claims_of(again["access_token"])["deviceid"] == joined.device_id


async def test_a_code_is_redeemed_by_the_broker(rt, signed_on, tenant):
    """Signed with the session key and answered encrypted; only a code of the same person, once."""

    async def redeem(code):
        return await signed_on.session_signed(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=VERIFIER
        )

    code = await signed_on.browser.code()
    assert claims_of((await redeem(code))["access_token"])["upn"] == UPN
    assert (await redeem(code))["error_codes"] == [54005]
    await make_user(rt, tenant, "eve@contoso.example")
    eve = answer_of(await signed_on.browser.login(await signed_on.browser.authorize(), upn="eve@contoso.example"))
    assert (await redeem(eve["code"]))["error_codes"] == [70000]
    assert (await redeem("x"))["error_codes"] == [70000]
    unproved = await signed_on.session_signed(
        grant_type="authorization_code",
        code=await signed_on.browser.code(),
        redirect_uri=REDIRECT,
        code_verifier="w" * 43,
    )
    assert unproved["error_codes"] == [501481]


@pytest.mark.parametrize(
    ("claims", "form", "code"),
    [
        ({"grant_type": "device_auth", "cert_token_use": "device_cert", "csr": "AAAA"}, {}, 70003),
        ({"grant_type": "urn:ietf:params:oauth:grant-type:saml1_1-bearer", "assertion": "PHg+"}, {}, 70003),
        ({"cert_token_use": "user_cert"}, {}, 70003),
        ({"grant_type": "x"}, {}, 70003),
        ({"grant_type": 7}, {}, 70003),
        ({}, {"prt_protocol_version": "4.0"}, 70003),
        ({"client_id": "04b07795-8ddb-461a-bbee-02f9e1bf7b46"}, {}, 70003),
        ({"client_id": "nobody"}, {}, 700016),
        ({"scope": "openid", "resource": "https://nobody.example"}, {}, 500011),
    ],
)
async def test_what_is_not_offered_is_named(joined, claims, form, code):
    """Certificates, SAML, protocol version 4, a PRT for another client than the broker."""
    answer = await joined.device_signed(form=form, **claims)
    assert (answer.status_code, answer.json()["error_codes"]) == (400, [code])


async def test_what_a_session_does_not_offer_is_named(signed_on):
    """User certificates and other grants."""
    assert (await signed_on.session_signed(cert_token_use="winhello_cert"))["error_codes"] == [70003]
    assert (await signed_on.session_signed(grant_type="password"))["error_codes"] == [70003]


async def test_a_prt_without_a_device_is_named(joined):
    """Version 3 for phones: a code with a key of its own."""
    code = await joined.browser.code()
    answer = await joined.browser.redeem(code, stk_jwk="{}", prt_protocol_version="3.0")
    assert answer.json()["error_codes"] == [70003]


# ------------------------------------------------------------------------------------------------ 15.15


async def test_15_15_the_redirect_uri_of_a_request_is_one_of_the_client(signed_on):
    """Registered, or the client's own address at the plugin; another is 50011."""
    client = "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223"
    for good in (f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{client}", "companyportal://com.microsoft.CompanyPortal"):
        reply = await signed_on.session_signed(client_id=client, resource=GRAPH, redirect_uri=good)
        assert "access_token" in reply
    for bad in (REDIRECT, "https://evil.example/", f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{BROKER}"):
        reply = await signed_on.session_signed(client_id=client, resource=GRAPH, redirect_uri=bad)
        assert reply["error_codes"] == [50011]
    answer = await signed_on.device_signed(redirect_uri="https://evil.example/")
    assert answer.json()["error_codes"] == [50011]


async def test_15_15_times_are_honoured_though_they_are_text(rt, signed_on):
    """Five minutes either way."""
    now = int(rt.clock.now().timestamp())
    assert "access_token" in await signed_on.session_signed(iat=str(now + 290), exp=str(now - 290))
    for times in (
        {"iat": str(now + 310)},
        {"exp": str(now - 310)},
        {"exp": now - 310},
        {"nbf": now + 310},
        {"iat": []},
    ):
        assert (await signed_on.session_signed(**times))["error_codes"] == [165900]
        assert (await signed_on.device_signed(**times)).json()["error_codes"] == [165900]


async def test_15_15_a_name_that_comes_twice_is_refused(joined, signed_on):
    """In header and payload, whoever signed it."""
    nonce = await joined.nonce()
    der = base64.b64encode(joined.certificate.public_bytes(Encoding.DER)).decode()
    header = f'{{"alg":"RS256","x5c":"{der}"}}'
    body = f'{{"grant_type":"password","grant_type":"refresh_token","request_nonce":"{nonce}"}}'
    twice = f'{{"alg":"RS256","alg":"RS256","x5c":"{der}"}}'
    for text in ((header, body), (twice, "{}"), (header, '{"username":"\\u0000"}')):
        signed = ".".join(broker.b64url(part.encode()) for part in text)
        answer = await joined.send(f"{signed}.{broker.b64url(sign(joined.device_key, signed))}")
        assert answer.json()["error_codes"] == [165900]


async def test_15_15_standard_base64_is_verified_as_it_was_sent(joined):
    """AADInternals writes the standard alphabet; the signature is over the received characters."""
    payload = {
        "client_id": PRT_CLIENT,
        "scope": "openid aza ugs",
        "grant_type": "password",
        "username": UPN,
        "password": "Correct-horse-7-battery",
        "win_ver": "ÿÿ??>>",
        "request_nonce": await joined.nonce(),
    }
    der = base64.b64encode(joined.certificate.public_bytes(Encoding.DER)).decode()
    parts = ({"alg": "RS256", "x5c": der}, payload)
    texts = [base64.b64encode(json.dumps(part, ensure_ascii=False).encode()).rstrip(b"=").decode() for part in parts]
    signed = ".".join(texts)
    assert "/" in signed or "+" in signed
    answer = await joined.send(f"{signed}.{broker.b64url(sign(joined.device_key, signed))}")
    assert "session_key_jwe" in answer.json()


async def test_15_15_failures_before_the_signature_read_alike(rt, keys, joined):
    """A wrong key and a certificate from nowhere give the same words; the log knows which it was."""
    wrong = (await joined.device_signed(key=keys.rsa())).json()
    nowhere = base64.b64encode(b"not a certificate").decode()
    header = {"alg": "RS256", "x5c": nowhere}
    signed = ".".join(broker.b64url(json.dumps(part).encode()) for part in (header, {}))
    unknown = (await joined.send(f"{signed}.{broker.b64url(sign(joined.device_key, signed))}")).json()
    words = {reply["error_description"].partition(" Trace ID")[0] for reply in (wrong, unknown)}
    assert words == {"AADSTS50155: Device authentication failed. Join the device again."}


@pytest.mark.parametrize("size", [0, 8, 15, 65, 200])
async def test_15_15_the_context_has_sixteen_to_sixty_four_bytes(signed_on, size):
    """Clients differ within that."""
    payload = {"grant_type": "refresh_token", "refresh_token": signed_on.prt, "request_nonce": await signed_on.nonce()}
    answer = await signed_on.send(sign_request(signed_on.session_key, bytes(size), payload))
    assert answer.json()["error_codes"] == [165900]
    for good in (16, 24, 32, 64):
        fresh = {**payload, "request_nonce": await signed_on.nonce()}
        assert not (await signed_on.send(sign_request(signed_on.session_key, bytes(good), fresh))).text.startswith("{")


async def test_15_15_a_request_has_at_most_sixteen_kilobytes(signed_on):
    """More is not read."""
    assert (await signed_on.session_signed(padding="x" * 20_000))["error_codes"] == [165900]


async def test_15_15_no_password_reaches_the_log(rt, joined, tenant):
    """Neither that of a good request nor that of a refused one."""
    await joined.sign_on()
    await joined.device_signed(password="A-wrong-one-9-secret")
    text = str(await rt.store.read(tenant, entries))
    assert "Correct-horse" not in text
    assert "A-wrong-one" not in text


def sign(key, signed):
    return key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
