"""The parts of a parsed rule, and the one canonical way to write each (07 sections 3 and 16)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from taxiway.directory.rules.attributes import Attribute, Type


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time: fixed, or an offset from the time of evaluation."""

    fixed: datetime | None = None
    offset: timedelta = timedelta()

    def at(self, now: datetime) -> datetime:
        """Resolve against the clock of the evaluation."""
        return self.fixed if self.fixed is not None else now + self.offset


Value: TypeAlias = str | bool | Moment | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Reference:
    """The left side of a comparison: a property of the object, the item itself, or a field of a plan."""

    written: str
    attribute: Attribute
    field: str = ""

    @property
    def type(self) -> Type:
        """The type that decides which operators are allowed; items are strings."""
        return Type.STRING if self.is_item else self.attribute.type

    @property
    def is_item(self) -> bool:
        """Whether this speaks about an item of a collection."""
        return bool(self.field)

    @property
    def key(self) -> str:
        """The name under which an index knows this value."""
        return self.attribute.key if self.field in ("", "_") else f"{self.attribute.key}.{self.field.lower()}"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`reference -operator value`; the operator is spelled canonically."""

    reference: Reference
    operator: str
    value: Value


@dataclass(frozen=True, slots=True)
class Quantified:
    """`collection -any (condition)` or `-all`."""

    reference: Reference
    quantifier: Literal["any", "all"]
    condition: Node


@dataclass(frozen=True, slots=True)
class Joined:
    """Two or more conditions joined by one connective."""

    connective: Literal["and", "or"]
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """A negated condition."""

    part: Node


@dataclass(frozen=True, slots=True)
class MemberOf:
    """Direct members of other groups (07 section 10.3)."""

    kind: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DirectReports:
    """Users whose manager is the one named (07 section 10.1)."""

    manager: str


Node: TypeAlias = Comparison | Quantified | Joined | Not | MemberOf | DirectReports


def canonical(node: Node) -> str:
    """Write a rule: `-operator`, canonical names, parentheses around every item condition."""
    match node:
        case Comparison():
            return f"{node.reference.written} -{node.operator} {_value(node.value)}"
        case Quantified():
            return f"{node.reference.written} -{node.quantifier} ({canonical(node.condition)})"
        case Joined():
            return f" -{node.connective} ".join(_part(part) for part in node.parts)
        case Not():
            return f"-not {_part(node.part)}"
        case MemberOf():
            return f"{node.kind}.memberOf -any (group.objectId -in {_value(node.groups)})"
        case DirectReports():
            return f"Direct Reports for {quote(node.manager)}"


def quote(text: str) -> str:
    """Write a string literal that reads back as the text."""
    escaped = text.replace("`", "``").replace('"', '`"').replace("'", "''")
    return f'"{escaped}"'


def _part(node: Node) -> str:
    return f"({canonical(node)})" if isinstance(node, Joined) else canonical(node)


def _value(value: Value) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case str():
            return quote(value)
        case tuple():
            return f"[{', '.join(quote(item) for item in value)}]"
        case Moment(fixed=None, offset=offset):
            return _relative(offset)
        case Moment(fixed=fixed):
            return str(fixed and fixed.isoformat().replace("+00:00", "Z"))


def _relative(offset: timedelta) -> str:
    if not offset:
        return "system.now"
    size = abs(offset)
    word = "plus" if offset > timedelta() else "minus"
    return f"system.now -{word} P{size.days}DT{size.seconds}.{size.microseconds:06}S"
