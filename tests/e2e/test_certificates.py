"""Certificates from a profile to the PC's store, over the network: enrolled by SCEP, imported as PKCS#12."""

from __future__ import annotations

import asyncio
import dataclasses
import logging

import pytest
import structlog
from cryptography import x509

from e2e import certificates as certs
from e2e.deploying import EVERYBODY, FAST, Deploying
from taxiway import management, pki
from taxiway.device import PC, EspItemChanged
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio
#: What the PC does by itself does not depend on the server's database.
one_store = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
PAGE = "Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus"


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
def quiet():
    """Faults that a test orders are no news, and drawing one takes seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


def lines(deploying, phase):
    """What the page said of certificates in a phase."""
    return [e.text for e in deploying.events(EspItemChanged) if e.phase == phase and e.item == "Certificates"]


async def test_r075_a_device_enrolls_by_scep_and_the_page_counts_it(deploying):
    """The certificate is by the profile, from the tenant's authority, on record, and a line of device setup."""
    await deploying.page()
    names = [{"sanType": "domainNameService", "name": "{{DeviceName}}.contoso.example"}]
    usages = [{"objectIdentifier": certs.CLIENT_AUTH}, {"objectIdentifier": certs.SECURE_EMAIL}]
    validity = {"certificate_validity_period_value": 90, "certificate_validity_period_scale": "days"}
    subject = {"subject_name_format_string": "CN={{AAD_Device_ID}},O=Contoso\\, Ltd"}
    wanted = {"custom_subject_alternative_names": names, "extended_key_usages": usages, **validity, **subject}
    made = await certs.scep(deploying, **wanted, key_usage="digitalSignature")
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Certificates (1 of 1 applied)"

    [certificate] = certs.held(deploying.current)
    managed = await deploying.managed()
    name = f"CN={managed['azure_ad_device_id']},O=Contoso\\, Ltd"
    assert certificate.subject.rfc4514_string() == name
    authority = await pki.client_authority(deploying.instance.rt, deploying.instance.tenant)
    certificate.verify_directly_issued_by(authority.certificate)
    extension = certificate.extensions.get_extension_for_class
    assert [oid.dotted_string for oid in extension(x509.ExtendedKeyUsage).value] == [
        certs.CLIENT_AUTH,
        certs.SECURE_EMAIL,
    ]
    assert extension(x509.KeyUsage).value.digital_signature
    assert not extension(x509.KeyUsage).value.key_encipherment
    [dns] = extension(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)
    assert dns.endswith(".contoso.example")
    assert 89 <= (certificate.not_valid_after_utc - deploying.instance.rt.clock.now()).days <= 90

    [row] = await certs.issued(deploying)
    assert (row["id"], row["subject"]) == (pki.thumbprint(certificate), f"managed:{managed['id']}")
    [entry] = await certs.logged(deploying, "certificate.issued")
    assert entry.what["thumbprint"] == row["id"]
    assert entry.what["configuration"] == made
    assert await deploying.states() == {"Wi-Fi certificate": "succeeded"}
    tree = deploying.current.state.device_nodes
    assert any(key.endswith("expectedscepcerts") and made in node.value for key, node in tree.items())
    assert not any(key.endswith("install/challenge") for key in tree)


async def test_r076_a_user_enrolls_by_scep_and_account_setup_counts_it(deploying):
    """A certificate for the user's store comes with the user, and is a line of account setup."""
    await deploying.page()
    names = [{"sanType": "userPrincipalName", "name": "{{UserPrincipalName}}"}]
    await certs.scep(deploying, EVERYBODY, certificate_store="user", custom_subject_alternative_names=names)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Certificates (No setup needed)"
    assert lines(deploying, "account setup")[-1] == "Certificates (1 of 1 applied)"
    [certificate] = certs.held(deploying.current)
    assert certificate.subject.rfc4514_string() == "CN=ada"
    [upn] = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert upn.value[2:].decode() == "ada@contoso.example"
    assert await deploying.states() == {"Wi-Fi certificate": "succeeded"}


async def test_an_imported_certificate_arrives_with_its_key(deploying, keys):
    """A PKCS#12 is imported, counted by the page, and neither it nor its password is to be read anywhere."""
    await deploying.page()
    key = keys.rsa()
    _, certificate = await certs.pfx(deploying, key)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert certs.held(deploying.current) == [certificate]
    assert lines(deploying, "device setup")[-1] == "Certificates (1 of 1 applied)"
    assert await deploying.states() == {"Imported": "succeeded"}
    leaves = {each.rpartition("/")[2] for each in deploying.current.state.device_nodes if "pfxcertinstall" in each}
    assert "thumbprint" in leaves
    assert not leaves & {"pfxcertblob", "pfxcertpassword"}


