"""The commands of an effective configuration: each setting by itself, or what is set whole in one Atomic; pure."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway.management.model import (
    DEVICE_LANE,
    Effective,
    Item,
    Wanted,
    key_of,
    set_item,
    set_whole,
    unit_of,
)
from taxiway.wire.csp import lookup


@dataclass(frozen=True, slots=True)
class Unit:
    """One command of the device's lane, and whether its node is the signed-in user's."""

    wanted: Wanted
    user_scope: bool


def units_of(effective: Effective) -> tuple[Unit, ...]:
    """What is sent as one command each; nothing in dispute, and nothing of a node that is set whole and disputed.

    What restarts the PC comes last: the restart finds everything else done (05 section 14, R21).
    """
    disputed = {key_of(unit_of(each.uri)) for each in effective.conflicts}
    units: dict[str, tuple[list[Item], list[str]]] = {}
    for item, origins in effective.items:
        items, asking = units.setdefault(unit_of(item.uri), ([], []))
        items.append(item)
        asking += origins
    kept = {unit: parts for unit, parts in units.items() if key_of(unit) not in disputed}
    order = sorted(kept, key=lambda unit: any(_restarts(item.uri) for item in kept[unit][0]))
    return tuple(_unit(unit, *kept[unit]) for unit in order)


def _restarts(uri: str) -> bool:
    node = lookup(uri)
    return node is not None and node.reboot


def _unit(unit: str, items: list[Item], asking: list[str]) -> Unit:
    origins = tuple(dict.fromkeys(asking))
    if unit != items[0].uri:
        return Unit(set_whole(unit, items, DEVICE_LANE, origins), items[0].user_scope)
    return Unit(set_item(items[0], DEVICE_LANE, origins), items[0].user_scope)
