"""The PC keeps its management certificate from running out, and nobody has to be there (04 section 14)."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from taxiway import enrollment
from taxiway.device import PC, Place
from taxiway.device.enroll import MANAGEMENT_KEY, NEXT_KEY
from taxiway.device.faults import Fault, Faults
from taxiway.device.tpm import Tpm
from taxiway.kernel import SystemClock
from taxiway.store import entries

pytestmark = pytest.mark.anyio

#: Certificates of devices are for a year: so long ago the last weeks have come, and TLS takes the certificate still.
LONG_AGO = timedelta(days=340)


class Past(SystemClock):
    """Some time ago, until it is told that this is now."""

    behind = LONG_AGO

    def now(self):
        return super().now() - self.behind


@pytest.fixture
def clock():
    return Past()


@pytest.fixture
async def pc(instance, tmp_path):
    """A PC that was deployed long ago, and is switched on now."""
    await instance.profile()
    person, made = await instance.make_user(), instance.make_pc(tmp_path / "pc")
    await instance.register(made)
    outcome = await instance.power_on(made, person)
    assert outcome.reached == "desktop", outcome.failure
    instance.rt.clock.behind = timedelta()
    return made


def held(folder):
    """The certificate in the PC's folder, and whether another key waits."""
    pem = (folder / "tpm" / f"{MANAGEMENT_KEY}.crt").read_bytes()
    return pem, any((folder / "tpm").glob(f"{NEXT_KEY}.*"))


async def on_record(instance):
    """Thumbprint and former thumbprint of the one enrollment, and how many certificates are good."""
    rows = await instance.rt.store.read(instance.tenant, enrollment.ENROLLMENTS.select)
    return rows[0]["thumbprint"], rows[0]["former_thumbprint"]


async def test_a_certificate_is_renewed_in_its_last_weeks(instance, pc, tmp_path):
    """A new key, vouched for by the old one; the check-in that follows is with it, and ends the one before."""
    before, (old, _) = held(tmp_path / "pc"), await on_record(instance)
    assert (await pc.sync(instance.endpoints)).at == "lock screen"
    after, (new, former) = held(tmp_path / "pc"), await on_record(instance)
    assert after[0] != before[0]
    assert not after[1]
    assert (new != old, former) == (True, None)
    kinds = [entry.kind for entry in await instance.rt.store.read(instance.tenant, entries)]
    assert kinds.count("certificate.renewed") == 1
    assert (await pc.sync(instance.endpoints)).at == "lock screen"
    assert await on_record(instance) == (new, None)


@pytest.mark.parametrize("moved", [(), ("key",)])
async def test_power_lost_at_the_end_of_a_renewal_costs_nothing(instance, pc, tmp_path, monkeypatch, moved):
    """The new certificate is on the disk and its key in the old one's place, or not yet: the PC goes on with both."""

    class Cut(Exception):
        pass

    def cut(tpm, name, successor):
        if not tpm.certificate_file(successor).exists():
            return
        if moved:
            tpm.key_file(successor).replace(tpm.key_file(name))
        raise Cut

    old, _ = await on_record(instance)
    with monkeypatch.context() as patch:
        patch.setattr(Tpm, "follow", cut)
        with pytest.raises(Cut):
            await pc.sync(instance.endpoints)
    again = PC.open(tmp_path / "pc", instance.host)
    assert (await again.sync(instance.endpoints)).at == "lock screen"
    new, former = await on_record(instance)
    assert (new != old, former) == (True, None)
    assert not held(tmp_path / "pc")[1]


@pytest.mark.parametrize("kind", ["answer-lost", "twice", "late"])
async def test_a_lost_answer_makes_no_second_certificate(instance, pc, tmp_path, kind):
    """The server has issued and the PC has not heard: it asks again with the same key and gets the same certificate."""
    plan = Faults([Fault(kind, 2)])  # discovery is the first message of a renewal
    host = dataclasses.replace(instance.host, place=Place(faults=plan))
    old, _ = await on_record(instance)
    assert (await PC.open(tmp_path / "pc", host).sync(instance.endpoints)).at == "lock screen"
    assert [fault.kind for fault in plan.happened] == [kind]
    new, _ = await on_record(instance)
    kinds = [entry.kind for entry in await instance.rt.store.read(instance.tenant, entries)]
    assert (new != old, kinds.count("certificate.renewed")) == (True, 1)


async def test_a_refused_renewal_waits_for_its_interval(instance, pc, tmp_path):
    """Four days, as the provisioning document says; the check-in itself goes on with the old certificate."""
    rows = await instance.rt.store.read(instance.tenant, enrollment.MANAGED.select)
    change = {"management_state": "retireFailed"}
    await instance.rt.store.write(instance.tenant, lambda tx: enrollment.MANAGED.update(tx, rows[0]["id"], change))
    before = held(tmp_path / "pc")[0]
    for _ in range(2):
        assert (await pc.sync(instance.endpoints)).at == "lock screen"
    refused = [
        e for e in await instance.rt.store.read(instance.tenant, entries) if e.kind == "certificate.renewal_refused"
    ]
    (why,) = refused[0].why
    assert len(refused) == 1
    assert "being retired" in why["text"]
    assert held(tmp_path / "pc")[0] == before
