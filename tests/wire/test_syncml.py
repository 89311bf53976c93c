"""SyncML messages: samples, round trips, credentials and hostile bytes (05 sections 3 to 7)."""

import base64
import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import syncml as s
from taxiway.wire.errors import BadSyncML, MalformedXml, Unrenderable, WireError

SAMPLES = Path(__file__).parent / "samples"
HEADER = s.Header(session_id="1", msg_id="1", target="https://mdm.test/", source="DEV")


def sample(name):
    return s.parse_message((SAMPLES / f"syncml-{name}.xml").read_bytes())


def document(body="<Final/>", header="<SessionID>1</SessionID><MsgID>1</MsgID>", ns="SYNCML:SYNCML1.2"):
    return (
        f'<SyncML xmlns="{ns}"><SyncHdr>{header}<Target><LocURI>t</LocURI></Target>'
        f"<Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>{body}</SyncBody></SyncML>"
    ).encode()


def test_first_message_is_read():
    """Package 1 of a device yields header, credential, alerts and device facts."""
    message = sample("first-message")
    head = message.header
    assert (head.session_id, head.msg_id, head.source) == ("A7", "1", "C0FFEE00D15EA5E0")
    assert head.target.endswith("MDM.svc?mode=Machine&Platform=WoA")
    assert (head.source_name, head.max_msg_size, head.ver_dtd) == ("dev-0001", 524288, "1.2")
    assert head.cred == s.Cred(s.AUTH_MD5, "oMHmIOEWcfg2ixCBVuMW5Q==")
    first, login, sync, facts = message.commands
    assert first == s.Alert("2", s.AlertCode.CLIENT_INITIATED)
    assert login == s.Alert("3", s.AlertCode.CLIENT_EVENT, (s.Item(type=s.LOGIN_STATUS, data="others"),))
    assert isinstance(sync, s.Alert)
    assert sync.items[0].type == s.SYNC_TYPE
    assert isinstance(facts, s.Command)
    assert [item.uri for item in facts.items] == ["./DevInfo/DevId", "./DevInfo/Man", "./DevInfo/DmV"]
    assert message.final


def test_server_answer_is_read_with_any_prefix():
    """Prefixes do not matter; Atomic nests; CDATA and unescaped markup both become the text that was meant."""
    message = sample("server-answer")
    status, atomic, replace = message.commands
    assert isinstance(status, s.Status)
    assert status.chal == s.Chal(s.AUTH_MD5, "AQIDBAUGBwgJCgsMDQ4PEA==")
    assert status.code == s.Code.AUTHENTICATED
    assert isinstance(atomic, s.Group)
    assert [(s.verb_of(c), c.cmd_id) for c in s.walk(message.commands)] == [
        ("Status", "1"),
        ("Atomic", "2"),
        ("Add", "3"),
        ("Exec", "4"),
        ("Replace", "5"),
    ]
    assert isinstance(replace, s.Command)
    cdata, markup = replace.items
    assert cdata.data == "<WLANProfile><name>Tower & Apron</name></WLANProfile>"
    assert (cdata.format, cdata.type) == ("chr", "text/plain")  # from the command's own Meta
    assert markup.data == '<enabled/><data id="a" value="1"/>'
    assert not message.final


def test_client_results_are_read():
    """Native error, absent MsgRef, a first chunk, an unknown verb and a missing CmdID are all readable."""
    _, failed, names, chunk, put, get = sample("client-results").commands
    assert isinstance(failed, s.Status)
    assert (failed.code, failed.original_error) == (404, "0x86000002")
    assert failed.target_refs == ("./Device/Vendor/MSFT/Nowhere",)
    assert isinstance(names, s.Results)
    assert (names.msg_ref, names.items[0].data) == ("1", "Taxiway/MS%20DM%20Server")
    assert isinstance(chunk, s.Results)
    assert (chunk.items[0].size, chunk.items[0].more) == (700000, True)
    assert put == s.Unknown("Put", "")
    assert get.cmd_id == ""


