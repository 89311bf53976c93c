"""The book of actions: each order ends, by proof, by refusal or by its time; an Exec runs once (05 section 14, R4)."""

from __future__ import annotations

import pytest

from taxiway import directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL, Forbidden, Principal
from taxiway.management.actions import kinds, ledger
from taxiway.management.errors import BadPolicy
from taxiway.wire.syncml import Alert, Command, Item, Status

pytestmark = pytest.mark.anyio

DAY = 86_400
MSFT = "./Device/Vendor/MSFT"
RESTART = f"{MSFT}/Reboot/RebootNow"
WIPE = f"{MSFT}/RemoteWipe/doWipe"
RESET = f"{MSFT}/RemoteWipe/AutomaticRedeployment/doAutomaticRedeployment"
ROTATE = f"{MSFT}/BitLocker/RotateRecoveryPasswords"
LEFT = Alert("5", 1226, (Item(type="com.microsoft:mdm.unenrollment.userrequest", format="int", data="1"),))
EXECS = {
    kinds.RESTART: RESTART,
    kinds.WIPE: WIPE,
    kinds.FRESH_START: f"{MSFT}/CleanPC/CleanPCWithoutRetainingUserData",
    kinds.WIPE_KEEPING: f"{MSFT}/RemoteWipe/doWipePersistUserData",
    kinds.RESET: RESET,
    kinds.ROTATE_LAPS: f"{MSFT}/LAPS/Actions/ResetPassword",
    kinds.ROTATE_BITLOCKER: ROTATE,
}


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


@pytest.fixture
def order(pc):
    async def order(kind, **parameters):
        return await pc.write(
            lambda tx: management.order_action(tx, pc.managed_id, kind, parameters, principal=SYSTEM_PRINCIPAL)
        )

    return order


@pytest.fixture
def stands(pc):
    """State and error of an order."""

    async def stands(action):
        row = await pc.read(lambda tx: ledger.ACTIONS.get(tx, action["id"]))
        return row["state"]

    return stands


async def managed(pc):
    return await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id))


def execs(said):
    return [uri for verb, uri, _ in said if verb == "Exec"]


async def lose(pc, name):
    """A session in which the order is sent and nothing comes back; the Execs it brought."""
    answer, _ = await pc.post(pc.first(name))
    commands = [each for each in answer.commands if isinstance(each, Command)]
    return [each.items[0].target for each in commands if each.verb == "Exec"]


@pytest.mark.parametrize(("kind", "uri"), EXECS.items())
async def test_an_order_is_said_once_and_a_status_is_no_proof(pc, order, stands, kind, uri):
    """202 makes it active, not done; the next session does not say it again."""
    action = await order(kind)
    assert execs(await pc.session()) == [uri]
    assert await stands(action) == "active"
    assert uri not in execs(await pc.session())


@pytest.mark.parametrize(("kind", "uri"), EXECS.items())
async def test_a_refusal_ends_an_order_with_its_code(pc, order, stands, kind, uri):
    """The device answers 406 for good: failed, on record, and the device is managed as before."""
    pc.refuse[uri] = 406
    action = await order(kind)
    await pc.session()
    assert await stands(action) == "failed"
    (entry,) = await pc.log("device_action.failed")
    assert "406" in entry.why[0]["text"]
    [shown] = [each for each in (await managed(pc))["device_action_results"] if each["actionName"] == kind]
    assert (shown["actionState"], shown["errorCode"]) == ("failed", 0x87D10000 + 406)
    assert execs(await pc.session()) == []
    assert (await managed(pc))["management_state"] in {"managed", "wipeFailed"}


async def test_a_restart_whose_answer_was_lost_is_not_ordered_twice(pc, order, stands):
    """Whether it took place cannot be asked: the order fails as unproven."""
    action = await order(kinds.RESTART)
    assert await lose(pc, "A") == [RESTART]
    assert execs(await pc.session()) == []
    assert await stands(action) == "failed"
    (entry,) = await pc.log("device_action.failed")
    assert [reason["code"] for reason in entry.why] == ["action.unproven"]


