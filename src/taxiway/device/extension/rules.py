"""Detection and requirement rules, evaluated against the state of the PC."""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from taxiway.device.extension.software import Software, key_name
from taxiway.device.firmware import Firmware
from taxiway.device.host import Place
from taxiway.wire.extension import Requirements, Rule

#: How a PowerShell file that is signed ends.
SIGNATURE: Final = b"# SIG # Begin signature block"
_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "equal": operator.eq,
    "notEqual": operator.ne,
    "greaterThan": operator.gt,
    "greaterThanOrEqual": operator.ge,
    "lessThan": operator.lt,
    "lessThanOrEqual": operator.le,
}
_Check = Callable[[Any, Rule], bool]
_MEGABYTE: Final = 1024 * 1024
_ARCHITECTURE: Final = "x64"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What rules are held against: the software, the hardware, and what the rehearsal says of scripts."""

    software: Software
    firmware: Firmware
    place: Place

    def detected(self, rules: list[Rule]) -> bool:
        """Whether all detection rules find what they look for; no rule finds nothing."""
        return bool(rules) and all(self._holds(rule, detecting=True) for rule in rules)

    def unmet(self, wanted: Requirements) -> str:
        """The first requirement that the PC does not meet, as a sentence; empty when it meets all."""
        firmware = self.firmware
        build = _number(firmware.os_version.split(".")[2:3])
        asked = [
            (not wanted.architectures or _ARCHITECTURE in wanted.architectures, f"it is not for {_ARCHITECTURE}"),
            (build >= wanted.os_build, f"it needs Windows build {wanted.os_build}, this is {build}"),
            (firmware.disk_gb * 900 >= wanted.disk_mb, f"it needs {wanted.disk_mb} MB of free disk space"),
            (firmware.memory_gb * 1024 >= wanted.memory_mb, f"it needs {wanted.memory_mb} MB of memory"),
            (firmware.cores >= wanted.processors, f"it needs {wanted.processors} processors"),
        ]
        asked += [(self._holds(rule, detecting=False), f"a requirement rule ({rule.kind})") for rule in wanted.rules]
        return next((text for met, text in asked if not met), "")

    # ------------------------------------------------------------------------------------------ inside

    def _holds(self, rule: Rule, *, detecting: bool) -> bool:
        match rule.kind:
            case "product":
                return self._product(rule)
            case "script":
                return self._script(rule, detecting=detecting)
            case "file":
                return self._file(rule)
            case _:
                return self._value(rule)

    def _product(self, rule: Rule) -> bool:
        version = self.software.product(rule.name)
        if version is None or rule.operator in {"", "notConfigured"}:
            return version is not None
        return _versions(version, rule)

    def _file(self, rule: Rule) -> bool:
        file = self.software.file(rule.path, rule.name)
        if rule.check == "doesNotExist":
            return file is None
        if file is None or rule.check == "exists":
            return file is not None
        checks: dict[str, tuple[_Check, Any]] = {
            "version": (_versions, file.version),
            "appVersion": (_versions, file.version),
            "sizeInMB": (_numbers, file.size // _MEGABYTE),
            "sizeInBytes": (_numbers, file.size),
            "modifiedDate": (_moments, file.modified),
            "createdDate": (_moments, file.created),
        }
        if rule.check not in checks:
            return False
        check, found = checks[rule.check]
        return check(found, rule)

    def _value(self, rule: Rule) -> bool:
        key = key_name(rule.path, wow=rule.in_32_bit)
        found = self.software.value(key, rule.name) if rule.name else None
        there = self.software.has_key(key) if not rule.name else found is not None
        if rule.check in {"exists", "doesNotExist"}:
            return there is (rule.check == "exists")
        if found is None:
            return False
        match rule.check:
            case "integer":
                return isinstance(found, int) and _numbers(found, rule)
            case "version" | "appVersion":
                return _versions(str(found), rule)
        return rule.check == "string" and _compared(str(found).lower(), rule.operator, rule.value.lower())

    def _script(self, rule: Rule, *, detecting: bool) -> bool:
        """What a script says: told by the rehearsal, else whether an installer has left what it looks for."""
        if rule.signed and not is_signed(rule.script):
            return False
        told = self.place.script(rule.name)
        if detecting:
            return self.software.satisfies(rule.script) if told is None else told[0] == 0 and bool(told[1].strip())
        if told is None:
            return True  # nobody said that the PC does not meet it
        code, printed = told[0], told[1].strip()
        return code == 0 and _printed(printed, rule)


def is_signed(script: str) -> bool:
    """Whether a script, in base64, carries a signature."""
    try:
        return SIGNATURE in base64.b64decode(script)
    except ValueError:
        return False


def _printed(text: str, rule: Rule) -> bool:
    """What a requirement script printed, compared as the rule says."""
    return rule.check in _OF_SCRIPTS and _OF_SCRIPTS[rule.check](text, rule)


def _texts(found: str, rule: Rule) -> bool:
    return _compared(found.lower(), rule.operator, rule.value.lower())


def _floats(found: str, rule: Rule) -> bool:
    try:
        return _compared(float(found), rule.operator, float(rule.value))
    except ValueError:
        return False


def _compared(left: Any, how: str, right: Any) -> bool:
    compare = _COMPARE.get(how)
    return compare is not None and compare(left, right)


def _numbers(found: int | str, rule: Rule) -> bool:
    if isinstance(found, str):
        if not found.lstrip("-").isdecimal():
            return False
        found = int(found)
    return rule.value.lstrip("-").isdecimal() and _compared(found, rule.operator, int(rule.value))


def _versions(found: str, rule: Rule) -> bool:
    left, right = _version(found), _version(rule.value)
    return left is not None and right is not None and _compared(left, rule.operator, right)


def _version(text: str) -> tuple[int, ...] | None:
    parts = text.strip().split(".")
    if not all(part.isdecimal() for part in parts):
        return None
    numbers = [int(part) for part in parts]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _moments(found: str, rule: Rule) -> bool:
    try:
        left, right = (datetime.fromisoformat(text) for text in (found, rule.value))
        return _compared(left.timestamp(), rule.operator, right.timestamp())
    except (ValueError, OverflowError):
        return False


def _number(parts: list[str]) -> int:
    return int(parts[0]) if parts and parts[0].isdecimal() else 0


_OF_SCRIPTS: Final[dict[str, _Check]] = {
    "integer": _numbers,
    "version": _versions,
    "boolean": _texts,
    "string": _texts,
    "dateTime": _moments,
    "float": _floats,
}
