"""Messages and sessions in the wrong order, twice, at the same time, or over (05 sections 3.3 and 14, R4)."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from management.uris import CORTANA
from taxiway.management.tables import device_command
from taxiway.wire.syncml import Alert, Command, Header, Item, Message, Results, Status

pytestmark = pytest.mark.anyio


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


def commands(answer):
    return [each for each in answer.commands if isinstance(each, Command)]


def aborted(answer):
    return [int(each.code) for each in answer.commands] == [200, 1223]


async def rows(pc):
    """The commands of the device, as they are kept."""

    found = await pc.read(lambda tx: tx.all(sa.select(device_command).where(device_command.c.tenant == tx.tenant)))
    return [(row["id"], row["state"], row["attempts"], row["msg_ref"]) for row in found]


async def test_a_message_of_a_session_that_is_over_is_answered_with_an_abort(pc, custom, everywhere):
    """The later session has begun: the earlier one changes nothing, and is told to stop."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    answer, _ = await pc.post(pc.first("A"))
    await pc.post(pc.first("B"))
    before = await rows(pc)
    late, _ = await pc.post(pc.message("A", 2, pc.answers(answer, commands(answer))))
    assert aborted(late)
    assert await rows(pc) == before


async def test_an_overtaken_message_of_the_same_session_changes_nothing(pc, custom, everywhere):
    """Message 2 with another content after message 3: an abort for its sender; the session goes on."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    answer, _ = await pc.post(pc.first("A"))
    answer, _ = await pc.post(pc.message("A", 2, pc.answers(answer, commands(answer)), final=False))
    header = Status(cmd_id="1", msg_ref="2", cmd_ref="0", cmd="SyncHdr", code=200)
    await pc.post(pc.message("A", 3, [header], final=False))
    overtaken, _ = await pc.post(pc.message("A", 2, [header]))
    assert aborted(overtaken)
    last, _ = await pc.post(pc.message("A", 4, [header]))
    assert not aborted(last)


async def test_a_session_that_never_began_is_told_to_stop(pc):
    """The first the server hears of a device is a second message."""
    header = Status(cmd_id="1", msg_ref="1", cmd_ref="0", cmd="SyncHdr", code=200)
    answer, _ = await pc.post(pc.message("Z", 2, [header]))
    assert aborted(answer)
    assert not await pc.log("session.started")


async def test_p04_two_sessions_of_one_device_at_the_same_time(pc, msi, custom, everywhere):
    """Interleaved as they come: one of them is told to stop, the installer is ordered once."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await msi("Tool", everywhere)
    said = []

    async def talk(name):
        answer, _ = await pc.post(pc.first(name))
        number = 1
        while commands(answer):
            said.extend((each.verb, each.items[0].target) for each in commands(answer))
            number += 1
            await asyncio.sleep(0)
            answer, _ = await pc.post(pc.message(name, number, pc.answers(answer, commands(answer))))

    await asyncio.gather(talk("A"), talk("B"))
    await pc.session()
    await pc.session()
    assert [verb for verb, _ in said + [(verb, uri) for verb, uri, _ in pc.heard]].count("Exec") == 1
    assert await pc.states() == {"No Cortana": "succeeded", "Tool": "installed"}


async def test_p17_ids_are_opaque(pc, custom, everywhere):
    """A session may be called 0, or anything."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    for name in ("0", "FFFF", "x y"):
        answer, _ = await pc.post(pc.first(name))
        assert answer.header.session_id == name
        assert commands(answer)


async def test_check_13_after_an_abort_the_next_session_starts_clean(pc, custom, everywhere):
    """1223 in the middle: what has no Status yet is sent again in the next session."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    answer, _ = await pc.post(pc.first("A"))
    assert commands(answer)
    reply, _ = await pc.post(pc.message("A", 2, [Alert("1", 1223)]))
    assert not commands(reply)
    assert CORTANA in [uri for _, uri, _ in await pc.session()]


async def test_check_13_unenrolling_cancels_the_queue(pc, custom, everywhere):
    """No command of a device that left is kept."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.post(pc.first("A"))
    assert await rows(pc)
    leave = Alert("5", 1226, (Item(type="com.microsoft:mdm.unenrollment.userrequest", format="int", data="1"),))
    await pc.post(pc.first("B", alerts=[leave]))
    assert not await rows(pc)


async def test_check_12_700_kb_in_pieces_and_a_size_that_is_not_true(pc):
    """Seven pieces of 100 KB: 213 and 1222 for each, 200 at the end; one byte too few announced: 424."""
    for announced, code in ((700_000, 200), (699_999, 424)):
        await pc.post(pc.first(f"S{code}"))
        for number in range(7):
            item = Item(source="./X", size=announced if number == 0 else None, data="d" * 100_000, more=number < 6)
            results = Results(cmd_id="1", cmd_ref="1", items=(item,))
            reply, _ = await pc.post(pc.message(f"S{code}", number + 2, [results], final=number == 6))
            codes = [int(each.code) for each in reply.commands if getattr(each, "cmd", "") == "Results"]
            assert codes == [213 if number < 6 else code]
            asked_on = any(isinstance(each, Alert) and each.code == 1222 for each in reply.commands)
            assert asked_on == (number < 6)


async def test_a_longer_object_than_the_device_takes_is_not_sent(pc, custom, everywhere):
    """MaxObjSize: the configuration is in error with 416, and the log says how long it was."""
    uri = "./Device/Vendor/MSFT/Policy/Config/Area/Long"
    await custom("Long", uri, "x" * 30_000, everywhere, kind="String")
    first = pc.first("A")
    header = Header(session_id="A", msg_id="1", target="t", source="PC", max_msg_size=8192, max_obj_size=10_000)
    answer, raw = await pc.post(Message(header, first.commands))
    assert len(raw) <= 8192
    assert uri not in [each.items[0].target for each in commands(answer)]
    assert (await pc.states())["Long"] == "error"
    [entry] = await pc.log("command.failed")
    assert entry.what["status"] == 416
    assert "30000" in entry.why[0]["text"]


async def test_a_command_without_a_status_is_neither_failed_nor_lost(pc, custom, everywhere):
    """The device says nothing of one command: nothing is inferred in that session, and the next one sends it again."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    answer, _ = await pc.post(pc.first("A"))
    told = [each for each in commands(answer) if each.items[0].target != CORTANA]
    reply, _ = await pc.post(pc.message("A", 2, pc.answers(answer, told)))
    assert CORTANA not in [each.items[0].target for each in commands(reply)]
    assert (await pc.states())["No Cortana"] == "pending"
    assert CORTANA in [uri for _, uri, _ in await pc.session()]
    assert (await pc.states())["No Cortana"] == "succeeded"