@one_store
async def test_a_certificate_that_cannot_be_imported_fails_the_page(deploying, keys):
    """A wrong password: the line shows the error, device setup fails, the log names the profile."""
    await deploying.page()
    await certs.pfx(deploying, keys.rsa(), password="wrong")
    outcome = await deploying.deploy()
    assert outcome.reached == "failed"
    assert lines(deploying, "device setup")[-1] == "Certificates (Error: 0x80070056)"
    moves = await certs.logged(deploying, "esp.moved")
    assert [
        why["facts"]["certificates"] for move in moves for why in move.why if "certificates" in why.get("facts", {})
    ]
    assert (await deploying.states())["Imported"] == "error"


@one_store
async def test_a_refused_enrolment_fails_the_page_and_try_again_mends_it(deploying, monkeypatch):
    """The responder refuses the first request: the page fails with its code; the next challenge is good."""
    from taxiway.management.certificates import challenges, flow

    await deploying.page()
    await certs.scep(deploying)
    real, refused = challenges.judge, []

    def judge(known, *rest):
        if not refused or known["hash"] == refused[0]:
            refused[:] = [known["hash"]]
            return challenges.Verdict("refuse", challenges.Reason("scep.unknown", "no"))
        return real(known, *rest)

    monkeypatch.setattr(flow.challenges, "judge", judge)
    outcome = await deploying.deploy(presses=("Try again",))
    assert "Certificates (Error: 0x80094012)" in lines(deploying, "device setup")
    assert outcome.reached == "desktop", outcome.failure
    assert len(await certs.issued(deploying)) == 1


async def test_a_power_cut_in_the_middle_leads_to_no_second_certificate(deploying, monkeypatch):
    """The power goes after the responder signed and before the PC has the answer: the same certificate comes."""
    from taxiway.management.certificates import flow

    await deploying.page()
    await certs.scep(deploying)
    pc, signed = await deploying.pc(), asyncio.Event()
    real = flow.respond

    async def respond(rt, tenant, der, *, correlation):
        answer = await real(rt, tenant, der, correlation=correlation)
        if not signed.is_set():
            signed.set()
            await asyncio.sleep(1)
        return answer

    monkeypatch.setattr(flow, "respond", respond)
    task = asyncio.create_task(pc.power_on(deploying.instance.endpoints, deploying.person))
    await signed.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = PC.open(deploying.folder / "pc1", deploying.instance.host)
    outcome = await deploying.deploy(again)
    assert outcome.reached == "desktop", outcome.failure
    [row] = await certs.issued(deploying)
    assert [pki.thumbprint(each) for each in certs.held(again)] == [row["id"]]


async def test_r004_lost_answers_lead_to_no_second_certificate(deploying, monkeypatch, quiet):
    """The answer that brings the Atomic, the one to its Status and the responder's are lost: one certificate."""
    from taxiway.management import flow as management_flow
    from taxiway.management.certificates import flow

    await deploying.page()
    await certs.scep(deploying)
    exchange, respond, lost = management_flow.exchange, flow.respond, []

    def lose(what):
        lost.append(what)
        raise ConnectionError(what)

    async def losing(*parts, **more):
        answer = await exchange(*parts, **more)
        if b"<Atomic>" in answer and "Atomic" not in lost:
            lose("Atomic")
        if "Atomic" in lost and b"<Atomic>" not in answer and "Status" not in lost:
            lose("Status")
        return answer

    async def losing_too(*parts, **more):
        answer = await respond(*parts, **more)
        return answer if "certificate" in lost else lose("certificate")

    monkeypatch.setattr(management_flow, "exchange", losing)
    monkeypatch.setattr(flow, "respond", losing_too)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert sorted(lost) == ["Atomic", "Status", "certificate"]
    [row] = await certs.issued(deploying)
    assert [pki.thumbprint(each) for each in certs.held(deploying.current)] == [row["id"]]


@one_store
async def test_an_enrolment_waits_for_its_responder(deploying, monkeypatch):
    """While the responder is away the PC asks as often as RetryCount says, after RetryDelay each time."""
    from taxiway.management.certificates import flow
    from taxiway.pki import NoAuthority

    await deploying.page()
    await certs.scep(deploying)
    real, asked = flow.ca_certificates, []

    async def answer(rt, tenant):
        asked.append(rt.clock.now())
        if len(asked) < 3:
            raise NoAuthority("away")
        return await real(rt, tenant)

    monkeypatch.setattr(flow, "ca_certificates", answer)
    outcome = await deploying.deploy(pace=dataclasses.replace(FAST, enrolment_minute=0.2))
    assert outcome.reached == "desktop", outcome.failure
    assert len(asked) == 3
    assert (asked[2] - asked[0]).total_seconds() >= 0.4


