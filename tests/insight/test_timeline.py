"""The timeline of a deployment: its phases sum to the whole (design, rule 4)."""

from taxiway import autopilot
from taxiway.insight import timeline
from taxiway.kernel import Reason

ZTDID = "5f0c6d1e-0000-4000-8000-2f6a3c1d9e01"
SUBJECT = f"autopilot:{ZTDID}"
RUN = "c0000000-0000-4000-8000-000000000001"

WHY = [Reason("because", "It was so.")]
STEPS = [
    (0.2504, "profile.handed_out", {"profile": "Standard"}, RUN),
    (3.0007, "signin.completed", {"upn": "ada@contoso.example"}, RUN),
    (0.5, "device.joined", {"name": "CON-1"}, RUN),
    (0.1, "membership.changed", {}, RUN),
    (0.7, "device.enrolled", {}, RUN),
    (0.3, "esp.moved", {"phase": "device", "from": "new", "to": "opening"}, ""),
    (9.1, "esp.moved", {"phase": "device", "from": "released", "to": "done"}, ""),
    (1.2, "esp.moved", {"phase": "user", "from": "released", "to": "done"}, ""),
    (0.4, "compliance.changed", {"from": "unknown", "to": "compliant"}, ""),
]


async def deploy(rt, tenant, clock, *, run=RUN):
    for seconds, kind, what, correlation in STEPS:
        clock.advance(seconds)
        await rt.store.write(
            tenant,
            lambda tx, k=kind, w=what: tx.log(k, subject=SUBJECT, what=w, why=WHY),
            correlation=run if correlation else "",
        )


async def registered(rt, tenant, clock):
    def write(tx):
        autopilot.DEVICES.insert(tx, {"id": ZTDID, "serial_number": "SN-1"})
        tx.log("autopilot.registered", subject=SUBJECT, what={})

    await rt.store.write(tenant, write, correlation="an-import")
    clock.advance(1000)


async def test_the_phases_sum_to_the_wall_clock(rt, tenant, clock):
    """Every phase in its order, to the millisecond; what came before the lookup is not part of it."""
    await registered(rt, tenant, clock)
    await deploy(rt, tenant, clock)
    made = await rt.store.read(tenant, lambda tx: timeline(tx, "SN-1"))
    names = [phase.name for phase in made.phases]
    assert names == ["profile", "sign-in", "join", "enrollment", "device setup", "account setup", "desktop"]
    assert sum(phase.milliseconds for phase in made.phases) == round(made.seconds * 1000)
    elapsed = made.entries[-1].time - made.entries[0].time
    assert abs(elapsed.total_seconds() - made.seconds) < 0.002
    assert made.correlation == RUN
    assert made.entries[0].kind == "profile.handed_out"
    assert {moment.kind: moment.phase for moment in made.entries}["membership.changed"] == "enrollment"
    assert made.entries[0].why[0]["text"] == "It was so."


async def test_only_the_latest_run_is_told(rt, tenant, clock):
    """A device that was deployed again: the timeline begins with its newest lookup."""
    await registered(rt, tenant, clock)
    await deploy(rt, tenant, clock)
    clock.advance(86_400)
    again = RUN.replace("1", "2")
    await deploy(rt, tenant, clock, run=again)
    made = await rt.store.read(tenant, lambda tx: timeline(tx, "SN-1"))
    assert made.correlation == again
    assert len(made.entries) == len(STEPS)
    assert made.seconds < 100


async def test_another_devices_steps_are_not_mine(rt, tenant, clock):
    """An entry of the same correlation about another device stays out."""
    await registered(rt, tenant, clock)
    await deploy(rt, tenant, clock)
    await rt.store.write(
        tenant, lambda tx: tx.log("device.changed", subject="autopilot:other", what={}), correlation=RUN
    )
    made = await rt.store.read(tenant, lambda tx: timeline(tx, "SN-1"))
    assert "device.changed" not in {moment.kind for moment in made.entries}


async def test_a_device_nobody_knows_has_no_timeline(rt, tenant, clock):
    """None for an unknown serial number, an empty timeline for a device that was never switched on."""
    assert await rt.store.read(tenant, lambda tx: timeline(tx, "SN-1")) is None
    await registered(rt, tenant, clock)
    made = await rt.store.read(tenant, lambda tx: timeline(tx, "SN-1"))
    assert (made.entries, made.phases, made.seconds) == ((), (), 0)
