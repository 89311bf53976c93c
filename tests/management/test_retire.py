"""Leaving management: by the user's word, by the administrator's order, and by silence (04 section 16)."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from management.uris import CORTANA
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL, Forbidden, Principal
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.management.tables import device_command
from taxiway.wire.syncml import Alert, Command, Item, Status

pytestmark = pytest.mark.anyio

NODE = "./Device/Vendor/MSFT/DMClient/Provider/taxiway/Unenroll"
LEFT = Alert("5", 1226, (Item(type="com.microsoft:mdm.unenrollment.userrequest", format="int", data="1"),))


async def order(pc):
    await pc.write(lambda tx: management.order_retire(tx, pc.managed_id, principal=SYSTEM_PRINCIPAL))


async def managed(pc):
    return await pc.read(lambda tx: MANAGED.get(tx, pc.managed_id))


def commands_of(answer):
    commands = [each for each in answer.commands if isinstance(each, Command)]
    return [(each.verb, each.items[0].target, each.items[0].data) for each in commands]


async def test_a_device_that_is_retired_is_told_so_and_nothing_else(pc, custom, everywhere):
    """What waited for it is not delivered any more: the session brings the one order."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await order(pc)
    assert (await managed(pc))["management_state"] == "retirePending"
    answer, _ = await pc.post(pc.first("A"))
    assert commands_of(answer) == [("Exec", NODE, "taxiway")]
    assert all(each.code == 200 for each in answer.commands if isinstance(each, Status))
    assert (await managed(pc))["management_state"] == "retireIssued"


async def test_it_has_left_when_it_says_so(pc, custom, everywhere):
    """Windows breaks the session off and begins another with the alert: neither record nor command is left."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.session()
    await order(pc)
    await pc.post(pc.first("A"))
    answer, _ = await pc.post(pc.first("B", alerts=(LEFT,)))
    assert commands_of(answer) == []
    assert await managed(pc) is None
    assert await pc.read(lambda tx: ENROLLMENTS.get(tx, pc.managed_id)) is None
    mine = device_command.c.tenant == pc.tenant
    assert await pc.read(lambda tx: tx.all(sa.select(device_command).where(mine))) == []
    (entry,) = await pc.log("device.unenrolled")
    assert [reason["code"] for reason in entry.why] == ["device.retired"]
    device = await pc.read(lambda tx: directory.DEVICES.select(tx)[0])
    assert device["display_name"] == "PC-1"


@pytest.mark.parametrize(("code", "gone"), [(200, True), (202, True), (406, False), (500, False)])
async def test_a_client_that_answers_the_order_is_believed(pc, code, gone):
    """A good Status means that it left; a bad one that it stays, and the action has failed for a reason."""
    await order(pc)
    answer, _ = await pc.post(pc.first("A"))
    (exec_,) = [each for each in answer.commands if isinstance(each, Command)]
    status = Status(cmd_id="2", msg_ref="1", cmd_ref=exec_.cmd_id, cmd="Exec", code=code)
    answer, _ = await pc.post(pc.message("A", 2, [status]))
    assert commands_of(answer) == []
    row = await managed(pc)
    if gone:
        assert row is None
        return
    assert row["management_state"] == "retireFailed"
    assert row["device_action_results"][0]["actionState"] == "failed"
    (entry,) = await pc.log("device_action.failed")
    assert str(code) in entry.why[0]["text"]
    assert [uri for verb, uri, _ in await pc.session() if verb == "Exec"] == []


async def test_an_answer_that_was_lost_brings_the_order_again(pc):
    """The same message again, or another session: the order is said until it is followed."""
    await order(pc)
    first = pc.first("A")
    one, _ = await pc.post(first)
    again, _ = await pc.post(first)
    other, _ = await pc.post(pc.first("B"))
    assert commands_of(one) == commands_of(again) == commands_of(other) == [("Exec", NODE, "taxiway")]


async def test_the_status_of_another_command_is_not_taken_for_it(pc):
    """An answer to something that was sent before the order says nothing about leaving."""
    await order(pc)
    await pc.post(pc.first("A"))
    late = Status(cmd_id="2", msg_ref="1", cmd_ref="77", cmd="Exec", code=200)
    answer, _ = await pc.post(pc.message("A", 2, [late]))
    assert commands_of(answer) == [("Exec", NODE, "taxiway")]
    assert await managed(pc) is not None


async def test_ordering_twice_is_ordering_once(pc):
    """The time of the first order stays, and the log has one entry."""
    await order(pc)
    await order(pc)
    assert len(await pc.log("device_action.ordered")) == 1


async def test_one_who_leaves_in_silence_has_left_after_a_week(pc, clock):
    """Told to leave and never seen again; one that was never told stays."""
    await order(pc)
    clock.advance(30 * 86_400)
    assert await pc.write(management.end_retirements) == 0
    await pc.post(pc.first("A"))
    clock.advance(7 * 86_400)
    assert await pc.write(management.end_retirements) == 0
    clock.advance(1)
    assert await pc.write(management.end_retirements) == 1
    assert await managed(pc) is None


async def test_the_word_of_the_user_is_a_generic_alert(pc):
    """The same type under another code says nothing about leaving."""
    event = Alert("5", 1224, LEFT.items)
    await pc.session(alerts=(event,))
    assert await managed(pc) is not None
    await pc.session(alerts=(LEFT,))
    assert await managed(pc) is None


async def test_retiring_takes_a_role(pc):
    """A user without one retires nothing."""
    nobody = Principal("user", pc.owner, pc.tenant)
    with pytest.raises(Forbidden):
        await pc.write(lambda tx: management.order_retire(tx, pc.managed_id, principal=nobody))
