"""Sessions: idempotence, lost answers, users, large objects, refusals (05 sections 3, 7, 9 and 14)."""

from __future__ import annotations

import pytest

from management.uris import CORTANA, TELEMETRY, USER_NODE
from taxiway import enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.wire.syncml import Alert, Command, Item, Results, Status

pytestmark = pytest.mark.anyio


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


def verbs(answer, verb):
    return [each.items[0].target for each in answer.commands if isinstance(each, Command) and each.verb == verb]


async def test_a_setting_is_delivered_once(pc, custom, everywhere):
    """The first session brings the setting, the next one does not; the status says that it took."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    assert ("Replace", CORTANA, "0") in await pc.session()
    assert not [said for said in await pc.session() if said[0] == "Replace"]
    assert (await pc.states())["No Cortana"] == "succeeded"


async def test_p04_check_02_a_repeated_message_gets_the_same_bytes(pc, custom, everywhere):
    """A message that comes again is answered byte for byte as before, and nothing is queued twice."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    message = pc.first("A")
    answer, first = await pc.post(message)
    assert verbs(answer, "Replace") == [CORTANA]
    assert (await pc.post(message))[1] == first
    second = pc.message("A", 2, pc.answers(answer, [c for c in answer.commands if isinstance(c, Command)]))
    _, reply = await pc.post(second)
    assert (await pc.post(second))[1] == reply


async def test_p04_what_a_lost_answer_carried_is_sent_again_in_the_next_session(pc, custom, everywhere):
    """The device never saw the answer: the setting is not lost."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.post(pc.first("A"))
    answer, _ = await pc.post(pc.first("B"))
    assert verbs(answer, "Replace") == [CORTANA]


async def test_p04_check_03_a_lost_exec_is_proven_before_it_is_repeated(pc, msi, everywhere):
    """An installation that may have begun is asked for first, and not run again when it did."""
    await msi("Tool", everywhere)
    answer, _ = await pc.post(pc.first("A"))
    (uri,) = verbs(answer, "Exec")
    pc.nodes[uri] = ""
    pc.nodes[uri.replace("/DownloadInstall", "/Status")] = "70"
    said = await pc.session()
    assert ("Get", uri.replace("/DownloadInstall", "/Status"), None) in said
    assert not [each for each in said if each[0] == "Exec"]
    await pc.session()
    assert (await pc.states())["Tool"] == "installed"


async def test_p04_an_exec_that_did_not_run_is_repeated(pc, msi, everywhere):
    """The node is not there: the job never reached the device, so it is sent again, once."""
    await msi("Tool", everywhere)
    await pc.post(pc.first("A"))
    said = await pc.session()
    assert [each[0] for each in said].count("Exec") == 1


async def test_r1_user_settings_wait_for_the_user(pc, custom, everyone):
    """Nothing of the user is said while nobody or somebody else is signed in, or without a proven token."""
    await custom("Mine", USER_NODE, 1, everyone)
    assert not [said for said in await pc.session("others") if said[1] == USER_NODE]
    assert not [said for said in await pc.session("user") if said[1] == USER_NODE]
    pc.user_id = pc.owner
    assert not [said for said in await pc.session("none") if said[1] == USER_NODE]
    assert ("Replace", USER_NODE, "1") in await pc.session("user")


async def test_device_settings_of_a_users_assignment_wait_for_that_user(pc, custom, everyone):
    """A device node that only a user's assignment brings is set when that user is there (R-119)."""
    await custom("By user", CORTANA, 0, everyone)
    assert not [said for said in await pc.session() if said[1] == CORTANA]
    pc.user_id = pc.owner
    assert ("Replace", CORTANA, "0") in await pc.session("user")
    assert not [said for said in await pc.session() if said[1] == CORTANA], "and stays when the user leaves"


async def test_a_conflict_is_not_sent_and_names_both(pc, custom, everywhere):
    """Two values for one node: neither goes out, both configurations say conflict."""
    await custom("On", CORTANA, 1, everywhere)
    await custom("Off", CORTANA, 0, everywhere)
    assert not [said for said in await pc.session() if said[1] == CORTANA]
    assert await pc.states() == {"On": "conflict", "Off": "conflict"}


async def test_r10_a_removed_configuration_is_taken_back(pc, custom, everywhere):
    """The node is deleted once no configuration asks for it, and only once."""
    row_id = await custom("No Cortana", CORTANA, 0, everywhere)
    await pc.session()
    await pc.write(lambda tx: management.delete_configuration(tx, row_id, principal=SYSTEM_PRINCIPAL))
    assert ("Delete", CORTANA, None) in await pc.session()
    assert not [said for said in await pc.session() if said[0] == "Delete"]
    assert await pc.states() == {}


