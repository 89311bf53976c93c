"""Which operators and values fit which property (07 sections 4 and 6)."""

from __future__ import annotations

from taxiway.directory.rules import errors
from taxiway.directory.rules.attributes import Type
from taxiway.directory.rules.errors import RuleError
from taxiway.directory.rules.lexer import Sort, Token
from taxiway.directory.rules.patterns import compile_pattern
from taxiway.directory.rules.syntax import Moment, Reference, Value
from taxiway.directory.rules.values import parse_date, parse_duration

_SPELLED = (
    "eq ne startsWith notStartsWith endsWith notEndsWith contains notContains match notMatch in notIn ge le any all"
)
CANONICAL = {name.lower(): name for name in _SPELLED.split()}

_TEXT = frozenset(CANONICAL) - {"eq", "ne", "in", "notin", "ge", "le", "any", "all"}
_ALLOWED = {
    Type.BOOLEAN: frozenset({"eq", "ne"}),
    Type.DATE: frozenset({"eq", "ne", "ge", "le"}),
    Type.STRING: _TEXT | {"eq", "ne", "in", "notin"},
    Type.STRINGS: _TEXT,
    Type.PLANS: frozenset[str](),
    Type.GROUPS: frozenset[str](),
}
_NULLS = frozenset({"null", "$null"})
_BOOLEANS = {"true": True, "false": False}


def check_supported(reference: Reference, name: str, token: Token) -> None:
    """Refuse an operator that the type of the property does not have; memberOf knows `-in` alone."""
    groups = reference.is_item and reference.attribute.type is Type.GROUPS
    if name not in (frozenset({"in"}) if groups else _ALLOWED[reference.type]):
        property_name = reference.attribute.name if groups or not reference.is_item else reference.field
        raise RuleError(errors.UNSUPPORTED, f"-{CANONICAL[name]} on '{property_name}'", token.position, token.text)


def read(stream: list[Token], at: int, reference: Reference, name: str) -> tuple[Value, int]:
    """Read the value behind an operator; gives it and the place of the next token."""
    token = stream[at]
    if name in ("in", "notin"):
        return _list(stream, at, name)
    if token.sort is Sort.WORD and token.value.lower() in _NULLS:
        if name not in ("eq", "ne"):
            raise _refusal(name, token)
        return None, at + 1
    if reference.type is Type.BOOLEAN:
        return _boolean(token, name), at + 1
    if reference.type is Type.DATE:
        return _date(stream, at, name)
    if token.sort is not Sort.STRING:
        raise _refusal(name, token)
    if name in ("match", "notmatch"):
        compile_pattern(token.value, token.position, token.text)
    return token.value, at + 1


def _boolean(token: Token, name: str) -> bool:
    word = token.value.lower() if token.sort in (Sort.WORD, Sort.STRING) else ""
    if word not in _BOOLEANS:
        raise _refusal(name, token)
    return _BOOLEANS[word]


def _date(stream: list[Token], at: int, name: str) -> tuple[Moment, int]:
    token = stream[at]
    if token.sort is Sort.WORD and token.value.lower() == "system.now":
        return _relative(stream, at + 1, name)
    date = parse_date(token.value) if token.sort in (Sort.STRING, Sort.SCALAR) else None
    if date is None:
        raise _refusal(name, token)
    return Moment(date), at + 1


def _relative(stream: list[Token], at: int, name: str) -> tuple[Moment, int]:
    word = stream[at].value.lower() if stream[at].sort in (Sort.WORD, Sort.OPERATOR) else ""
    if word not in ("plus", "minus"):
        return Moment(), at
    token = stream[at + 1]
    duration = parse_duration(token.value) if token.sort in (Sort.WORD, Sort.STRING) else None
    if duration is None:
        raise _refusal(name, token)
    return Moment(offset=duration if word == "plus" else -duration), at + 2


def _list(stream: list[Token], at: int, name: str) -> tuple[tuple[str, ...], int]:
    token = stream[at]
    if token.sort is not Sort.PUNCTUATION or token.value != "[":
        raise _refusal(name, token)
    items: list[str] = []
    while True:
        at += 1
        items.append(_list_item(stream[at], name))
        at += 1
        token = stream[at]
        if token.sort is not Sort.PUNCTUATION or token.value not in (",", "]"):
            message = f"Expected ',' or ']' at {token.position}"
            raise RuleError(errors.COMPILATION, message, token.position, token.text)
        if token.value == "]":
            return tuple(items), at + 1


def _list_item(token: Token, name: str) -> str:
    number = token.sort is Sort.SCALAR and token.value.lstrip("+-").replace(".", "", 1).isdecimal()
    if token.sort is not Sort.STRING and not number:
        raise _refusal(name, token)
    return token.value


def _refusal(name: str, token: Token) -> RuleError:
    message = f"Invalid operands found for operator -{name}"
    return RuleError(errors.OPERANDS, message, token.position, token.text)
