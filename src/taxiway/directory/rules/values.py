"""What a rule may compare with: dates, durations, and how text is compared (07 sections 2 and 4)."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from functools import lru_cache

_DURATION = re.compile(
    r"P(?=.)(?:(?P<years>\d{1,4})Y)?(?:(?P<months>\d{1,5})M)?(?:(?P<weeks>\d{1,5})W)?(?:(?P<days>\d{1,6})D)?"
    r"(?:T(?=.)(?:(?P<hours>\d{1,7})H)?(?:(?P<minutes>\d{1,9})M)?(?:(?P<seconds>\d{1,10}(?:\.\d{1,6})?)S)?)?\Z",
    re.IGNORECASE | re.ASCII,
)
_LONGEST = timedelta(days=366000)


@lru_cache(maxsize=8192)
def fold(text: str) -> str:
    """Give the form in which strings are compared: NFC, case folded character by character."""
    if text.isascii():
        return text.lower()
    return "".join(_fold_one(char) for char in unicodedata.normalize("NFC", text))


def _fold_one(char: str) -> str:
    folded = char.casefold()
    return folded if len(folded) == 1 else char


def parse_date(text: str) -> datetime | None:
    """Read an ISO 8601 date with its offset; None when it is none."""
    try:
        date = datetime.fromisoformat(text.upper())
        return date.astimezone(UTC) if date.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def parse_duration(text: str) -> timedelta | None:
    """Read an ISO 8601 duration of at most a thousand years; a year has 365 days and a month 30."""
    match = _DURATION.match(text)
    if match is None:
        return None
    n = {name: float(value or 0) for name, value in match.groupdict().items()}
    days = n["years"] * 365 + n["months"] * 30 + n["weeks"] * 7 + n["days"]
    length = timedelta(days=days, hours=n["hours"], minutes=n["minutes"], seconds=n["seconds"])
    return length if length <= _LONGEST else None
