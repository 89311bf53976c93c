"""Mistakes a management server can make, and how the PC answers each as Windows does (05 sections 12 and 14).

The number after 14 is the pain point of that section that the mistake belongs to.
"""

from __future__ import annotations

import httpx
import pytest

from device.cloud import DMCLIENT
from taxiway.device.commands import Responder
from taxiway.device.csp.dmclient import DmClient
from taxiway.device.csp.others import NOT_HERE, NotHere, Policy, RootCertificates, WiFi
from taxiway.device.csp.tree import Tree
from taxiway.wire.syncml import Alert, Results, Status, parse_message

pytestmark = pytest.mark.anyio

CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
TIMEOUT = f"./Device/{DMCLIENT}/FirstSyncStatus/TimeOutUntilSyncFailure"
DONE = f"./User/{DMCLIENT}/FirstSyncStatus/ServerHasFinishedProvisioning"
HEAD = (
    '<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>'
    "<SessionID>1</SessionID><MsgID>3</MsgID><Target><LocURI>d</LocURI></Target>"
    "<Source><LocURI>s</LocURI></Source></SyncHdr><SyncBody>"
)
TAIL = "<Final/></SyncBody></SyncML>"


def item(uri, data=None, form=None, more=""):
    meta = f'<Meta><Format xmlns="syncml:metinf">{form}</Format>{more}</Meta>' if form else ""
    body = "" if data is None else f"<Data>{data}</Data>"
    return f"<Item><Target><LocURI>{uri}</LocURI></Target>{meta}{body}</Item>"


@pytest.fixture
def tree(pc):
    tree = Tree(pc.state)
    tree.add(
        DmClient(pc._storage, tree),
        Policy(tree, pc._storage),
        WiFi(),
        RootCertificates(),
        *(NotHere(root) for root in NOT_HERE),
    )
    tree.put(f"./Device/{DMCLIENT}/EntDMID", "id")
    return tree


@pytest.fixture
def hear(tree):
    """Let the PC take a message in as the bytes it came in; the codes of its answers by CmdRef."""

    async def hear(body):
        hear.responder = Responder(tree, native_errors=True)
        hear.busy = await hear.responder.respond(parse_message(f"{HEAD}{body}{TAIL}".encode()))
        answers = [each for each in hear.responder.answers if isinstance(each, Status)]
        return [(each.cmd_ref, int(each.code)) for each in answers]

    return hear


async def test_14_12_a_command_without_an_id_is_400_with_an_empty_reference(hear, tree):
    """And it is not carried out; the next command is."""
    good = f"<Replace><CmdID>2</CmdID>{item(CORTANA, '1', 'int')}</Replace>"
    assert await hear(f"<Replace>{item(TIMEOUT, '9', 'int')}</Replace>{good}") == [("", 400), ("2", 200)]
    assert tree.stored(TIMEOUT) is None
    assert tree.stored(CORTANA) == "1"


async def test_14_12_a_command_without_an_id_inside_an_atomic(hear, tree):
    """Each nested command needs an id of its own: none, and the Atomic is as good as its children."""
    body = f"<Atomic><CmdID>1</CmdID><Replace>{item(CORTANA, '1', 'int')}</Replace></Atomic>"
    codes = await hear(body)
    assert codes == [("1", 507), ("", 400)]
    assert tree.stored(CORTANA) is None


async def test_14_22_a_wrong_format_is_415(hear, tree):
    """Text where a number belongs, a number where a truth value belongs."""
    assert await hear(f"<Replace><CmdID>1</CmdID>{item(TIMEOUT, '60', 'chr')}</Replace>") == [("1", 415)]
    assert tree.stored(TIMEOUT) is None


async def test_14_22_a_value_that_is_none_is_400(hear):
    """Seconds in a node of minutes, words in a number."""
    for value in ("86400", "soon"):
        assert await hear(f"<Replace><CmdID>1</CmdID>{item(TIMEOUT, value, 'int')}</Replace>") == [("1", 400)]


async def test_14_01_14_23_the_users_word_before_there_is_a_user_is_405(hear, tree):
    """A server that takes 405 for done hangs its page: the PC did not take it."""
    assert await hear(f"<Replace><CmdID>1</CmdID>{item(DONE, 'true', 'bool')}</Replace>") == [("1", 405)]
    tree.user = "S-1-12-1-1"
    assert tree.stored(DONE) is None
    tree.put(f"./User/{DMCLIENT}", "", "node")
    assert await hear(f"<Replace><CmdID>1</CmdID>{item(DONE, 'true', 'bool')}</Replace>") == [("1", 200)]


