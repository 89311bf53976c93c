"""Registering hardware: what each row of an import becomes (01 section 4; 06 sections 1.8 and 2.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import choice, hardware, projection
from taxiway.autopilot.entities import DEVICES, IMPORTS
from taxiway.directory import Principal
from taxiway.kernel import Reason
from taxiway.store import Row, Tx, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire import registration_csv, ztd
from taxiway.wire.hardware_hash import HardwareHash, InvalidHardwareHash, decode_base64
from taxiway.wire.ztd import FactDigests

#: The results that have a name and no known number.
UNNUMBERED: Final = 0
_TAG_LIMIT: Final = 512


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
    domains = frozenset(directory.get_tenant(tx)["domains"])
    facts = [entry.facts for entry in entries if entry.facts is not None and entry.refusal is None]
    known = hardware.candidates(tx, facts)
    return [_import(tx, entry, known, domains) for entry in entries]


# ---------------------------------------------------------------------------------------------- inside


def _import(tx: Tx, entry: Entry, known: Sequence[tuple[str, FactDigests]], domains: Collection[str]) -> Row:
    outcome = entry.refusal or _register(tx, entry, known, domains)
    row = entry.row
    if isinstance(outcome, Refusal):
        state = _state("error", "", outcome.code, outcome.name)
        what = {"serial": _serial(entry), "line": row.line, "error": outcome.name, "code": outcome.code}
        why = [Reason(outcome.name, outcome.text)]
    else:
        state = _state("complete", outcome, 0, "")
    values = {
        "serial_number": _serial(entry),
        "product_key": row.product_key,
        "group_tag": row.group_tag,
        "assigned_user_principal_name": row.assigned_user_principal_name,
        "import_id": row.import_id,
        "state": state,
        "device_import_status": state["deviceImportStatus"],
    }
    imported = IMPORTS.insert(tx, values)
    if isinstance(outcome, Refusal):
        tx.log("import.refused", subject=f"import:{imported['id']}", what=what, why=why)
    return imported


def _register(
    tx: Tx, entry: Entry, known: Sequence[tuple[str, FactDigests]], domains: Collection[str]
) -> str | Refusal:
    """Make the registration; its ZTDID, or why not."""
    row, facts, decoded = entry.row, entry.facts, entry.hardware
    if facts is None or decoded is None:
        return Refusal(ztd.INVALID_HARDWARE_HASH, ztd.CODE_NAMES[ztd.INVALID_HARDWARE_HASH], "The row has no hash.")
    refusal = _check(row, domains)
    if refusal is not None:
        return refusal
    if any(hardware.compare(kept, facts).same for _, kept in known):
        return _coded(ztd.ALREADY_ASSIGNED, "The device is already registered to the same tenant.")
    try:
        router.claim_all(tx, "hardware", hardware.claims(facts))
    except ClaimedElsewhere:
        return _coded(ztd.OTHER_TENANT, "The device is registered in a different tenant.")
    ztdid = tx.entropy.uuid()
    serial = _serial(entry)
    device = directory.create_anchor(
        tx, ztdid=ztdid, physical_ids=directory.tagged_ids(ztdid, row.group_tag), display_name=serial
    )
    decision = choice.decide(tx, device)
    user = directory.find_user(tx, row.assigned_user_principal_name) if row.assigned_user_principal_name else None
    record = DEVICES.insert(
        tx,
        {
            "id": ztdid,
            "serial_number": serial,
            "group_tag": row.group_tag,
            "product_key": row.product_key,
            **_described(decoded),
            "user_principal_name": row.assigned_user_principal_name,
            "addressable_user_name": "" if user is None else user["display_name"],
            "azure_active_directory_device_id": device["device_id"],
            "azure_ad_device_id": device["device_id"],
            "registered_at": tx.now,
            **projection.assigned_values(tx, decision),
        },
    )
    hardware.keep(tx, ztdid, facts, hardware.declared(row.serial_number, row.product_key, decoded))
    _log(tx, record, device, row, user)
    if decision.value is not None:
        before = {**record, "deployment_profile_assignment_status": "notAssigned"}
        projection.log_assigned(tx, before, decision)
    return ztdid


def _log(tx: Tx, record: Row, device: Row, row: ImportRow, user: Row | None) -> None:
    what = {
        "serial": record["serial_number"],
        "model": record["model"],
        "group_tag": record["group_tag"],
        "device": device["id"],
        "upn": record["user_principal_name"],
        "line": row.line,
    }
    why = []
    if record["user_principal_name"] and user is None:
        text = f"There is no user '{record['user_principal_name']}': nobody can sign in until the user is unassigned."
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
    if any(len(text) > _TAG_LIMIT or not text.isprintable() for text in texts):
        return _coded(ztd.INVALID_BODY, f"A field has more than {_TAG_LIMIT} characters or a control character.")
    return None


def _described(decoded: HardwareHash) -> dict[str, str]:
    return {
        "manufacturer": decoded.manufacturer or "",
        "model": decoded.product or "",
        "system_family": decoded.family or "",
        "sku_number": decoded.sku or "",
    }


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
