"""Registering hardware: what each row of an import becomes (01 section 4; 06 sections 1.8 and 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import choice, findings, hardware, projection
from taxiway.autopilot.entities import DEVICES, HARDWARE, IMPORTS, NOT_ASSIGNED
from taxiway.autopilot.rows import Entry, ImportRow, Refusal, coded, described, serial_of
from taxiway.directory import Anchor, Principal
from taxiway.kernel import Reason
from taxiway.store import Row, Tx, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire import ztd
from taxiway.wire.ztd import FactDigests

_TEXT_LIMIT: Final = 512


@dataclass(frozen=True, slots=True)
class Registered:
    """A row that is a registration now, and what somebody has to know of it."""

    ztdid: str
    findings: tuple[Reason, ...]


def register_rows(tx: Tx, entries: Sequence[Entry], *, principal: Principal) -> list[Row]:
    """Register some rows, each for itself; the import rows with their states, in the order given."""
    directory.require(tx, principal, "autopilot.import")
    outcomes = _admitted(tx, entries)
    accepted = [number for number, outcome in enumerate(outcomes) if outcome is None]
    for number, new in zip(accepted, _register(tx, [entries[number] for number in accepted]), strict=True):
        outcomes[number] = new
    imported = IMPORTS.insert_all(tx, [_imported(entry, how) for entry, how in zip(entries, outcomes, strict=True)])
    for entry, outcome, made in zip(entries, outcomes, imported, strict=True):
        if isinstance(outcome, Refusal):
            what = {
                "serial": made["serial_number"],
                "line": entry.row.line,
                "error": outcome.name,
                "code": outcome.code,
            }
            why = [Reason(outcome.name, outcome.text)]
            tx.log("import.refused", subject=f"import:{made['id']}", what=what, why=why)
    rows = [(row["id"], row["state"]["deviceRegistrationId"], row["serial_number"]) for row in imported]
    tx.announce("autopilot.imported", rows=[row for row in rows if row[1]])
    return [IMPORTS.require(tx, row["id"]) for row in imported]


# ---------------------------------------------------------------------------------------------- inside

_Outcome = Refusal | Registered | None


def _admitted(tx: Tx, entries: Sequence[Entry]) -> list[_Outcome]:
    """Why each row may not be registered, or None; the hardware of the others is claimed for this tenant."""
    domains = frozenset(directory.get_tenant(tx)["domains"])
    known = hardware.candidates(tx, [entry.facts for entry in entries if entry.facts is not None])
    outcomes: list[_Outcome] = [entry.refusal or _check(entry.row, domains) for entry in entries]
    for number, entry in enumerate(entries):
        facts = entry.facts
        if outcomes[number] is None and facts and any(hardware.alike(old, facts) for _, old in known):
            outcomes[number] = coded(ztd.ALREADY_ASSIGNED, "The device is already registered to the same tenant.")
    free = {number: entry.facts for number, entry in enumerate(entries) if outcomes[number] is None}
    devices = {number: facts for number, facts in free.items() if facts}
    for number in {*_known_elsewhere(tx, devices), *_held_elsewhere(tx, devices)}:
        outcomes[number] = coded(ztd.OTHER_TENANT, "The device is registered in a different tenant.")
    return outcomes


def _known_elsewhere(tx: Tx, devices: Mapping[int, FactDigests]) -> list[int]:
    """Those that another tenant has by their product key alone."""
    keys = {number: f"product_key:{facts.product_key_id}" for number, facts in devices.items() if facts.product_key_id}
    held = router.holders(tx, "hardware", sorted(set(keys.values()))) if keys else {}
    return [number for number, key in keys.items() if held.get(key, tx.tenant) != tx.tenant]


def _held_elsewhere(tx: Tx, devices: Mapping[int, FactDigests]) -> list[int]:
    """Claim the hardware of all these devices at once, or one by one when another tenant holds some of it."""
    claims = {number: hardware.claims(facts) for number, facts in devices.items()}
    try:
        router.claim_all(tx, "hardware", sorted({key for keys in claims.values() for key in keys}))
    except ClaimedElsewhere:
        refused = []
        for number, keys in claims.items():
            try:
                router.claim_all(tx, "hardware", keys)
            except ClaimedElsewhere:
                refused.append(number)
        return refused
    return []


def _register(tx: Tx, entries: Sequence[Entry]) -> list[Registered]:
    """Make device objects, records and profile choices of hardware that was admitted; the registrations, in order."""
    ids = [tx.entropy.uuid() for _ in entries]
    anchors = [
        Anchor(ztdid, directory.tagged_ids(ztdid, entry.row.group_tag), serial_of(entry))
        for ztdid, entry in zip(ids, entries, strict=True)
    ]
    users = findings.AssignedUsers(tx)
    records, facts, made = [], [], []
    for entry, device in zip(entries, directory.create_anchors(tx, anchors), strict=True):
        decision = choice.decide(tx, device["id"])
        user, why = users.find(entry.row.assigned_user_principal_name)
        records.append(_record(tx, entry, device, user) | projection.assigned_values(tx, decision))
        facts.append(_facts(device["ztdid"], entry))
        made.append(Registered(device["ztdid"], why))
        _log_registered(tx, records[-1], entry.row.line, why)
        if decision.value is not None:
            projection.log_assigned(tx, device["ztdid"], decision, before=NOT_ASSIGNED)
    DEVICES.add_all(tx, records)
    HARDWARE.add_all(tx, facts)
    return made


def _record(tx: Tx, entry: Entry, device: Row, user: Row | None) -> Row:
    return {
        "id": device["ztdid"],
        "serial_number": serial_of(entry),
        "group_tag": entry.row.group_tag,
        "product_key": entry.row.product_key,
        **described(entry),
        "user_principal_name": entry.row.assigned_user_principal_name,
        "addressable_user_name": "" if user is None else user["display_name"],
        "azure_active_directory_device_id": device["device_id"],
        "azure_ad_device_id": device["device_id"],
        "device_object_id": device["id"],
        "registered_at": tx.now,
    }


def _facts(ztdid: str, entry: Entry) -> Row:
    """What the device will be recognised by; every row that is admitted has facts."""
    said = {}
    if entry.hardware is not None:
        said = hardware.declared(entry.row.serial_number, entry.row.product_key, entry.hardware)
    return hardware.kept(ztdid, entry.facts or FactDigests(), said)


def _imported(entry: Entry, outcome: _Outcome) -> Row:
    if isinstance(outcome, Registered):
        state = _state("complete", outcome.ztdid, 0, "")
    else:
        refusal = outcome or coded(ztd.INVALID_BODY, "")
        state = _state("error", "", refusal.code, refusal.name)
    row = entry.row
    return {
        "serial_number": _kept_text(serial_of(entry)),
        "product_key": _kept_text(row.product_key),
        "group_tag": _kept_text(row.group_tag),
        "assigned_user_principal_name": _kept_text(row.assigned_user_principal_name),
        "import_id": _kept_text(row.import_id),
        "state": state,
        "findings": [findings.shown(each) for each in outcome.findings] if isinstance(outcome, Registered) else [],
        "device_import_status": state["deviceImportStatus"],
    }


def _log_registered(tx: Tx, record: Row, line: int | None, why: Sequence[Reason]) -> None:
    what = {
        "serial": record["serial_number"],
        "model": record["model"],
        "group_tag": record["group_tag"],
        "device": record["device_object_id"],
        "upn": record["user_principal_name"],
        "line": line,
    }
    tx.log("autopilot.registered", subject=f"autopilot:{record['id']}", what=what, why=why)


def _check(row: ImportRow, domains: Collection[str]) -> Refusal | None:
    upn = row.assigned_user_principal_name
    if upn:
        local, _, domain = upn.rpartition("@")
        if not local or domain.lower() not in domains:
            return coded(ztd.INVALID_BODY, f"The domain of the assigned user '{upn}' is no domain of this tenant.")
    texts = (row.serial_number, row.product_key, row.group_tag, upn, row.import_id, row.manufacturer, row.model)
    if any(len(text) > _TEXT_LIMIT or not text.isprintable() for text in texts):
        return coded(ztd.INVALID_BODY, f"A field has more than {_TEXT_LIMIT} characters or a control character.")
    return None


def _kept_text(text: str) -> str:
    """A text as it can be stored and shown, whatever was sent."""
    return "".join(char if char.isprintable() else "?" for char in text[:_TEXT_LIMIT])


def _state(status: str, ztdid: str, code: int, name: str) -> Mapping[str, Any]:
    return {
        "deviceImportStatus": status,
        "deviceRegistrationId": ztdid,
        "deviceErrorCode": code,
        "deviceErrorName": name,
    }
