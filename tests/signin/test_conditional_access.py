"""Conditional Access: whom and what a policy means, what it asks, and where it says so (01 P-27)."""

from __future__ import annotations

import json

import pytest

from signin.conftest import CLI, DRS, GRAPH, answer_of, claims_of, config_of
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL, Invalid
from taxiway.kernel import NotImplementedHere
from taxiway.signin import Attempt

pytestmark = pytest.mark.anyio

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
ENROLLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"
MDM = "https://enrollment.manage.microsoft.com/"
WEB = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": GRAPH}


def policy(*controls, name="Policy", state="enabled", users=None, applications=None, operator="OR"):
    return {
        "display_name": name,
        "state": state,
        "conditions": {
            "users": users or {"includeUsers": ["All"]},
            "applications": applications or {"includeApplications": ["All"]},
        },
        "grant_controls": {"operator": operator, "builtInControls": list(controls)},
    }


@pytest.fixture
def add(rt, tenant):
    async def add(*controls, **kwargs):
        values = policy(*controls, **kwargs)
        return await rt.store.write(tenant, lambda tx: signin.create_policy(tx, values, principal=SYSTEM_PRINCIPAL))

    return add


@pytest.fixture
def judged(rt, tenant):
    async def judged(user, app=GRAPH_APP, **facts):
        attempt = Attempt(user["id"], app, **facts)
        return (await rt.store.read(tenant, lambda tx: signin.decide(tx, attempt))).value

    return judged


async def joined(rt, tenant, user, *, compliant=None, trust="AzureAd"):
    def make(tx):
        device = directory.join_device(
            tx, display_name="PC", os="Windows", os_version="10.0", trust_type=trust, owner_id=user["id"]
        )
        return directory.update_device(tx, device["id"], {"is_compliant": compliant})["device_id"]

    return await rt.store.write(tenant, make)


async def test_a_policy_that_blocks_is_named_on_the_page_and_in_the_log(browser, user, add):
    """53003, with the name of the policy, for the web page."""
    await add("block", name="Nobody today")
    page = await browser.login(await browser.authorize(**WEB))
    assert config_of(page)["sErrorCode"] == "53003"
    assert "Nobody today" in config_of(page)["sErrTxt"]
    assert ("signin.refused", ["conditional_access.missing"]) in await browser.log()


async def test_it_is_asked_again_at_every_token(browser, user, add):
    """A policy made after the sign-in stops the refresh token: code, name, and the claim that names the policy."""
    reply = (await browser.redeem(await browser.code(**WEB), **WEB)).json()
    made = await add("block", name="Too late")
    form = {"grant_type": "refresh_token", "client_id": CLI, "resource": GRAPH}
    refused = await browser.token(segment="common", **form, refresh_token=reply["refresh_token"])
    body = refused.json()
    assert (body["error"], body["error_codes"]) == ("access_denied", [53003])
    assert "Too late" in body["error_description"]
    assert json.loads(body["claims"])["access_token"]["capolids"]["values"] == [made["id"]]
    assert ("token.refused", ["conditional_access.missing"]) in await browser.log(f"user:{user['id']}")


async def test_a_second_factor_that_a_policy_asks_for_is_shown_on_the_page(rt, browser, user, tenant, add):
    """Interactive: the page asks; silent or by refresh token: 50076."""
    reply = (await browser.redeem(await browser.code(**WEB), **WEB)).json()
    await add("mfa", name="Second factor")
    form = {"grant_type": "refresh_token", "client_id": CLI, "resource": GRAPH}
    refused = (await browser.token(**form, refresh_token=reply["refresh_token"])).json()
    assert (refused["error_codes"], refused["suberror"]) == ([50076], "basic_action")
    assert "Second factor" in refused["error_description"]
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize(**WEB, prompt="login"))
    assert config_of(page)["pgid"] == "ConvergedTFA"
    done = await browser.post(page, otc=pass_)
    assert (await browser.redeem(answer_of(done)["code"], **WEB)).json()["access_token"]
    silent = await browser.authorize(**WEB, prompt="none")
    assert answer_of(silent)["code"]


