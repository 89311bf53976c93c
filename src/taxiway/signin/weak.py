"""Passwords that guessers try first (03 section 15.8): common words, the names at hand, and their usual disguises.

A password is read as a guesser reads it: in small letters, with digits and signs turned back into the letters they
stand for. A known word counts as one character, a run such as ``1234`` likewise, every other character as one; fewer
than five are too few.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

_LEAST = 5
_SHORTEST_WORD = 4
_DISGUISES = str.maketrans("0134578@$!|", "oleastbasil")

_WORDS = frozenset(
    word
    for line in (
        "password passwort passw0rd kennwort admin administrator welcome willkommen letmein login qwerty qwertz azerty",
        "asdf zxcv iloveyou monkey dragon master shadow sunshine princess football baseball superman batman michael",
        "jordan charlie summer winter spring autumn fall sommer herbst fruehling january february march april june",
        "july august september october november december monday tuesday wednesday thursday friday saturday sunday",
        "changeme default company temporary initial starter secure start test guest user root office microsoft",
        "windows autopilot intune azure entra taxiway",
    )
    for word in line.split()
)


def guessable(password: str, names: Iterable[str] = ()) -> bool:
    """Whether little is left of a password once known words and ``names`` are taken for one character each."""
    plain = password.lower()
    readings = (plain, plain.translate(_DISGUISES))
    words = sorted(
        _WORDS | {name.lower() for name in names if len(name) >= _SHORTEST_WORD}, key=lambda word: (-len(word), word)
    )
    return any(_weight(reading, words) < _LEAST for reading in readings)


def _weight(text: str, words: list[str]) -> int:
    for word in words:
        text = text.replace(word, "\0")
    return len(_collapsed(text))


def _collapsed(text: str) -> str:
    """The text with each run of neighbours, such as ``1234`` or ``aaaa``, as one character."""
    kept = text[:1]
    for before, sign in pairwise(text):
        if ord(sign) - ord(before) not in {0, 1}:
            kept += sign
    return kept
