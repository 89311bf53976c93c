"""``$filter`` text to a tree of its own, by recursive descent (02 sections 1.7 and 12).

    expression  = conjunction { "or" conjunction }
    conjunction = negation { "and" negation }
    negation    = "not" negation | relation
    relation    = operand [ operator operand | "in" "(" operand { "," operand } ")" ]
    operand     = "(" expression ")" | literal | function | path [ "/" ("any" | "all") "(" lambda ")" ]

Operators, functions and property names are accepted in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from taxiway.graph.errors import FilterRefused
from taxiway.graph.protocol.filter_tokens import Token, tokens_of

#: SQLite parses no condition that is nested twice as deep.
MAX_DEPTH = 20
OPERATORS = frozenset({"eq", "ne", "gt", "ge", "lt", "le", "has"})
FUNCTIONS = {"startswith": 2, "endswith": 2, "contains": 2, "isof": 1, "tolower": 1, "toupper": 1}
_CONSTANTS: dict[str, bool | None] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant: text, number, boolean, null or moment."""

    value: Any
    position: int


@dataclass(frozen=True, slots=True)
class Path:
    """A property, with the steps to it; a cast is a step with dots."""

    steps: tuple[str, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Function:
    """A function and its arguments; the name in lower case."""

    name: str
    arguments: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Relation:
    """Two operands and an operator, in lower case."""

    left: Node
    operator: str
    right: Node
    position: int


@dataclass(frozen=True, slots=True)
class Listed:
    """An operand and the values it must be among."""

    left: Node
    values: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Lambda:
    """``path/any(variable: body)``; body None for ``any()``."""

    path: Path
    quantifier: Literal["any", "all"]
    variable: str
    body: Node | None
    position: int


@dataclass(frozen=True, slots=True)
class Both:
    """Every part holds (``and``), or one does (``or``)."""

    word: Literal["and", "or"]
    parts: tuple[Node, ...]
    position: int


@dataclass(frozen=True, slots=True)
class Negation:
    """The part does not hold."""

    part: Node
    position: int


Node: TypeAlias = Constant | Path | Function | Relation | Listed | Lambda | Both | Negation


def parse_filter(text: str) -> Node:
    """The tree of a filter, or ``FilterRefused`` with the position."""
    parser = _Parser(tokens_of(text))
    tree = parser.expression()
    parser.expect_end()
    return tree


class _Parser:
    """A cursor over the tokens."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def expression(self) -> Node:
        """Parts joined by ``or``."""
        return self._joined("or", self._conjunction)

    def expect_end(self) -> None:
        """Nothing may follow."""
        if self._here.kind != "end":
            raise self._refusal("an operator was expected")

    def _conjunction(self) -> Node:
        return self._joined("and", self._negation)

    def _joined(self, word: Literal["and", "or"], part: Any) -> Node:
        start = self._here.position
        parts = [part()]
        while self._word() == word:
            self._next()
            parts.append(part())
        return parts[0] if len(parts) == 1 else Both(word, tuple(parts), start)

    def _negation(self) -> Node:
        if self._word() != "not":
            return self._relation()
        start = self._next().position
        self._deeper()
        part = self._negation()
        self._depth -= 1
        return Negation(part, start)

    def _relation(self) -> Node:
        left = self._operand()
        word, start = self._word(), self._here.position
        if word in OPERATORS:
            self._next()
            return Relation(left, word, self._operand(), start)
        if word == "in":
            self._next()
            return Listed(left, self._arguments(), start)
        return left

    def _operand(self) -> Node:
        token = self._here
        if self._mark("("):
            self._deeper()
            inside = self.expression()
            self._expect(")")
            self._depth -= 1
            return inside
        if token.kind == "word":
            return self._named()
        if token.kind in ("mark", "end"):
            raise self._refusal("a property or a value was expected")
        self._next()
        return Constant(_value(token), token.position)

    def _named(self) -> Node:
        token = self._next()
        lower = token.text.lower()
        if self._here.kind == "string" and "." in token.text:
            return Constant(self._next().text, token.position)  # a typed enumeration member
        if lower in _CONSTANTS and not self._is("/"):
            return Constant(_CONSTANTS[lower], token.position)
        if self._is("("):
            return self._function(lower, token.position)
        steps = [token.text]
        while self._mark("/"):
            step = self._next()
            if step.kind != "word":
                raise FilterRefused("a property name was expected.", step.position)
            if step.text.lower() in ("any", "all") and self._is("("):
                return self._lambda(Path(tuple(steps), token.position), step)
            steps.append(step.text)
        return Path(tuple(steps), token.position)

    def _function(self, name: str, position: int) -> Node:
        if name not in FUNCTIONS:
            raise FilterRefused(f"the function '{name}' is not supported.", position)
        arguments = self._arguments()
        if len(arguments) != FUNCTIONS[name]:
            raise FilterRefused(f"'{name}' takes {FUNCTIONS[name]} argument(s).", position)
        return Function(name, arguments, position)

    def _arguments(self) -> tuple[Node, ...]:
        self._expect("(")
        self._deeper()
        found = [self.expression()]
        while self._mark(","):
            found.append(self.expression())
        self._expect(")")
        self._depth -= 1
        return tuple(found)

    def _lambda(self, path: Path, quantifier: Token) -> Node:
        self._expect("(")
        word: Literal["any", "all"] = "any" if quantifier.text.lower() == "any" else "all"
        if self._mark(")"):
            return Lambda(path, word, "", None, quantifier.position)
        variable = self._next()
        if variable.kind != "word":
            raise FilterRefused("a variable was expected.", variable.position)
        self._expect(":")
        self._deeper()
        body = self.expression()
        self._depth -= 1
        self._expect(")")
        return Lambda(path, word, variable.text, body, quantifier.position)

    # ------------------------------------------------------------------------------------------ the cursor

    @property
    def _here(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._here
        if token.kind != "end":
            self._at += 1
        return token

    def _word(self) -> str:
        return self._here.text.lower() if self._here.kind == "word" else ""

    def _is(self, mark: str) -> bool:
        return self._here.kind == "mark" and self._here.text == mark

    def _mark(self, mark: str) -> bool:
        if not self._is(mark):
            return False
        self._at += 1
        return True

    def _expect(self, mark: str) -> None:
        if not self._mark(mark):
            raise self._refusal(f"'{mark}' was expected")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._refusal(f"a filter is nested at most {MAX_DEPTH} deep")

    def _refusal(self, message: str) -> FilterRefused:
        found = f"found '{self._here.text[:40]}'" if self._here.kind != "end" else "found the end"
        return FilterRefused(f"{message}; {found}.", self._here.position)


def _value(token: Token) -> Any:
    if token.kind == "number":
        return float(token.text) if any(c in token.text for c in ".eE") else _integer(token)
    return _moment(token) if token.kind == "date" else token.text


def _integer(token: Token) -> int:
    if len(token.text) > 20:
        raise FilterRefused("the number is too large.", token.position)
    return int(token.text)


def _moment(token: Token) -> datetime:
    text, _, fraction = token.text.partition(".")
    zone = ""
    if fraction:
        digits = fraction.rstrip("Z")
        plus = max(digits.find("+"), digits.find("-"))
        digits, zone = (digits[:plus], digits[plus:]) if plus >= 0 else (digits, "")
        text = f"{text}.{digits[:6]:0<6}{zone}"
    try:
        made = datetime.fromisoformat(text.rstrip("Z"))
    except ValueError as error:
        raise FilterRefused("this is no date.", token.position) from error
    return made.replace(tzinfo=UTC) if made.tzinfo is None else made
