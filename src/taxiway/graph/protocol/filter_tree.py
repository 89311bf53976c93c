"""A parsed ``$filter`` over one entity as the store's query tree (02 section 1.7)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from taxiway.graph.errors import FilterRefused, Malformed
from taxiway.graph.protocol.face import Face, Meaning
from taxiway.graph.protocol.filter_parse import (
    Both,
    Constant,
    Function,
    Lambda,
    Listed,
    Negation,
    Node,
    Path,
    Relation,
    parse_filter,
)
from taxiway.store import And, Compare, In, Inside, Not, Or, Prop, Where

ALWAYS: Where = And(())
NEVER: Where = Or(())
_TEXT_FUNCTIONS = frozenset({"startswith", "endswith", "contains"})
_MIRRORED = {"eq": "eq", "ne": "ne", "lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}


def filter_tree(text: str, face: Face) -> Where:
    """The tree that the store understands; ``FilterRefused`` says where and why not."""
    return _boolean(parse_filter(text), face)


def needs_advanced(node: Node) -> bool:
    """Whether a directory query with this filter needs the advanced mode: ``ne``, ``not``, ``endsWith``, counts."""
    match node:
        case Negation():
            return True
        case Both(_, parts, _):
            return any(needs_advanced(part) for part in parts)
        case Relation(left, operator, _, _):
            return operator == "ne" or (isinstance(left, Path) and left.steps[-1].lower() == "$count")
        case Function(name, _, _):
            return name == "endswith"
        case _:
            return False


def _boolean(node: Node, face: Face) -> Where:  # noqa: PLR0911 - one answer per kind of node
    match node:
        case Both(word, parts, _):
            inner = tuple(_boolean(part, face) for part in parts)
            return And(inner) if word == "and" else Or(inner)
        case Negation(part, _):
            return Not(_boolean(part, face))
        case Relation():
            return _relation(node, face)
        case Listed(left, values, position):
            return _listed(left, values, position, face)
        case Function():
            return _function(node, face)
        case Lambda():
            return _lambda(node, face)
        case Path(_, position):
            return _compare(node, "eq", Constant(value=True, position=position), position, face)
        case Constant(value, position):
            if isinstance(value, bool):
                return ALWAYS if value else NEVER
            raise FilterRefused("a condition was expected, not a value.", position)


def _relation(node: Relation, face: Face) -> Where:
    left, right, operator = _bare(node.left), _bare(node.right), node.operator
    if isinstance(left, Constant) and isinstance(right, Path):
        if operator not in _MIRRORED:
            raise FilterRefused("the property must stand on the left.", node.position)
        left, right, operator = right, left, _MIRRORED[operator]
    if isinstance(right, Constant) and isinstance(right.value, bool) and not isinstance(left, Path):
        wanted = right.value if operator == "eq" else not right.value
        inner = _boolean(left, face)
        return inner if wanted else Not(inner)
    if not isinstance(left, Path) or not isinstance(right, Constant):
        raise FilterRefused("a property must be compared with a value.", node.position)
    return _compare(left, operator, right, node.position, face)


def _compare(path: Path, operator: str, constant: Constant, position: int, face: Face) -> Where:
    name = _name(path)
    fixed = face.fixed.get("/".join(path.steps).lower()) or face.fixed.get(name.lower())
    if fixed is not None:
        return fixed(operator, constant.value)
    if operator == "has":
        raise FilterRefused(f"'{name}' is no set of flags.", position)
    field, prop = _field(path, face)
    value = _converted(constant, prop, name)
    if value is None and operator not in ("eq", "ne"):
        raise FilterRefused("null can only be compared with 'eq' and 'ne'.", position)
    if isinstance(value, bool) and operator not in ("eq", "ne"):
        raise FilterRefused("a boolean can only be compared with 'eq' and 'ne'.", position)
    return _compared(field, prop, operator, value)


def _compared(field: str, prop: Prop | None, operator: str, value: Any) -> Where:
    """Texts are compared without regard to case; where there is an index, it is not given up for that."""
    if not isinstance(value, str) or (prop is not None and prop.fold):
        return Compare(field, operator, value)  # type: ignore[arg-type]  # one of the store's operators
    if prop is not None and not (prop.index or prop.unique):
        return Compare(field, operator, value, fold=True)  # type: ignore[arg-type]  # as above
    if operator in ("eq", "ne") and value != value.lower():
        either = In(field, (value, value.lower()))
        return either if operator == "eq" else Not(either)
    return Compare(field, operator, value)  # type: ignore[arg-type]  # as above


def within(*path: str) -> Meaning:
    """The meaning of a property that has no column: a text, or flags, at the end of ``path`` in the document."""

    def meaning(operator: str, value: Any) -> Where:
        if operator == "has":
            flag = str(value)
            ways = (("eq", flag), ("startswith", f"{flag},"), ("endswith", f",{flag}"), ("contains", f",{flag},"))
            return Or(tuple(Inside(path, how, text) for how, text in ways))  # type: ignore[arg-type]  # as above
        if operator not in ("eq", "ne", *_TEXT_FUNCTIONS):
            raise Malformed(f"'{operator}' is not supported here.")
        return Inside(path, operator, None if value is None else str(value))  # type: ignore[arg-type]  # checked above

    return meaning


def _listed(left: Node, values: tuple[Node, ...], position: int, face: Face) -> Where:
    path = _bare(left)
    if not isinstance(path, Path):
        raise FilterRefused("a property must stand before 'in'.", position)
    constants = [value for value in values if isinstance(value, Constant)]
    if len(constants) != len(values):
        raise FilterRefused("'in' takes a list of values.", position)
    if face.fixed.get(_name(path).lower()) is not None:
        return Or(tuple(_compare(path, "eq", constant, position, face) for constant in constants))
    field, prop = _field(path, face)
    found = tuple(_converted(constant, prop, _name(path)) for constant in constants)
    if prop is None or prop.index or prop.unique or prop.kind != "string":
        lower = (value.lower() for value in found if isinstance(value, str))
        return In(field, tuple(dict.fromkeys([*found, *lower])))
    return In(field, found, fold=not prop.fold)


def _function(node: Function, face: Face) -> Where:
    if node.name == "isof":
        argument = node.arguments[0]
        text = argument.value if isinstance(argument, Constant) else "/".join(getattr(argument, "steps", ()))
        found = face.cast(str(text).rpartition(".")[2])
        return NEVER if found is None else found
    if node.name not in _TEXT_FUNCTIONS:
        raise FilterRefused(f"'{node.name}' is no condition.", node.position)
    path, value = _bare(node.arguments[0]), node.arguments[1]
    if not isinstance(path, Path) or not isinstance(value, Constant) or not isinstance(value.value, str):
        raise FilterRefused(f"'{node.name}' takes a property and a text.", node.position)
    if face.fixed.get(_name(path).lower()) is not None:
        return face.fixed[_name(path).lower()](node.name, value.value)
    field, prop = _field(path, face)
    if prop is not None and prop.kind not in ("string", "binary"):
        raise FilterRefused(f"'{_name(path)}' is no text.", path.position)
    fold = prop is not None and not prop.fold
    return Compare(field, node.name, value.value, fold=fold)  # type: ignore[arg-type]  # one of the store's operators


def _lambda(node: Lambda, face: Face) -> Where:
    """``any`` over the few collections whose content has a column of its own."""
    name = _name(node.path)
    meaning = face.lambdas.get(name.lower())
    if meaning is None:
        raise FilterRefused(f"'{name}' cannot be filtered by its members.", node.position)
    if node.quantifier == "all":
        raise FilterRefused("'all' is not supported.", node.position)
    match node.body:
        case None:
            return meaning("any", None)
        case Relation(Path((variable,), _), operator, Constant(value, _), _) if variable == node.variable:
            return meaning(operator, value)
        case Function(function, (Path((variable,), _), Constant(value, _)), _) if variable == node.variable:
            return meaning(function, value)
        case _:
            raise FilterRefused(f"only one comparison of '{node.variable}' is supported here.", node.position)


def _bare(node: Node) -> Node:
    """Without ``tolower`` and ``toupper``: comparisons fold where the property does."""
    while isinstance(node, Function) and node.name in ("tolower", "toupper"):
        node = node.arguments[0]
    return node


def _name(path: Path) -> str:
    """The property without cast steps."""
    plain = [step for step in path.steps if "." not in step]
    return "/".join(plain) if plain else path.steps[-1]


def _field(path: Path, face: Face) -> tuple[str, Prop | None]:
    name = _name(path)
    if name.lower() == "id":
        return "id", None
    prop = face.prop(name)
    if prop is None:
        raise FilterRefused(f"Could not find a property named '{name}' on '{face.path}'.", path.position)
    if not (prop.filterable and prop.column):
        raise FilterRefused(f"'{name}' of '{face.path}' does not support filtering.", path.position)
    return prop.name, prop


def _converted(constant: Constant, prop: Prop | None, name: str) -> Any:
    """The value as the property holds it; a value of another type is refused."""
    value, kind = constant.value, "string" if prop is None else prop.kind
    if value is None:
        return None
    reader: Callable[[Any], Any] = _CONVERTERS.get(kind, _as_text)
    converted = reader(value)
    if converted is None:
        raise FilterRefused(f"'{name}' is compared with a value of another type.", constant.position)
    return converted


def _as_text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, bool):
        return None
    return str(value)


def _as_boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return value if isinstance(value, bool) else None


def _as_integer(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else None


def _as_float(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        made = datetime.fromisoformat(value)
    except ValueError:
        return None
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made


_CONVERTERS: dict[str, Callable[[Any], Any]] = {
    "bool": _as_boolean,
    "int": _as_integer,
    "float": _as_float,
    "datetime": _moment,
}