async def test_a_device_that_comes_with_its_certificate_was_not_wiped(pc, order, stands):
    """The answer was lost, and the device is still here: it is told again."""
    action = await order(kinds.WIPE)
    assert await lose(pc, "A") == [WIPE]
    assert execs(await pc.session()) == [WIPE]
    assert await stands(action) == "active"


@pytest.mark.parametrize(("told", "again"), [("0", True), ("20", False), ("1", False)])
async def test_an_autopilot_reset_is_proven_by_its_status(pc, order, stands, told, again):
    """A lost answer: never begun is told again; scheduled or complete is not."""
    action = await order(kinds.RESET)
    await lose(pc, "A")
    pc.nodes[f"{MSFT}/RemoteWipe/AutomaticRedeployment/Status"] = told
    assert (execs(await pc.session()) == [RESET]) is again
    pc.nodes[f"{MSFT}/RemoteWipe/AutomaticRedeployment/Status"] = "1"
    await pc.session()
    assert await stands(action) == "done"


@pytest.mark.parametrize("status", ["30", "40", "50"])
async def test_an_autopilot_reset_that_failed_says_why(pc, order, stands, status):
    """The node of the error is the code of the action."""
    action = await order(kinds.RESET)
    await pc.session()
    home = f"{MSFT}/RemoteWipe/AutomaticRedeployment"
    pc.nodes |= {f"{home}/Status": status, f"{home}/LastError": "-2147024894"}
    await pc.session()
    assert await stands(action) == "failed"
    row = await pc.read(lambda tx: ledger.ACTIONS.get(tx, action["id"]))
    assert row["error"] & 0xFFFFFFFF == 0x80070002


@pytest.mark.parametrize("ran", [True, False])
async def test_a_rotation_is_proven_by_the_request_it_answers(pc, order, stands, ran):
    """The id of the request is the action's: another one means that this order never arrived."""
    action = await order(kinds.ROTATE_BITLOCKER)
    await lose(pc, "A")
    home = f"{MSFT}/BitLocker/Status/RotateRecoveryPasswords"
    pc.nodes |= {f"{home}RequestID": action["id"] if ran else "older", f"{home}Status": "0"}
    assert (execs(await pc.session()) == [ROTATE]) is not ran
    pc.nodes[f"{home}RequestID"] = action["id"]
    await pc.session()
    assert await stands(action) == "done"


async def test_a_wiped_device_that_goes_on_coming_was_not_wiped(pc, order, stands, clock):
    """For a day it may finish what it does; then the order has failed and it is managed again."""
    action = await order(kinds.WIPE)
    await pc.session()
    clock.advance(3600)
    assert {verb for verb, _, _ in await pc.session()} == {"Get"}
    assert await stands(action) == "active"
    clock.advance(DAY)
    await pc.session()
    assert await stands(action) == "failed"
    assert (await managed(pc))["management_state"] == "wipeFailed"


async def test_a_wiped_device_that_is_silent_for_a_week_is_gone(pc, order, stands, clock):
    """Its record ends with the order, by the reason of silence."""
    action = await order(kinds.WIPE)
    await pc.session()
    clock.advance(7 * DAY)
    assert await pc.write(management.expire_actions) == 0
    clock.advance(1)
    assert await pc.write(management.expire_actions) == 1
    assert await stands(action) == "done"
    assert await managed(pc) is None
    assert [r["code"] for r in (await pc.log("device.unenrolled"))[-1].why] == ["action.silent"]


async def test_what_is_never_fetched_or_never_proven_is_given_up(pc, order, stands, clock):
    """After 30 days in the book, or after its kind's time with the device."""
    fetched = await order(kinds.ROTATE_BITLOCKER)
    await pc.session()
    waiting = await order(kinds.RESTART)
    clock.advance(DAY + 1)
    assert await pc.write(management.expire_actions) == 1
    assert (await stands(fetched), await stands(waiting)) == ("failed", "pending")
    clock.advance(30 * DAY)
    assert await pc.write(management.expire_actions) == 1
    assert await stands(waiting) == "failed"
    codes = [reason["code"] for entry in await pc.log("device_action.failed") for reason in entry.why]
    assert codes == ["action.given_up", "action.given_up"]


