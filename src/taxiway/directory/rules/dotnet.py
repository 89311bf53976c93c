"""Regular expressions as .NET writes them, for the engine here (07 sections 4 and 16)."""

from __future__ import annotations

import re

_NAMED = re.compile(r"\(\?'(\w{1,100})'")
_BACK = re.compile(r"\\k(?:<(\w{1,100})>|'(\w{1,100})')")
_CONTROL = re.compile(r"\\c([A-Za-z@\[\]^_])")
#: What means something else in the engine here: the end, the end but for a line break, escape.
_ESCAPES = {"\\z": "\\Z", "\\Z": "(?=\\n?\\Z)", "\\e": "\\x1b"}


def translated(pattern: str) -> str | None:
    """The same expression in the engine's spelling; None for what it cannot say: one class taken from another."""
    out: list[str] = []
    at, opened = 0, -1  # where the class begins in which we are, or -1
    while at < len(pattern):
        if pattern[at] == "\\":
            piece, at = _escape(pattern, at, inside=opened >= 0)
            out.append(piece)
            continue
        char, named = pattern[at], _NAMED.match(pattern, at)
        if opened >= 0:
            if char == "[" and pattern[at - 1] == "-":
                return None
            if char == "]" and at > opened:
                opened = -1
        elif char == "[":
            opened = at + 2 if pattern[at + 1 : at + 2] == "^" else at + 1
        elif named is not None:
            out.append(f"(?<{named[1]}>")
            at = named.end()
            continue
        out.append(char)
        at += 1
    return "".join(out)


def _escape(pattern: str, at: int, *, inside: bool) -> tuple[str, int]:
    """One escape and where it ends."""
    control, back = _CONTROL.match(pattern, at), _BACK.match(pattern, at)
    if control is not None:
        return f"\\x{ord(control[1].upper()) & 0x1F:02x}", control.end()
    if back is not None and not inside:
        return f"(?P={back[1] or back[2]})", back.end()
    piece = pattern[at : at + 2]
    known = _ESCAPES.get(piece) if not inside or piece == "\\e" else None
    return known or piece, at + 2
