"""Recognising a device by its hardware facts, all of them digests (06 section 1.9)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from taxiway.autopilot.entities import HARDWARE
from taxiway.store import Row, Tx, any_of, eq, one_of, router
from taxiway.store.router import ClaimedElsewhere
from taxiway.wire.hardware_hash import HardwareHash, IdentityFacts
from taxiway.wire.ztd import PRODUCT_KEY_MISMATCH, FactDigests, digest_facts

#: At or above this score two sets of facts are one device.
THRESHOLD: Final = 80
SERIAL_MISMATCH: Final = "SerialNumberMismatch"
_LONGEST: Final = 200
_STRONG: Final = ("ek", "smbios_uuid", "model_serial", "product_key")
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
class Weighed:
    """One fact of two machines; ``same`` is None where one of the two does not know it."""

    name: str
    weight: int
    same: bool | None


@dataclass(frozen=True, slots=True)
class Recognised:
    """The registration that a device's facts lead to."""

    ztdid: str
    score: int
    mismatch: str | None = None


def facts_of(hardware: HardwareHash) -> FactDigests:
    """What a device with this hash is recognised by."""
    return digests(hardware.identity())


def digests(identity: IdentityFacts) -> FactDigests:
    """The same of facts that were said; placeholders that many boards share are no serial number."""
    if identity.serial.strip().lower() in _PLACEHOLDERS:
        identity = replace(identity, serial="")
    return digest_facts(identity)


def described(hardware: HardwareHash) -> dict[str, str]:
    """What a registration shows of its hardware, as far as it can be shown."""
    texts = {
        "serial_number": hardware.serial,
        "manufacturer": hardware.manufacturer,
        "model": hardware.product,
        "system_family": hardware.family,
        "sku_number": hardware.sku,
    }
    return {name: _shown(text or "") for name, text in texts.items()}


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
    found = {name: value for name, value in found.items() if value}
    if not found and facts.product_key_id:
        return {"product_key": facts.product_key_id}
    return found


def claims(facts: FactDigests) -> list[str]:
    """The router's keys for a device with these facts."""
    return [f"{name}:{value}" for name, value in strong(facts).items()]


def sought(facts: FactDigests) -> list[str]:
    """The router's keys under which a device with these facts may have been registered."""
    return [f"{name}:{value}" for name, value in _columns(facts).items()]


def _columns(facts: FactDigests) -> dict[str, str]:
    return strong(facts) | ({"product_key": facts.product_key_id} if facts.product_key_id else {})


def is_bare(facts: FactDigests) -> bool:
    """Whether a partner registered the device by one fact alone: a product key, or serial number, maker and model."""
    return not (facts.ek or facts.smbios_uuid or facts.macs or facts.disk_serials)


def weigh(known: FactDigests, seen: FactDigests) -> tuple[Weighed, ...]:
    """Each fact of the two, with its weight and whether it is the same."""
    return (
        Weighed("TPM key", _EK, _equal(known.ek, seen.ek)),
        Weighed("SMBIOS UUID", _UUID, _equal(known.smbios_uuid, seen.smbios_uuid)),
        Weighed("serial number, manufacturer and model", _MODEL_SERIAL, _equal(*map(_model_serial, (known, seen)))),
        Weighed("product key", _PRODUCT_KEY, _equal(known.product_key_id, seen.product_key_id)),
        Weighed("network adapter", _MAC, _shared(known.macs, seen.macs)),
        Weighed("disk", _DISK, _shared(known.disk_serials, seen.disk_serials)),
    )


def compare(known: FactDigests, seen: FactDigests) -> Likeness:
    """Score what is registered against what a device says of itself; a bare registration rests on its one fact."""
    if is_bare(known):
        fact = _same(_model_serial(known), _model_serial(seen)) or _same(known.product_key_id, seen.product_key_id)
        return Likeness(THRESHOLD if fact else 0)
    score = sum(fact.weight for fact in weigh(known, seen) if fact.same)
    if _same(known.ek, seen.ek):
        return Likeness(score)
    # The board says it is the registered one, and a printed number says it is not: it has to be registered again.
    if _same(known.smbios_uuid, seen.smbios_uuid) and _differ(known.serial, seen.serial):
        return Likeness(score, SERIAL_MISMATCH)
    if score >= THRESHOLD and _differ(known.product_key_id, seen.product_key_id):
        return Likeness(score, PRODUCT_KEY_MISMATCH)
    return Likeness(score)


