"""Certificate profiles, packages and Microsoft 365 Apps as Graph clients make them (02 sections 8 and 9)."""

import base64
import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from graph.test_intune import APPS, CONFIGURATIONS, upload
from support.packages import PUBLISHER, make_msix
from taxiway import enrollment, pki
from taxiway.management import CONFIGURATIONS as ROWS
from taxiway.management.configuration.kinds.scep import VARIABLES
from taxiway.wire.app_content import encrypt_content
from taxiway.wire.msix import publisher_hash

SCEP = {
    "@odata.type": "#microsoft.graph.windows81SCEPCertificateProfile",
    "displayName": "Wi-Fi",
    "subjectNameFormat": "custom",
    "subjectNameFormatString": "CN={{AAD_Device_ID}}",
    "keyUsage": "keyEncipherment,digitalSignature",
    "keySize": "size2048",
    "hashAlgorithm": "sha2",
    "certificateStore": "machine",
    "certificateValidityPeriodValue": 6,
    "certificateValidityPeriodScale": "months",
    "extendedKeyUsages": [{"name": "Client Authentication", "objectIdentifier": "1.3.6.1.5.5.7.3.2"}],
    "customSubjectAlternativeNames": [{"sanType": "domainNameService", "name": "{{DeviceName}}.contoso.example"}],
    "scepServerUrls": [],
}
PACKAGE = {
    "@odata.type": "#microsoft.graph.windowsUniversalAppX",
    "displayName": "Tool",
    "identityName": "Contoso.Tool",
    "identityPublisherHash": publisher_hash(PUBLISHER),
    "identityVersion": "1.2.0.0",
    "applicableArchitectures": "x64",
}
OFFICE = {
    "@odata.type": "#microsoft.graph.officeSuiteApp",
    "displayName": "Microsoft 365 Apps",
    "productIds": ["o365ProPlusRetail", "visioProRetail"],
    "updateChannel": "monthlyEnterprise",
    "officePlatformArchitecture": "x64",
    "excludedApps": {"groove": True, "teams": False},
    "localesToInstall": ["de-de"],
}


async def test_a_scep_profile_round_trips(graph):
    """What was sent is shown; only properties of the kind are."""
    trust = {"rootCertificate@odata.bind": f"https://graph.microsoft.com{CONFIGURATIONS}('a-root')"}
    made = await graph.post(CONFIGURATIONS, {**SCEP, **trust})
    shown = await graph.get(f"{CONFIGURATIONS}/{made['id']}")
    assert {name: shown[name] for name in SCEP} == SCEP
    assert shown["renewalThresholdPercentage"] == 20
    assert "omaSettings" not in shown
    await graph.call("PATCH", f"{CONFIGURATIONS}/{made['id']}", {"keySize": "size4096"}, expect=204)
    assert len(await graph.values(f"{CONFIGURATIONS}/graph.windows81SCEPCertificateProfile")) == 1


async def test_the_profiles_of_the_documentation_are_taken(graph):
    """Each body in docs/certificates.md can be posted as it stands, and each variable it names is one."""
    text = (Path(__file__).parents[2] / "docs" / "certificates.md").read_text("utf-8")
    bodies = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL)]
    assert len(bodies) == 2
    for body in bodies:
        await graph.post(CONFIGURATIONS, body)
    assert set(re.findall(r"`\{\{(\w+)\}\}`", text)) == set(VARIABLES)


async def test_what_a_scep_profile_cannot_say_is_named(graph):
    """A wrong value is a 400, what is not served a 501; both say what is wrong."""
    wrong = (
        ({"subjectNameFormatString": "CN={{Favourite_Colour}}"}, 400, "variable"),
        ({"subjectNameFormatString": "no subject"}, 400, "subject"),
        ({"keySize": "size1024"}, 400, "keySize"),
        ({"hashAlgorithm": "sha1"}, 400, "hashAlgorithm"),
        ({"keyUsage": "everything"}, 400, "keyUsage"),
        ({"certificateValidityPeriodValue": 90, "certificateValidityPeriodScale": "years"}, 400, "days"),
        ({"extendedKeyUsages": [{"objectIdentifier": "x"}]}, 400, "identifier"),
        ({"customSubjectAlternativeNames": [{"sanType": "shoeSize", "name": "x"}]}, 400, "alternative"),
        ({"customSubjectAlternativeNames": [{"sanType": "domainNameService", "name": "a;b"}]}, 400, "alternative"),
        ({"scepServerUrls": ["https://ndes.contoso.example/"]}, 501, "SCEP server"),
        ({"subjectNameFormat": "commonNameAsIMEI"}, 501, "format"),
    )
    for change, status, says in wrong:
        error = await graph.post(CONFIGURATIONS, {**SCEP, **change}, expect=status)
        assert says in error["error"]["message"], change