def test_markup_without_own_namespace_is_bare():
    """Unescaped markup in Data under a default namespace comes out without SyncML's namespace."""
    body = '<Add><CmdID>1</CmdID><Item><Data><a><b x="1">t&amp;u</b></a>tail</Data></Item></Add>'
    command = s.parse_message(document(body)).commands[0]
    assert isinstance(command, s.Command)
    assert command.items[0].data == '<a><b x="1">t&amp;u</b></a>tail'


def test_namespaces_on_the_wire():
    """What stands in Meta and Chal/Meta is in syncml:metinf, the rest in SyncML 1.2 (05 section 3.1)."""
    status = s.Status(cmd_id="1", msg_ref="1", cmd_ref="0", cmd="SyncHdr", code=407, chal=s.Chal(s.AUTH_MD5, "AQ=="))
    data = s.render_message(s.Message(HEADER, (status,))).decode()
    assert data.startswith('<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>')
    assert (
        '<Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type>'
        '<NextNonce xmlns="syncml:metinf">AQ==</NextNonce></Meta></Chal><Data>407</Data>'
    ) in data
    assert data.endswith("<Final/></SyncBody></SyncML>")


xml_text = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff"), max_size=40)
word = st.text("ABCabc019./%{}-", min_size=1, max_size=20)
maybe = st.none() | word
items = st.lists(
    st.builds(
        s.Item,
        target=maybe,
        source=maybe,
        format=maybe,
        type=maybe,
        mark=maybe,
        size=st.none() | st.integers(0, 2**40),
        data=st.none() | xml_text | st.just(' <a b="c">&amp;]]>\r\n\t'),
        more=st.booleans(),
    ),
    max_size=3,
).map(tuple)
leaves = st.one_of(
    st.builds(s.Command, st.sampled_from(sorted(s.VERBS)), word, items),
    st.builds(s.Alert, word, st.sampled_from([1201, 1224, 1226]), items),
    st.builds(s.Results, cmd_id=word, cmd_ref=word, msg_ref=word, items=items),
    st.builds(
        s.Status,
        cmd_id=word,
        msg_ref=word,
        cmd_ref=word,
        cmd=word,
        code=st.integers(100, 599),
        target_refs=st.lists(word, max_size=2).map(tuple),
        chal=st.none() | st.builds(s.Chal, word, maybe),
        original_error=maybe,
        items=items,
    ),
)
bodies = leaves | st.builds(
    s.Group, st.sampled_from(["Atomic", "Sequence"]), word, st.lists(leaves, max_size=3).map(tuple)
)
headers = st.builds(
    s.Header,
    session_id=word,
    msg_id=word.filter(lambda v: v != "0"),
    target=word,
    source=word,
    source_name=maybe,
    cred=st.none() | st.builds(s.Cred, word, word, word),
    max_msg_size=st.none() | st.integers(0, 2**31),
)