async def test_14_08_an_add_that_is_repeated_is_418(hear):
    """The second Add of a node is refused, whatever it carries."""
    body = f"<Add><CmdID>1</CmdID>{item(CORTANA, '1', 'int')}</Add>"
    assert [await hear(body), await hear(body)] == [[("1", 200)], [("1", 418)]]


async def test_14_09_check_11_an_atomic_names_its_cause_in_the_child(hear, tree):
    """507, the cause at its child, 216 for the rest; nothing stays."""
    bad = f"<Replace><CmdID>3</CmdID>{item('./DevInfo/Man', 'x', 'chr')}</Replace>"
    good = f"<Replace><CmdID>2</CmdID>{item(CORTANA, '1', 'int')}</Replace>"
    codes = await hear(f"<Atomic><CmdID>1</CmdID>{good}{bad}</Atomic>")
    assert codes == [("1", 507), ("2", 216), ("3", 405)]
    assert tree.stored(CORTANA) is None


@pytest.mark.parametrize("inside", ["Get", "Atomic", "Sequence"])
async def test_what_has_no_place_in_an_atomic_is_500(hear, tree, inside):
    """A Get or a nested group: 500 on it, 216 on the others, 507 on the whole."""
    nested = (
        f"<Get><CmdID>3</CmdID>{item(CORTANA)}</Get>" if inside == "Get" else f"<{inside}><CmdID>3</CmdID></{inside}>"
    )
    good = f"<Replace><CmdID>2</CmdID>{item(CORTANA, '1', 'int')}</Replace>"
    assert await hear(f"<Atomic><CmdID>1</CmdID>{good}{nested}</Atomic>") == [("1", 507), ("2", 216), ("3", 500)]
    assert tree.stored(CORTANA) is None


async def test_a_sequence_goes_on_after_a_failure(hear, tree):
    """200 for the container, each child its own code, in order, and nothing is taken back."""
    bad = f"<Replace><CmdID>2</CmdID>{item('./DevInfo/Man', 'x', 'chr')}</Replace>"
    good = f"<Replace><CmdID>3</CmdID>{item(CORTANA, '1', 'int')}</Replace>"
    assert await hear(f"<Sequence><CmdID>1</CmdID>{bad}{good}</Sequence>") == [("1", 200), ("2", 405), ("3", 200)]
    assert tree.stored(CORTANA) == "1"


@pytest.mark.parametrize(
    ("element", "code"),
    [("Frobnicate", 400), ("Put", 406), ("Search", 406), ("Sync", 406), ("Map", 406), ("Copy", 406)],
)
async def test_check_15_an_element_that_is_no_command(hear, tree, element, code):
    """Unknown to SyncML 400, to device management 406; the commands beside it are carried out."""
    good = f"<Replace><CmdID>2</CmdID>{item(CORTANA, '1', 'int')}</Replace>"
    assert await hear(f"<{element}><CmdID>1</CmdID></{element}>{good}") == [("1", code), ("2", 200)]
    assert tree.stored(CORTANA) == "1"


async def test_14_11_data_that_was_not_escaped_becomes_what_was_meant(hear, tree):
    """Markup in Data is taken as the text it would have been: a profile that a sloppy server wrote still arrives."""
    uri = "./Device/Vendor/MSFT/WiFi/Profile/office/WlanXml"
    profile = "<WLANProfile><name>office</name></WLANProfile>"
    assert await hear(f"<Add><CmdID>1</CmdID>{item(uri, profile, 'chr')}</Add>") == [("1", 200)]
    assert tree.stored(uri) == profile


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("Device/Vendor/MSFT", 400),
        ("./Device//Vendor/MSFT", 400),
        ("./Device/Vendor/MSFT/Policy/Config/*/AllowCortana", 400),
        ("./Device/Vendor/MSFT/Nowhere/At/All", 404),
        ("", 400),
    ],
)
async def test_an_address_that_is_none(hear, uri, code):
    """Badly written 400, unknown 404."""
    assert await hear(f"<Replace><CmdID>1</CmdID>{item(uri, '1', 'int')}</Replace>") == [("1", code)]


