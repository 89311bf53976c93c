"""The tree answers the documented Status for each kind of command (05 sections 6 and 12)."""

from __future__ import annotations

import msgspec
import pytest

from device.cloud import DMCLIENT, PROVIDER
from taxiway.device.commands import Responder
from taxiway.device.csp.dmclient import DmClient
from taxiway.device.csp.node import Node
from taxiway.device.csp.others import NOT_HERE, NotHere, Policy, RootCertificates, WiFi
from taxiway.device.csp.power import PROVIDERS, PowerOrders
from taxiway.device.csp.tree import Tree
from taxiway.device.state import Enrolled
from taxiway.wire.syncml import Command, Group, Header, Item, Message, Results, Status

pytestmark = pytest.mark.anyio

FIRST_SYNC = f"./Device/{DMCLIENT}/FirstSyncStatus"
WIFI = "./Device/Vendor/MSFT/WiFi/Profile/office/WlanXml"


@pytest.fixture
def tree(pc):
    tree = Tree(pc.state)
    tree.add(
        DmClient(pc._storage, tree),
        Policy(tree, pc._storage),
        WiFi(),
        RootCertificates(),
        *(NotHere(root) for root in NOT_HERE),
        *(PowerOrders(name, pc._storage) for name in PROVIDERS),
    )
    tree.put(f"./Device/{DMCLIENT}/EntDMID", "id")
    return tree


async def run(tree, verb, uri, data=None, form=None):
    return (await tree.run(verb, Item(target=uri, data=data, format=form))).code


@pytest.mark.parametrize(
    ("verb", "uri", "data", "form", "code"),
    [
        ("Get", "./Device/Vendor/MSFT/Unheard/Of", None, None, 404),
        ("Get", "/Device/Vendor", None, None, 400),
        ("Replace", "./DevInfo/Man", "x", "chr", 405),
        ("Replace", f"{FIRST_SYNC}/TimeOutUntilSyncFailure", "0", "int", 400),
        ("Replace", f"{FIRST_SYNC}/TimeOutUntilSyncFailure", "90", "bool", 415),
        ("Replace", f"{FIRST_SYNC}/TimeOutUntilSyncFailure", "90", "int", 200),
        ("Replace", "./Device/Vendor/MSFT/DMClient/Provider/stranger/EntDMID", "x", "chr", 404),
        ("Add", f"./Device/{DMCLIENT}", None, "node", 418),
        ("Delete", f"./Device/{DMCLIENT}/EntDeviceName", None, None, 404),
        ("Delete", "./DevDetail/SwV", None, None, 405),
        ("Replace", "./Device/Vendor/MSFT/Policy/Config/Start/Anything", "1", "int", 200),
        ("Get", "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana", None, None, 404),
        ("Get", f"./User/{DMCLIENT}/FirstSyncStatus/IsSyncDone", None, None, 405),
        ("Replace", "./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName", "x", "chr", 404),
        ("Add", "./User/Vendor/MSFT/ClientCertificateInstall/SCEP/one", None, "node", 500),
        ("Add", "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/one", None, "node", 200),
        ("Add", WIFI, "no document", "chr", 400),
        ("Add", WIFI, "<WLANProfile/>", "chr", 200),
        ("Exec", "./Device/Vendor/MSFT/RemoteWipe/doWipe", None, None, 202),
        ("Exec", "./Device/Vendor/MSFT/Reboot/RebootNow", None, None, 200),
        ("Replace", "./Device/Vendor/MSFT/Reboot/Schedule/Single", "2026-01-05T08:00:00Z", "chr", 406),
        ("Exec", "./Device/Vendor/MSFT/DMClient/Unenroll", None, None, 404),
        ("Exec", f"./Device/{DMCLIENT}/Unenroll", None, None, 404),
        ("Exec", "./Device/Vendor/MSFT/DMClient/Provider/stranger/Unenroll", None, None, 404),
        ("Exec", "./Device/Vendor/MSFT/LAPS/Actions/ResetPassword", None, None, 406),
        ("Exec", "./Device/Vendor/MSFT/BitLocker/RotateRecoveryPasswords", "[]", "chr", 406),
    ],
)
async def test_each_condition_has_its_status(tree, verb, uri, data, form, code):
    """One row of the table in 05 section 12."""
    assert await run(tree, verb, uri, data, form) == code


@pytest.mark.parametrize(
    ("uri", "data", "code"),
    [
        (f"./Device/{DMCLIENT}/Unenroll", PROVIDER, 200),
        ("./Vendor/MSFT/DMClient/Unenroll", PROVIDER, 200),
        ("./Vendor/MSFT/DMClient/Unenroll", "stranger", 404),
        ("./Device/Vendor/MSFT/DMClient/Provider/stranger/Unenroll", PROVIDER, 404),
    ],
)
async def test_only_the_account_of_the_server_is_told_to_leave(tree, pc, uri, data, code):
    """In the new form by its path, in the old one by its data (04 section 16.2)."""
    pc.state.enrolled = Enrolled(PROVIDER, "https://devices.test/")
    assert await run(tree, "Exec", uri, data, "chr") == code
    assert pc.state.leaving == (code == 200)


@pytest.mark.parametrize(("version", "code"), [("10.0.17763.1", 404), ("10.0.18363", 200)])
async def test_a_node_is_there_from_its_first_build_on(tree, pc, version, code):
    """An older Windows does not know it, whatever is asked of it."""
    uri = "./Device/Vendor/MSFT/BitLocker/ConfigureRecoveryPasswordRotation"
    pc.state.firmware = msgspec.structs.replace(pc.state.firmware, os_version=version)
    for verb in ("Replace", "Get"):
        answer = await tree.run(verb, Item(target=uri, format="int", data="1" if verb == "Replace" else None))
        assert answer.code == code