@given(st.builds(s.Message, headers, st.lists(bodies, max_size=5).map(tuple), st.booleans()))
def test_round_trip(message):
    """Every message reads back as it was written."""
    assert s.parse_message(s.render_message(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_named(data):
    """Hostile bytes become a message or a WireError, nothing else."""
    with contextlib.suppress(WireError):
        s.parse_message(data)


@given(st.integers(0, 1500), st.binary(max_size=6), st.integers(0, 12))
def test_damaged_messages_are_read_or_named(at, patch, cut):
    """A sample with bytes changed becomes a message or a WireError, nothing else."""
    data = (SAMPLES / "syncml-client-results.xml").read_bytes()
    with contextlib.suppress(WireError):
        s.parse_message(data[:at] + patch + data[at + cut :])


@pytest.mark.parametrize(
    "prolog",
    [
        "<!DOCTYPE SyncML>",
        "<!-- x -->\n<!DOCTYPE SyncML [<!ENTITY e 'x'>]>",
        "<?xml version='1.0'?><?p q?><!doctype S>",
    ],
)
def test_doctype_is_refused(prolog):
    """A document type is refused wherever it hides before the root."""
    with pytest.raises(MalformedXml):
        s.parse_message(prolog.encode() + document())


def test_doctype_as_data_is_fine():
    """The same letters inside CDATA are only data."""
    body = "<Add><CmdID>1</CmdID><Item><Data><![CDATA[<!DOCTYPE html>]]></Data></Item></Add>"
    command = s.parse_message(document(body)).commands[0]
    assert isinstance(command, s.Command)
    assert command.items[0].data == "<!DOCTYPE html>"


def test_limits():
    """Size and depth have limits of their own."""
    with pytest.raises(MalformedXml, match="bytes"):
        s.parse_message(document(), limit=100)
    deep = "<Atomic><CmdID>1</CmdID>" * 70 + "</Atomic>" * 70
    with pytest.raises(MalformedXml, match="deeper"):
        s.parse_message(document(deep))


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (document(ns="urn:other"), "SyncML"),
        (document(header="<MsgID>1</MsgID>"), "SessionID"),
        (document(header="<SessionID>1</SessionID><MsgID>0</MsgID>"), "MsgID is 0"),
        (document("<Alert><CmdID>1</CmdID><Data>soon</Data></Alert>"), "Alert/Data"),
        (
            document("<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef><Cmd>Get</Cmd></Status>"),
            "Status/Data",
        ),
        (document(f"<Get><CmdID>{'9' * 65}</CmdID></Get>"), "CmdID"),
        (document("<Results><CmdID>1</CmdID></Results>"), "CmdRef"),
        (b"<SyncML xmlns='SYNCML:SYNCML1.2'/>", "SyncHdr"),
    ],
)
def test_what_is_wrong_is_said(data, says):
    """A message that cannot be followed names the element at fault."""
    with pytest.raises(BadSyncML, match=says):
        s.parse_message(data)


def test_syncml_11_and_session_zero_are_accepted():
    """The older namespace and a session id of 0 are legal (05 sections 3.1 and 3.2)."""
    header = "<SessionID>0</SessionID><MsgID>1</MsgID>"
    assert s.parse_message(document(header=header, ns="SYNCML:SYNCML1.1")).header.session_id == "0"


def test_control_characters_are_not_written():
    """A value that XML cannot carry is refused by name, not written broken."""
    with pytest.raises(Unrenderable):
        s.render_message(s.Message(HEADER, (s.Command("Add", "1", (s.Item(data="a\x00b"),)),)))


def test_command_ids_count_from_one():
    """Ids are 1, 2, 3: never 0 (05 section 3.4)."""
    ids = s.CmdIds()
    assert [ids.next(), ids.next(), ids.next()] == ["1", "2", "3"]


@pytest.mark.parametrize(
    ("user", "password", "nonce", "digest"),
    [
        ("dev-0001", "s3cret-A", bytes(range(1, 17)), "oMHmIOEWcfg2ixCBVuMW5Q=="),
        ("Bruce2", "OhBehave", b"Nonce", "Zz6EivR3yeaaENcRN6lpAQ=="),
    ],
)
def test_md5_vectors(user, password, nonce, digest):
    """The digest is that of the published vectors (05 section 4)."""
    secret = s.md5_secret(user, password)
    assert s.md5_digest(secret, nonce) == digest
    assert s.check_md5(digest, secret, nonce)
    assert not s.check_md5(digest, secret, nonce + b"x")
    assert not s.check_md5("\u00e9", secret, nonce)


def test_credential_facts():
    """Inner hash, Basic and the account's node name match the known values (05 section 4)."""
    assert s.md5_secret("dev-0001", "s3cret-A") == "EmWe1jBef6Yk35t17FJS1Q=="
    assert s.basic_credential("dev-0001", "s3cret-A") == "ZGV2LTAwMDE6czNjcmV0LUE="
    assert base64.b64decode("AQIDBAUGBwgJCgsMDQ4PEA==") == bytes(range(1, 17))
    assert s.account_uid("Fleet") == "0x0000800cABF8CA7D87C0FA21BB21B896AE2C8468CA07710326415228ACF2392EA1327077"
