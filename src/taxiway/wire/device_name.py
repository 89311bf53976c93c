"""Device name templates: `%SERIAL%`, `%RAND:x%` and letters, digits, hyphens (01 section 7.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from taxiway.wire.errors import WireError

NAME_LIMIT = 15

_MACRO = re.compile(r"%[^%]*%")
_RAND = re.compile(r"%RAND:([1-9][0-9]?)%", re.ASCII)
_ALLOWED = re.compile(r"[A-Za-z0-9-]*\Z")

Fault: TypeAlias = Literal["empty", "macro_case", "macro", "blank", "character", "length", "digits"]


class InvalidDeviceName(WireError):
    """A template, or the name made from it, that Windows would not take; `fault` names the rule."""

    def __init__(self, fault: Fault, message: str) -> None:
        super().__init__(message)
        self.fault = fault


class DeviceNameTemplate(Struct, frozen=True):
    """A template cut into its parts: text as it is, a number of random digits, or None for the serial number."""

    parts: tuple[str | int | None, ...]

    def preview(self, serial: str) -> str:
        """The name as it will look: ``#`` for each random digit (P-29)."""
        return self._joined(serial, lambda digits: "#" * digits)

    def expand(self, serial: str, below: Callable[[int], int]) -> str:
        """Make a name of at most 15 characters; `below(n)` draws from 0 to n-1.

        Characters of the serial number that no name may hold are left out, and what is too long is cut at the end.
        """
        name = self._joined(serial, lambda digits: "".join(str(below(10)) for _ in range(digits)))
        if not name:
            raise InvalidDeviceName("empty", "the name is empty: the serial number has no usable character")
        if name.isdigit():
            raise InvalidDeviceName("digits", f"the name {name} consists of digits only")
        return name

    def length(self, serial: str) -> int:
        """How many characters the name would have if it were not cut."""
        clean = sum(1 for char in serial if _ALLOWED.match(char))
        return sum(clean if part is None else part if isinstance(part, int) else len(part) for part in self.parts)

    def _joined(self, serial: str, random: Callable[[int], str]) -> str:
        clean = "".join(char for char in serial if _ALLOWED.match(char))
        said = (clean if part is None else random(part) if isinstance(part, int) else part for part in self.parts)
        return "".join(said)[:NAME_LIMIT]


def parse_device_name(template: str) -> DeviceNameTemplate:
    """Check a template and cut it up; raises `InvalidDeviceName` with the rule it breaks (R-90)."""
    if not template:
        raise InvalidDeviceName("empty", "the template is empty")
    if any(char.isspace() for char in template):
        raise InvalidDeviceName("blank", "a device name has no blanks")
    parts: list[str | int | None] = []
    end = 0
    for match in _MACRO.finditer(template):
        parts += [_literal(template[end : match.start()]), _macro(match.group())]
        end = match.end()
    parts.append(_literal(template[end:]))
    kept = tuple(part for part in parts if part != "")
    _check_length(kept)
    return DeviceNameTemplate(kept)


def _macro(text: str) -> int | None:
    if text == "%SERIAL%":
        return None
    if match := _RAND.match(text):
        return int(match[1])
    if text.upper() == "%SERIAL%" or _RAND.match(text.upper()):
        raise InvalidDeviceName("macro_case", f"macros are written in capitals: {text.upper()}, not {text}")
    raise InvalidDeviceName("macro", f"there is no macro {text}; use %SERIAL% or %RAND:x%")


def _literal(text: str) -> str:
    if not _ALLOWED.match(text):
        raise InvalidDeviceName("character", f"{text!r} holds something other than letters, digits and hyphens")
    return text


def _check_length(parts: tuple[str | int | None, ...]) -> None:
    least = sum(1 if part is None else part if isinstance(part, int) else len(part) for part in parts)
    if least > NAME_LIMIT:
        raise InvalidDeviceName("length", f"the name would have more than {NAME_LIMIT} characters")
    if all(isinstance(part, int) or (part is not None and part.isdigit()) for part in parts):
        raise InvalidDeviceName("digits", "the name would consist of digits only")