async def test_a_refused_setting_is_an_error_with_its_code(pc, custom, everywhere):
    """A permanent refusal is not repeated; the status carries the code."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    pc.refuse[CORTANA] = 403
    said = await pc.session() + await pc.session()
    assert [each for each in said if each[1] == CORTANA] == [("Replace", CORTANA, "0")]
    assert (await pc.states())["No Cortana"] == "error"
    assert (await pc.log("command.failed"))[0].what["status"] == 403


async def test_p28_a_status_belongs_to_the_content_it_answers(pc, custom, everywhere):
    """The value changed while the old one was in flight: the old Status does not credit the new one."""
    row_id = await custom("Cortana", CORTANA, 0, everywhere)
    answer, _ = await pc.post(pc.first("A"))
    setting = {"@odata.type": "#microsoft.graph.omaSettingInteger", "omaUri": CORTANA, "value": 1}
    await pc.write(
        lambda tx: management.update_configuration(tx, row_id, {"oma_settings": [setting]}, principal=SYSTEM_PRINCIPAL)
    )
    await pc.post(pc.first("B"))
    late = pc.message("A", 2, pc.answers(answer, [c for c in answer.commands if isinstance(c, Command)]))
    await pc.post(late)
    assert ("Replace", CORTANA, "1") in await pc.session()


async def test_p19_an_answer_stays_within_the_size_the_device_takes(pc, make, everywhere):
    """Many settings are spread over several messages; each arrives."""
    uris = [f"./Device/Vendor/MSFT/Policy/Config/Area{n:03}/Policy" for n in range(120)]
    oma = [{"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": uri, "value": "x" * 400} for uri in uris]
    await make("windows10CustomConfiguration", {"display_name": "Many", "oma_settings": oma}, everywhere)
    header = pc.first("A")
    small = type(header)(
        type(header.header)(session_id="A", msg_id="1", target="t", source="PC", max_msg_size=16384), header.commands
    )
    answer, raw = await pc.post(small)
    seen, number = [], 1
    while commands := [c for c in answer.commands if isinstance(c, Command)]:
        assert len(raw) <= 16384
        seen += [c.items[0].target for c in commands if c.verb == "Replace"]
        number += 1
        answer, raw = await pc.post(pc.message("A", number, pc.answers(answer, commands)))
    assert seen == uris


async def test_p18_results_in_pieces_are_put_together(pc):
    """A value that comes in three pieces is acknowledged piece by piece and kept whole."""
    answer, _ = await pc.post(pc.first("A"))
    get = next(c for c in answer.commands if isinstance(c, Command) and c.items[0].target == "./DevDetail/SwV")
    value = "10.0.26100.1742"

    def piece(number, data, size=None, more=True):
        item = Item(source="./DevDetail/SwV", size=size, data=data, more=more)
        results = Results(cmd_id="1", msg_ref="1", cmd_ref=get.cmd_id, items=(item,))
        return pc.message("A", number, [results], final=not more)

    for number, data, size in ((2, value[:5], len(value)), (3, value[5:9], None)):
        reply, _ = await pc.post(piece(number, data, size))
        codes = [(c.cmd, c.code) for c in reply.commands if isinstance(c, Status)]
        assert ("Results", 213) in codes
        assert any(isinstance(c, Alert) and c.code == 1222 for c in reply.commands)
    reply, _ = await pc.post(piece(4, value[9:], more=False))
    assert ("Results", 200) in [(c.cmd, c.code) for c in reply.commands if isinstance(c, Status)]
    managed = await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id))
    assert managed["os_version"] == value


async def test_a_wrong_size_is_told(pc):
    """The pieces do not add up to what was announced: 424, and the value is not kept."""
    await pc.post(pc.first("A"))
    item = Item(source="./DevDetail/SwV", size=99, data="10.", more=True)
    await pc.post(pc.message("A", 2, [Results(cmd_id="1", cmd_ref="1", items=(item,))], final=False))
    last = Item(source="./DevDetail/SwV", data="0")
    reply, _ = await pc.post(pc.message("A", 3, [Results(cmd_id="1", cmd_ref="1", items=(last,))]))
    assert ("Results", 424) in [(c.cmd, c.code) for c in reply.commands if isinstance(c, Status)]


async def test_p27_check_13_a_user_who_leaves_ends_the_management(pc):
    """The unenrollment alert is answered 200; the device is forgotten and further messages are refused."""
    leave = Alert("5", 1226, (Item(type="com.microsoft:mdm.unenrollment.userrequest", format="int", data="1"),))
    reply, _ = await pc.post(pc.first("A", alerts=[leave]))
    assert {c.code for c in reply.commands} == {200}
    assert await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id)) is None
    reply, _ = await pc.post(pc.first("B"))
    assert [c.code for c in reply.commands] == [403]
    assert len(await pc.log("device.unenrolled")) == 1


async def test_check_13_an_abort_ends_the_session_with_statuses_only(pc, custom, everywhere):
    """1223 is answered, and nothing new is begun."""
    await custom("No Cortana", CORTANA, 0, everywhere)
    reply, _ = await pc.post(pc.first("A", alerts=[Alert("5", 1223)]))
    assert all(isinstance(c, Status) for c in reply.commands)


async def test_p16_alerts_are_kept(pc):
    """An alert of a CSP is answered and remembered; the user's token is not."""
    alert = Alert("5", 1226, (Item(source="./Vendor/MSFT/X", type="com.example:thing", mark="critical", data="7"),))
    await pc.post(pc.first("A", "user", alerts=[alert]))
    rows = await pc.read(lambda tx: management.alerts_of(tx, pc.managed_id))
    assert [(row["type"], row["data"], row["mark"]) for row in rows] == [("com.example:thing", "7", "critical")]


async def test_p08_a_missing_node_is_added_and_an_existing_one_replaced(pc, custom, everywhere):
    """404 to Replace is answered by Add; the setting arrives."""
    await custom("Telemetry", TELEMETRY, 1, everywhere)
    kept = pc.run

    def strict(verb, item, login):
        return 404 if verb == "Replace" and item.target not in pc.nodes else kept(verb, item, login)

    pc.run = strict
    said = await pc.session()
    assert [each[0] for each in said if each[1] == TELEMETRY] == ["Replace", "Add"]
    assert (await pc.states())["Telemetry"] == "succeeded"