@one_store
async def test_another_authority_than_the_one_named_is_not_believed(deploying, monkeypatch):
    """A responder that shows other certificates than CAThumbprint names gets no request."""
    from taxiway.management.certificates import flow

    await deploying.page()
    await certs.scep(deploying)

    async def others(rt, tenant):
        management_authority = await pki.authority(rt, "management")
        return flow.write_certificates([management_authority.certificate])

    monkeypatch.setattr(flow, "ca_certificates", others)
    outcome = await deploying.deploy()
    assert outcome.reached == "failed"
    assert lines(deploying, "device setup")[-1] == "Certificates (Error: 0x800B0109)"
    assert not await certs.issued(deploying)


@one_store
@pytest.mark.parametrize(
    ("provider", "tpm", "reached"),
    [
        ("useTpmKspOtherwiseFail", True, "desktop"),
        ("useTpmKspOtherwiseFail", False, "failed"),
        ("useTpmKspOtherwiseUseSoftwareKsp", False, "desktop"),
    ],
)
async def test_a_key_that_has_to_be_in_a_tpm_needs_one(deploying, provider, tpm, reached):
    """Without a TPM the profile that insists on one fails the page, the one that does not is enrolled."""
    await deploying.page()
    await certs.scep(deploying, key_storage_provider=provider)
    make = deploying.instance.make_pc
    deploying.instance.make_pc = lambda folder: make(folder, **({} if tpm else {"tpm_key": ""}))
    outcome = await deploying.deploy()
    assert outcome.reached == reached, outcome.failure
    shown = "1 of 1 applied" if reached == "desktop" else "Error: 0x80090030"
    assert lines(deploying, "device setup")[-1] == f"Certificates ({shown})"


async def test_what_is_not_assigned_any_more_is_taken_back(deploying, keys):
    """After the assignments end the PC has neither certificate nor key of either kind."""
    made = [await certs.scep(deploying), (await certs.pfx(deploying, keys.rsa()))[0]]
    assert (await deploying.deploy()).reached == "desktop"
    assert len(certs.held(deploying.current)) == 2

    def unassign(tx):
        for each in made:
            management.assign_configuration(tx, each, [], principal=SYSTEM_PRINCIPAL)

    await deploying.write(unassign)
    assert (await deploying.deploy(deploying.current)).reached == "desktop"
    assert certs.held(deploying.current) == []
    [row] = await certs.issued(deploying)
    assert row["revoked_at"] is not None
    assert not list((deploying.folder / "pc1" / "tpm").glob("cert-*"))


async def test_a_certificate_is_ordered_anew_before_it_runs_out(deploying):
    """In the last part of its life a check-in brings a new one, and the old one stays until it is there."""
    made = await certs.scep(deploying)
    assert (await deploying.deploy()).reached == "desktop"
    [before] = certs.held(deploying.current)

    def change(percentage):
        values = {"renewal_threshold_percentage": percentage}
        return deploying.write(lambda tx: management.update_configuration(tx, made, values, principal=SYSTEM_PRINCIPAL))

    await deploying.deploy(deploying.current)
    assert certs.held(deploying.current) == [before]
    await change(100)
    for _ in range(3):
        await deploying.deploy(deploying.current)
        if certs.held(deploying.current) != [before]:
            break
    await change(20)
    # At 100 per cent every check-in orders: one order more may be under way, and comes to its end in the next ones.
    for _ in range(3):
        await deploying.deploy(deploying.current)
        if await deploying.states() == {"Wi-Fi certificate": "succeeded"}:
            break
    assert await deploying.states() == {"Wi-Fi certificate": "succeeded"}
    [after] = certs.held(deploying.current)
    assert after.serial_number != before.serial_number
    assert after.subject == before.subject


async def test_a_profile_that_changed_leads_to_another_certificate(deploying):
    """Another subject and a longer key: the PC enrolls again and holds the new certificate alone."""
    made = await certs.scep(deploying, subject_name_format_string="CN=before")
    assert (await deploying.deploy()).reached == "desktop"
    values = {"subject_name_format_string": "CN=after"}
    await deploying.write(lambda tx: management.update_configuration(tx, made, values, principal=SYSTEM_PRINCIPAL))
    for _ in range(2):
        await deploying.deploy(deploying.current)
    assert [each.subject.rfc4514_string() for each in certs.held(deploying.current)] == ["CN=after"]


async def test_a_device_that_leaves_loses_its_certificates(deploying):
    """The account is disconnected: what was issued to the device is revoked, and the PC has neither it nor its key."""
    await certs.scep(deploying)
    assert (await deploying.deploy()).reached == "desktop"
    assert await deploying.current.disconnect(deploying.instance.endpoints)
    [row] = await certs.issued(deploying)
    assert row["revoked_at"] is not None
    assert certs.held(deploying.current) == []
    assert not list((deploying.folder / "pc1" / "tpm").glob("cert-*"))
    assert not [key for key in deploying.current.state.device_nodes if "clientcertificateinstall" in key]
