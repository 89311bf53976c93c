"""What stands around a node: the one it is set or taken back with, and the nearest name to one that does not exist."""

from difflib import get_close_matches
from functools import lru_cache
from typing import Final

from taxiway.wire.csp import Branch, Location, edition, find, locate, table

#: A name this similar is taken for a slip; an address has at most so many.
_SIMILAR: Final = 0.75
_SLIPS: Final = 2
_LONGEST: Final = 100


def atomic_root(uri: str) -> str | None:
    """The node at or above this one that is set whole, in one Atomic; None where there is none."""
    return _above(uri, "atomic", edition())


def whole_root(uri: str) -> str | None:
    """The node at or above this one that is taken back whole; None where there is none."""
    return _above(uri, "whole", edition())


def nearest(uri: str) -> str | None:
    """The known node that was probably meant by an address that names none."""
    location = locate(uri) or locate(f"./{uri.lstrip('./')}")
    if location is None:
        return None
    found = _walk(table()[location.scope], location.segments, _SLIPS)
    if found is None:
        return None
    made = Location(location.scope, tuple(found)).uri
    return None if made.lower() == uri.lower() else made


def _walk(branch: Branch, segments: tuple[str, ...], slips: int) -> list[str] | None:
    """The spelling of the facts for these segments, with the fewest slips first."""
    if not segments:
        return [] if branch.node is not None and not branch.node.interior else None
    head, rest = segments[0], segments[1:]
    name = head.casefold()
    steps = [(step, 0, step.path.rpartition("/")[2]) for step in [branch.named.get(name)] if step is not None]
    sought = slips and not steps and len(name) <= _LONGEST
    close = get_close_matches(name, branch.named, n=2, cutoff=_SIMILAR) if sought else []
    steps += [(branch.named[one], 1, branch.named[one].path.rpartition("/")[2]) for one in close]
    if branch.dynamic is not None:
        steps.append((branch.dynamic, 0, head))
    for step, slip, spelled in steps:
        below = _walk(step, rest, slips - slip)
        if below is not None:
            return [spelled, *below]
    return None


@lru_cache(maxsize=8192)
def _above(uri: str, flag: str, _edition: int) -> str | None:
    location = locate(uri)
    if location is None:
        return None
    for length in range(1, len(location.segments) + 1):
        above = Location(location.scope, location.segments[:length])
        node = find(above)
        if node is not None and getattr(node, flag):
            return above.uri
    return None
