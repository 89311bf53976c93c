"""Regular expressions of `-match`, with a time limit per value (07 sections 4 and 16)."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache

import regex  # type: ignore[import-untyped]  # it ships no types

from taxiway.directory.rules.errors import COMPILATION, RuleError, RuleTimeout

SECONDS = 0.1

# Counted repeats are unrolled when compiled, so their product times the length bounds time and memory.
_UNROLLED_LIMIT = 1_000_000
_REPEAT = regex.compile(r"\{(\d*)(?:,(\d*))?\}")


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> regex.Pattern[str] | None:
    if _unrolled(pattern) > _UNROLLED_LIMIT:
        return None
    try:
        return regex.compile(pattern, regex.IGNORECASE | regex.VERSION0)
    except (regex.error, ValueError, OverflowError, RecursionError, LookupError, TypeError):
        return None


def _unrolled(pattern: str) -> int:
    repeats = (max(int(bound or 1) for bound in found) for found in _REPEAT.findall(pattern))
    return len(pattern) * math.prod(max(1, count) for count in repeats)


def compile_pattern(pattern: str, position: int = 0) -> Callable[[str], bool]:
    """Give a search that ignores case; a bad pattern raises `RuleError`, a slow one `RuleTimeout` when used."""
    compiled = _compiled(pattern)
    if compiled is None:
        raise RuleError(COMPILATION, "Invalid regular expression", position, pattern)

    def search(text: str) -> bool:
        try:
            return compiled.search(text, timeout=SECONDS) is not None
        except TimeoutError:
            raise RuleTimeout(f"the expression {pattern[:80]!r} took more than {SECONDS} s on one value") from None

    return search
