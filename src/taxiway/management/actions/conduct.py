"""Actions in the sessions of a device: said once, followed until something proves them (05 section 14, R4 and R7).

An order is pending until it is sent, active until it is proven. A Status of 200 or 202 means that the device took it,
never that it is done. An Exec without a Status is not repeated before it is known not to have run.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from taxiway import directory, enrollment, join
from taxiway.enrollment import MANAGED
from taxiway.kernel import Reason
from taxiway.management.actions import collecting, kinds, ledger, orders
from taxiway.management.actions.entities import ACTIVE, DONE, FAILED
from taxiway.management.actions.kinds import Kind, command_of, kind_of
from taxiway.management.esp import page
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session import queue
from taxiway.management.session.context import Context
from taxiway.management.session.queue import CommandRow
from taxiway.management.session.runs import ABSENT
from taxiway.store import Row
from taxiway.wire.log_collection import read_results

PREFIX: Final = "action|"
#: How long a device that took the order to reset itself may go on coming with its old certificate.
_RESETTING: Final = timedelta(days=1)
_Outcome = tuple[str, Reason, int | None]


def begin(ctx: Context) -> None:
    """A new session: what was read of actions is stale, and a check-in that was asked for has come."""
    for action in _open(ctx):
        for uri in kind_of(action).reads:
            ctx.run.facts.pop(uri, None)
        if action["kind"] == kinds.SYNC:
            ledger.move(ctx.tx, action, DONE, Reason("action.checked_in", "The device checked in."))


def advance(ctx: Context) -> None:
    """Want the orders' commands, and end those of which it is known how they went."""
    for action in _open(ctx):
        kind = kind_of(action)
        if kind.proof == "retirement" or kind.name == kinds.SYNC:
            continue
        wanted = _wanted(ctx, action)
        row = ctx.queue.rows.get(wanted.id)
        if row is None:
            ctx.queue.want(wanted)
            continue
        if (outcome := _outcome(ctx, action, kind, row)) is not None:
            _end(ctx, action, kind, row, outcome)


def alone(ctx: Context) -> bool:
    """Whether a device that is to be reset is told that and nothing else."""
    return any(kind_of(action).alone for action in _open(ctx))


def is_order(row: CommandRow) -> bool:
    """Whether a command is that of an action."""
    return str(row["key"]).startswith(PREFIX)


def sent(ctx: Context, row: CommandRow) -> None:
    """The command of an action went out."""
    action = ledger.ACTIONS.get(ctx.tx, row["key"].removeprefix(PREFIX)) if is_order(row) else None
    if action is None or action["state"] == ACTIVE:
        return
    changes = {"issued_at": ctx.tx.now, "expires_at": ctx.tx.now + kind_of(action).patience}
    ledger.move(ctx.tx, action, ACTIVE, Reason("action.issued", "The device was told."), **changes)
    if kind_of(action).alone:
        enrollment.update_inventory(ctx.tx, ctx.managed["id"], {"management_state": "wipeIssued"})


def watch(ctx: Context) -> None:
    """A status page that failed has its device hand in its logs, without being asked (R-115)."""
    users = ctx.run.esp.get("users", {}).values()
    failed = ctx.run.esp_state == "failed" or any(mine["state"] == "failed" for mine in users)
    if not failed or ctx.run.esp.get("diagnosed"):
        return
    ctx.run.esp["diagnosed"] = True
    why = Reason("diagnostics.page_failed", "The status page failed: the device's logs are collected.")
    collecting.collect(ctx.tx, ctx.managed, ctx.content_origin, by="taxiway", why=why)
    advance(ctx)


def due(ctx: Context) -> list[str]:
    """The nodes that tell how the orders under way stand."""
    return [uri for action in _open(ctx) if action["state"] == ACTIVE for uri in kind_of(action).reads]


# ---------------------------------------------------------------------------------------------- inside


def _open(ctx: Context) -> list[Row]:
    managed = MANAGED.get(ctx.tx, ctx.managed["id"])
    return ledger.open_of(ctx.tx, managed["id"]) if managed is not None and ledger.any_open(managed) else []


