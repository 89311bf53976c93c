"""``taxiway explain membership``: why a device or user is in a group, or is not."""

from __future__ import annotations

import httpx
import pytest

from directory.test_groups import ZTD_RULE, anchor, group, user
from support.graph_client import mint, person
from taxiway import directory
from taxiway.cli.explain_membership import _print
from taxiway.doors import Door
from taxiway.insight import http

pytestmark = pytest.mark.anyio

TAGGED = '(device.devicePhysicalIds -any (_ -eq "[OrderID]:a"))'


@pytest.fixture
async def ask(rt, tenant):
    """The question of an administrator, answered with a status."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    plain = await person(rt, tenant, "plain")
    tokens = {True: await mint(rt, tenant, admin["id"]), False: await mint(rt, tenant, plain["id"])}
    transport = httpx.ASGITransport(Door(http.routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as client:

        async def asked(name, *, expect=200, may=True, **about):
            headers = {"authorization": f"Bearer {tokens[may]}"}
            params = {"object": name, **about}
            answer = await client.get("/taxiway/explain/membership", params=params, headers=headers)
            assert answer.status_code == expect, answer.text
            return answer.json()

        yield asked


def codes(told):
    return [reason["code"] for reason in told["why"]]


async def test_p02_each_part_of_a_rule_is_shown_with_its_value(rt, tenant, ask, capsys):
    """Member or not, why, and when the group was last evaluated; the terminal says the same in words (P-02)."""
    device = await rt.store.write(tenant, lambda tx: (group(tx, "Tagged", TAGGED), anchor(tx, 1, "b"))[1])
    told = await ask("SN-1", group="Tagged")
    assert (told["member"], told["id"], codes(told)) == (
        False,
        device["id"],
        ["member.rule_differs", "member.evaluated"],
    )
    assert told["rule"]["property"] == "devicePhysicalIds"
    assert "[OrderID]:b" in told["rule"]["value"]
    assert told["group"]["lastEvaluated"] == rt.clock.now().isoformat()

    def retag(tx):
        ids = directory.tagged_ids(device["ztdid"], "a")
        directory.update_device(tx, device["id"], {"physical_ids": ids})

    rt.clock.advance(5)
    await rt.store.write(tenant, retag)
    told = await ask(device["device_id"], group="Tagged")
    assert (told["member"], told["path"], told["rule"]["holds"]) == (True, ["Tagged"], True)
    assert told["group"]["lastEvaluated"] == rt.clock.now().isoformat()
    _print(told)
    printed = capsys.readouterr().out
    assert "SN-1 is a member of 'Tagged'." in printed
    assert 'yes  device.devicePhysicalIds -any (_ -eq "[OrderID]:a")   (devicePhysicalIds is ["[ZTDID]' in printed


async def test_a_rule_is_tried_before_any_group_has_it(rt, tenant, ask, capsys):
    """Joined parts are shown each with its verdict; a bad rule is refused with its reason."""
    await rt.store.write(tenant, lambda tx: user(tx, "ada", department="Sales"))
    rule = 'user.department -eq "Sales" -and -not (user.city -eq null)'
    told = await ask("ada@contoso.example", rule=rule)
    assert (told["member"], [part["holds"] for part in told["rule"]["parts"]]) == (False, [True, False])
    _print(told)
    assert "ada@contoso.example would not be a member by this rule." in capsys.readouterr().out
    refused = await ask("ada@contoso.example", rule='user.invalid -eq "x"', expect=400)
    assert refused["error"]["message"].startswith("Attribute not supported: Property 'invalid'")
    assert "(character 0 of the rule)" in refused["error"]["message"]


async def test_a_stated_member_is_shown_with_the_groups_between(rt, tenant, ask):
    """Added to the group itself, through groups nested in it, or not at all."""

    def run(tx):
        outer, middle, inner, other = (group(tx, name) for name in ("outer", "middle", "inner", "other"))
        ada = user(tx, "ada")["id"]
        directory.add_member(tx, inner, "user", ada)
        directory.add_member(tx, middle, "group", inner)
        directory.add_member(tx, outer, "group", middle)
        return other

    other = await rt.store.write(tenant, run)
    told = await ask("ada@contoso.example", group="outer")
    assert (told["member"], told["path"], codes(told)) == (True, ["outer", "middle", "inner"], ["member.nested"])
    assert told["why"][0]["text"] == (
        "ada is a member of 'inner', which is a member of 'middle', which is a member of 'outer'."
    )
    assert codes(await ask("ada@contoso.example", group="inner")) == ["member.stated"]
    assert codes(await ask("ada@contoso.example", group=other)) == ["member.not_stated"]


async def test_a_group_that_is_behind_its_rule_says_why(rt, tenant, ask, monkeypatch):
    """Paused, failed, not evaluated yet, about the other kind of object."""

    def run(tx):
        paused = group(tx, "paused", ZTD_RULE, membership_rule_processing_state="Paused")
        anchor(tx, 1)
        group(tx, "failed", r'device.displayName -match "^(a|a|aa)+$"')
        directory.join_device(tx, display_name="a" * 60 + "!", os="Windows", os_version="1", trust_type="AzureAd")
        monkeypatch.setattr("taxiway.directory.population.SMALL", 0)
        group(tx, "pending", ZTD_RULE)
        return paused

    await rt.store.write(tenant, run)
    assert codes(await ask("SN-1", group="paused")) == ["member.rule_matches", "member.paused", "member.evaluated"]
    assert codes(await ask("SN-1", group="pending"))[1] == "member.pending"
    slow = await ask("a" * 60 + "!", group="failed")
    assert (codes(slow)[:2], slow["rule"], slow["group"]["status"]) == (
        ["member.rule_slow", "member.failed"],
        None,
        "Failed",
    )
    assert codes(await ask("plain@contoso.example", group="pending")) == ["member.other_kind"]


async def test_a_question_that_cannot_be_answered_says_so(rt, tenant, ask):
    """An unknown object or group, a name that two groups have, half a question, somebody without a role."""
    await rt.store.write(tenant, lambda tx: (group(tx, "twice"), group(tx, "twice")))
    assert "no user or device" in (await ask("nobody", group="twice", expect=400))["error"]["message"]
    assert "several groups" in (await ask("root@contoso.example", group="twice", expect=400))["error"]["message"]
    assert "no group" in (await ask("root@contoso.example", group="x", expect=400))["error"]["message"]
    for wrong in ({}, {"group": "a", "rule": "b"}, {"rule": "x" * 5000}):
        await ask("root@contoso.example", expect=400, **wrong)
    await ask("root@contoso.example", group="twice", may=False, expect=403)