async def test_report_only_is_told_and_does_not_count(browser, user, add):
    """The log says what the policy would have done."""
    await add("block", name="Rehearsal", state="enabledForReportingButNotEnforced")
    await add("block", name="Off", state="disabled")
    assert (await browser.redeem(await browser.code(**WEB), **WEB)).json()["access_token"]
    assert ("token.issued", ["conditional_access.report_only"]) in await browser.log()


async def test_who_is_meant(rt, tenant, user, add, judged):
    """Users, groups and roles are included; an exclusion wins over every inclusion."""
    group = await rt.store.write(
        tenant, lambda tx: directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="G")
    )
    await add("block", users={"includeGroups": [group["id"]], "excludeUsers": [user["id"]]}, name="a")
    role = directory.GLOBAL_ADMINISTRATOR
    await add("mfa", users={"includeRoles": [role]}, name="b")
    assert (await judged(user)).outcome == "allowed"
    await rt.store.write(tenant, lambda tx: directory.assign_role(tx, user["id"], role, principal=SYSTEM_PRINCIPAL))
    assert (await judged(user)).outcome == "mfa"
    assert (await judged(user, had_mfa=True)).outcome == "allowed"


async def test_what_is_meant(user, add, judged):
    """All resources but the excluded one, or one resource alone."""
    await add("block", applications={"includeApplications": ["All"], "excludeApplications": [GRAPH_APP]})
    assert (await judged(user)).outcome == "allowed"
    assert (await judged(user, ENROLLMENT)).outcome == "block"


async def test_controls_together_or_one_of_them(rt, tenant, user, add, judged):
    """``AND`` wants all; of an ``OR`` the one that can still be shown is asked for."""
    await add("mfa", "compliantDevice", operator="OR", name="either")
    assert (await judged(user)).outcome == "mfa"
    assert (await judged(user, had_mfa=True)).outcome == "allowed"
    device = await joined(rt, tenant, user, compliant=True)
    assert (await judged(user, device_id=device)).outcome == "allowed"
    await add("mfa", "compliantDevice", operator="AND", name="both")
    assert (await judged(user, had_mfa=True)).outcome == "compliantDevice"
    assert (await judged(user, device_id=device)).outcome == "mfa"
    assert (await judged(user, device_id=device, had_mfa=True)).outcome == "allowed"


async def test_a_hybrid_joined_device_is_one_by_its_trust(rt, tenant, user, add, judged):
    """53001 for any other device."""
    await add("domainJoinedDevice")
    assert (
        await judged(user, device_id=await joined(rt, tenant, user, compliant=True))
    ).outcome == "domainJoinedDevice"
    hybrid = await joined(rt, tenant, user, trust="ServerAd")
    assert (await judged(user, device_id=hybrid)).outcome == "allowed"


async def test_p27_compliance_is_not_asked_before_there_can_be_any(rt, tenant, user, add, judged):
    """Device registration and Intune Enrollment are exempt from 'compliant device' alone: no loop, and no hole."""
    await add("compliantDevice", name="Compliant")
    for app in ("01cb2876-7ebd-4aa4-9cc9-d28bd4d359a9", ENROLLMENT):
        assert (await judged(user, app)).outcome == "allowed"
    verdict = await judged(user, GRAPH_APP, device_id=await joined(rt, tenant, user, compliant=False))
    assert verdict.outcome == "compliantDevice"
    await add("mfa", "compliantDevice", operator="OR", name="Either")
    assert (await judged(user, ENROLLMENT)).outcome == "mfa"
    await add("block", applications={"includeApplications": [ENROLLMENT]}, name="Blocked")
    assert (await judged(user, ENROLLMENT)).outcome == "block"


async def test_r021_a_policy_for_joining_devices_asks_before_the_join(rt, browser, user, tenant, add):
    """The user action: the broker's sign-in for device registration shows a second factor, others do not."""
    await add("mfa", applications={"includeUserActions": [signin.REGISTER_DEVICE]}, name="Join with MFA")
    assert answer_of(await browser.login(await browser.authorize(**WEB)))["code"]
    page = await browser.login(await browser.authorize())
    assert config_of(page)["pgid"] == "ConvergedProofUpRedirect"
    assert ("signin.registration_asked", ["conditional_access.missing"]) in await browser.log()


