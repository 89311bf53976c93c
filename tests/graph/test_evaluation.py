"""A rule tried on an object, and rules that are refused, over Graph (07 sections 13 and 15)."""

from __future__ import annotations

import asyncio
import time

import pytest

from graph.test_directory import RULE, USER
from graph.test_licences import GROUP
from support.graph_client import EVERYTHING, Graph, mint, person
from taxiway import directory

EVALUATE = "/beta/groups/evaluateDynamicMembership"
WINDOWS = '(device.deviceOSType -eq "Windows") -and (device.deviceOwnership -eq "Company")'


@pytest.fixture
async def device(rt, tenant):
    def write(tx):
        made = directory.join_device(
            tx, display_name="PC", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd"
        )
        return directory.update_device(tx, made["id"], {"device_ownership": "Personal"})

    return await rt.store.write(tenant, write)


async def test_p02_r055_a_rule_is_tried_on_an_object(graph, device):
    """The shape of the reference: the rule, the verdict, each part with property and value (P-02, R-55)."""
    body = {"memberId": device["id"], "membershipRule": WINDOWS}
    answer = await graph.post(EVALUATE, body, expect=200)
    assert answer == {
        "@odata.context": "https://localhost:8443/beta/$metadata#microsoft.graph.evaluateDynamicMembershipResult",
        "membershipRule": WINDOWS,
        "membershipRuleEvaluationResult": False,
        "membershipRuleEvaluationDetails": {
            "expression": 'device.deviceOSType -eq "Windows" -and device.deviceOwnership -eq "Company"',
            "expressionResult": False,
            "expressionEvaluationDetails": [
                {
                    "expression": 'device.deviceOSType -eq "Windows"',
                    "expressionResult": True,
                    "propertyToEvaluate": {"propertyName": "deviceOSType", "propertyValue": "Windows"},
                },
                {
                    "expression": 'device.deviceOwnership -eq "Company"',
                    "expressionResult": False,
                    "propertyToEvaluate": {"propertyName": "deviceOwnership", "propertyValue": "Personal"},
                },
            ],
        },
    }


