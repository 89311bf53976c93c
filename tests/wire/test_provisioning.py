"""The provisioning document: a foreign sample, our layout, and what a device refuses (04 section 11)."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from taxiway.wire import provisioning as p
from taxiway.wire.errors import Unrenderable, WireError

SAMPLE = (Path(__file__).parent / "samples" / "wap-enrollment.xml").read_bytes()
SERVER = p.AppAuth(secret="s<&\"'", nonce="AQIDBA==")
CLIENT = p.AppAuth(secret="c", nonce="BQYHCA==", name="dev-1")
DOCUMENT = p.ProvisioningDocument(
    certificates=p.Certificates(root=b"root", intermediate=b"issuer", leaf=b"leaf"),
    renewal=p.Renewal(server_url="https://mdm.test/renew?a&b"),
    application=p.Application(
        provider_id="MS DM Server",
        address="https://mdm.test/manage",
        name="Café <Tower>",
        server=SERVER,
        client=CLIENT,
        certificate_criteria=p.certificate_criteria("CN=abc", device_context=True),
    ),
    dm_client=p.DmClient(
        provider_id="MS DM Server",
        ent_dm_id="id-1",
        upn="ada@x.test",
        sync_application_version="4.0",
        poll=p.Poll(),
        first_sync_status=p.FirstSyncStatus(
            skip_device_page=False, skip_user_page=False, block=3, timeout=60, custom_error_text="a\nb\tc"
        ),
    ),
)


def test_foreign_document_is_read():
    """Another server's order and spelling give the same facts, and its gaps the device's defaults."""
    document = p.parse_provisioning(SAMPLE)
    assert document.certificates == p.Certificates(
        root=b"root", intermediate=b"issuer", leaf=b"leaf", device_context=False
    )
    assert document.renewal == p.Renewal(period_days=60, retry_days=5)
    account = document.application
    assert account is not None
    assert (account.provider_id, account.name, account.connection_retries) == ("Hangar MDM", "Northwind & Sons", 3)
    assert (account.initial_backoff, account.max_backoff) == (16_000, 86_400_000)
    assert account.certificate_criteria == "Subject=CN%3Dabc&Stores=My%5CUser"
    assert account.server == p.AppAuth(secret="server-secret", nonce="AQIDBA==")
    assert account.client == p.AppAuth(secret="client-secret", nonce="BQYHCA==", name="dev-7", type="BASIC")
    client = document.dm_client
    assert client is not None
    assert client.first_sync_status == p.FirstSyncStatus(skip_device_page=False, block=3)
    assert client.poll == p.Poll(
        first_retries=8,
        first_interval=15,
        second_retries=0,
        second_interval=0,
        remaining_interval=0,
        all_users_on_first_login=False,
    )


def test_round_trip():
    """What the server writes the device reads."""
    assert p.parse_provisioning(p.render_provisioning(DOCUMENT)) == DOCUMENT


def test_renewal_round_trip():
    """A renewal's document may hold the certificates alone (04 section 14.2)."""
    short = p.ProvisioningDocument(certificates=DOCUMENT.certificates)
    assert p.parse_provisioning(p.render_provisioning(short)) == short


def test_layout_rules_of_clients():
    """The third parm of depth four is the leaf; the first store holds Root, CA, My (04 section 11.4)."""
    root = etree.fromstring(p.render_provisioning(DOCUMENT))
    deep = root.findall("characteristic/characteristic/characteristic/characteristic/parm")
    assert deep[2].get("value") == "bGVhZg=="
    first = root[0]
    assert [part.get("type") for part in first] == ["Root", "CA", "My"]
    assert len(first[2].findall(".//parm")) == 1
    assert [part.get("type") for part in root] == ["CertificateStore", "CertificateStore", "APPLICATION", "DMClient"]
    assert root.get("version") == "1.1"


def test_parm_without_value():
    """BACKCOMPATRETRYDISABLED says it by being there (04 section 11.2)."""
    assert b'<parm name="BACKCOMPATRETRYDISABLED"/>' in p.render_provisioning(DOCUMENT)


def test_dm_client_parms_have_datatypes():
    """Each parm of DMClient carries its datatype (04 section 11.3)."""
    client = etree.fromstring(p.render_provisioning(DOCUMENT))[3]
    types = {parm.get("name"): parm.get("datatype") for parm in client.iter("parm")}
    assert None not in types.values()
    assert (types["EntDMID"], types["PollOnLogin"], types["BlockInStatusPage"]) == ("string", "boolean", "integer")


@pytest.mark.parametrize(
    ("old", "new", "hresult"),
    [
        (b"bGVhZg==", b"bGVhZ2U=", 0x8018001E),
        (b"bGVhZg==", b"!", 0x8018001E),
        (b'"Root"', b'"Boot"', 0x8018001E),
        (b'"w7"', b'"w8"', 0x8018001F),
        (b'"ADDR"', b'"ADDRESS"', 0x8018001F),
        (b'"APPSRV"', b'"OTHER"', 0x8018001F),
        (b'value="BQYHCA=="', b'value=""', 0x80180023),
        (b'"NumberOfFirstRetries" value="8"', b'"NumberOfFirstRetries" value="0"', 0x80180020),
        (b'"NumberOfFirstRetries" value="8"', b'"NumberOfFirstRetries" value="x"', 0x80180020),
        (b'"PROVIDER-ID" value="Hangar', b'"PROVIDER-ID" value="Other', 0x80180020),
        (b"wap-provisioningdoc", b"other", 0x80180023),
    ],
)
def test_refusals_have_the_number_of_their_block(old, new, hresult):
    """A device ends with the error number of the block it could not install (04 sections 11.1 and 12.4)."""
    with pytest.raises(p.BadProvisioning) as caught:
        p.parse_provisioning(SAMPLE.replace(old, new))
    assert caught.value.hresult == hresult


@pytest.mark.parametrize(
    ("poll", "good"),
    [
        (p.Poll(), True),
        (p.Poll(first_retries=5, first_interval=3, second_retries=8, second_interval=15, remaining_interval=480), True),
        (p.Poll(first_retries=0), False),
        (p.Poll(second_retries=0, second_interval=60, remaining_interval=1440), False),
        (p.Poll(remaining_interval=-1), False),
    ],
)
def test_m22_poll_schedules(poll, good):
    """A schedule that never begins, or runs for ever twice, is refused before it is sent (04 section 11.3)."""
    assert (poll.problems() == []) is good
    document = p.ProvisioningDocument(
        certificates=DOCUMENT.certificates, dm_client=p.DmClient(provider_id="x", ent_dm_id="y", poll=poll)
    )
    with contextlib.nullcontext() if good else pytest.raises(p.BadProvisioning):
        p.render_provisioning(document)


def test_control_characters_are_not_written():
    """A name that XML cannot carry is refused by name."""
    client = p.DmClient(provider_id="x", ent_dm_id="y", upn="a\x00")
    with pytest.raises(Unrenderable):
        p.render_provisioning(p.ProvisioningDocument(certificates=DOCUMENT.certificates, dm_client=client))


@given(st.integers(0, 3200), st.binary(max_size=6), st.integers(0, 20))
def test_damaged_documents_are_read_or_named(at, patch, cut):
    """Any damage yields a document or a WireError, nothing else."""
    with contextlib.suppress(WireError):
        p.parse_provisioning(SAMPLE[:at] + patch + SAMPLE[at + cut :])
