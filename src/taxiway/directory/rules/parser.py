"""Tokens to a checked tree: recursive descent with positions (07 sections 3, 5, 8, 9, 10)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

from taxiway.directory.rules import errors, operands
from taxiway.directory.rules.attributes import PLAN_FIELDS, Attribute, Kind, Type, find
from taxiway.directory.rules.errors import RuleError
from taxiway.directory.rules.lexer import Sort, Token, tokens
from taxiway.directory.rules.syntax import (
    Comparison,
    DirectReports,
    Joined,
    MemberOf,
    Node,
    Not,
    Quantified,
    Reference,
)

LENGTH_LIMIT = 3072
SOURCE_GROUP_LIMIT = 50

_DEPTH_LIMIT = 50
_LITERALS = frozenset({"null", "$null", "true", "false"})
_LOGICAL = frozenset({"and", "or", "not"})
_COMBINED = "memberOf cannot be combined with other expressions"


def parse(text: str, kind: Kind) -> Node:
    """Parse a rule for groups of one kind of object; raises `RuleError`."""
    length = len(text.encode("utf-16-le", "surrogatepass")) // 2
    if length > LENGTH_LIMIT:
        raise RuleError(errors.TOO_LONG, f"{length} characters, maximum {LENGTH_LIMIT}", LENGTH_LIMIT)
    stream = tokens(text)
    if len(stream) == 1:
        raise RuleError(errors.COMPILATION, "Empty rule")
    reports = _direct_reports(stream, kind)
    return reports if reports is not None else _Parser(stream, kind).rule()


def _direct_reports(stream: list[Token], kind: Kind) -> DirectReports | None:
    words = [token.value.lower() for token in stream[:3]]
    shape = len(stream) == 5 and words == ["direct", "reports", "for"] and stream[3].sort is Sort.STRING
    if not shape:
        return None
    if kind != "user":
        raise RuleError(errors.OBJECT_TYPE, "Direct Reports selects users", 0, stream[0].text)
    return DirectReports(stream[3].value)


class _Parser:
    def __init__(self, stream: list[Token], kind: Kind) -> None:
        self.stream = stream
        self.kind = kind
        self.at = 0
        self.depth = 0
        self.collection: Attribute | None = None  # set while an item condition is read
        self.bare = False  # the item condition has no parentheses
        self.member_of: Token | None = None

    @property
    def token(self) -> Token:
        return self.stream[self.at]

    def rule(self) -> Node:
        node = self._or()
        if self.token.sort is not Sort.END:
            raise self._error(
                errors.COMPILATION, f"Missing logical operator or unexpected text at {self.token.position}"
            )
        if self.member_of is not None and not isinstance(node, MemberOf):
            raise RuleError(errors.INVALID, _COMBINED, self.member_of.position, self.member_of.text)
        return node

    def _or(self) -> Node:
        return self._joined("or", lambda: self._joined("and", self._not))

    def _joined(self, connective: Literal["and", "or"], operand: Callable[[], Node]) -> Node:
        parts = [operand()]
        while self._is_word(connective) and self._continues():
            self.at += 1
            parts.append(operand())
        return parts[0] if len(parts) == 1 else Joined(connective, tuple(parts))

    def _continues(self) -> bool:
        """Without parentheses, an item condition ends before an operand that is no item (5.3)."""
        if not self.bare:
            return True
        ahead = self.at + 1
        while _word(self.stream[ahead]) == "not":
            ahead += 1
        return self.stream[ahead].sort is Sort.WORD and _is_item(self.stream[ahead].value)

    def _not(self) -> Node:
        if not self._is_word("not"):
            return self._primary(after_not=False)
        start = self.token
        self.at += 1
        self._enter(start)
        node = self._not() if self._is_word("not") else self._primary(after_not=True)
        self.depth -= 1
        return Not(node)

    def _primary(self, *, after_not: bool) -> Node:
        token = self.token
        if token.value == "(" and token.sort is Sort.PUNCTUATION:
            return self._parenthesis(token)
        if token.sort is Sort.WORD and token.value.lower() not in _LITERALS | _LOGICAL:
            return self._condition()
        if token.sort is Sort.OPERATOR and token.value not in operands.CANONICAL.keys() | _LOGICAL:
            raise self._error(errors.COMPILATION, f"Unknown operator '-{token.value}'")
        if after_not:
            raise self._error(errors.OPERANDS, "Invalid operands found for operator -not")
        literal = token.sort in (Sort.STRING, Sort.SCALAR) or token.value.lower() in _LITERALS | {"["}
        raise self._error(errors.OPERANDS if literal else errors.COMPILATION, f"Property expected at {token.position}")

    def _parenthesis(self, start: Token) -> Node:
        self.at += 1
        self._enter(start)
        outer, self.bare = self.bare, False
        node = self._or()
        self.bare = outer
        self.depth -= 1
        self._close()
        return node

    def _condition(self) -> Node:
        token = self.token
        reference = self._reference(token)
        self.at += 1
        name = self._operator()
        if name in ("any", "all"):
            return self._quantified(reference, cast("Literal['any', 'all']", name), token)
        operands.check_supported(reference, name, self.token)
        return self._comparison(reference, name)

    def _comparison(self, reference: Reference, name: str) -> Comparison:
        value, self.at = operands.read(self.stream, self.at + 1, reference, name)
        return Comparison(reference, operands.CANONICAL[name], value)

    def _operator(self) -> str:
        token = self.token
        name = _word(token)
        if name == "not":
            raise self._error(errors.OPERANDS, "Invalid operands found for operator -not")
        if name in operands.CANONICAL:
            return name
        if token.sort is Sort.END or not name or name in _LOGICAL:
            raise self._error(errors.COMPILATION, f"Operator expected at {token.position}")
        raise self._error(errors.COMPILATION, f"Unknown operator '-{name}'")

    def _quantified(self, reference: Reference, name: Literal["any", "all"], start: Token) -> Node:
        allowed = {Type.STRINGS, Type.PLANS} | ({Type.GROUPS} if name == "any" else set())
        if reference.type not in allowed:
            raise self._error(errors.UNSUPPORTED, f"-{name} on '{reference.field or reference.attribute.name}'")
        self.at += 1
        parenthesis = self.token.value == "(" and self.token.sort is Sort.PUNCTUATION
        begins = self.token.sort is Sort.WORD and self.token.value.lower() not in _LITERALS
        if not (parenthesis or begins or self._is_word("not")):
            raise self._error(errors.OPERANDS, f"Invalid operands found for operator -{name}")
        self.collection, self.bare = reference.attribute, not parenthesis
        condition = self._not() if parenthesis else self._or()
        self.collection, self.bare = None, False
        if reference.type is Type.GROUPS:
            return self._member_of(condition, start)
        return Quantified(reference, name, condition)

    def _member_of(self, condition: Node, start: Token) -> MemberOf:
        if not isinstance(condition, Comparison):
            raise RuleError(errors.INVALID, _COMBINED, start.position, start.text)
        groups = cast("tuple[str, ...]", condition.value)
        if len(groups) > SOURCE_GROUP_LIMIT:
            message = f"memberOf names {len(groups)} groups, maximum {SOURCE_GROUP_LIMIT}"
            raise RuleError(errors.INVALID, message, start.position, start.text)
        self.member_of = start
        return MemberOf(self.kind, groups)

    def _reference(self, token: Token) -> Reference:
        prefix, dot, name = token.value.partition(".")
        folded = prefix.lower()
        if self.collection is not None:
            return self._item(token, folded, name)
        if folded in ("assignedplan", "group") and dot:
            raise self._wrong(name, folded)
        if folded not in ("user", "device") or not dot:
            raise self._error(errors.OBJECT_TYPE, "No object type")
        if folded != self.kind:
            raise self._error(errors.MIXED, f"{folded} property in a rule for {self.kind}s")
        attribute = find(self.kind, name)
        if attribute is None:
            raise self._wrong(name, folded)
        return Reference(f"{folded}.{attribute.name}", attribute)

    def _item(self, token: Token, prefix: str, name: str) -> Reference:
        collection = cast("Attribute", self.collection)
        if token.value == "_" and collection.type is Type.STRINGS:
            return Reference("_", collection, "_")
        if prefix == "assignedplan" and collection.type is Type.PLANS and name.lower() in PLAN_FIELDS:
            field = PLAN_FIELDS[name.lower()]
            return Reference(f"assignedPlan.{field}", collection, field)
        if prefix == "group" and collection.type is Type.GROUPS and name.lower() == "objectid":
            return Reference("group.objectId", collection, "objectId")
        if token.value == "_":
            raise self._wrong("_", "assignedplan" if collection.type is Type.PLANS else "group")
        if prefix in ("user", "device", "assignedplan", "group") and name:
            raise self._wrong(name, prefix)
        raise self._error(errors.OBJECT_TYPE, "No object type")

    def _close(self) -> None:
        if self.token.value != ")" or self.token.sort is not Sort.PUNCTUATION:
            raise self._error(errors.COMPILATION, f"Expected ')' at {self.token.position}")
        self.at += 1

    def _enter(self, start: Token) -> None:
        self.depth += 1
        if self.depth > _DEPTH_LIMIT:
            message = f"Nested deeper than {_DEPTH_LIMIT} levels at {start.position}"
            raise RuleError(errors.COMPILATION, message, start.position, start.text)

    def _is_word(self, word: str) -> bool:
        return _word(self.token) == word

    def _wrong(self, name: str, prefix: str) -> RuleError:
        message = f"Property '{name.lower()}' cannot be applied to object '{prefix.capitalize()}'"
        return self._error(errors.WRONG_PROPERTY, message)

    def _error(self, kind: tuple[str, str], message: str) -> RuleError:
        return RuleError(kind, message, self.token.position, self.token.text)


def _word(token: Token) -> str:
    return token.value.lower() if token.sort in (Sort.WORD, Sort.OPERATOR) else ""


def _is_item(word: str) -> bool:
    return word == "_" or word.lower().startswith(("assignedplan.", "group."))