@pytest.mark.parametrize(
    "wrong",
    [
        {"grant_controls": {"operator": "OR", "builtInControls": []}},
        {"grant_controls": None},
        {"grant_controls": {"operator": "XOR", "builtInControls": ["mfa"]}},
        {"grant_controls": {"operator": "OR", "builtInControls": ["block", "mfa"]}},
        {"conditions": {"users": {}, "applications": {"includeApplications": ["All"]}}},
        {"conditions": {"users": {"includeUsers": ["All"]}, "applications": {}}},
        {"conditions": {"users": {"includeUsers": "All"}, "applications": {"includeApplications": ["All"]}}},
        {"state": "perhaps"},
        {"display_name": " "},
    ],
)
async def test_what_a_policy_cannot_be(rt, tenant, wrong):
    """Incomplete or contradictory: refused when it is saved."""
    values = {**policy("mfa"), **wrong}
    with pytest.raises(Invalid):
        await rt.store.write(tenant, lambda tx: signin.create_policy(tx, values, principal=SYSTEM_PRINCIPAL))


@pytest.mark.parametrize(
    "beyond",
    [
        {"conditions": {**policy("mfa")["conditions"], "locations": {"includeLocations": ["AllTrusted"]}}},
        {"conditions": {**policy("mfa")["conditions"], "clientAppTypes": ["exchangeActiveSync"]}},
        {"conditions": {**policy("mfa")["conditions"], "signInRiskLevels": ["high"]}},
        {"grant_controls": {"operator": "OR", "builtInControls": ["passwordChange"]}},
        {"grant_controls": {"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": ["x"]}},
        {"session_controls": {"signInFrequency": {"value": 1, "type": "hours"}}},
    ],
)
async def test_what_is_not_evaluated_is_not_saved(rt, tenant, beyond):
    """No policy promises more than it does."""
    values = {**policy("mfa"), **beyond}
    with pytest.raises(NotImplementedHere):
        await rt.store.write(tenant, lambda tx: signin.create_policy(tx, values, principal=SYSTEM_PRINCIPAL))


async def test_unset_members_and_annotations_say_nothing(rt, tenant):
    """Clients send every member of the type, most of them null or empty."""
    values = policy("mfa")
    values["conditions"] |= {"clientAppTypes": ["all"], "locations": None, "userRiskLevels": []}
    values["conditions"]["users"] |= {"excludeGroups": [], "includeGuestsOrExternalUsers": None}
    values["grant_controls"] |= {"customAuthenticationFactors": [], "authenticationStrength@odata.context": "x"}
    values["session_controls"] = None
    await rt.store.write(tenant, lambda tx: signin.create_policy(tx, values, principal=SYSTEM_PRINCIPAL))


async def test_drs_tokens_are_asked_for_too(browser, user, add):
    """A policy for all resources means device registration as well."""
    await add("block", name="Everything")
    page = await browser.login(await browser.authorize(resource=DRS))
    assert config_of(page)["sErrorCode"] == "53003"


async def test_r114_a_temporary_access_pass_reaches_the_desktop_and_applications_ask_again(
    rt, browser, user, tenant, clock, add
):
    """The pass counts as second factor while it is fresh; ten minutes later the same sign-in has none."""
    await add("mfa", name="Second factor")
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    page = await browser.login(await browser.authorize(**WEB), password="")
    reply = (await browser.redeem(answer_of(await browser.post(page, otc=pass_))["code"], **WEB)).json()
    assert claims_of(reply["access_token"])["amr"] == ["otp", "mfa", "ngcmfa"]
    clock.advance(601)
    form = {"grant_type": "refresh_token", "client_id": CLI, "resource": GRAPH}
    refused = (await browser.token(**form, refresh_token=reply["refresh_token"])).json()
    assert refused["error_codes"] == [50076]
    assert answer_of(await browser.authorize(**WEB, prompt="none"))["error"] == "interaction_required"