async def test_names_compare_without_regard_to_case(tree):
    """A node is found under any spelling of its names."""
    assert await run(tree, "Get", f"./device/vendor/msft/dmclient/PROVIDER/{PROVIDER.upper()}/entdmid") == 200


async def test_an_interior_node_lists_its_children(tree):
    """Child names, encoded, joined with a slash (05 section 6.2)."""
    tree.put("./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/EntDMID", "other")
    answer = await tree.run("Get", Item(target="./Device/Vendor/MSFT/DMClient/Provider"))
    assert answer.found.data == "MS%20DM%20Server/taxiway"
    assert answer.found.format == "node"


async def test_one_way_values_do_not_go_back(tree):
    """The server's last word and the client's stay; lists freeze, but may be said again (05 section 10.3)."""
    policies = f"{FIRST_SYNC}/ExpectedPolicies"
    assert await run(tree, "Replace", policies, "a", "chr") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "true", "bool") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "true", "bool") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/ServerHasFinishedProvisioning", "false", "bool") == 405
    assert await run(tree, "Replace", policies, "b", "chr") == 405
    assert await run(tree, "Replace", policies, "a", "chr") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/IsSyncDone", "true", "bool") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/IsSyncDone", "true", "bool") == 405
    assert await run(tree, "Replace", f"{FIRST_SYNC}/WasDeviceSuccessfullyProvisioned", "1", "int") == 200
    assert await run(tree, "Replace", f"{FIRST_SYNC}/WasDeviceSuccessfullyProvisioned", "0", "int") == 405


async def test_user_nodes_are_each_users_own(tree):
    """What is written for one user is not there for the next."""
    uri = "./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName"
    tree.user = "S-1-12-1-1"
    assert await run(tree, "Replace", uri, "Office", "chr") == 200
    tree.user = "S-1-12-1-2"
    assert await run(tree, "Get", uri) == 404


def answer(tree, *commands, final=True, responder=None):
    header = Header(session_id="1", msg_id="7", target="device", source="server")
    return (responder or Responder(tree, native_errors=True)), Message(header, tuple(commands), final=final)


async def test_atomic_takes_all_back_and_names_the_cause(tree):
    """507 on the container, its own code on the child at fault, 216 on the others (05 section 6.3)."""
    good = Command("Add", "2", (Item(target=WIFI, format="chr", data="<WLANProfile/>"),))
    bad = Command("Replace", "3", (Item(target="./DevInfo/Man", format="chr", data="x"),))
    responder, message = answer(tree, Group("Atomic", "1", (good, bad)))
    await responder.respond(message)
    assert [(each.cmd_ref, each.code) for each in responder.answers] == [("1", 507), ("2", 216), ("3", 405)]
    assert tree.value(WIFI) is None


async def test_get_has_no_place_in_an_atomic(tree):
    """500 on the Get, nothing done (05 section 12)."""
    good = Command("Add", "2", (Item(target=WIFI, format="chr", data="<WLANProfile/>"),))
    responder, message = answer(
        tree, Group("Atomic", "1", (good, Command("Get", "3", (Item(target="./DevInfo/Man"),))))
    )
    await responder.respond(message)
    assert [each.code for each in responder.answers] == [507, 216, 500]
    assert tree.value(WIFI) is None


async def test_a_large_object_is_put_together(tree):
    """213 for each piece, the command's own Status for the last (05 section 7)."""
    document = "<WLANProfile>" + "x" * 100 + "</WLANProfile>"
    pieces = [document[:50], document[50:]]
    responder = Responder(tree, native_errors=False)
    codes = []
    for place, piece in enumerate(pieces):
        item = Item(target=WIFI, format="chr", data=piece, size=None if place else len(document), more=not place)
        _, message = answer(tree, Command("Add", str(place + 1), (item,)))
        responder.answers = []
        await responder.respond(message)
        codes += [each.code for each in responder.answers]
    assert codes == [213, 1222, 200]
    assert tree.value(WIFI) == document


async def test_a_large_object_of_another_size_is_refused(tree):
    """424 when the pieces do not make up what was announced."""
    responder = Responder(tree, native_errors=False)
    for data, size, more in (("<a>", 100, True), ("</a>", None, False)):
        _, message = answer(
            tree, Command("Add", "1", (Item(target=WIFI, format="chr", data=data, size=size, more=more),))
        )
        responder.answers = []
        await responder.respond(message)
    assert responder.answers[0].code == 424


async def test_results_come_with_the_status_of_their_get(tree):
    """A Get has a Status and, when it found something, Results; a native error where there is one."""
    found = Command("Get", "1", (Item(target=f"./Device/{DMCLIENT}/EntDMID"),))
    lost = Command("Get", "2", (Item(target=f"./Device/{DMCLIENT}/EntDeviceName"),))
    responder, message = answer(tree, found, lost)
    await responder.respond(message)
    kinds = [(type(each), each.cmd_ref) for each in responder.answers]
    assert kinds == [(Status, "1"), (Results, "1"), (Status, "2")]
    assert responder.answers[2].original_error == "0x86000002"


def test_a_node_knows_its_instance():
    """The nearest name that a server chose is what has to exist before its leaves."""
    node = Node.parse("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1%7D/DownloadInstall")
    assert node.instance.name == "{1}"
    assert Node.parse("./DevInfo/Man").instance is None