async def test_an_empty_command_is_412(hear):
    """A command without an item has nothing to do."""
    assert await hear("<Replace><CmdID>1</CmdID></Replace>") == [("1", 412)]


async def test_several_items_that_fare_alike_have_one_status(hear):
    """One Status where they agree, one for each with its target where they do not (05 section 6.1)."""
    both = item(CORTANA, "1", "int") + item(TIMEOUT, "90", "int")
    assert await hear(f"<Replace><CmdID>1</CmdID>{both}</Replace>") == [("1", 200)]
    mixed = item(CORTANA, "1", "int") + item("./DevInfo/Man", "x", "chr")
    assert await hear(f"<Replace><CmdID>1</CmdID>{mixed}</Replace>") == [("1", 200), ("1", 405)]
    targets = [each.target_refs for each in hear.responder.answers if isinstance(each, Status)]
    assert targets == [(CORTANA,), ("./DevInfo/Man",)]


async def test_a_status_that_is_missing_is_missed_by_nobody(hear):
    """A server that answers only its header: the PC goes on with what there is."""
    header = "<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
    assert await hear(f"{header}<Get><CmdID>2</CmdID>{item(CORTANA)}</Get>") == [("2", 404)]
    assert not [each for each in hear.responder.answers if isinstance(each, Results)]


async def test_14_18_something_else_in_the_middle_of_an_object(hear, tree):
    """The rest of the object is given up by Alert 1225, and what came instead is carried out."""
    size = '<Size xmlns="syncml:metinf">99</Size>'
    responder = Responder(tree, native_errors=True)
    first = item(CORTANA, "1", "int", size).replace("</Item>", "<MoreData/></Item>")
    await responder.respond(parse_message(f"{HEAD}<Replace><CmdID>1</CmdID>{first}</Replace>{TAIL}".encode()))
    assert [int(each.code) for each in responder.answers] == [213, 1222]
    responder.answers = []
    other = f"<Replace><CmdID>1</CmdID>{item(TIMEOUT, '90', 'int')}</Replace>"
    await responder.respond(parse_message(f"{HEAD}{other}{TAIL}".encode()))
    assert [(type(each), int(each.code)) for each in responder.answers] == [(Alert, 1225), (Status, 200)]
    assert tree.stored(CORTANA) is None


# What breaks a message as a whole: against the stand-in, at its second management message.

BROKEN = {
    "another session": lambda body: body.replace(b"<SessionID>1<", b"<SessionID>9<"),
    "cut": lambda body: body[:-20],
    "not xml": lambda _: b"<html>It works!",
    "empty": lambda _: b"",
    "doctype": lambda body: b'<!DOCTYPE a [<!ENTITY b "c">]>' + body,
    "unescaped": lambda body: body.replace(b"</SyncBody>", b"<Alert>R&D</Alert></SyncBody>"),
    "no header": lambda body: body.replace(b"SyncHdr>", b"Header>"),
    "other namespace": lambda body: body.replace(b"SYNCML:SYNCML1.2", b"SYNCML:SYNCML9.9"),
    "too long": lambda body: body.replace(b"<Final/>", b" " * 600_000 + b"<Final/>"),
    "message zero": lambda body: body.replace(b"<MsgID>1<", b"<MsgID>0<"),
}


class Spoiling(httpx.AsyncBaseTransport):
    """The stand-in, whose first management answer is changed."""

    def __init__(self, inner, change):
        self._inner, self._change, self.spoiled = inner, change, 0

    async def handle_async_request(self, request):
        response = await self._inner.handle_async_request(request)
        if not request.url.path.endswith("MDM.svc") or self.spoiled:
            return response
        self.spoiled += 1
        return httpx.Response(200, content=self._change(await response.aread()), request=request)


@pytest.mark.parametrize("how", BROKEN)
async def test_check_15_an_answer_that_cannot_be_used_ends_the_session(pc, cloud, power_on, monkeypatch, how):
    """The PC stops with its number and has carried nothing out."""
    connect, ways = cloud.connect, []

    def spoiling(identity):
        ways.append(Spoiling(connect(identity), BROKEN[how]))
        return ways[-1]

    monkeypatch.setattr(cloud, "connect", spoiling)
    outcome = await power_on(pc)
    assert sum(way.spoiled for way in ways) == 1
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x80072F78")
    assert not cloud.statuses
