"""A device that another tenant holds: claimed by one, consented to by the other (P-21, in place of a support case).

A tenant whose import was answered 808 claims the device by its hash. Its holder sees serial number and domain of the
claim and nothing else, and consents or refuses; the claimant learns the answer and never who gave it. On consent the
holder's transaction deregisters the device and hands its hardware over, so that no third tenant can take it, and the
claimant's transaction registers it; a job finishes what a kill came between.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from taxiway import directory
from taxiway.autopilot import hardware, service
from taxiway.autopilot.entities import CLAIMS, DEVICES
from taxiway.autopilot.errors import ClaimRefused
from taxiway.autopilot.registration import register_rows
from taxiway.autopilot.rows import Entry, ImportRow, read_rows, serial_of
from taxiway.directory import SYSTEM_PRINCIPAL, Principal
from taxiway.kernel import Reason
from taxiway.store import SYSTEM, Row, Runtime, Tx, both, eq, router
from taxiway.wire.ztd import FactDigests

MADE, RECEIVED = "made", "received"
WAITING, REFUSED, CONSENTED, DONE, TRANSFERRED, FAILED = (
    "waiting",
    "refused",
    "consented",
    "done",
    "transferred",
    "failed",
)
_LONGEST: Final = 200


async def claim_device(rt: Runtime, tenant: str, row: ImportRow, *, principal: Principal, correlation: str) -> Row:
    """Claim a device that another tenant holds; repeatable. ``ClaimRefused`` when there is nothing to claim."""
    [entry] = await rt.workers.run(read_rows, [row])
    if entry.facts is None:
        text = "The row has no hash." if entry.refusal is None else entry.refusal.text
        raise ClaimRefused(text, remedy="A device is claimed by its hardware hash.")
    facts = entry.facts
    made: Row = await rt.store.write(
        tenant, lambda tx: _claim(tx, entry, facts, principal), actor=_actor(principal), correlation=correlation
    )
    holders = await rt.store.read(tenant, lambda tx: router.holders(tx, "hardware", hardware.sought(facts)))
    for holder in sorted(set(holders.values()) - {tenant}):
        await rt.store.write(holder, lambda tx: _receive(tx, made, facts))
    return made


async def consent(rt: Runtime, tenant: str, claim_id: str, *, principal: Principal, correlation: str) -> Row:
    """Hand the claimed device over; asked again, it finishes what was begun."""
    claim = await rt.store.read(tenant, lambda tx: _received(tx, claim_id, principal))
    claimant = await _claimant(rt, claim)
    wanted = await rt.store.read(claimant, lambda tx: _wanted(tx, claim_id))
    await rt.store.write(
        tenant,
        lambda tx: _hand_over(tx, claim_id, wanted, claimant, principal),
        actor=_actor(principal),
        correlation=correlation,
    )
    await _finish(rt, tenant, claim_id, claimant)
    return await rt.store.read(tenant, lambda tx: CLAIMS.require(tx, claim_id))


async def refuse(rt: Runtime, tenant: str, claim_id: str, *, principal: Principal, correlation: str) -> Row:
    """Keep the device; the claimant is told that it was refused."""
    claim = await rt.store.read(tenant, lambda tx: _received(tx, claim_id, principal))
    refused: Row = await rt.store.write(
        tenant, lambda tx: _refuse(tx, claim_id), actor=_actor(principal), correlation=correlation
    )
    text = "The tenant that holds the device did not consent."
    await rt.store.write(await _claimant(rt, claim), lambda tx: _settle(tx, claim_id, REFUSED, text))
    return refused


async def finish_transfers(rt: Runtime, tenant: str) -> None:
    """What a kill came between: the holder has consented, and the claimant has not got the device yet."""
    begun = both(eq("direction", RECEIVED), eq("state", CONSENTED))
    for claim in await rt.store.read(tenant, lambda tx: CLAIMS.select(tx, begun)):
        await _finish(rt, tenant, claim["id"], await _claimant(rt, claim))


# ---------------------------------------------------------------------------------------------- the claimant's side


def _claim(tx: Tx, entry: Entry, facts: FactDigests, principal: Principal) -> Row:
    directory.require(tx, principal, "autopilot.import")
    if hardware.holder(tx, facts) is not None:
        raise ClaimRefused("The device is registered in this tenant already.")
    held = router.holders(tx, "hardware", hardware.sought(facts))
    if all(tenant == tx.tenant for tenant in held.values()):
        raise ClaimRefused("No other tenant holds this device.", remedy="Import it.")
    serial = _shown(serial_of(entry))
    known = both(eq("direction", MADE), eq("state", WAITING), eq("serial_number", serial))
    for row in CLAIMS.select(tx, known):
        if msgspec.convert(row["facts"], FactDigests) == facts:
            return row
    made = CLAIMS.insert(
        tx,
        {
            "direction": MADE,
            "state": WAITING,
            "serial_number": serial,
            "domain": directory.get_tenant(tx)["initial_domain"],
            "created_at": tx.now,
            "facts": msgspec.to_builtins(facts),
            "row": {
                "serial_number": entry.row.serial_number,
                "product_key": entry.row.product_key,
                "hardware_identifier": entry.row.hardware_identifier,
                "group_tag": entry.row.group_tag,
                "assigned_user_principal_name": entry.row.assigned_user_principal_name,
            },
        },
    )
    tx.log("transfer.claimed", subject=f"claim:{made['id']}", what={"serial": serial})
    return made


def _wanted(tx: Tx, claim_id: str) -> list[str]:
    """The hardware of a claim, as the router names it."""
    claim = CLAIMS.get(tx, claim_id)
    if claim is None or claim["state"] not in {WAITING, TRANSFERRED}:
        raise ClaimRefused("The claim is not open any more.")
    return hardware.claims(msgspec.convert(claim["facts"], FactDigests))


def _register(tx: Tx, claim_id: str, entries: Sequence[Entry]) -> None:
    claim = CLAIMS.require(tx, claim_id)
    if claim["state"] != WAITING:
        return
    [imported] = register_rows(tx, entries, principal=SYSTEM_PRINCIPAL)
    state = imported["state"]
    if state["deviceImportStatus"] == "complete":
        _settle(tx, claim_id, TRANSFERRED, "The device is registered here now.", state["deviceRegistrationId"])
        return
    _settle(tx, claim_id, FAILED, f"The device was handed over and cannot be registered: {state['deviceErrorName']}.")
    for key in hardware.claims(msgspec.convert(claim["facts"], FactDigests)):
        hardware.release_unused(tx, key)


def _settle(tx: Tx, claim_id: str, state: str, text: str, ztdid: str | None = None) -> None:
    """How a claim ended; what was needed to register the device is not kept."""
    claim = CLAIMS.get(tx, claim_id)
    if claim is None or claim["state"] != WAITING:
        return
    CLAIMS.update(tx, claim_id, {"state": state, "text": text, "settled_at": tx.now, "row": None, "ztdid": ztdid})
    what = {"serial": claim["serial_number"], "registration": ztdid}
    tx.log(f"transfer.{state}", subject=f"claim:{claim_id}", what=what, why=[Reason(f"transfer.{state}", text)])


# ---------------------------------------------------------------------------------------------- the holder's side


def _receive(tx: Tx, made: Row, facts: FactDigests) -> None:
    """Show the claim to whoever holds this very device, and to nobody who shares a part with it."""
    ztdid = hardware.holder(tx, facts)
    if ztdid is None or CLAIMS.get(tx, made["id"]) is not None:
        return
    CLAIMS.insert(
        tx,
        {
            "id": made["id"],
            "direction": RECEIVED,
            "state": WAITING,
            "serial_number": made["serial_number"],
            "domain": made["domain"],
            "created_at": tx.now,
            "ztdid": ztdid,
        },
    )
    text = f"{made['domain']} claims a device with the serial number {made['serial_number']} that is registered here."
    what = {"serial": made["serial_number"], "domain": made["domain"], "claim": made["id"]}
    tx.log("transfer.asked", subject=f"autopilot:{ztdid}", what=what, why=[Reason("transfer.asked", text)])


def _received(tx: Tx, claim_id: str, principal: Principal) -> Row:
    directory.require(tx, principal, "autopilot.devices.write")
    claim = CLAIMS.require(tx, claim_id)
    if claim["direction"] != RECEIVED:
        raise ClaimRefused("This claim is for the other tenant to answer.")
    return claim


def _hand_over(tx: Tx, claim_id: str, wanted: Sequence[str], claimant: str, principal: Principal) -> None:
    claim = CLAIMS.require(tx, claim_id)
    if claim["state"] != WAITING:
        if claim["state"] == REFUSED:
            raise ClaimRefused("The claim was refused before.", remedy="The claimant can claim the device again.")
        return
    held = router.holders(tx, "hardware", wanted)
    if DEVICES.get(tx, claim["ztdid"]) is not None:
        service.deregister(tx, claim["ztdid"], principal=principal)
    free = [key for key in wanted if held.get(key) == tx.tenant and router.tenant_of(tx, "hardware", key) is None]
    router.claim_for(tx, "hardware", free, claimant)
    CLAIMS.update(tx, claim_id, {"state": CONSENTED, "settled_at": tx.now})
    what = {"serial": claim["serial_number"], "domain": claim["domain"], "claim": claim_id}
    tx.log("transfer.consented", subject=f"autopilot:{claim['ztdid']}", what=what)
    tx.left_work = True


def _refuse(tx: Tx, claim_id: str) -> Row:
    claim = CLAIMS.require(tx, claim_id)
    if claim["state"] not in {WAITING, REFUSED}:
        raise ClaimRefused("The device was handed over before.")
    if claim["state"] == WAITING:
        what = {"serial": claim["serial_number"], "domain": claim["domain"], "claim": claim_id}
        tx.log("transfer.kept", subject=f"autopilot:{claim['ztdid']}", what=what)
        claim = CLAIMS.update(tx, claim_id, {"state": REFUSED, "settled_at": tx.now})
    return claim


# ---------------------------------------------------------------------------------------------- between them


async def _finish(rt: Runtime, tenant: str, claim_id: str, claimant: str) -> None:
    claim = await rt.store.read(claimant, lambda tx: CLAIMS.get(tx, claim_id))
    if claim is not None and claim["row"] is not None:
        entries = await rt.workers.run(read_rows, [ImportRow(**claim["row"])])
        await rt.store.write(claimant, lambda tx: _register(tx, claim_id, entries))
    await rt.store.write(tenant, lambda tx: CLAIMS.update(tx, claim_id, {"state": DONE}))


async def _claimant(rt: Runtime, claim: dict[str, Any]) -> str:
    """The tenant of a domain: the one thing the holder knows of the claimant."""
    domain = str(claim["domain"])
    tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, domain))
    if tenant is None:
        raise ClaimRefused(f"The tenant of {domain} is not here any more.")
    return tenant


def _actor(principal: Principal) -> str:
    return f"{principal.kind}:{principal.id}"


def _shown(text: str) -> str:
    return "".join(char for char in text[:_LONGEST] if char.isprintable())