def _wanted(ctx: Context, action: Row) -> Wanted:
    verb, uri, form, data = command_of(action)
    secret = action["kind"] == kinds.COLLECT
    if secret:
        data = collecting.definition_of(ctx.tx, action)
    origins = (f"device_action:{action['id']}",)
    return Wanted(f"{PREFIX}{action['id']}", verb, uri, data, form, secret, DEVICE_LANE, origins)


def _outcome(ctx: Context, action: Row, kind: Kind, row: CommandRow) -> _Outcome | None:
    """How the order ended, as far as it is known."""
    if row["state"] == queue.FAILED:
        return _refused(row)
    if row["state"] == queue.UNPROVEN:
        return _unproven(ctx, action, kind, row)
    return _taken(ctx, action, kind) if row["state"] == queue.DONE else None


def _taken(ctx: Context, action: Row, kind: Kind) -> _Outcome | None:
    """The device took the order: whether anything proves that it is done."""
    if action["accepted_in"] is None:
        action = ledger.ACTIONS.update(ctx.tx, action["id"], {"accepted_in": ctx.run.session.number})
    later = ctx.run.session.number > action["accepted_in"]
    match kind.proof:
        case "session":
            return _done("action.back", "The device took the order and is back.") if later else None
        case "gone":
            return _still_here(ctx, action) if later else None
        case "node":
            return _by_node(ctx, action, later=later)
        case _:
            return _elsewhere(ctx, action, later=later)


def _refused(row: CommandRow) -> _Outcome:
    text = f"The device answered {row['status']} to {row['verb']} {row['uri']}."
    native = str(row["native_error"] or "")
    code = int(native, 16) if native.startswith("0x") else 0x87D10000 + int(row["status"] or 0)
    return FAILED, Reason("action.refused", text, {"status": row["status"]}), code


def _unproven(ctx: Context, action: Row, kind: Kind, row: CommandRow) -> _Outcome | None:
    """Sent, and no Status came: whether it ran, by what can still be read."""
    ran: bool | None = None
    if kind.proof == "gone" or kind.name == kinds.COLLECT:
        ran = False  # a device that was reset has no certificate to come with; a collection is known by its id
    elif kind.name == kinds.ROTATE_BITLOCKER:
        told = ctx.fact(kinds.ROTATION_REQUEST)
        ran = None if told is None else told == action["id"]
    elif kind.name == kinds.RESET:
        told = ctx.fact(kinds.REDEPLOY_STATUS)
        if told == "1" and ledger.done_before(ctx.tx, action):
            return _unknown()  # an earlier reset left the same word
        ran = None if told is None else told not in {ABSENT, "0"}
    elif kind.name == kinds.ROTATE_LAPS:
        ran = _escrowed_since(ctx, action) or (False if ctx.fact(kinds.LAPS_STATUS) is not None else None)
    else:
        return _unknown()
    if ran is None:
        return None
    ctx.queue.proven(row, ran=ran)
    if not ran:
        return None
    taken = ledger.ACTIONS.update(ctx.tx, action["id"], {"accepted_in": ctx.run.session.number - 1})
    return _taken(ctx, taken, kind)


def _unknown() -> _Outcome:
    text = "The device was told and its answer was lost: whether it obeyed cannot be known; it is not told twice."
    return FAILED, Reason("action.unproven", text), None


def _still_here(ctx: Context, action: Row) -> _Outcome | None:
    """A device that was reset cannot come with its old certificate; it has a day to go."""
    issued = action["issued_at"]
    if issued is None or ctx.tx.now - issued < _RESETTING:
        return None
    text = "The device took the order to reset itself, and a day later still comes with its old certificate."
    return FAILED, Reason("action.still_here", text), None


def _by_node(ctx: Context, action: Row, *, later: bool) -> _Outcome | None:
    match action["kind"]:
        case kinds.RENAME:
            wanted = str(action["parameters"]["name"])
            if (ctx.fact(kinds.NAME) or "").casefold() == wanted.casefold():
                return _done("action.renamed", f"The device's name is {wanted}.")
        case kinds.RESET if later:
            return _redeployed(ctx)
        case kinds.ROTATE_BITLOCKER:
            told = ctx.fact(kinds.ROTATION_STATUS)
            if ctx.fact(kinds.ROTATION_REQUEST) == action["id"] and told not in {None, ABSENT, "1", "2"}:
                return _judged(
                    str(told), "action.keys_rotated", "The recovery key was changed and is in the directory."
                )
    return None


