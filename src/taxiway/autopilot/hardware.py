"""Recognising a device by its hardware facts, all of them digests (06 section 1.9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import msgspec
from msgspec.structs import replace

from taxiway.autopilot.entities import HARDWARE
from taxiway.store import Row, Tx, eq, one_of, router
from taxiway.wire.hardware_hash import HardwareHash
from taxiway.wire.ztd import PRODUCT_KEY_MISMATCH, FactDigests, digest_facts

#: At or above this score two sets of facts are one device.
THRESHOLD: Final = 80
SERIAL_MISMATCH: Final = "SerialNumberMismatch"
_EK, _UUID, _MODEL_SERIAL, _PRODUCT_KEY, _MAC, _DISK = 60, 40, 40, 30, 20, 10

#: Serial numbers that whole series of boards share because nobody set one.
_PLACEHOLDERS: Final = frozenset(
    {
        "to be filled by o.e.m.",
        "default string",
        "system serial number",
        "not specified",
        "not applicable",
        "none",
        "n/a",
        "invalid",
        "0",
        "0123456789",
        "123456789",
        "1234567890",
    }
)


@dataclass(frozen=True, slots=True)
class Likeness:
    """How much two sets of facts have in common; ``mismatch`` names what forbids to take them for one device."""

    score: int
    mismatch: str | None = None

    @property
    def same(self) -> bool:
        """Whether it is the same device."""
        return self.score >= THRESHOLD and self.mismatch is None


@dataclass(frozen=True, slots=True)
class Recognised:
    """The registration that a device's facts lead to."""

    ztdid: str
    score: int
    mismatch: str | None = None


def facts_of(hardware: HardwareHash) -> FactDigests:
    """The facts of a hash; a serial number that is no number recognises nobody."""
    identity = hardware.identity()
    if identity.serial.strip().lower() in _PLACEHOLDERS:
        identity = replace(identity, serial="")
    return digest_facts(identity)


def declared(serial: str, product_key: str, hardware: HardwareHash) -> dict[str, str]:
    """Digests of what the row claims against the hash: shown to the device as 908 (06 section 1.8)."""
    said = {}
    if serial.strip() and serial.strip() != (hardware.serial or "").strip():
        said["serial"] = digest_facts(replace(hardware.identity(), serial=serial)).serial
    if product_key.strip() and product_key.strip() != (hardware.product_key_id or "").strip():
        said["product_key_id"] = digest_facts(replace(hardware.identity(), product_key_id=product_key)).product_key_id
    return said


def strong(facts: FactDigests) -> dict[str, str]:
    """The facts without which no score reaches the threshold: the columns to look in, and their values."""
    found = {"ek": facts.ek, "smbios_uuid": facts.smbios_uuid}
    if facts.serial and facts.manufacturer and facts.product:
        joined = f"{facts.serial} {facts.manufacturer} {facts.product}"
        found["model_serial"] = hashlib.sha256(joined.encode()).hexdigest()
    return {name: value for name, value in found.items() if value}


def claims(facts: FactDigests) -> list[str]:
    """The router's keys for a device with these facts."""
    return [f"{name}:{value}" for name, value in strong(facts).items()]


def compare(known: FactDigests, seen: FactDigests) -> Likeness:
    """Score what is registered against what a device says of itself."""
    ek = _same(known.ek, seen.ek)
    score = _EK if ek else 0
    score += _UUID if _same(known.smbios_uuid, seen.smbios_uuid) else 0
    score += _MODEL_SERIAL if _same(_model_serial(known), _model_serial(seen)) else 0
    score += _PRODUCT_KEY if _same(known.product_key_id, seen.product_key_id) else 0
    score += _MAC if set(known.macs) & set(seen.macs) else 0
    score += _DISK if set(known.disk_serials) & set(seen.disk_serials) else 0
    if ek:
        return Likeness(score)
    # The board says it is the registered one, and a printed number says it is not: it has to be registered again.
    if _same(known.smbios_uuid, seen.smbios_uuid) and _differ(known.serial, seen.serial):
        return Likeness(score, SERIAL_MISMATCH)
    if score >= THRESHOLD and _differ(known.product_key_id, seen.product_key_id):
        return Likeness(score, PRODUCT_KEY_MISMATCH)
    return Likeness(score)


def recognise(tx: Tx, facts: FactDigests) -> Recognised | None:
    """The tenant's registration of this hardware: the best one, never two."""
    keys = strong(facts).items()
    rows = {row["id"]: row for name, value in keys for row in HARDWARE.select(tx, eq(name, value))}
    found = [_recognised(row, facts) for row in rows.values()]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: (one.mismatch is not None, -one.score, one.ztdid), default=None)


def candidates(tx: Tx, facts: Iterable[FactDigests]) -> list[tuple[str, FactDigests]]:
    """Every registration that shares a strong fact with one of these devices: one query for each kind of fact.

    One for all of them would have SQLite read every registration of the tenant.
    """
    wanted: dict[str, set[str]] = {}
    for one in facts:
        for name, value in strong(one).items():
            wanted.setdefault(name, set()).add(value)
    found = (row for name, values in wanted.items() for row in HARDWARE.select(tx, one_of(name, sorted(values))))
    rows = {row["id"]: row for row in found}
    return [(ztdid, _stored(row)) for ztdid, row in rows.items()]


def kept(ztdid: str, facts: FactDigests, said: dict[str, str]) -> Row:
    """What to store so that the device will be recognised."""
    return {"id": ztdid, **strong(facts), "facts": msgspec.to_builtins(facts), "declared": said}


def forget(tx: Tx, ztdid: str) -> None:
    """Remove the facts and give back the claims, but those that another registration here still needs."""
    row = HARDWARE.get(tx, ztdid)
    if row is None:
        return
    HARDWARE.delete(tx, ztdid)
    for name, value in strong(_stored(row)).items():
        if HARDWARE.find(tx, eq(name, value)) is None:
            router.release(tx, "hardware", f"{name}:{value}")


def _recognised(row: Row, facts: FactDigests) -> Recognised | None:
    likeness = compare(_stored(row), facts)
    if likeness.mismatch is None and not likeness.same:
        return None
    mismatch = likeness.mismatch
    said = row["declared"]
    if mismatch is None and "serial" in said and said["serial"] != facts.serial:
        mismatch = SERIAL_MISMATCH
    if mismatch is None and _differ(said.get("product_key_id", ""), facts.product_key_id):
        mismatch = PRODUCT_KEY_MISMATCH
    return Recognised(row["id"], likeness.score, mismatch)


def _stored(row: Row) -> FactDigests:
    return msgspec.convert(row["facts"], FactDigests)


def _model_serial(facts: FactDigests) -> str:
    return strong(facts).get("model_serial", "")


def _same(left: str, right: str) -> bool:
    return left != "" and left == right


def _differ(left: str, right: str) -> bool:
    return left != "" and right not in {"", left}
