"""Queries of the same shape share one statement: building it costs more than running it (stack, section 1)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from taxiway.store.entity import Entity
from taxiway.store.query import And, Compare, In, Not, Or, Where

_PLAIN = frozenset({"eq", "ne", "lt", "le", "gt", "ge"})


def parametrize(entity: Entity, tree: Where, values: dict[str, Any]) -> tuple[Any, Where] | None:
    """The shape of a tree and the tree with parameters in the place of its values, which go to ``values``.

    None where a value becomes part of the statement itself, as it does with wildcards.
    """
    match tree:
        case Compare(_, _, None, _):
            return tree, tree
        case Compare(field, op, value, fold) if op in _PLAIN:
            name = _keep(values, entity.folded(field, value, fold=fold))
            return (op, field, fold), Compare(field, op, sa.bindparam(name), fold)
        case In(field, given, fold):
            name = _keep(values, [entity.folded(field, value, fold=fold) for value in given])
            return ("in", field, fold), Compare(field, "in", sa.bindparam(name, expanding=True), fold)
        case Not(part):
            inner = parametrize(entity, part, values)
            return None if inner is None else (("not", inner[0]), Not(inner[1]))
        case And(parts) | Or(parts):
            return _joined(type(tree), [parametrize(entity, part, values) for part in parts])
    return None


def _joined(kind: type[And | Or], parts: list[tuple[Any, Where] | None]) -> tuple[Any, Where] | None:
    known = [each for each in parts if each is not None]
    if len(known) < len(parts):
        return None
    return (kind.__name__, *(shape for shape, _ in known)), kind(tuple(part for _, part in known))


def _keep(values: dict[str, Any], value: Any) -> str:
    name = f"v{len(values)}"
    values[name] = value
    return name