async def test_a_device_that_leaves_takes_its_orders_with_it(pc, order, stands, clock):
    """Canceled, with the reason; the book keeps them for a year."""
    action = await order(kinds.RESTART)
    await pc.session(alerts=(LEFT,))
    assert await stands(action) == "canceled"
    clock.advance(366 * DAY)
    await pc.write(management.expire_actions)
    assert await pc.read(lambda tx: ledger.ACTIONS.get(tx, action["id"])) is None


async def test_another_name_replaces_one_that_nobody_heard(pc, order, stands):
    """The first order is canceled; a name that was told stays ordered."""
    first = await order(kinds.RENAME, name="LAB-1")
    second = await order(kinds.RENAME, name="LAB-2")
    assert (await stands(first), await stands(second)) == ("canceled", "pending")
    await pc.session()
    assert pc.nodes[kinds.NAME] == "LAB-2"
    await pc.session()
    assert await stands(second) == "done"
    assert (await managed(pc))["device_name"] == "LAB-2"


@pytest.mark.parametrize("name", ["", "A B", "1234", "SIXTEEN-LETTERS-", "ö", "%serial%", "{{rand:99}}"])
async def test_a_name_that_windows_does_not_take_is_refused(order, name):
    """When it is ordered, not when the device hears of it."""
    with pytest.raises(BadPolicy):
        await order(kinds.RENAME, name=name)


async def test_one_reset_at_a_time(pc, order):
    """A second, different one is refused; the same one is the same order."""
    first = await order(kinds.WIPE)
    assert (await order(kinds.WIPE))["id"] == first["id"]
    for kind in (kinds.RESET, kinds.FRESH_START, kinds.WIPE_KEEPING, kinds.RETIRE):
        with pytest.raises(BadPolicy):
            await order(kind)
    assert len(await pc.log("device_action.ordered")) == 1


async def test_a_device_to_be_reset_is_told_nothing_else(pc, order, custom, everywhere):
    """What waited for it is not delivered: it would be gone with the reset."""
    await custom("No Cortana", f"{MSFT}/Policy/Config/Experience/AllowCortana", 0, everywhere)
    await order(kinds.RESET)
    said = await pc.session()
    assert [verb for verb, _, _ in said if verb != "Get"] == ["Exec"]


@pytest.mark.parametrize("kind", kinds.KINDS)
async def test_ordering_takes_a_role(pc, kind):
    """A user without one orders nothing, whatever it is; an Intune administrator does."""
    asked = {"name": "A", "minutes": 60}
    nobody = Principal("user", pc.owner, pc.tenant)
    with pytest.raises(Forbidden):
        await pc.write(lambda tx: management.order_action(tx, pc.managed_id, kind, asked, principal=nobody))
    assert await pc.log("device_action.ordered") == []
    admin = Principal("user", pc.owner, pc.tenant, roles=frozenset({directory.INTUNE_ADMINISTRATOR}), name="ada")
    await pc.write(lambda tx: management.order_action(tx, pc.managed_id, kind, asked, principal=admin))
    (entry,) = await pc.log("device_action.ordered")
    assert entry.what["by"] == "ada"


async def test_a_message_that_comes_again_brings_the_order_once(pc, order):
    """The same bytes, byte for byte, and one order in the book that is under way."""
    await order(kinds.RESTART)
    first = pc.first("A")
    one, raw = await pc.post(first)
    _, same = await pc.post(first)
    assert raw == same
    assert len(await pc.log("device_action.issued")) == 1
    (sent,) = [each for each in one.commands if isinstance(each, Command) and each.verb == "Exec"]
    status = Status(cmd_id="1", msg_ref=one.header.msg_id, cmd_ref=sent.cmd_id, cmd="Exec", code=200)
    late, _ = await pc.post(pc.message("A", 2, [status]))
    assert not [each for each in late.commands if isinstance(each, Command) and each.verb == "Exec"]
