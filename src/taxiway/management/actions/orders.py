"""What an administrator has a device do once: an order in the book, carried out in its next session (02 section 7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from taxiway import autopilot, enrollment
from taxiway.directory import Principal, require
from taxiway.enrollment import MANAGED
from taxiway.kernel import NotImplementedHere, Reason
from taxiway.management.actions import kinds, ledger, retirement
from taxiway.management.actions.entities import CANCELED, DONE, FAILED, OPEN
from taxiway.management.actions.kinds import KINDS
from taxiway.management.errors import BadPolicy
from taxiway.store import Compare, Row, Tx, both, one_of
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name

#: Which action of ``directory/access`` each order needs.
_ACTION: Final = "management.devices."
#: How long the book keeps an order that has ended, and how many are forgotten in a round.
_KEPT: Final = timedelta(days=365)
_ENDED: Final = (DONE, FAILED, CANCELED)
_AT_ONCE: Final = 500
#: Kinds that leave nothing of a device to be told anything else.
_FINAL: Final = frozenset(name for name, kind in KINDS.items() if kind.alone)


def order_action(
    tx: Tx, managed_id: str, kind: str, parameters: Mapping[str, Any] | None = None, *, principal: Principal
) -> Row:
    """Order something of a device; repeatable while it has not ended. Collecting logs has a function of its own."""
    require(tx, principal, f"{_ACTION}{kind}", enrollment.object_of(tx, managed_id))
    managed = MANAGED.require(tx, managed_id)
    if kind in _FINAL:
        _only_one_reset(tx, managed, kind)
    if kind == kinds.RETIRE:
        return retirement.order(tx, managed, by=by(principal))
    parameters = dict(parameters or {})
    if kind == kinds.RENAME:
        parameters = _naming(tx, managed, str(parameters.get("name") or ""))
    if kind == kinds.PAUSE and not 0 <= int(parameters.get("minutes", -1)) <= kinds.LONGEST_PAUSE:
        raise BadPolicy(f"The refresh of settings is paused for 0 to {kinds.LONGEST_PAUSE} minutes.")
    action = ledger.enter(tx, managed, kind, by=by(principal), parameters=parameters)
    if kind in _FINAL:
        enrollment.update_inventory(tx, managed_id, {"management_state": "wipePending"})
        _mark_reset(tx, managed_id, kind, pending=True)
    return action


def stays(tx: Tx, managed_id: str, kind: str) -> None:
    """A reset failed: the device is what it was."""
    enrollment.update_inventory(tx, managed_id, {"management_state": "wipeFailed"})
    _mark_reset(tx, managed_id, kind, pending=False)


def wipe_kind(*, keep_enrollment: bool, keep_user: bool, protected: bool) -> tuple[str, dict[str, Any]]:
    """Which reset the members of Graph's ``wipe`` ask for (02 section 7; the mapping is ours where it is undocumented).

    Enrollment kept and nothing of the user: an Autopilot Reset. The user's data kept: the reset that keeps accounts,
    which keeps the enrollment. Neither: back to the start of OOBE, protected against a power cycle where that is asked.
    """
    if protected and (keep_enrollment or keep_user):
        raise BadPolicy("A protected wipe keeps neither the enrollment nor the user's data.")
    if keep_user:
        return kinds.WIPE_KEEPING, {}
    if keep_enrollment:
        return kinds.RESET, {}
    return kinds.WIPE, {"protected": True} if protected else {}


def by(principal: Principal) -> str:
    """How the book names who ordered something."""
    return principal.name or f"{principal.kind}:{principal.id}"


def follow_enrolled(tx: Tx, managed_id: str) -> None:
    """The same directory device enrolled anew: what was to take it there is done."""
    entra_id, _ = enrollment.links_of(tx, managed_id)
    for action in [] if entra_id is None else ledger.open_for(tx, entra_id):
        if action["managed_id"] == managed_id:
            continue
        if KINDS[action["kind"]].proof == "gone":
            ledger.move(tx, action, DONE, Reason("action.enrolled_again", "The device was reset and enrolled again."))
        else:
            _lose(tx, action)


def follow_removed(tx: Tx, managed_id: str) -> None:
    """The device is not managed any more: what was open will not be carried out, except a reset under way."""
    for action in ledger.open_of(tx, managed_id):
        if KINDS[action["kind"]].proof == "retirement":
            ledger.move(tx, action, DONE, Reason("action.left", "The device left management."))
        elif not (KINDS[action["kind"]].proof == "gone" and action["issued_at"] is not None):
            _lose(tx, action)


def expire_actions(tx: Tx) -> int:
    """Give up what nobody fetched or nothing proved in its time; how many that were."""
    late = both(one_of("state", OPEN), Compare("expires_at", "lt", tx.now))
    ended = 0
    for action in ledger.ACTIONS.select(tx, late):
        kind = KINDS[action["kind"]]
        if kind.proof == "retirement":
            continue  # has a time of its own
        ended += 1
        if kind.proof == "gone" and action["issued_at"] is not None:
            _fell_silent(tx, action)
            continue
        fetched = action["issued_at"] is not None
        text = (
            "The device took the order and never showed that it was done."
            if fetched
            else (f"The device did not come within {ledger.UNFETCHED.days} days.")
        )
        ledger.move(tx, action, FAILED, Reason("action.given_up", text))
        if kind.alone and MANAGED.get(tx, action["managed_id"]) is not None:
            stays(tx, action["managed_id"], kind.name)
    old = both(one_of("state", _ENDED), Compare("updated_at", "lt", tx.now - _KEPT))
    for action in ledger.ACTIONS.select(tx, old, limit=_AT_ONCE):
        ledger.ACTIONS.delete(tx, action["id"])
    return ended


# ---------------------------------------------------------------------------------------------- inside


def _naming(tx: Tx, managed: Row, wanted: str) -> dict[str, str]:
    """The name as it will be: macros are filled in once, so that the order said twice says the same."""
    template = _macros(wanted)
    try:
        name = parse_device_name(template).expand(managed["serial_number"] or "", tx.entropy.below)
    except InvalidDeviceName as error:
        raise BadPolicy(f"'{wanted}' is not a name for a device: {error.message}.") from error
    if managed["join_type"] == "hybridAzureADJoined":
        raise NotImplementedHere("Hybrid joined devices are not renamed here.")
    for other in ledger.open_of(tx, managed["id"]):
        if other["kind"] == kinds.RENAME and other["issued_at"] is None:
            ledger.move(tx, other, CANCELED, Reason("action.replaced", f"Another name was ordered: {name}."))
    return {"name": name}


def _macros(wanted: str) -> str:
    """Graph's ``{{SerialNumber}}`` and ``{{rand:x}}`` in the spelling of device names."""
    told = re.sub(r"\{\{serialnumber\}\}", "%SERIAL%", wanted, flags=re.IGNORECASE)
    return re.sub(r"\{\{rand:([0-9]{1,2})\}\}", r"%RAND:\1%", told, flags=re.IGNORECASE)


