"""Collections inside an object that is kept as it came: their items added, changed and removed one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from taxiway.directory import Principal
from taxiway.management.opaque.shelves import Shelf, identified, update_object
from taxiway.store import NotFound, Row, Tx, merged

Child = dict[str, Any]


def children_of(tx: Tx, shelf: Shelf, row_id: str, name: str) -> list[Child]:
    """The items of a collection."""
    return _items(shelf.require(tx, row_id), name)


def child_of(tx: Tx, shelf: Shelf, row_id: str, name: str, child_id: str) -> Child:
    """One of them, or ``NotFound``."""
    return _one(children_of(tx, shelf, row_id, name), child_id)


def add_child(
    tx: Tx, shelf: Shelf, row_id: str, name: str, content: Mapping[str, Any], *, principal: Principal
) -> Child:
    """Put an item behind the others."""
    [made] = identified(tx, [dict(content)], shelf.children[name])
    _change(tx, shelf, row_id, name, lambda items: [*items, made], principal)
    return made


def change_child(
    tx: Tx, shelf: Shelf, row_id: str, name: str, child_id: str, changes: Mapping[str, Any], *, principal: Principal
) -> Child:
    """Change the members that ``changes`` names."""
    before = child_of(tx, shelf, row_id, name, child_id)
    made = {**merged(before, changes), "id": child_id}
    _change(tx, shelf, row_id, name, lambda items: [made if one["id"] == child_id else one for one in items], principal)
    return made


def remove_child(tx: Tx, shelf: Shelf, row_id: str, name: str, child_id: str, *, principal: Principal) -> None:
    """Take an item out."""
    child_of(tx, shelf, row_id, name, child_id)
    _change(tx, shelf, row_id, name, lambda items: [one for one in items if one["id"] != child_id], principal)


def set_children(
    tx: Tx, shelf: Shelf, row_id: str, name: str, items: Sequence[Mapping[str, Any]], *, principal: Principal
) -> None:
    """Replace all of them."""
    _change(tx, shelf, row_id, name, lambda _items: [dict(one) for one in items], principal)


def _change(
    tx: Tx, shelf: Shelf, row_id: str, name: str, change: Callable[[list[Child]], list[Child]], principal: Principal
) -> None:
    items = change(children_of(tx, shelf, row_id, name))
    update_object(tx, shelf, row_id, {"body": {name: items}}, principal=principal)


def _items(row: Row, name: str) -> list[Child]:
    return list(row["body"].get(name) or [])


def _one(items: Sequence[Child], child_id: str) -> Child:
    found = next((one for one in items if one["id"] == child_id), None)
    if found is None:
        raise NotFound(f"There is no '{child_id[:60]}' here.")
    return found