def alike(one: FactDigests, other: FactDigests) -> bool:
    """Whether two rows, registered or to be, are one device."""
    return compare(one, other).same or compare(other, one).same


def recognise(tx: Tx, facts: FactDigests) -> Recognised | None:
    """The tenant's registration of this hardware: the best one, never two."""
    keys = _columns(facts)
    if not keys:
        return None
    rows = HARDWARE.select(tx, any_of(*(eq(name, value) for name, value in keys.items())))
    found = [_recognised(row, facts) for row in rows]
    known = [one for one in found if one is not None]
    return min(known, key=lambda one: (one.mismatch is not None, -one.score, one.ztdid), default=None)


def candidates(tx: Tx, facts: Iterable[FactDigests]) -> list[tuple[str, FactDigests]]:
    """Every registration that shares a strong fact with one of these devices: one query."""
    wanted: dict[str, set[str]] = {}
    for one in facts:
        for name, value in _columns(one).items():
            wanted.setdefault(name, set()).add(value)
    if not wanted:
        return []
    rows = HARDWARE.select(tx, any_of(*(one_of(name, sorted(values)) for name, values in wanted.items())))
    return [(row["id"], _stored(row)) for row in rows]


def kept(ztdid: str, facts: FactDigests, said: dict[str, str]) -> Row:
    """What to store so that the device will be recognised."""
    return {"id": ztdid, **strong(facts), "facts": msgspec.to_builtins(facts), "declared": said}


def facts_kept(tx: Tx, ztdid: str) -> FactDigests | None:
    """What a registration is recognised by; None where nothing is kept."""
    row = HARDWARE.get(tx, ztdid)
    return None if row is None else _stored(row)


def holder(tx: Tx, facts: FactDigests, *, but: str = "") -> str | None:
    """The registration here, other than ``but``, that already has this hardware."""
    return next((ztdid for ztdid, old in candidates(tx, [facts]) if ztdid != but and alike(old, facts)), None)


def move(tx: Tx, ztdid: str, facts: FactDigests) -> None:
    """Recognise a registration by other facts from now on; ``ClaimedElsewhere`` when another tenant holds them."""
    router.claim_all(tx, "hardware", sorted(claims(facts)))
    before = HARDWARE.require(tx, ztdid)
    none: dict[str, Any] = dict.fromkeys(_STRONG)
    HARDWARE.update(tx, ztdid, {**none, **kept(ztdid, facts, {}), "last_lookup": None})
    _release(tx, before)


def complete(tx: Tx, ztdid: str, facts: FactDigests) -> bool:
    """A device that a partner registered by one fact shows itself: it is recognised by all of them from now on."""
    known = facts_kept(tx, ztdid)
    if known is None or not is_bare(known) or is_bare(facts):
        return False
    try:
        move(tx, ztdid, facts)
    except ClaimedElsewhere:
        return False  # another tenant holds one of the others: the one fact stays what counts
    return True


def forget(tx: Tx, ztdid: str) -> None:
    """Remove the facts and give back the claims, but those that another registration here still needs."""
    row = HARDWARE.get(tx, ztdid)
    if row is not None:
        HARDWARE.delete(tx, ztdid)
        _release(tx, row)


def release_unused(tx: Tx, key: str) -> None:
    """Give a claim back that no registration here needs."""
    name, _, value = key.partition(":")
    if HARDWARE.find(tx, eq(name, value)) is None:
        router.release(tx, "hardware", key)


def _release(tx: Tx, row: Row) -> None:
    """Give back what these facts claimed and no registration here needs."""
    for key in claims(_stored(row)):
        release_unused(tx, key)


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


def _shown(text: str) -> str:
    return "".join(char for char in text.strip()[:_LONGEST] if char.isprintable())


def _model_serial(facts: FactDigests) -> str:
    return strong(facts).get("model_serial", "")


def _same(left: str, right: str) -> bool:
    return left != "" and left == right


def _equal(left: str, right: str) -> bool | None:
    return left == right if left and right else None


def _shared(left: tuple[str, ...], right: tuple[str, ...]) -> bool | None:
    return bool(set(left) & set(right)) if left and right else None


def _differ(left: str, right: str) -> bool:
    return left != "" and right not in {"", left}
