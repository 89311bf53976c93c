"""Rule text to tokens, each with its place (07 section 2)."""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from taxiway.directory.rules.errors import COMPILATION, RuleError

DASHES = frozenset("-\u2010\u2011\u2012\u2013\u2014\u2015\u2212")

_BLANK = frozenset(" \t\r\n\u00a0")
_PUNCTUATION = frozenset("()[],")


class Sort(Enum):
    """What a token is."""

    WORD = auto()  # a property, an operator without its dash, or a bare value
    OPERATOR = auto()  # a word with its dash; the value is the word in lower case
    STRING = auto()  # the value is the text between the quotes, escapes undone
    SCALAR = auto()  # a number, a date, or something else that begins with a digit
    PUNCTUATION = auto()
    END = auto()


class Token(NamedTuple):
    """A token: its sort, its meaning, its place in the text and how it is written there."""

    sort: Sort
    value: str
    position: int
    text: str


def tokens(text: str) -> list[Token]:
    """Cut a rule into tokens, the last of them END; raises `RuleError`."""
    out: list[Token] = []
    at = 0
    while at < len(text):
        char = text[at]
        if char in _BLANK:
            at += 1
            continue
        token = _token(text, at, char)
        out.append(token)
        at += len(token.text)
    out.append(Token(Sort.END, "", len(text), ""))
    return out


def _token(text: str, at: int, char: str) -> Token:
    after = text[at + 1 : at + 2]
    if char in _PUNCTUATION:
        return Token(Sort.PUNCTUATION, char, at, char)
    if char in "\"'":
        return _string(text, at, char)
    if char.isalpha() or char in "_$":
        word = _run(text, at, dashes=False)
        return Token(Sort.WORD, word, at, word)
    if char.isdecimal() or (char in "+-" and after.isdecimal()):
        scalar = _run(text, at, dashes=True)
        return Token(Sort.SCALAR, scalar, at, scalar)
    if char in DASHES and after.isalpha():
        word = _run(text, at + 1, dashes=False)
        return Token(Sort.OPERATOR, word.lower(), at, char + word)
    raise RuleError(COMPILATION, f"Unexpected character {char!r} at {at}", at, char)


def _run(text: str, at: int, *, dashes: bool) -> str:
    more = "_.$+-:" if dashes else "_.$"
    end = at + 1
    while end < len(text) and (text[end].isalnum() or text[end] in more):
        end += 1
    return text[at:end]


def _string(text: str, start: int, quote: str) -> Token:
    value: list[str] = []
    at = start + 1
    while at < len(text):
        char, after = text[at], text[at + 1 : at + 2]
        if (char == "`" and after in ('"', "`") and after) or (char == "'" and after == "'"):
            value.append(after)
            at += 2
        elif char == quote:
            return Token(Sort.STRING, "".join(value), start, text[start : at + 1])
        else:
            value.append(char)
            at += 1
    raise RuleError(COMPILATION, f"Unterminated string at {start}", start, text[start:])
