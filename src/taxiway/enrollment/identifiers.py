"""Corporate device identifiers: hardware that counts as the company's however it enrolls (02 section 3.5).

An enrolling PC does not tell its serial number: it is known by the first session. Whatever bears an identifier that was
imported is company-owned from then on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.entities import DEVICE_IDENTIFIER
from taxiway.enrollment.errors import BadIdentifier
from taxiway.enrollment.managed import MANAGED, subject_of, update_inventory
from taxiway.kernel import Reason
from taxiway.store import Repository, Row, Runtime, Tx, eq, one_of

IDENTIFIERS = Repository(DEVICE_IDENTIFIER)
TYPES: Final = ("imei", "serialNumber", "manufacturerModelSerial")
PLATFORMS: Final = ("unknown", "ios", "android", "windows", "windowsMobile", "macOS", "visionOS", "tvOS")
_LONGEST: Final = 256
_PARTS: Final = 3
#: What is left of a manufacturer, model or serial number when they are compared.
_OTHER: Final = re.compile(r"[^0-9A-Z]")
_IMPORT: Final = "autopilot.import"
_AT_ONCE: Final = 100


async def import_identifiers(
    rt: Runtime,
    tenant: str,
    rows: Sequence[Mapping[str, Any]],
    *,
    overwrite: bool,
    principal: Principal,
    correlation: str,
) -> list[tuple[Row, bool]]:
    """Import identifiers in slices; each with whether it was taken. One that is known stays unless ``overwrite``."""
    read = [_read(row) for row in rows]  # all are well formed, or none is imported
    actor = f"{principal.kind}:{principal.id}"
    found: list[tuple[Row, bool]] = []
    for at in range(0, len(read), _AT_ONCE):
        part = read[at : at + _AT_ONCE]
        found += await rt.store.write(
            tenant,
            lambda tx, some=part: _import(tx, some, overwrite=overwrite, principal=principal),  # type: ignore[misc]
            actor=actor,
            correlation=correlation,
        )
    return found


def search_identifiers(tx: Tx, rows: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Those of the identifiers that were imported before."""
    keys = list(dict.fromkeys(_read(row)["key"] for row in rows))
    found: dict[str, Row] = {}
    for at in range(0, len(keys), _AT_ONCE):
        found |= {row["key"]: row for row in IDENTIFIERS.select(tx, one_of("key", keys[at : at + _AT_ONCE]))}
    return [found[key] for key in keys if key in found]


def update_identifier(tx: Tx, row_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change the description or the platform."""
    directory.require(tx, principal, _IMPORT)
    values = {name: changes[name] for name in ("description", "platform") if name in changes}
    _check_platform(values.get("platform"))
    row = IDENTIFIERS.update(tx, row_id, {**values, "last_modified_at": tx.now})
    tx.log("identifier.updated", subject=f"identifier:{row_id}", what={"changed": sorted(values)})
    return row


def delete_identifier(tx: Tx, row_id: str, *, principal: Principal) -> None:
    """Forget an identifier; the devices that it made the company's stay so."""
    directory.require(tx, principal, _IMPORT)
    row = IDENTIFIERS.require(tx, row_id)
    IDENTIFIERS.delete(tx, row_id)
    tx.log("identifier.deleted", subject=f"identifier:{row_id}", what={"identifier": row["imported_device_identifier"]})


def recognise(tx: Tx, managed_id: str) -> None:
    """A managed device told what hardware it is: where an identifier names it, it is the company's."""
    managed = MANAGED.get(tx, managed_id)
    if managed is None or not managed["serial_number"]:
        return
    parts = (managed["manufacturer"] or "", managed["model"] or "", managed["serial_number"])
    label = ",".join(part.replace(",", "") for part in parts)
    keys = [_key("serialNumber", managed["serial_number"]), _key("manufacturerModelSerial", label)]
    row = next(iter(IDENTIFIERS.select(tx, one_of("key", keys))), None)
    if row is None:
        return
    IDENTIFIERS.update(tx, row["id"], {"enrollment_state": "enrolled", "last_contacted_at": tx.now})
    if managed["ownership"] == "company":
        return
    update_inventory(tx, managed_id, {"ownership": "company", "owner_type": "company"})
    device = directory.find_device(tx, device_id=managed["azure_ad_device_id"] or "")
    if device is not None:
        directory.update_device(tx, device["id"], {"device_ownership": "Company"})
    text = f"The corporate device identifier '{row['imported_device_identifier']}' names this hardware."
    why = [Reason("ownership.identifier", text, {"identifier": row["id"]})]
    what = {"managed_device": managed_id, "ownership": "company"}
    tx.log("managed_device.ownership", subject=subject_of(tx, managed_id), what=what, why=why)


# ---------------------------------------------------------------------------------------------- inside


def _import(
    tx: Tx, rows: Sequence[Mapping[str, Any]], *, overwrite: bool, principal: Principal
) -> list[tuple[Row, bool]]:
    directory.require(tx, principal, _IMPORT)
    return [_import_one(tx, row, overwrite=overwrite) for row in rows]


def _import_one(tx: Tx, values: Mapping[str, Any], *, overwrite: bool) -> tuple[Row, bool]:
    known = IDENTIFIERS.find(tx, eq("key", values["key"]))
    if known is not None and not overwrite:
        return known, False
    if known is not None:
        told = {name: values[name] for name in ("description", "platform")}
        row = IDENTIFIERS.update(tx, known["id"], {**told, "last_modified_at": tx.now})
    else:
        row = IDENTIFIERS.insert(tx, {**values, "created_at": tx.now, "last_modified_at": tx.now})
    what = {"identifier": row["imported_device_identifier"], "type": row["imported_device_identity_type"]}
    tx.log("identifier.imported", subject=f"identifier:{row['id']}", what=what)
    for managed in MANAGED.select(tx, eq("serial_number", values["imported_device_identifier"].rpartition(",")[2])):
        recognise(tx, managed["id"])
    return IDENTIFIERS.require(tx, row["id"]), True


def _read(row: Mapping[str, Any]) -> dict[str, Any]:
    kind, text = row.get("imported_device_identity_type"), row.get("imported_device_identifier")
    if kind not in TYPES:
        raise BadIdentifier(f"'{str(kind)[:50]}' is no type of identifier: {', '.join(TYPES)}.")
    if not isinstance(text, str) or not text.strip() or len(text) > _LONGEST:
        raise BadIdentifier(f"An identifier is a text of at most {_LONGEST} characters.")
    stored = _reduced(text) if kind == "manufacturerModelSerial" else text.strip()
    if kind == "manufacturerModelSerial" and (stored.count(",") != _PARTS - 1 or not all(stored.split(","))):
        raise BadIdentifier(f"'{text}' is not manufacturer, model and serial number with commas between them.")
    platform = row.get("platform") or ("windows" if kind == "manufacturerModelSerial" else "unknown")
    _check_platform(platform)
    return {
        "key": _key(kind, stored),
        "imported_device_identifier": stored,
        "imported_device_identity_type": kind,
        "description": row.get("description") or "",
        "platform": platform,
    }


def _check_platform(platform: str | None) -> None:
    if platform is not None and platform not in PLATFORMS:
        raise BadIdentifier(f"'{platform[:50]}' is no platform: {', '.join(PLATFORMS)}.")


def _key(kind: str, text: str) -> str:
    """What two spellings of one identifier have in common."""
    return f"{kind}:{_reduced(text) if kind == 'manufacturerModelSerial' else text.strip().upper()}"


def _reduced(text: str) -> str:
    return ",".join(_OTHER.sub("", part.upper()) for part in text.split(","))
