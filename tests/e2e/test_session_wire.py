"""Management sessions over the network: proof, size, pieces, order (05 sections 3, 4, 7 and 16)."""

from __future__ import annotations

import dataclasses

import msgspec
import pytest

from e2e.deploying import CORTANA, EVERYWHERE, FAST, Deploying, product
from taxiway import enrollment, management
from taxiway.device import PC, Fault, Faults, Place
from taxiway.device.csp.facts import DevDetail
from taxiway.device.enroll import ACCOUNT_SLOT
from taxiway.device.omadm import Account
from taxiway.device.tpm import Tpm
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.store import entries
from taxiway.wire.syncml import AUTH_BASIC, AUTH_MD5, Results, Status, parse_message

pytestmark = pytest.mark.anyio
AREA = "./Device/Vendor/MSFT/Policy/Config/TextArea"


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
def talk(deploying):
    """Power a PC on; each management exchange as (message of the PC, answer, size of both)."""
    heard = []

    def hear(exchange):
        if "MDM.svc" in str(exchange.request.url):
            asked, answered = exchange.request.content, exchange.response.content
            heard.append((parse_message(asked), parse_message(answered), len(asked), len(answered)))

    async def power_on(pc, **place):
        host = dataclasses.replace(deploying.instance.host, pace=FAST, place=Place(**place))
        pc = PC.open(deploying.folder / "pc1", host)
        outcome = await pc.power_on(deploying.instance.endpoints, deploying.person, transcript=hear)
        deploying.current = pc
        return outcome

    power_on.heard = heard
    return power_on


def header_codes(heard):
    return [next(c.code for c in answer.commands if isinstance(c, Status)) for _, answer, _, _ in heard]


@pytest.mark.parametrize(("kind", "wire"), [("md5", AUTH_MD5), ("basic", AUTH_BASIC)])
async def test_check_01_a_session_proves_itself_where_the_tenant_asks(deploying, talk, kind, wire):
    """No credential: 407 and a challenge, and nothing else; package 1 again with it: 212, and the work begins."""
    await deploying.page()
    await deploying.policy(CORTANA, 0)
    pc = await deploying.pc()
    change = {"session_credentials": kind}
    await deploying.write(lambda tx: enrollment.update_enrollment_policy(tx, change, principal=SYSTEM_PRINCIPAL))
    outcome = await talk(pc)
    assert outcome.reached == "desktop", outcome.failure
    assert header_codes(talk.heard)[:3] == [407, 212, 200]
    (first, challenge, _, _), (again, accepted, _, _) = talk.heard[:2]
    assert first.header.cred is None
    assert [command.chal.type for command in challenge.commands] == [wire]
    assert again.header.cred.type == wire
    assert (first.header.msg_id, again.header.msg_id) == ("1", "2")
    assert first.commands == again.commands
    assert any(not isinstance(command, Status) for command in accepted.commands)
    nonces = [answer.commands[0].chal.next_nonce for _, answer, _, _ in talk.heard[:2]]
    assert (len(set(nonces)) == 2) == (kind == "md5")
    started = [entry for entry in await deploying.read(entries) if entry.kind == "session.started"]
    assert len(started) == header_codes(talk.heard).count(212)


async def test_check_01_a_wrong_digest_is_401_and_nothing_happens(deploying, talk):
    """The certificate is good, the secret is not: no command is sent, the log says why, the PC gives up."""
    await deploying.page()
    pc = await deploying.pc()
    change = {"session_credentials": "md5"}
    await deploying.write(lambda tx: enrollment.update_enrollment_policy(tx, change, principal=SYSTEM_PRINCIPAL))
    kept = Tpm.unseal

    def spoiled(tpm, slot):
        value = kept(tpm, slot)
        if slot != ACCOUNT_SLOT:
            return value
        account = msgspec.json.decode(value, type=Account)
        return msgspec.json.encode(Account(account.name, "another secret", account.nonce))

    Tpm.unseal = spoiled
    try:
        outcome = await talk(pc)
    finally:
        Tpm.unseal = kept
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x80072EE2")
    assert header_codes(talk.heard) == [407, 401]
    assert all(len(answer.commands) == 1 for _, answer, _, _ in talk.heard)
    kinds = [entry.kind for entry in await deploying.read(entries)]
    assert "session.not_authenticated" in kinds
    assert "session.started" not in kinds
    outcome = await talk(pc)
    assert outcome.reached == "desktop", outcome.failure


