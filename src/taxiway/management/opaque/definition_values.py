"""The values of a group policy configuration, and the settings of an intent: lists that are changed by what they name.

A definition is named by the id at the end of an address (``definition@odata.bind``), and so is a presentation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from taxiway.directory import Principal
from taxiway.management.opaque.children import Child, children_of, set_children
from taxiway.management.opaque.shelves import Shelf
from taxiway.store import Tx, merged

VALUES: Final = "definitionValues"
_INNER: Final = "presentationValues"
_SETTINGS: Final = "settings"
_bound = re.compile(r"\('([^')]*)'\)\s*\Z|/([^/()]+)\Z")


def update_values(
    tx: Tx,
    shelf: Shelf,
    row_id: str,
    *,
    added: Sequence[Mapping[str, Any]],
    updated: Sequence[Mapping[str, Any]],
    deleted: Sequence[str],
    principal: Principal,
) -> None:
    """Add, change and remove values; one whose definition has a value already changes that one."""
    values = [one for one in children_of(tx, shelf, row_id, VALUES) if one["id"] not in deleted]
    for each in (*added, *updated):
        values = _with_value(values, _resolved(each, "definition"))
    set_children(tx, shelf, row_id, VALUES, values, principal=principal)


def update_settings(
    tx: Tx, shelf: Shelf, row_id: str, changes: Sequence[Mapping[str, Any]], *, principal: Principal
) -> None:
    """Change the settings of an intent by their ids or their definitions."""
    settings = children_of(tx, shelf, row_id, _SETTINGS)
    for each in changes:
        settings = _with(settings, dict(each), _same_setting, lambda old: old)
    set_children(tx, shelf, row_id, _SETTINGS, settings, principal=principal)


def _with_value(values: Sequence[Child], wanted: Child) -> list[Child]:
    inner = [_resolved(one, "presentation") for one in wanted.pop(_INNER, None) or []]
    return _with(values, wanted, _same_definition, lambda value: _joined(value, inner))


def _with(
    items: Sequence[Child],
    wanted: Child,
    same: Callable[[Child, Child], bool],
    finish: Callable[[Child], Child],
) -> list[Child]:
    """The items with one of them changed, or a new one behind them."""
    if not any(same(one, wanted) for one in items):
        return [*items, finish(wanted)]
    return [finish(_changed(one, wanted)) if same(one, wanted) else one for one in items]


def _changed(before: Child, wanted: Child) -> Child:
    """What is known of a definition stays, where a change only names it."""
    kept = {
        name: {**before[name], **value}
        for name, value in wanted.items()
        if isinstance(value, dict) and isinstance(before.get(name), dict)
    }
    known = {"id": before["id"]} if "id" in before else {}  # what this change itself has added gets its id in the end
    return {**merged(before, {**wanted, **kept}), **known}


def _joined(value: Child, inner: Sequence[Child]) -> Child:
    found: list[Child] = list(value.get(_INNER) or [])
    for each in inner:
        found = _with(found, each, _same_presentation, lambda old: old)
    return {**value, _INNER: found}


def _resolved(content: Mapping[str, Any], name: str) -> Child:
    """A binding as the object it names."""
    made = dict(content)
    bound = made.pop(f"{name}@odata.bind", None)
    match = _bound.search(bound) if isinstance(bound, str) else None
    if match is None or isinstance(made.get(name), dict):
        return made
    return {**made, name: {"id": match[1] or match[2]}}


def _same_definition(one: Child, other: Child) -> bool:
    return _named(one, other, "definition")


def _same_presentation(one: Child, other: Child) -> bool:
    return _named(one, other, "presentation")


def _same_setting(one: Child, other: Child) -> bool:
    mine, theirs = one.get("definitionId"), other.get("definitionId")
    same = one.get("id") is not None and one.get("id") == other.get("id")
    return same or (mine is not None and mine == theirs)


def _named(one: Child, other: Child, name: str) -> bool:
    if one.get("id") is not None and one.get("id") == other.get("id"):
        return True
    mine, theirs = _id_of(one.get(name)), _id_of(other.get(name))
    return mine is not None and mine == theirs


def _id_of(named: Any) -> Any:
    return named.get("id") if isinstance(named, dict) else None