def _redeployed(ctx: Context) -> _Outcome | None:
    told = ctx.fact(kinds.REDEPLOY_STATUS)
    if told == "1":
        return _done("action.redeployed", "The device was reset; join, enrollment, Wi-Fi and region are kept.")
    if told in {"30", "40", "50"}:
        error = ctx.fact(kinds.REDEPLOY_ERROR) or "0"
        why = {
            "30": "it failed when it was ordered",
            "40": "the power does not suffice",
            "50": "the reset itself failed",
        }
        code = int(error) if error.lstrip("-").isdigit() else 0
        return FAILED, Reason("action.not_redeployed", f"The device was not reset: {why[told]}."), code
    return None


def _elsewhere(ctx: Context, action: Row, *, later: bool) -> _Outcome | None:
    """What another door proves is looked up here too; what the device says of a failure counts at once."""
    if action["kind"] == kinds.ROTATE_LAPS:
        if _escrowed_since(ctx, action):
            return _done("action.password_changed", "A new password of the local administrator is in the directory.")
        told = ctx.fact(kinds.LAPS_STATUS)
        if told not in {None, ABSENT, "0"}:
            return _judged(str(told), "", "")
    if action["kind"] == kinds.COLLECT and later:
        found = read_results(ctx.fact(kinds.ARCHIVE_RESULTS) or "")
        if found is not None and found[0] == action["id"] and found[1]:
            return FAILED, Reason("action.not_uploaded", f"The archive was not uploaded: 0x{found[1]:08X}."), found[1]
    return None


def _escrowed_since(ctx: Context, action: Row) -> bool:
    issued = action["issued_at"]
    latest = join.local_credential(ctx.tx, ctx.device["device_id"]) if ctx.device is not None else None
    return issued is not None and latest is not None and latest["backed_up_at"] >= issued


def _judged(told: str, code: str, text: str) -> _Outcome:
    """A status node of 0 is success, anything else an HRESULT."""
    number = int(told) if told.lstrip("-").isdigit() else 0x80004005
    if number == 0:
        return _done(code, text)
    hresult = number & 0xFFFFFFFF
    return FAILED, Reason("action.device_failed", f"The device reports 0x{hresult:08X}."), hresult


def _done(code: str, text: str) -> _Outcome:
    return DONE, Reason(code, text), None


def _end(ctx: Context, action: Row, kind: Kind, row: CommandRow, outcome: _Outcome) -> None:
    state, why, error = outcome
    ctx.queue.drop(row)
    ledger.move(ctx.tx, action, state, why, error=error)
    if kind.alone and state == DONE:
        enrollment.update_inventory(ctx.tx, ctx.managed["id"], {"management_state": "managed"})
    elif kind.alone:
        orders.stays(ctx.tx, ctx.managed["id"], kind.name)
    if state == DONE and kind.name == kinds.RENAME:
        _rename(ctx, str(action["parameters"]["name"]))
    if state == DONE and kind.afresh:
        _deliver_afresh(ctx, with_page=kind.asks_page)


def _rename(ctx: Context, name: str) -> None:
    """Both objects bear the name that the device reports (the managed device follows the directory's)."""
    if ctx.device is not None:
        directory.update_device(ctx.tx, ctx.device["id"], {"display_name": name})
    enrollment.update_inventory(ctx.tx, ctx.managed["id"], {"device_name": name})


def _deliver_afresh(ctx: Context, *, with_page: bool) -> None:
    """The device came back without what it had: everything is delivered again, behind a page where it shows one.

    After an Autopilot Reset the page tracks the required apps as at the first deployment (P-17). The report gets no
    second row, for there was no second enrollment (01 section 7.5), and whoever signs in next is the primary user.
    """
    for row in list(ctx.queue.rows.values()):
        if not is_order(row):
            ctx.queue.drop(row)
    ctx.run.facts.clear()
    if not with_page:
        return
    ctx.run.esp = {"after_reset": True}
    enrollment.set_primary_user(ctx.tx, ctx.managed["id"], None)
    page.begin(ctx)
