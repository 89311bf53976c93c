"""The version of an object as an ``ETag``, and what ``If-Match`` asks (02 section 1.2).

Graph's clients send any ``If-Match``, most often ``*``: only one that is ours and old refuses a change.
"""

from __future__ import annotations

import re

from taxiway.store import Row

_ours = re.compile(r'W/"taxiway-\d{1,18}"')


def etag_of(row: Row) -> str:
    """Weak: how the object is shown may change without its version."""
    return f'W/"taxiway-{row["version"]}"'


def is_stale(if_match: str, row: Row) -> bool:
    """Whether every version that is named is ours, and none is the row's."""
    named = [part.strip() for part in if_match.split(",") if part.strip()]
    return bool(named) and all(_ours.fullmatch(one) for one in named) and etag_of(row) not in named
