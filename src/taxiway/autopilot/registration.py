"""Registering hardware: what each row of an import becomes (01 section 4; 06 sections 1.8 and 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import choice, hardware, projection
from taxiway.autopilot.entities import DEVICES, HARDWARE, IMPORTS, NOT_ASSIGNED
from taxiway.directory import Anchor, Principal
from taxiway.kernel import Reason
from taxiway.store import Row, Tx, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire import registration_csv, ztd
from taxiway.wire.hardware_hash import HardwareHash, InvalidHardwareHash, decode_base64
from taxiway.wire.ztd import FactDigests

#: The results that have a name and no known number.
UNNUMBERED: Final = 0
_TEXT_LIMIT: Final = 512


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One device to register. ``line``: where it stands in its file; ``decoded``: its hash, where already read."""

    serial_number: str = ""
    product_key: str = ""
    hardware_identifier: str = ""
    group_tag: str = ""
    assigned_user_principal_name: str = ""
    import_id: str = ""
    line: int | None = None
    decoded: HardwareHash | None = None

    @classmethod
    def of(cls, row: registration_csv.Row, import_id: str = "") -> ImportRow:
        """A row of a CSV file."""
        return cls(
            serial_number=row.serial,
            product_key=row.product_id,
            hardware_identifier=row.hardware_hash,
            group_tag=row.group_tag,
            assigned_user_principal_name=row.assigned_user,
            import_id=import_id,
            line=row.line,
            decoded=row.hardware,
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a row was not registered (06 section 2.4)."""

    code: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row with what its hash says, or why it has no chance."""

    row: ImportRow
    hardware: HardwareHash | None = None
    facts: FactDigests | None = None
    refusal: Refusal | None = None


def read_rows(rows: Sequence[ImportRow]) -> list[Entry]:
    """Decode the hashes; slow, so it runs in a worker."""
    return [_read(row) for row in rows]


def without_duplicates(entries: Sequence[Entry]) -> list[Entry]:
    """Refuse each device that the batch holds once already (01 R-28)."""
    seen: dict[str, list[FactDigests]] = {}
    kept = []
    for entry in entries:
        if entry.facts is None:
            kept.append(entry)
            continue
        keys = hardware.claims(entry.facts)
        twins = [other for key in keys for other in seen.get(key, ()) if hardware.compare(other, entry.facts).same]
        if twins:
            kept.append(replace(entry, refusal=_named(ztd.DUPLICATED, "The batch holds this device already.")))
            continue
        for key in keys:
            seen.setdefault(key, []).append(entry.facts)
        kept.append(entry)
    return kept


def register_rows(tx: Tx, entries: Sequence[Entry], *, principal: Principal) -> list[Row]:
    """Register some rows, each for itself; the import rows with their states, in the order given."""
    directory.require(tx, principal, "autopilot.import")
    outcomes = _admitted(tx, entries)
    accepted = [number for number, outcome in enumerate(outcomes) if outcome is None]
    for number, ztdid in zip(accepted, _register(tx, [entries[number] for number in accepted]), strict=True):
        outcomes[number] = ztdid
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
    return imported


# ---------------------------------------------------------------------------------------------- inside


def _admitted(tx: Tx, entries: Sequence[Entry]) -> list[Refusal | str | None]:
    """Why each row may not be registered, or None; the hardware of the others is claimed for this tenant."""
    domains = frozenset(directory.get_tenant(tx)["domains"])
    known = hardware.candidates(tx, [entry.facts for entry in entries if entry.facts is not None])
    outcomes: list[Refusal | str | None] = [entry.refusal or _check(entry.row, domains) for entry in entries]
    for number, entry in enumerate(entries):
        facts = entry.facts
        if outcomes[number] is None and facts and any(hardware.compare(old, facts).same for _, old in known):
            outcomes[number] = _coded(ztd.ALREADY_ASSIGNED, "The device is already registered to the same tenant.")
    free = {number: entry.facts for number, entry in enumerate(entries) if outcomes[number] is None}
    for number in _held_elsewhere(tx, {number: facts for number, facts in free.items() if facts}):
        outcomes[number] = _coded(ztd.OTHER_TENANT, "The device is registered in a different tenant.")
    return outcomes


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


def _register(tx: Tx, entries: Sequence[Entry]) -> list[str]:
    """Make device objects, records and profile choices of hardware that was admitted; the new ZTDIDs, in order."""
    ids = [tx.entropy.uuid() for _ in entries]
    anchors = [
        Anchor(ztdid, directory.tagged_ids(ztdid, entry.row.group_tag), _serial(entry))
        for ztdid, entry in zip(ids, entries, strict=True)
    ]
    records, facts = [], []
    for entry, device in zip(entries, directory.create_anchors(tx, anchors), strict=True):
        decision = choice.decide(tx, device["id"])
        upn = entry.row.assigned_user_principal_name
        user = directory.find_user(tx, upn) if upn else None
        records.append(_record(tx, entry, device, user) | projection.assigned_values(tx, decision))
        facts.append(_facts(device["ztdid"], entry))
        _log_registered(tx, records[-1], entry.row.line, user_known=user is not None)
        if decision.value is not None:
            projection.log_assigned(tx, device["ztdid"], decision, before=NOT_ASSIGNED)
    DEVICES.insert_all(tx, records)
    HARDWARE.insert_all(tx, facts)
    return ids


def _record(tx: Tx, entry: Entry, device: Row, user: Row | None) -> Row:
    return {
        "id": device["ztdid"],
        "serial_number": _serial(entry),
        "group_tag": entry.row.group_tag,
        "product_key": entry.row.product_key,
        **_described(entry.hardware),
        "user_principal_name": entry.row.assigned_user_principal_name,
        "addressable_user_name": "" if user is None else user["display_name"],
        "azure_active_directory_device_id": device["device_id"],
        "azure_ad_device_id": device["device_id"],
        "device_object_id": device["id"],
        "registered_at": tx.now,
    }


def _facts(ztdid: str, entry: Entry) -> Row:
    """What the device will be recognised by; every row that is admitted has a hash."""
    facts, decoded = entry.facts or FactDigests(), entry.hardware or HardwareHash()
    return hardware.kept(ztdid, facts, hardware.declared(entry.row.serial_number, entry.row.product_key, decoded))


def _imported(entry: Entry, outcome: Refusal | str | None) -> Row:
    if isinstance(outcome, Refusal):
        state = _state("error", "", outcome.code, outcome.name)
    else:
        state = _state("complete", outcome or "", 0, "")
    row = entry.row
    return {
        "serial_number": _kept_text(_serial(entry)),
        "product_key": _kept_text(row.product_key),
        "group_tag": _kept_text(row.group_tag),
        "assigned_user_principal_name": _kept_text(row.assigned_user_principal_name),
        "import_id": _kept_text(row.import_id),
        "state": state,
        "device_import_status": state["deviceImportStatus"],
    }


def _log_registered(tx: Tx, record: Row, line: int | None, *, user_known: bool) -> None:
    upn = record["user_principal_name"]
    what = {
        "serial": record["serial_number"],
        "model": record["model"],
        "group_tag": record["group_tag"],
        "device": record["device_object_id"],
        "upn": upn,
        "line": line,
    }
    why = []
    if upn and not user_known:
        text = f"There is no user '{upn}': nobody can sign in on this device until the user is unassigned."
        why.append(Reason("assigned_user.unknown", text))
    tx.log("autopilot.registered", subject=f"autopilot:{record['id']}", what=what, why=why)


def _read(row: ImportRow) -> Entry:
    if row.decoded is None and not row.hardware_identifier.strip():
        if not row.serial_number.strip() and not row.product_key.strip():
            text = "The row has no hardware hash, no serial number and no product key."
            return Entry(row, refusal=_coded(ztd.MISSING_SERIAL_AND_KEY, text))
        text = "No hardware is known for this serial number or product key; a hardware hash is needed."
        return Entry(row, refusal=_named(ztd.NOT_FOUND, text))
    try:
        decoded = row.decoded or decode_base64(row.hardware_identifier.strip(), repair=True)
    except InvalidHardwareHash as error:
        text = f"{error.message[:1].upper()}{error.message[1:]}."
        return Entry(row, refusal=_coded(ztd.INVALID_HARDWARE_HASH, text))
    facts = hardware.facts_of(decoded)
    if not hardware.strong(facts):
        text = "The hash names neither a TPM key, nor a board, nor a serial number of its own."
        return Entry(row, refusal=_coded(ztd.INVALID_HARDWARE_HASH, text))
    return Entry(row, decoded, facts)


def _check(row: ImportRow, domains: Collection[str]) -> Refusal | None:
    upn = row.assigned_user_principal_name
    if upn:
        local, _, domain = upn.rpartition("@")
        if not local or domain.lower() not in domains:
            return _coded(ztd.INVALID_BODY, f"The domain of the assigned user '{upn}' is no domain of this tenant.")
    texts = (row.serial_number, row.product_key, row.group_tag, upn, row.import_id)
    if any(len(text) > _TEXT_LIMIT or not text.isprintable() for text in texts):
        return _coded(ztd.INVALID_BODY, f"A field has more than {_TEXT_LIMIT} characters or a control character.")
    return None


def _described(decoded: HardwareHash | None) -> dict[str, str]:
    if decoded is None:
        return {}
    return {
        "manufacturer": decoded.manufacturer or "",
        "model": decoded.product or "",
        "system_family": decoded.family or "",
        "sku_number": decoded.sku or "",
    }


def _kept_text(text: str) -> str:
    """A text as it can be stored and shown, whatever was sent."""
    return "".join(char if char.isprintable() else "?" for char in text[:_TEXT_LIMIT])


def _serial(entry: Entry) -> str:
    known = "" if entry.hardware is None else entry.hardware.serial or ""
    return entry.row.serial_number.strip() or known.strip()


def _coded(code: int, text: str) -> Refusal:
    return Refusal(code, ztd.CODE_NAMES[code], text)


def _named(name: str, text: str) -> Refusal:
    return Refusal(UNNUMBERED, name, text)


def _state(status: str, ztdid: str, code: int, name: str) -> Mapping[str, Any]:
    return {
        "deviceImportStatus": status,
        "deviceRegistrationId": ztdid,
        "deviceErrorCode": code,
        "deviceErrorName": name,
    }
