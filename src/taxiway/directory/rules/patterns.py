"""Regular expressions of `-match`, with a time limit per value (07 sections 4 and 16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import regex  # type: ignore[import-untyped]  # it ships no types

from taxiway.directory.rules.dotnet import translated
from taxiway.directory.rules.errors import COMPILATION, RuleError, RuleTimeout

#: What one value may take when it must, and what it may take as a rule.
SECONDS, QUICK = 0.1, 0.001
#: So many slow values are borne, each forgiven after a hundred quick ones: a pause of the machine looks slow too.
PATIENCE, _FORGIVEN = 5, 0.01

# Counted repeats are unrolled when compiled, so their product times the length bounds time and memory.
_UNROLLED_LIMIT = 1_000_000
_REPEAT = regex.compile(r"\{(\d*)(?:,(\d*))?\}")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    spelled = translated(pattern)
    if spelled is None or _unrolled(pattern) > _UNROLLED_LIMIT:
        return None
    try:
        return regex.compile(spelled, regex.IGNORECASE | regex.VERSION0)
    except (regex.error, ValueError, OverflowError, RecursionError, LookupError, TypeError):
        return None


def _unrolled(pattern: str) -> int:
    repeats = (max(int(bound or 1) for bound in found) for found in _REPEAT.findall(pattern))
    return len(pattern) * math.prod(max(1, count) for count in repeats)


class _Search:
    """A search that is quick as a rule: one value may take long, and a pattern that is slow again and again ends.

    So a whole population costs no more than its size times the quick limit, whatever an administrator writes.
    """

    __slots__ = ("_compiled", "_pattern", "_slow")

    def __init__(self, pattern: str, compiled: regex.Pattern[str]) -> None:
        self._pattern, self._compiled = pattern[:80], compiled
        self._slow = 0.0

    def __call__(self, text: str) -> bool:
        try:
            found = self._compiled.search(text, timeout=QUICK) is not None
        except TimeoutError:
            return self._patiently(text)
        if self._slow:
            self._slow = max(0.0, self._slow - _FORGIVEN)
        return found

    def _patiently(self, text: str) -> bool:
        self._slow += 1
        if self._slow > PATIENCE:
            self._slow = 0.0
            raise RuleTimeout(f"the expression {self._pattern!r} took more than {QUICK} s on several values")
        try:
            return self._compiled.search(text, timeout=SECONDS) is not None
        except TimeoutError:
            raise RuleTimeout(f"the expression {self._pattern!r} took more than {SECONDS} s on one value") from None


def compile_pattern(pattern: str, position: int = 0, token: str = "") -> Callable[[str], bool]:
    """Give a search that ignores case; a bad pattern raises `RuleError`, a slow one `RuleTimeout` when used."""
    compiled = _compiled(pattern)
    if compiled is None:
        raise RuleError(COMPILATION, "Invalid regular expression", position, token)
    return _Search(pattern, compiled)