async def test_a_groups_own_rule_is_tried_or_another_in_its_place(graph, device):
    """With a group's id the rule may be left out; collections and Booleans are shown as JSON."""
    group = await graph.post("/v1.0/groups", {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": RULE})
    address = f"/beta/groups/{group['id']}/evaluateDynamicMembership"
    own = await graph.post(address, {"memberId": device["id"]}, expect=200)
    assert (own["membershipRule"], own["membershipRuleEvaluationResult"]) == (RULE, False)
    assert own["membershipRuleEvaluationDetails"]["propertyToEvaluate"]["propertyValue"].startswith('["[HWID]')
    rule = "device.accountEnabled -eq true"
    other = await graph.post(address, {"memberId": device["id"], "membershipRule": rule}, expect=200)
    assert other["membershipRuleEvaluationDetails"]["propertyToEvaluate"]["propertyValue"] == "true"
    assigned = await graph.post("/v1.0/groups", GROUP)
    rule = f"device.memberOf -any (group.objectId -in ['{assigned['id']}'])"
    member = await graph.post(EVALUATE, {"memberId": device["id"], "membershipRule": rule}, expect=200)
    assert member["membershipRuleEvaluationDetails"]["propertyToEvaluate"]["propertyName"] == "memberOf"
    await graph.post(f"/beta/groups/{assigned['id']}/evaluateDynamicMembership", {"memberId": device["id"]}, expect=400)
    unknown = "00000000-0000-4000-8000-000000000001"
    await graph.post(f"/beta/groups/{unknown}/evaluateDynamicMembership", {"memberId": device["id"]}, expect=404)
    await graph.post(address, {"memberId": unknown}, expect=404)
    await graph.post(address, {}, expect=400)
    await graph.post(f"/v1.0/groups/{group['id']}/evaluateDynamicMembership", {}, expect=404)
    user = await graph.post("/v1.0/users", USER)
    await graph.post(address, {"memberId": user["id"]}, expect=400)


async def test_who_may_try_a_rule(graph, rt, tenant, client, device):
    """The permission to read such objects and one of three roles."""
    body = {"memberId": device["id"], "membershipRule": WINDOWS}
    for role, scopes, expect in (
        (directory.INTUNE_ADMINISTRATOR, EVERYTHING, 200),
        ("fe930be7-5e62-47db-91af-98c3a49a38b1", EVERYTHING, 403),
        (directory.INTUNE_ADMINISTRATOR, "User.Read.All", 403),
        (directory.INTUNE_ADMINISTRATOR, "Device.Read.All", 200),
    ):
        user = await person(rt, tenant, f"p{expect}{len(scopes)}{role[:4]}", role)
        hers = Graph(rt, client, await mint(rt, tenant, user["id"], scopes))
        await hers.post(EVALUATE, body, expect=expect)


@pytest.mark.parametrize(
    ("rule", "code", "message", "documented", "position", "token"),
    [
        (
            '(device.invalid -eq "x")',
            "WrongPropertyAppliedException",
            "Property 'invalid' cannot be applied to object 'Device'",
            "Attribute not supported",
            1,
            "device.invalid",
        ),
        (
            "(device.accountEnabled -contains true)",
            "UnsupportedOperatorException",
            "-contains on 'accountEnabled'",
            "Operator isn't supported on attribute",
            23,
            "-contains",
        ),
        (
            '(device.deviceModel -eq "x") (device.deviceModel -eq "y")',
            "QueryCompilationException",
            "Missing logical operator or unexpected text at 29",
            "Query compilation error",
            29,
            "(",
        ),
        ("mail -ne null", "InvalidObjectTypeException", "No object type", "Attribute not supported", 0, "mail"),
        (
            "device.deviceModel -not null",
            "InvalidOperandsException",
            "Invalid operands found for operator -not",
            "Operator isn't supported on attribute",
            19,
            "-not",
        ),
        (
            "device.memberOf -any (group.objectId -in ['a']) -and device.isRooted -eq true",
            "InvalidRuleException",
            "memberOf cannot be combined with other expressions",
            "Query compilation error",
            0,
            "device.memberOf",
        ),
    ],
)
async def test_r050_a_bad_rule_is_refused_at_its_place(graph, rule, code, message, documented, position, token):
    """One of the three documented messages, Graph's code, and where in the text; nothing is stored (R-50)."""
    body = {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": rule}
    error = (await graph.post("/v1.0/groups", body, expect=400))["error"]
    assert (error["code"], error["message"]) == (code, message)
    assert error["details"] == [{"code": code, "target": "membershipRule", "message": f"{documented}: {message}"}]
    assert (error["innerError"]["position"], error["innerError"]["token"]) == (position, token)
    assert await graph.values("/v1.0/groups") == []


async def test_r051_a_group_holds_users_or_devices(graph):
    """Both prefixes in one rule are refused, and so is a change to the other kind (R-51)."""
    dynamic = {**GROUP, "groupTypes": ["DynamicMembership"]}
    mixed = 'user.department -eq "Sales" -and device.deviceOSType -eq "Windows"'
    error = (await graph.post("/v1.0/groups", {**dynamic, "membershipRule": mixed}, expect=400))["error"]
    assert error["code"] == "MixedObjectTypeException"
    group = await graph.post("/v1.0/groups", {**dynamic, "membershipRule": RULE})
    other = {"membershipRule": 'user.department -eq "Sales"'}
    error = (await graph.call("PATCH", f"/v1.0/groups/{group['id']}", other, expect=400)).json()["error"]
    assert error["code"] == "MixedObjectTypeException"
    assert (await graph.get(f"/v1.0/groups/{group['id']}"))["membershipRule"] == RULE


@pytest.mark.parametrize(
    ("rule", "code"),
    [
        ('device.displayName -eq "' + "x" * 3048 + '"', "Request_BadRequest"),
        ("(" * 1000 + 'device.displayName -eq "x"' + ")" * 1000, "QueryCompilationException"),
        ('device.displayName -match "(a{60000}){60000}"', "QueryCompilationException"),
    ],
)
async def test_oversized_rules_are_refused(graph, rule, code):
    """3,073 characters, a thousand parentheses, a pattern that would fill the memory: named, and nothing is stored."""
    body = {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": rule}
    assert (await graph.post("/v1.0/groups", body, expect=400))["error"]["code"] == code
    assert await graph.values("/v1.0/groups") == []


async def test_r052_a_catastrophic_expression_fails_its_group_and_stalls_nobody(graph, rt, tenant):
    """The group goes to Failed with a message; meanwhile the server answers others (R-52)."""

    def write(tx):
        for number in range(60):
            name = "a" * 50 + f"{number}!"
            directory.join_device(tx, display_name=name, os="Windows", os_version="1", trust_type="AzureAd")

    await rt.store.write(tenant, write)
    rule = 'device.displayName -match "^(a|a|aa)+$"'
    begun = time.perf_counter()
    body = {**GROUP, "groupTypes": ["DynamicMembership"], "membershipRule": rule}
    creating = asyncio.create_task(graph.post("/v1.0/groups", body))
    slowest, answers = 0.0, 0
    while not creating.done():
        asked = time.perf_counter()
        await graph.get("/v1.0/organization")
        slowest, answers = max(slowest, time.perf_counter() - asked), answers + 1
    group = await creating
    assert time.perf_counter() - begun < 5
    assert (answers > 1, slowest < 2) == (True, True)
    status = f"/beta/groups/{group['id']}?$select=membershipRuleProcessingStatus"
    shown = (await graph.get(status))["membershipRuleProcessingStatus"]
    assert shown["status"] == "Failed"
    assert "took more than" in shown["errorMessage"]


async def test_a_rule_and_its_group_type_belong_together(graph):
    """Neither a rule without DynamicMembership, nor the type without a rule, nor an unknown state."""
    for wrong in (
        {"membershipRule": RULE},
        {"groupTypes": ["DynamicMembership"]},
        {"groupTypes": ["DynamicMembership"], "membershipRule": RULE, "membershipRuleProcessingState": "Off"},
    ):
        error = (await graph.post("/v1.0/groups", {**GROUP, **wrong}, expect=400))["error"]
        assert error["code"] == "Request_BadRequest"
