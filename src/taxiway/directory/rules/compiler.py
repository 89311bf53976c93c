"""A parsed rule to closures, and the literals an object must hold to match (07 sections 4, 6, 8; design, rule 4)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from taxiway.directory.rules.attributes import Type
from taxiway.directory.rules.patterns import compile_pattern
from taxiway.directory.rules.syntax import (
    Comparison,
    DirectReports,
    Joined,
    MemberOf,
    Moment,
    Node,
    Not,
    Quantified,
    Reference,
    canonical,
)
from taxiway.directory.rules.values import fold, parse_date

Object: TypeAlias = Mapping[str, object]


class Context(NamedTuple):
    """What a rule cannot read from the object: the time, and how the object stands to others.

    `groups_of` gives the ids of the groups of which the object is a direct member, `manager_of` the id of a user's
    manager or None.
    """

    now: datetime
    groups_of: Callable[[Object], Collection[str]] = lambda _: ()
    manager_of: Callable[[Object], str | None] = lambda _: None


class Explanation(NamedTuple):
    """Why a part of a rule holds or not; leaves name the property and its value (07 section 15)."""

    expression: str
    result: bool
    property_name: str | None = None
    property_value: object = None
    parts: tuple[Explanation, ...] = ()


class Requirement(NamedTuple):
    """A value an object must have: property key, whether the whole value or its beginning, and the folded text."""

    key: str
    how: Literal["eq", "prefix"]
    literal: str


Test: TypeAlias = Callable[[Any, Context], bool]


class Compiled(NamedTuple):
    """A node as a closure, with the parts that an explanation shows."""

    node: Node
    test: Test
    parts: tuple[Compiled, ...] = ()
    reference: Reference | None = None

    def explain(self, obj: Object, context: Context) -> Explanation:
        """Evaluate every part, also those that a plain evaluation would skip."""
        parts = tuple(part.explain(obj, context) for part in self.parts)
        name, value = self._looked_at(obj, context)
        return Explanation(canonical(self.node), self.test(obj, context), name, value, parts)

    def _looked_at(self, obj: Object, context: Context) -> tuple[str | None, object]:
        """The property that decided here and its value."""
        if self.reference is not None:
            return self.reference.attribute.name, obj.get(self.reference.attribute.key)
        if isinstance(self.node, MemberOf):
            return "memberOf", sorted(context.groups_of(obj))
        return ("manager", context.manager_of(obj)) if isinstance(self.node, DirectReports) else (None, None)


def compile_node(node: Node) -> Compiled:
    """Turn a tree into closures, once per stored rule."""
    match node:
        case Comparison():
            return Compiled(node, _comparison(node), reference=node.reference)
        case Quantified():
            return Compiled(node, _quantified(node), reference=node.reference)
        case Joined():
            return _joined(node)
        case Not():
            part = compile_node(node.part)
            return Compiled(node, lambda obj, context: not part.test(obj, context), (part,))
        case MemberOf():
            groups = frozenset(fold(group) for group in node.groups)
            return Compiled(node, lambda obj, ctx: any(fold(group) in groups for group in ctx.groups_of(obj)))
        case DirectReports():
            manager = fold(node.manager)
            return Compiled(node, lambda obj, ctx: fold(ctx.manager_of(obj) or "") == manager != "")


def requirements(node: Node) -> frozenset[Requirement] | None:
    """Give values of which a matching object has at least one, or None when the rule demands none.

    None means that an object with any values may match, so the rule has to be evaluated for every object.
    """
    match node:
        case Comparison():
            return _required_by(node)
        case Quantified(quantifier="any"):
            return requirements(node.condition)
        case Joined():
            return _joined_requirements(node)
        case MemberOf():
            return frozenset(Requirement("memberof", "eq", fold(group)) for group in node.groups)
        case DirectReports():
            return frozenset({Requirement("manager", "eq", fold(node.manager))})
        case _:
            return None


def references(node: Node) -> frozenset[str]:
    """Give the keys of all properties a rule reads."""
    match node:
        case Comparison():
            return frozenset({node.reference.attribute.key})
        case Quantified():
            return frozenset({node.reference.attribute.key})
        case Joined():
            return frozenset().union(*(references(part) for part in node.parts))
        case Not():
            return references(node.part)
        case MemberOf():
            return frozenset({"memberof"})
        case DirectReports():
            return frozenset({"manager"})


def reads_clock(node: Node) -> bool:
    """Tell whether the rule compares with `system.now` and so changes without any object changing."""
    match node:
        case Comparison(value=Moment(fixed=None)):
            return True
        case Joined():
            return any(reads_clock(part) for part in node.parts)
        case Not():
            return reads_clock(node.part)
        case _:
            return False


def _joined_requirements(node: Joined) -> frozenset[Requirement] | None:
    known = [need for part in node.parts if (need := requirements(part)) is not None]
    if node.connective == "and":
        return min(known, key=_cost, default=None)
    return frozenset().union(*known) if len(known) == len(node.parts) else None


def _required_by(node: Comparison) -> frozenset[Requirement] | None:
    key, value = node.reference.key, node.value
    if isinstance(value, tuple):
        eq = frozenset(Requirement(key, "eq", fold(item)) for item in value if item)
        return eq if node.operator == "in" else None
    if not isinstance(value, str) or not value:
        return None
    if node.operator == "eq":
        return frozenset({Requirement(key, "eq", fold(value))})
    return frozenset({Requirement(key, "prefix", fold(value))}) if node.operator == "startsWith" else None


def _cost(needs: frozenset[Requirement]) -> tuple[bool, int, list[Requirement]]:
    """Order alternatives: whole values before prefixes, few before many, then by text to be stable."""
    return any(need.how == "prefix" for need in needs), len(needs), sorted(needs)


def _joined(node: Joined) -> Compiled:
    parts = tuple(compile_node(part) for part in node.parts)
    tests = tuple(part.test for part in parts)
    if node.connective == "and":
        return Compiled(node, lambda obj, context: all(test(obj, context) for test in tests), parts)
    return Compiled(node, lambda obj, context: any(test(obj, context) for test in tests), parts)


def _quantified(node: Quantified) -> Test:
    condition = compile_node(node.condition).test
    key = node.reference.attribute.key
    if node.quantifier == "any":
        return lambda obj, context: any(condition(item, context) for item in _items(obj.get(key)))
    return lambda obj, context: all(condition(item, context) for item in _items(obj.get(key)))


def _comparison(node: Comparison) -> Test:
    get, value = _getter(node.reference), node.value
    operator, negative = _positive(node.operator)
    if value is None:
        return lambda obj, _: (get(obj) in (None, "")) is not negative
    if isinstance(value, bool):
        return lambda obj, _: (get(obj) is value) is not negative
    if isinstance(value, Moment):
        return _date_test(get, operator, value, negative=negative)
    test = _text_test(operator, value)
    if node.reference.type is Type.STRINGS:
        return lambda obj, _: any(test(str(item)) for item in _items(get(obj)) if item) is not negative
    return lambda obj, _: ((text := _text(get(obj))) is not None and test(text)) is not negative


def _date_test(get: Callable[[Any], object], operator: str, value: Moment, *, negative: bool) -> Test:
    def test(obj: Any, context: Context) -> bool:
        date = _date(get(obj))
        if date is None:
            return negative
        limit = value.at(context.now)
        if operator == "eq":
            return (date == limit) is not negative
        return date >= limit if operator == "ge" else date <= limit

    return test


def _text_test(operator: str, value: str | tuple[str, ...]) -> Callable[[str], bool]:
    if isinstance(value, tuple):
        items = frozenset(fold(item) for item in value)
        return lambda text: fold(text) in items
    wanted = fold(value)
    match operator:
        case "eq":
            return lambda text: fold(text) == wanted
        case "startswith":
            return lambda text: fold(text).startswith(wanted)
        case "endswith":
            return lambda text: fold(text).endswith(wanted)
        case "contains":
            return lambda text: wanted in fold(text)
        case _:
            return compile_pattern(value)


def _positive(operator: str) -> tuple[str, bool]:
    """Split an operator into its positive form and whether it is the complement (section 4)."""
    if operator == "ne":
        return "eq", True
    return operator.removeprefix("not").lower(), operator.startswith("not")


def _getter(reference: Reference) -> Callable[[Any], object]:
    if reference.field == "_":
        return lambda item: item
    if reference.field:
        field = reference.field
        return lambda item: item.get(field) if isinstance(item, Mapping) else None
    key = reference.attribute.key
    if key == "organizationalunit":
        return lambda _: None  # accepted and never has a value (07 section 7.6)
    return lambda obj: obj.get(key)


def _items(value: object) -> Collection[Any]:
    return value if isinstance(value, (list, tuple, set, frozenset)) else ()


def _text(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _date(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo is not None else value.replace(tzinfo=UTC)
    return parse_date(value) if isinstance(value, str) else None
