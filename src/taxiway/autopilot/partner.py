"""Devices that a partner registers for a customer: batches, uploads, and what became of each device (06 section 2.5).

Consent is an application permission: whoever holds it in the customer's tenant is a partner there. A partner sees and
removes what it uploaded, and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taxiway.autopilot import service
from taxiway.autopilot.entities import DEVICES, PARTNER_BATCHES, PARTNER_JOBS
from taxiway.autopilot.errors import BatchRefused, NoSuchBatch
from taxiway.autopilot.flow import import_devices
from taxiway.autopilot.rows import ImportRow
from taxiway.directory import Principal
from taxiway.store import Row, Runtime, Tx, both, eq, one_of

#: The application permission that makes a partner of an application.
PERMISSION: Final = "Taxiway.PartnerDevices.ReadWrite.All"
LIMIT: Final = 1000
_LONGEST: Final = 200
_AT_ONCE: Final = 400
FINISHED, WITH_ERRORS = "finished", "finished_with_errors"


async def upload(
    rt: Runtime,
    tenant: str,
    batch: str,
    rows: Sequence[ImportRow],
    *,
    new: bool,
    principal: Principal,
    correlation: str,
) -> str:
    """Register a batch's devices, each for itself; the tracking id under which the results stand.

    ``new``: the batch must not exist yet, otherwise it must. Repeated, it answers with what is registered already.
    """
    if not rows or len(rows) > LIMIT:
        raise BatchRefused(f"An upload has 1 to {LIMIT} devices; this one has {len(rows)}.")
    if not batch or len(batch) > _LONGEST or not batch.isprintable():
        raise BatchRefused(f"A batch has a name of 1 to {_LONGEST} characters.")
    await rt.store.read(tenant, lambda tx: _check_batch(tx, batch, new=new, principal=principal))
    started = rt.clock.now()
    imported = await import_devices(rt, tenant, rows, principal=principal, correlation=correlation, partner=True)

    def finish(tx: Tx) -> str:
        states = [row["state"] for row in imported]
        made = [state["deviceRegistrationId"] for state in states if state["deviceRegistrationId"]]
        known = _find(tx, batch, principal)
        if known is None:
            values = {"partner_id": principal.id, "partner_name": principal.name, "name": batch, "created_at": tx.now}
            PARTNER_BATCHES.insert(tx, {**values, "devices": made})
        else:
            PARTNER_BATCHES.update(tx, known["id"], {"devices": [*known["devices"], *made]})
        job = PARTNER_JOBS.insert(
            tx,
            {
                "partner_id": principal.id,
                "started_at": started,
                "completed_at": tx.now,
                "status": FINISHED if len(made) == len(states) else WITH_ERRORS,
                "devices": [_result(state) for state in states],
            },
        )
        what = {"partner": principal.name, "batch": batch, "registered": len(made), "refused": len(states) - len(made)}
        tx.log("partner.uploaded", subject=f"application:{principal.id}", what=what)
        return str(job["id"])

    return await rt.store.write(tenant, finish, actor=f"app:{principal.id}", correlation=correlation)


def batches(tx: Tx, *, principal: Principal) -> list[Row]:
    """The partner's batches, oldest first."""
    return PARTNER_BATCHES.select(tx, eq("partner_id", principal.id), order=[("created_at", False)])


def batch_devices(tx: Tx, batch: str, *, principal: Principal) -> list[Row]:
    """The registered devices of a batch."""
    ids = sorted(_require(tx, batch, principal)["devices"])
    parts = (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
    return [row for part in parts for row in DEVICES.select(tx, one_of("id", part))]


def remove_batch_device(tx: Tx, batch: str, ztdid: str, *, principal: Principal) -> None:
    """Take back a registration: from Autopilot only, the device stays joined and managed (06 section 2.5)."""
    row = _require(tx, batch, principal)
    if ztdid not in row["devices"] or DEVICES.get(tx, ztdid) is None:
        raise NoSuchBatch("The batch has no such device.")
    service.deregister(tx, ztdid, principal=principal)
    PARTNER_BATCHES.update(tx, row["id"], {"devices": [one for one in row["devices"] if one != ztdid]})


def upload_result(tx: Tx, tracking_id: str, *, principal: Principal) -> Row:
    """What became of an upload."""
    job = PARTNER_JOBS.get(tx, tracking_id)
    if job is None or job["partner_id"] != principal.id:
        raise NoSuchBatch("There is no such upload.")
    return job


# ---------------------------------------------------------------------------------------------- inside


def _check_batch(tx: Tx, batch: str, *, new: bool, principal: Principal) -> None:
    if not new:
        _require(tx, batch, principal)
    elif _find(tx, batch, principal) is not None:
        raise BatchRefused(f"There is a batch '{batch}' already.", remedy="Add the devices to it instead.")


def _find(tx: Tx, batch: str, principal: Principal) -> Row | None:
    return PARTNER_BATCHES.find(tx, both(eq("partner_id", principal.id), eq("name", batch)))


def _require(tx: Tx, batch: str, principal: Principal) -> Row:
    row = _find(tx, batch, principal)
    if row is None:
        raise NoSuchBatch(f"There is no batch '{batch[:_LONGEST]}'.")
    return row


def _result(state: dict[str, Any]) -> dict[str, Any]:
    failed = state["deviceImportStatus"] == "error"
    return {
        "deviceId": state["deviceRegistrationId"],
        "status": WITH_ERRORS if failed else FINISHED,
        "errorCode": str(state["deviceErrorCode"]) if failed else "0",
        "errorDescription": state["deviceErrorName"],
    }
