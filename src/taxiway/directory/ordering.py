"""An order of which an administrator may see, and move, only a part (01 R-85)."""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.directory import access
from taxiway.directory.access import Principal
from taxiway.store import Entity, NotFound, Row, Tx


def seen_of(tx: Tx, principal: Principal, entity: Entity, ordered: Sequence[Row]) -> list[Row]:
    """Those of an order that a principal sees; their places among each other are their relative priority."""
    return [row for row in ordered if access.sees(tx, principal, entity, row)]


def reordered(ordered: Sequence[Row], seen: Sequence[Row], row_id: str, place: int) -> list[Row]:
    """The order after a row moved to a place among those seen: all others stay where they are."""
    row = next((one for one in seen if one["id"] == row_id), None)
    if row is None:
        raise NotFound(f"There is no '{row_id}' here.")
    moved = [one for one in seen if one["id"] != row_id]
    moved.insert(place - 1, row)
    turn, places = iter(moved), {one["id"] for one in seen}
    return [next(turn) if one["id"] in places else one for one in ordered]