def _only_one_reset(tx: Tx, managed: Row, kind: str) -> None:
    other = next((each for each in ledger.open_of(tx, managed["id"]) if each["kind"] in _FINAL - {kind}), None)
    if other is not None:
        raise BadPolicy(f"The device is already to carry out '{other['kind']}'.")


def _mark_reset(tx: Tx, managed_id: str, kind: str, *, pending: bool) -> None:
    """The registration says that its device will come back sealed."""
    _, ztdid = enrollment.links_of(tx, managed_id)
    if ztdid is not None and kind in {kinds.WIPE, kinds.FRESH_START}:
        autopilot.mark_reset(tx, ztdid, pending=pending)


def _lose(tx: Tx, action: Row) -> None:
    text = "The device is not managed any more."
    ledger.move(tx, action, CANCELED, Reason("action.device_gone", text))


def _fell_silent(tx: Tx, action: Row) -> None:
    days = KINDS[action["kind"]].patience.days
    why = Reason("action.silent", f"The device took the order and has been silent for {days} days: it was reset.")
    ledger.move(tx, action, DONE, why)
    managed = MANAGED.get(tx, action["managed_id"])
    if managed is not None and (managed["last_sync_at"] or action["issued_at"]) <= action["issued_at"]:
        retirement.end(tx, managed["id"], why)
