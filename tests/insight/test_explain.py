"""``taxiway explain``: the same decisions as the services', with assumed facts, and the last refusals."""

from __future__ import annotations

import pytest

from signin.conftest import CLI, UPN, Browser, config_of, make_user, register
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.insight import explain
from taxiway.signin import Attempt

pytestmark = pytest.mark.anyio


@pytest.fixture
async def user(rt, tenant):
    return await make_user(rt, tenant)


@pytest.fixture
def told(rt, tenant):
    async def told(question, upn=UPN, **more):
        found = await rt.store.read(tenant, lambda tx: explain(tx, question, upn, **more))
        return found.could, {name: (d.value, [r.code for r in d.reasons]) for name, d in found.checks}, found.recent

    return told


async def change(rt, tenant, function):
    await rt.store.write(tenant, function)


async def test_somebody_who_could(rt, tenant, user, told):
    """Every check is named, with its reason."""
    could, checks, recent = await told("sign-in")
    assert could
    assert list(checks) == ["account", "lock", "password", "application", "second factor"]
    assert not recent
    could, checks, _ = await told("join")
    assert could
    assert checks["join"] == (True, ["join.all", "join.within_quota"])
    assert checks["enrollment after the join"][1] == ["scope.none"]


async def test_the_account_decides(rt, tenant, user, told):
    """Unknown, disabled, locked, for one use."""
    assert (await told("sign-in", "nobody@contoso.example"))[1]["account"] == (False, ["account.unknown"])
    assert not (await told("join", "nobody@contoso.example"))[0]
    from taxiway.signin import lockout

    for _ in range(10):
        await change(rt, tenant, lambda tx: lockout.failed(tx, lockout.Caller.of(UPN, "")))
    await change(rt, tenant, lambda tx: directory.update_user(tx, user["id"], {"account_enabled": False}))
    could, checks, _ = await told("sign-in")
    assert not could
    assert checks["account"] == (False, ["account.disabled"])
    assert checks["lock"] == (False, ["locked"])
    assert not (await told("join"))[0]


async def test_application_and_resource_decide(told, user):
    """What the client may not ask for is said instead of what follows."""
    could, checks, _ = await told("sign-in", app=CLI, resource="https://unknown.example")
    assert not could
    assert checks["application"] == (False, ["ResourceUnknown"])
    assert "second factor" not in checks


async def test_conditional_access_is_asked_with_and_without_a_factor(rt, tenant, user, told):
    """A factor that is due does not stop anybody; a policy that blocks does, by name."""
    policy = {
        "display_name": "Second factor",
        "state": "enabled",
        "conditions": {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}},
        "grant_controls": {"operator": "OR", "builtInControls": ["mfa"]},
    }
    made = []
    await change(rt, tenant, lambda tx: made.append(signin.create_policy(tx, policy, principal=SYSTEM_PRINCIPAL)["id"]))
    could, checks, _ = await told("sign-in", app=CLI)
    assert could
    assert checks["second factor"] == (True, ["conditional_access.missing", "factor.held"])
    assert checks["Conditional Access"] == (True, ["conditional_access.met"])
    block = {"grant_controls": {"operator": "OR", "builtInControls": ["block"]}}
    await change(rt, tenant, lambda tx: signin.update_policy(tx, made[0], block, principal=SYSTEM_PRINCIPAL))
    could, checks, _ = await told("sign-in", app=CLI)
    assert (could, checks["Conditional Access"]) == (False, (False, ["conditional_access.missing"]))
    graph = Attempt(user["id"], "00000003-0000-0000-c000-000000000000")
    assert (await rt.store.read(tenant, lambda tx: signin.decide(tx, graph))).value.outcome == "block"


async def test_joining_takes_a_second_factor(rt, tenant, user, told):
    """Two ways, one of which is open."""
    require = {"mfa_required": True}
    await change(rt, tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, require))
    could, checks, _ = await told("join")
    assert could
    assert checks["join with a password alone"] == (False, ["join.all", "join.mfa_required"])
    assert checks["join with a second factor"][0]
    nobody = {"join_allowed": "none"}
    await change(rt, tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, nobody))
    could, checks, _ = await told("join")
    assert (could, checks["join"]) == (False, (False, ["join.not_allowed"]))


async def test_the_hardware_decides(rt, tenant, user, told):
    """A PC that is assigned to somebody else, and one that nobody registered."""
    await make_user(rt, tenant, "bob@contoso.example")
    _, ztdid = await register(rt, tenant, user="bob@contoso.example")
    from taxiway import autopilot

    serial = (await rt.store.read(tenant, lambda tx: autopilot.record_of(tx, ztdid)))["serial_number"]
    could, checks, _ = await told("join", serial=serial)
    assert (could, checks["join"]) == (False, (False, ["join.assigned_user"]))
    could, checks, _ = await told("sign-in", serial=serial)
    assert (could, checks["assigned user"]) == (False, (False, ["assigned_user"]))
    assert (await told("join", "bob@contoso.example", serial=serial))[0]
    could, checks, _ = await told("join", serial="nonsense")
    assert (could, checks["hardware"][1]) == (False, ["hardware.unknown"])


async def test_the_last_refusals_are_told(rt, tenant, user, told):
    """What the user ran into, newest first, and nobody else's."""
    browser = Browser(rt, tenant)
    page = await browser.login(await browser.authorize(), password="wrong")
    assert config_of(page)["sErrorCode"] == "50126"
    await browser.login(await browser.authorize(), upn="bob@contoso.example", password="wrong")
    _, _, recent = await told("sign-in")
    assert [(entry.kind, entry.what["code"]) for entry in recent] == [("signin.refused", "AADSTS50126")]
    await browser.http.aclose()