@pytest.mark.parametrize("text", ["x" * 90_000, "<a>&" * 20_000, "\u00e4\U0001d11e" * 15_000])
async def test_p19_a_value_longer_than_a_message_comes_in_pieces(deploying, talk, text):
    """The PC takes 16 KB at a time: every answer fits, 213 for each piece, and the value is whole in its tree."""
    await deploying.page()
    await deploying.policy(f"{AREA}/Long", text, kind="String")
    outcome = await talk(await deploying.pc(), message_size=16_384)
    assert outcome.reached == "desktop", outcome.failure
    assert max(size for _, _, _, size in talk.heard) <= 16_384
    codes = [c.code for asked, _, _, _ in talk.heard for c in asked.commands if isinstance(c, Status)]
    assert codes.count(213) >= 5
    values = [node.value for key, node in deploying.current.state.device_nodes.items() if key.endswith("/long")]
    assert values == [text]
    assert set((await deploying.states()).values()) == {"succeeded"}


async def test_p19_pieces_survive_a_lost_answer_and_a_power_cut(deploying, talk):
    """In the middle of the pieces: the next session sends the value from its beginning."""
    await deploying.page()
    text = "".join(f"{number:06}" for number in range(15_000))
    await deploying.policy(f"{AREA}/Long", text, kind="String")
    pc = await deploying.pc()
    plan = Faults([Fault("answer-lost", 27), Fault("power", 29)])
    outcome = await talk(pc, message_size=16_384, faults=plan)
    assert outcome.failure.step == "power"
    outcome = await talk(pc, message_size=16_384, faults=plan)
    assert outcome.reached == "desktop", outcome.failure
    values = [node.value for key, node in deploying.current.state.device_nodes.items() if key.endswith("/long")]
    assert values == [text]


async def test_p18_check_12_results_of_700_kb_arrive_in_pieces(deploying, talk, monkeypatch):
    """What a Get found is longer than a message: 213 for each piece, 200 for the last, and no message is too long."""
    await deploying.page()
    read = DevDetail.read
    long = "0123456789" * 70_000
    monkeypatch.setattr(DevDetail, "read", lambda csp, node: long if node.name == "LocalTime" else read(csp, node))
    outcome = await talk(await deploying.pc(), message_size=65_536)
    assert outcome.reached == "desktop", outcome.failure
    assert max(size for _, _, size, _ in talk.heard) <= 65_536
    pieces = [each for asked, _, _, _ in talk.heard for each in asked.commands if isinstance(each, Results)]
    pieces = [each.items[0] for each in pieces if each.items[0].source.endswith("LocalTime")]
    pieces = pieces[: next(place for place, piece in enumerate(pieces, 1) if not piece.more)]
    assert len(pieces) > 10
    assert pieces[0].size == len(long)
    answered = [c.code for _, answer, _, _ in talk.heard for c in answer.commands if getattr(c, "cmd", "") == "Results"]
    assert answered[: len(pieces)] == [213] * (len(pieces) - 1) + [200]


async def test_p19_many_small_settings_go_in_any_split(deploying, talk):
    """Eighty settings at 8 KB a message, both ways: each arrives, once."""
    await deploying.page()
    for area in range(4):
        setting = [
            {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": f"{AREA}{area}/P{n}", "value": "v" * 600}
            for n in range(20)
        ]

        def make(tx, setting=setting, area=area):
            kind = "windows10CustomConfiguration"
            values = {"display_name": f"Many {area}", "oma_settings": setting}
            row = management.create_configuration(tx, kind, values, principal=SYSTEM_PRINCIPAL)
            management.assign_configuration(tx, row["id"], [EVERYWHERE], principal=SYSTEM_PRINCIPAL)

        await deploying.write(make)
    await deploying.app(1)
    outcome = await talk(await deploying.pc(), message_size=8_192)
    assert outcome.reached == "desktop", outcome.failure
    assert max(max(asked, answered) for _, _, asked, answered in talk.heard) <= 8_192
    sent = [
        command.items[0].target
        for _, answer, _, _ in talk.heard
        for command in answer.commands
        if getattr(command, "verb", "") == "Replace" and "TextArea" in command.items[0].target
    ]
    assert len(sent) == len(set(sent)) == 80
    assert deploying.current.state.runs == {product(1): 1}
