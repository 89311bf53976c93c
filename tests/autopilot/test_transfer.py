"""A device passes from one tenant to another by claim and consent (P-21)."""

from __future__ import annotations

import pytest

from support.hardware import make_hardware, row_of
from taxiway import autopilot, directory
from taxiway.autopilot import transfer
from taxiway.directory import SYSTEM_PRINCIPAL, Principal
from taxiway.store import SYSTEM, entries, router

pytestmark = pytest.mark.anyio


class Both:
    """Contoso holds, Fabrikam claims."""

    def __init__(self, service, claimant):
        self.service, self.holder, self.claimant = service, service.tenant, claimant

    async def claim(self, hardware, *, principal=SYSTEM_PRINCIPAL, **more):
        row = row_of(hardware, **more)
        return await autopilot.claim_device(
            self.service.rt, self.claimant, row, principal=principal, correlation="asked by the claimant"
        )

    async def consent(self, claim_id, *, tenant=None, principal=SYSTEM_PRINCIPAL):
        return await autopilot.consent_to_claim(
            self.service.rt, tenant or self.holder, claim_id, principal=principal, correlation="c-2"
        )

    async def refuse(self, claim_id):
        return await autopilot.refuse_claim(
            self.service.rt, self.holder, claim_id, principal=SYSTEM_PRINCIPAL, correlation="c-3"
        )

    async def claims(self, tenant):
        return await self.service.read(autopilot.CLAIMS.select, tenant)

    async def state(self, tenant):
        return [(row["direction"], row["state"]) for row in await self.claims(tenant)]

    async def holders(self):
        """Who holds hardware, as the router knows it."""
        table = router.router
        rows = await self.service.read(lambda tx: tx.all(table.select().where(table.c.kind == "hardware")), SYSTEM)
        return {row["tenant"] for row in rows}


@pytest.fixture
def both(service, other_tenant):
    return Both(service, other_tenant)