async def test_a_pfx_is_taken_and_never_shown(graph, rt, tenant):
    """The PKCS#12 and its password are sealed; no answer holds them."""
    secret = base64.b64encode(b"\x30\x82 the key").decode()
    body = {
        "@odata.type": "#microsoft.graph.windows10ImportedPFXCertificateProfile",
        "displayName": "S/MIME",
        "intendedPurpose": "smimeEncryption",
        "@taxiway.pfxBlob": secret,
        "@taxiway.pfxPassword": "a secret word",
    }
    made = await graph.call("POST", CONFIGURATIONS, body, expect=201)
    shown = await graph.call("GET", f"{CONFIGURATIONS}/{made.json()['id']}")
    assert not any(word in made.text + shown.text for word in (secret, "a secret word"))
    assert (
        await rt.store.read(tenant, lambda tx: ROWS.reveal(tx, made.json()["id"], "pfx_password")) == b"a secret word"
    )
    await graph.post(CONFIGURATIONS, {**body, "@taxiway.pfxBlob": "%%%"}, expect=400)
    await graph.post(CONFIGURATIONS, {**body, "@taxiway.pfxBlob": ""}, expect=400)


async def test_what_was_issued_for_a_profile_is_listed(graph, rt, tenant):
    """Each certificate with its device, thumbprint and end; one that was revoked says so."""
    profile = (await graph.post(CONFIGURATIONS, SCEP))["id"]
    key, name = rt.keys.rsa(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PC-1")])
    await pki.make_client_authority(rt, tenant)
    ends = rt.clock.now() + timedelta(days=30)
    made = await pki.issue_client(rt, tenant, public_key=key.public_key(), subject=name, expires=ends, extensions=[])

    def keep(tx):
        managed = enrollment.MANAGED.insert(tx, {"device_name": "PC-1"})["id"]
        terms = {"usages": ["1.3.6.1.5.5.7.3.2"]}
        pki.record_client(tx, made, subject=f"managed:{managed}", profile=profile, terms=terms)
        return managed

    managed = await rt.store.write(tenant, keep)
    path = f"{CONFIGURATIONS}/{profile}/managedDeviceCertificateStates"
    [shown] = await graph.values(path)
    assert shown["certificateThumbprint"] == pki.thumbprint(made)
    assert (shown["deviceDisplayName"], shown["certificateIssuanceState"]) == ("PC-1", "issued")
    assert shown["certificateSubjectNameFormatString"] == "CN=PC-1"
    assert shown["certificateExpirationDateTime"].startswith("2026-02-04")
    assert shown["certificateKeyLength"] == 2048
    await rt.store.write(tenant, lambda tx: pki.revoke_clients(tx, profile, f"managed:{managed}"))
    assert [each["certificateRevokeStatus"] for each in await graph.values(path)] == ["revoked"]
    await graph.get(path.replace(profile, managed), expect=404)
    await graph.get(path.replace("/beta/", "/v1.0/"), expect=404)


async def publish(graph, plain, body=PACKAGE):
    """A package, uploaded; the app, and what the commit came to."""
    app = await graph.post(APPS, body)
    content, info = encrypt_content(plain, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
    status, file, _ = await upload(graph, app["id"], content, info)
    return await graph.get(f"{APPS}/{app['id']}"), status, file["uploadState"]


@pytest.mark.parametrize("kind", ["windowsUniversalAppX", "windowsAppX"])
async def test_a_package_is_uploaded_and_published(graph, kind):
    """In the same way as an MSI; its identity is that of the manifest."""
    body = {**PACKAGE, "@odata.type": f"#microsoft.graph.{kind}"}
    app, status, state = await publish(graph, make_msix(), body)
    assert (status, state, app["publishingState"]) == (200, "commitFileSuccess", "published")
    assert {name: app[name] for name in body} == body


async def test_content_that_is_another_package_is_not_published(graph):
    """The commit fails by name, and the app stays unpublished."""
    app, status, state = await publish(graph, make_msix(version="9.9.9.9"))
    assert (status, state, app["publishingState"]) == (400, "commitFileFailed", "notPublished")


async def test_microsoft_365_apps_need_no_content(graph):
    """Published at once; products that are not known are a 400, and an upload is refused by name."""
    app = await graph.post(APPS, OFFICE)
    assert app["publishingState"] == "published"
    assert {name: app[name] for name in OFFICE} == OFFICE
    await graph.post(APPS, {**OFFICE, "productIds": ["word95"]}, expect=400)
    await graph.post(APPS, {**OFFICE, "productIds": []}, expect=400)
    content, info = encrypt_content(b"x", encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
    status, file, _ = await upload(graph, app["id"], content, info)
    assert 400 <= status < 500
    assert file["uploadState"] == "commitFileFailed"
    own = base64.b64encode(b"<Configuration><Add><Product ID='O365ProPlusRetail'/></Add></Configuration>").decode()
    custom = {"@odata.type": OFFICE["@odata.type"], "displayName": "Own", "officeConfigurationXml": own}
    assert (await graph.post(APPS, custom))["officeConfigurationXml"] == own
    bad = base64.b64encode(b"<Configuration/>").decode()
    await graph.post(APPS, {**custom, "officeConfigurationXml": bad}, expect=400)
