"""What is installed on the PC, as detection rules see it, and what installers leave behind."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Any, Final

from taxiway.device.extension.state import File
from taxiway.device.host import Leaves
from taxiway.device.state import Storage
from taxiway.wire.extension import Rule

_HIVES: Final = {
    "hkey_local_machine": "HKLM",
    "hkey_current_user": "HKCU",
    "hkey_classes_root": "HKCR",
    "hkey_users": "HKU",
}
_VARIABLE: Final = re.compile(r"%([^%]+)%")
_FOLDERS: Final = {
    "programfiles": r"C:\Program Files",
    "programw6432": r"C:\Program Files",
    "programfiles(x86)": r"C:\Program Files (x86)",
    "programdata": r"C:\ProgramData",
    "allusersprofile": r"C:\ProgramData",
    "systemroot": r"C:\Windows",
    "windir": r"C:\Windows",
    "systemdrive": "C:",
    "localappdata": r"C:\Users\user\AppData\Local",
    "appdata": r"C:\Users\user\AppData\Roaming",
}
_MEGABYTE: Final = 1024 * 1024


class Software:
    """Registry, files, products and packages of one PC; names compare without regard to case."""

    def __init__(self, storage: Storage) -> None:
        self._state = storage.state

    # ------------------------------------------------------------------------------------------ to look

    def has_key(self, key: str) -> bool:
        """Whether a registry key is there, or one below it."""
        wanted = key_name(key).lower()
        return any(name.lower() == wanted or name.lower().startswith(wanted + "\\") for name in self._state.registry)

    def value(self, key: str, name: str) -> Any:
        """A registry value; None when it is not there."""
        wanted = key_name(key).lower()
        for known, values in self._state.registry.items():
            if known.lower() == wanted:
                return next((value for one, value in values.items() if one.lower() == name.lower()), None)
        return None

    def file(self, folder: str, name: str) -> File | None:
        """A file or folder."""
        wanted = path_name(folder, name).lower()
        for known, file in self._state.software.files.items():
            if known.lower() == wanted or known.lower().startswith(wanted + "\\"):
                return file if known.lower() == wanted else File()
        return None

    def product(self, code: str) -> str | None:
        """The version of an installed product; None when it is not there."""
        wanted = _guid(code)
        return next((version for name, version in self._state.installed.items() if _guid(name) == wanted), None)

    def package(self, identifier: str) -> str | None:
        """The version of a Store package; None when it is not there."""
        wanted = identifier.lower()
        return next((v for name, v in self._state.software.packages.items() if name.lower() == wanted), None)

    def satisfies(self, script: str) -> bool:
        """Whether a detection script would find what it looks for."""
        return _digest(script) in self._state.software.satisfied

    # ------------------------------------------------------------------------------------------ what installers do

    def leave(self, left: Leaves) -> None:
        """Put there what the scenario says that an installer leaves."""
        for path, version in left.files.items():
            self._state.software.files[path_name(path, "")] = File(version=version)
        for key, values in left.registry.items():
            self._state.registry.setdefault(key_name(key), {}).update(values)
        for code, version in left.products.items():
            self._state.installed["{" + _guid(code).upper() + "}"] = version

    def remove(self, left: Leaves) -> None:
        """Take away what an installer left."""
        for path in left.files:
            self._state.software.files.pop(path_name(path, ""), None)
        for key, values in left.registry.items():
            for name in values:
                self._state.registry.get(key_name(key), {}).pop(name, None)
        for code in left.products:
            self._drop_product(code)

    def fulfil(self, rule: Rule, now: datetime) -> None:
        """Make a detection rule true: what an installer leaves where nothing else is said of it."""
        match rule.kind:
            case "product":
                self._state.installed["{" + _guid(rule.name).upper() + "}"] = rule.value or "1.0.0"
            case "script":
                self._state.software.satisfied.append(_digest(rule.script))
            case "file":
                self._fulfil_file(rule, now)
            case _:
                self._fulfil_value(rule)

    def undo(self, rule: Rule) -> None:
        """Make a detection rule false again: what an uninstaller takes away where nothing else is said of it."""
        match rule.kind:
            case "product":
                self._drop_product(rule.name)
            case "script":
                found = self._state.software.satisfied
                self._state.software.satisfied = [each for each in found if each != _digest(rule.script)]
            case "file":
                self._state.software.files.pop(path_name(rule.path, rule.name), None)
            case _:
                key = key_name(rule.path, wow=rule.in_32_bit)
                if rule.name:
                    self._state.registry.get(key, {}).pop(rule.name, None)
                else:
                    self._state.registry.pop(key, None)

    def add_package(self, identifier: str, version: str) -> None:
        """A Store package is installed."""
        self._state.software.packages[identifier] = version

    def drop_package(self, identifier: str) -> None:
        """A Store package is gone."""
        for name in [name for name in self._state.software.packages if name.lower() == identifier.lower()]:
            del self._state.software.packages[name]

    # ------------------------------------------------------------------------------------------ inside

    def _fulfil_file(self, rule: Rule, now: datetime) -> None:
        path = path_name(rule.path, rule.name)
        if rule.check == "doesNotExist":
            self._state.software.files.pop(path, None)
            return
        file = File(modified=now.isoformat(), created=now.isoformat())
        match rule.check:
            case "version" | "appVersion":
                file.version = _fitting_version(rule)
            case "sizeInMB":
                file.size = _fitting_number(rule) * _MEGABYTE
            case "sizeInBytes":
                file.size = _fitting_number(rule)
            case "modifiedDate" | "createdDate" if rule.operator in {"equal", "lessThan", "lessThanOrEqual"}:
                file.modified = file.created = rule.value
        self._state.software.files[path] = file

    def _fulfil_value(self, rule: Rule) -> None:
        key = key_name(rule.path, wow=rule.in_32_bit)
        if rule.check == "doesNotExist":
            self._state.registry.get(key, {}).pop(rule.name, None)
            return
        values = self._state.registry.setdefault(key, {})
        match rule.check:
            case "integer":
                values[rule.name] = _fitting_number(rule)
            case "version" | "appVersion":
                values[rule.name] = _fitting_version(rule)
            case "string":
                values[rule.name] = rule.value if rule.operator != "notEqual" else f"not {rule.value}"
            case _ if rule.name:
                values[rule.name] = "1"

    def _drop_product(self, code: str) -> None:
        for name in [name for name in self._state.installed if _guid(name) == _guid(code)]:
            del self._state.installed[name]


def key_name(key: str, *, wow: bool = False) -> str:
    """A registry key in the short spelling of its hive; ``wow``: as a 32-bit program sees it."""
    hive, _, rest = key.strip().strip("\\").partition("\\")
    short = _HIVES.get(hive.lower(), hive.upper())
    first, _, below = rest.partition("\\")
    if wow and first.lower() == "software" and not below.lower().startswith("wow6432node"):
        rest = f"{first}\\WOW6432Node\\{below}"
    return f"{short}\\{rest}" if rest else short


def path_name(folder: str, name: str) -> str:
    """A path with its variables in place of their names."""
    joined = "\\".join(part for part in (folder.strip().rstrip("\\"), name.strip().strip("\\")) if part)
    return _VARIABLE.sub(lambda found: _FOLDERS.get(found[1].lower(), found[0]), joined)


def _fitting_number(rule: Rule) -> int:
    number = int(rule.value)
    return number + {"greaterThan": 1, "lessThan": -1, "notEqual": 1}.get(rule.operator, 0)


def _fitting_version(rule: Rule) -> str:
    parts = [int(part) for part in rule.value.split(".")]
    if rule.operator in {"greaterThan", "notEqual"}:
        parts[-1] += 1
    if rule.operator == "lessThan":
        place = next((place for place in reversed(range(len(parts))) if parts[place]), 0)
        parts[place] = max(0, parts[place] - 1)
    return ".".join(str(part) for part in parts)


def _guid(code: str) -> str:
    return code.strip().strip("{}").lower()


def _digest(script: str) -> str:
    return hashlib.sha256(script.encode()).hexdigest()