async def test_p21_808_a_claim_and_a_consent_bring_the_device_over(both, service):
    """The import is refused, the claim is seen by the holder, and its consent registers the device with its tag."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware, group_tag="OLD")
    [refused] = await service.imported(row_of(hardware), tenant=both.claimant)
    assert refused["state"]["deviceErrorCode"] == 808
    made = await both.claim(hardware, group_tag="NEW")
    assert await both.state(both.claimant) == [("made", "waiting")]
    assert await both.state(both.holder) == [("received", "waiting")]
    assert (await both.claim(hardware, group_tag="NEW"))["id"] == made["id"]
    await both.consent(made["id"])
    assert await service.record(ztdid) is None
    [record] = await service.read(autopilot.DEVICES.select, both.claimant)
    assert (record["serial_number"], record["group_tag"]) == (hardware.serial, "NEW")
    assert await both.state(both.holder) == [("received", "done")]
    [mine] = await both.claims(both.claimant)
    assert (mine["state"], mine["ztdid"], mine["row"]) == ("transferred", record["id"], None)
    assert await both.holders() == {both.claimant}
    assert (await both.consent(made["id"]))["state"] == "done"
    assert await service.read(autopilot.DEVICES.count, both.claimant) == 1


async def test_p21_a_refusal_leaves_everything_as_it_was(both, service):
    """The claimant is told that it was refused; a consent after it is refused, a new claim is a new question."""
    hardware = make_hardware()
    ztdid = await service.registered(hardware)
    made = await both.claim(hardware)
    await both.refuse(made["id"])
    assert await both.state(both.claimant) == [("made", "refused")]
    with pytest.raises(autopilot.ClaimRefused):
        await both.consent(made["id"])
    assert await service.record(ztdid) is not None
    assert await service.read(autopilot.DEVICES.count, both.claimant) == 0
    again = await both.claim(hardware)
    assert again["id"] != made["id"]
    await both.consent(again["id"])
    assert await service.read(autopilot.DEVICES.count, both.claimant) == 1


async def test_p21_neither_tenant_learns_more_than_serial_number_and_domain(both, service):
    """Nothing of the holder reaches the claimant; of the claimant, the holder sees the serial number and the domain."""
    hardware = make_hardware()
    await service.user("ada@contoso.example")
    ztdid = await service.registered(
        hardware, group_tag="HOLDERS-TAG", assigned_user_principal_name="ada@contoso.example"
    )
    await service.profile("Holders profile")
    made = await both.claim(hardware, group_tag="CLAIMANTS-TAG")

    async def everything(tenant):
        rows = await both.claims(tenant)
        log = [entry for entry in await service.read(entries, tenant) if entry.kind.startswith("transfer.")]
        return " ".join(map(repr, [*rows, *log]))

    for step in (None, both.consent):
        if step is not None:
            await step(made["id"])
        theirs, ours = await everything(both.claimant), await everything(both.holder)
        for secret in (both.holder, "contoso", ztdid, "HOLDERS-TAG", "ada@", "Holders profile"):
            assert secret not in theirs.replace("'tenant'", "")
        for secret in (both.claimant, "CLAIMANTS-TAG", hardware.encode_base64()[:200], "asked by the claimant"):
            assert secret not in ours
        assert "fabrikam.example" in ours


async def test_p21_only_the_very_device_is_asked_for(both, service):
    """Who shares a part with it, or nothing, is not asked; what nobody else holds is not claimed but imported."""
    hardware = make_hardware()
    await service.registered(hardware)
    await both.claim(make_hardware(tpm_ek=hardware.tpm_ek))
    assert await both.claims(both.holder) == []
    with pytest.raises(autopilot.ClaimRefused, match="No other tenant"):
        await both.claim(make_hardware())
    mine = make_hardware()
    await service.imported(row_of(mine), tenant=both.claimant)
    with pytest.raises(autopilot.ClaimRefused, match="already"):
        await both.claim(mine)
    with pytest.raises(autopilot.ClaimRefused):
        await autopilot.claim_device(
            service.rt,
            both.claimant,
            autopilot.ImportRow(serial_number=hardware.serial),
            principal=SYSTEM_PRINCIPAL,
            correlation="",
        )


async def test_p21_who_may_claim_and_who_may_consent(both, service):
    """Administrators of Autopilot, each in their own tenant; the claimant cannot consent to its own claim."""
    hardware = make_hardware()
    await service.registered(hardware)
    plain = Principal("user", "u1", both.claimant)
    with pytest.raises(directory.Forbidden):
        await both.claim(hardware, principal=plain)
    made = await both.claim(hardware)
    for tenant, principal in ((both.holder, plain), (both.holder, Principal("user", "u2", both.holder))):
        with pytest.raises(directory.Forbidden):
            await both.consent(made["id"], tenant=tenant, principal=principal)
    with pytest.raises(autopilot.ClaimRefused):
        await both.consent(made["id"], tenant=both.claimant)
    assert await service.read(autopilot.DEVICES.count) == 1


async def test_p21_a_kill_between_the_two_halves_is_finished_by_a_job(both, service, monkeypatch):
    """The hardware is the claimant's from the holder's transaction on: a third tenant gets 808, the job the device."""
    hardware = make_hardware()
    await service.registered(hardware)
    made = await both.claim(hardware)

    async def killed(*_):
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr(transfer, "_finish", killed)
        with pytest.raises(ConnectionError):
            await both.consent(made["id"])
    third = service.rt.entropy.uuid()
    await service.write(
        lambda tx: directory.create_tenant(tx, display_name="Northwind", domain="northwind.example"), third
    )
    [refused] = await service.imported(row_of(hardware), tenant=third)
    assert refused["state"]["deviceErrorCode"] == 808
    assert await both.state(both.holder) == [("received", "consented")]
    assert both.holder in await service.rt.store.work_left()
    await autopilot.finish_transfers(service.rt, both.holder)
    assert await both.state(both.holder) == [("received", "done")]
    assert await service.read(autopilot.DEVICES.count, both.claimant) == 1
    await autopilot.finish_transfers(service.rt, both.holder)


async def test_p21_a_device_that_cannot_be_registered_in_the_end_is_free(both, service):
    """A user of another domain: failed with the reason, nobody holds the hardware, and it can be imported."""
    hardware = make_hardware()
    await service.registered(hardware)
    made = await both.claim(hardware, assigned_user_principal_name="ada@elsewhere.example")
    await both.consent(made["id"])
    [mine] = await both.claims(both.claimant)
    assert (mine["state"], "InvalidZtdRequestBody" in mine["text"]) == ("failed", True)
    assert await both.holders() == set()
    [row] = await service.imported(row_of(hardware), tenant=both.claimant)
    assert row["state"]["deviceImportStatus"] == "complete"
