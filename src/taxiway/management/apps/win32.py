"""Win32 and Store apps: what is refused when they are saved, and what they ask of a PC (02 section 8.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from taxiway.management.apps import win32_rules
from taxiway.management.apps.entities import ACTED_ON, EXTENSION_KINDS, WIN32, WINGET
from taxiway.management.errors import BadPolicy
from taxiway.store import Row
from taxiway.wire.extension import Requirements, ReturnCode

MAX_MINUTES: Final = 1_440
DEFAULT_MINUTES: Final = 60
_COMMAND: Final = 1_024
_CODES: Final = frozenset({"failed", "success", "softReboot", "hardReboot", "retry"})
_RESTARTS: Final = frozenset({"basedOnReturnCode", "allow", "suppress", "force"})
_ARCHITECTURES: Final = frozenset({"none", "x86", "x64", "arm", "neutral", "arm64"})
DEFAULT_CODES: Final = (
    ReturnCode(code=0, type="success"),
    ReturnCode(code=1707, type="success"),
    ReturnCode(code=3010, type="softReboot"),
    ReturnCode(code=1641, type="hardReboot"),
    ReturnCode(code=1618, type="retry"),
)
#: The build of each release of Windows that an app can ask for.
_BUILDS: Final[dict[str, int]] = {
    "1507": 10240,
    "1511": 10586,
    "1607": 14393,
    "1703": 15063,
    "1709": 16299,
    "1803": 17134,
    "1809": 17763,
    "1903": 18362,
    "1909": 18363,
    "2004": 19041,
    "20h2": 19042,
    "2h20": 19042,
    "21h1": 19043,
    "windows10_21h2": 19044,
    "windows10_22h2": 19045,
    "windows11_21h2": 22000,
    "windows11_22h2": 22621,
    "windows11_23h2": 22631,
    "windows11_24h2": 26100,
}


def prepared(kind: str, current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a client wrote, with the rules in both spellings and Graph's defaults filled in."""
    if kind != WIN32:
        return dict(changes)
    made = {**changes, **win32_rules.alike(current, changes)}
    if not (current.get("return_codes") or made.get("return_codes")):
        made["return_codes"] = [{"returnCode": each.code, "type": each.type} for each in DEFAULT_CODES]
    return made


def revised(row: Row, changes: Mapping[str, Any]) -> dict[str, int]:
    """The next revision, where an agent has to know of what changed."""
    if row["kind"] in EXTENSION_KINDS and any(name in ACTED_ON and row[name] != changes[name] for name in changes):
        return {"revision": int(row["revision"]) + 1}
    return {}


def check(row: Row) -> None:
    """Refuse an app that no agent could install, naming the property at fault."""
    if row["kind"] == WIN32:
        _check_win32(row)
    if row["kind"] == WINGET:
        identifier = row["package_identifier"]
        if not identifier or len(identifier) > 255:
            raise BadPolicy("A Store app needs its packageIdentifier, of at most 255 characters.")
        _check_experience(row["install_experience"])


def experience(row: Row, name: str) -> str:
    """A member of the install experience, empty where nothing is said."""
    return str((row["install_experience"] or {}).get(name) or "")


def minutes(row: Row) -> int:
    """How long an installer may run."""
    found = (row["install_experience"] or {}).get("maxRunTimeInMinutes")
    return DEFAULT_MINUTES if found is None else int(found)


def return_codes(row: Row) -> list[ReturnCode]:
    """What the installer's numbers mean."""
    return [ReturnCode(code=int(each["returnCode"]), type=each["type"]) for each in row["return_codes"]]


def requirements(row: Row) -> Requirements:
    """What the PC has to be."""
    architectures = row["allowed_architectures"] or row["applicable_architectures"] or ""
    named = [name for part in architectures.split(",") if (name := part.strip().lower()) not in {"", "none"}]
    return Requirements(
        architectures=[] if "neutral" in named else named,
        os_build=_build(row),
        disk_mb=row["minimum_free_disk_space_in_mb"] or 0,
        memory_mb=row["minimum_memory_in_mb"] or 0,
        processors=row["minimum_number_of_processors"] or 0,
        rules=win32_rules.told(row["rules"], "requirement"),
    )


# ---------------------------------------------------------------------------------------------- inside


def _check_win32(row: Row) -> None:
    for name in ("install_command_line", "uninstall_command_line"):
        if not row[name] or len(row[name]) > _COMMAND:
            graph = "installCommandLine" if name.startswith("i") else "uninstallCommandLine"
            raise BadPolicy(f"A Win32 app needs its {graph}, of at most {_COMMAND} characters.")
    win32_rules.check(row["rules"])
    _check_experience(row["install_experience"])
    _check_codes(row["return_codes"])
    for name in ("applicable_architectures", "allowed_architectures"):
        parts = {part.strip().lower() for part in (row[name] or "none").split(",")}
        if not parts <= _ARCHITECTURES:
            raise BadPolicy(f"'{row[name][:100]}' is no list of architectures.")
    release = row["minimum_supported_windows_release"]
    if release and release.lower() not in _BUILDS:
        raise BadPolicy(f"'{release[:50]}' is no release of Windows that is known here.")
    if any((row[name] or 0) < 0 for name in ("minimum_free_disk_space_in_mb", "minimum_memory_in_mb")):
        raise BadPolicy("A minimum is not below zero.")


def _check_experience(told: Mapping[str, Any] | None) -> None:
    found = told or {}
    if not _one_of(found.get("runAsAccount", "system"), {"system", "user"}):
        raise BadPolicy("installExperience.runAsAccount is 'system' or 'user'.")
    if not _one_of(found.get("deviceRestartBehavior") or "basedOnReturnCode", _RESTARTS):
        raise BadPolicy("installExperience.deviceRestartBehavior is not known.")
    limit = found.get("maxRunTimeInMinutes")
    if limit is not None and (type(limit) is not int or not 1 <= limit <= MAX_MINUTES):
        raise BadPolicy(f"installExperience.maxRunTimeInMinutes is a number from 1 to {MAX_MINUTES}.")


def _check_codes(codes: list[dict[str, Any]]) -> None:
    seen = set()
    for each in codes:
        number = each.get("returnCode")
        if type(number) is not int or not -(2**31) <= number < 2**32 or not _one_of(each.get("type"), _CODES):
            raise BadPolicy("A return code has a number and one of the five types.")
        seen.add(number)
    if len(seen) < len(codes):
        raise BadPolicy("A return code is there twice.")


def _one_of(value: Any, allowed: Collection[str]) -> bool:
    """Whether a member is one of these texts; JSON may hold anything there."""
    return isinstance(value, str) and value in allowed


def _build(row: Row) -> int:
    """The first build that will do; the older property names it by a flag for each release."""
    release = row["minimum_supported_windows_release"]
    if release:
        return _BUILDS[release.lower()]
    flags = row["minimum_supported_operating_system"] or {}
    named = [name.partition("_")[2].lower() for name, value in flags.items() if value is True and "_" in name]
    return min((_BUILDS[name] for name in named if name in _BUILDS), default=0)
