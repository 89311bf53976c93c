"""Conditional Access in front of a whole deployment (01 P-27, R-21)."""

import pytest

from taxiway import directory, signin
from taxiway.device.errors import SignInRefused
from taxiway.device.machine import Machine
from taxiway.store import entries

pytestmark = pytest.mark.anyio

GRAPH = "https://graph.microsoft.com"


async def _policy(instance, name, control, **applications):
    values = {
        "display_name": name,
        "state": "enabled",
        "conditions": {
            "users": {"includeUsers": ["All"]},
            "applications": applications or {"includeApplications": ["All"]},
        },
        "grant_controls": {"operator": "OR", "builtInControls": [control]},
    }
    await instance.rt.store.write(
        instance.tenant, lambda tx: signin.create_policy(tx, values, principal=directory.SYSTEM_PRINCIPAL)
    )


async def _ready(instance, tmp_path, **user):
    person = await instance.make_user(**user)
    await instance.profile()
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    return pc, person


async def test_p27_a_compliant_device_is_asked_for_and_the_deployment_still_arrives(instance, tmp_path):
    """Required for every resource: the PC joins, enrolls and reaches its desktop, and only then is held to it."""
    await _policy(instance, "Compliant devices only", "compliantDevice")
    pc, person = await _ready(instance, tmp_path)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    machine = Machine(pc._host, pc._storage, instance.endpoints)

    def mark(compliant):
        def write(tx):
            device = directory.find_device(tx, device_id=outcome.entra_device_id)
            directory.update_device(tx, device["id"], {"is_compliant": compliant})

        return instance.rt.store.write(instance.tenant, write)

    await mark(compliant=False)
    with pytest.raises(SignInRefused, match="Compliant devices only") as refused:
        await machine.broker.token(GRAPH)
    assert refused.value.code == "AADSTS53000"
    await machine.broker.token("https://enrollment.manage.microsoft.com/")
    await mark(compliant=True)
    assert (await machine.broker.token(GRAPH)).access_token
    await machine.off()
    log = await instance.rt.store.read(instance.tenant, entries)
    [entry] = [entry for entry in log if entry.what.get("error") == "DeviceNotCompliant"]
    assert entry.why[0]["facts"]["name"] == "Compliant devices only"


async def test_r021_joining_by_a_policy_takes_a_second_factor(instance, tmp_path):
    """The action 'register or join devices': with a pass the PC arrives, without any factor it stops and says why."""
    await _policy(instance, "Join with MFA", "mfa", includeUserActions=[signin.REGISTER_DEVICE])
    pc, person = await _ready(instance, tmp_path, access_pass=False)
    outcome = await instance.power_on(pc, person)
    assert (outcome.failure.step, outcome.failure.code) == ("sign-in", "AADSTS50079")
    with_pass = await instance.make_user("bob@contoso.example")
    outcome = await instance.power_on(pc, with_pass)
    assert outcome.reached == "desktop", outcome.failure


async def test_a_policy_that_blocks_stops_the_deployment_by_name(instance, tmp_path):
    """53003 on the screen, the policy's name in its text and in the log."""
    await _policy(instance, "No enrollment", "block", includeApplications=["d4ebce55-015a-49b5-a083-c84d1797ae8c"])
    pc, person = await _ready(instance, tmp_path)
    outcome = await instance.power_on(pc, person)
    assert outcome.failure.code == "AADSTS53003"
    assert "No enrollment" in outcome.failure.reason
