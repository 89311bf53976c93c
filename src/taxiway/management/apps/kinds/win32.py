"""Win32 apps, which the management extension installs: what is refused, and what they ask of a PC (02 section 8.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, BinaryIO, Final

from taxiway.management.apps import experience, win32_rules
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.store import Prop, Row
from taxiway.wire.extension import Requirements, ReturnCode

KIND: Final = "win32LobApp"
CONTENT: Final = True
PROPS: Final = (
    *of(
        "string",
        "install_command_line",
        "uninstall_command_line",
        "applicable_architectures",
        "allowed_architectures",
        "minimum_supported_windows_release",
        "setup_file_path",
        "display_version",
    ),
    Prop("minimum_number_of_processors", "int"),
    Prop("minimum_memory_in_mb", "int", graph="minimumMemoryInMB"),
    Prop("minimum_cpu_speed_in_mhz", "int", graph="minimumCpuSpeedInMHz"),
    Prop("minimum_free_disk_space_in_mb", "int", graph="minimumFreeDiskSpaceInMB"),
    *of("json", "minimum_supported_operating_system", "msi_information"),
    *of("json", "active_install_script", "active_uninstall_script"),
    Prop("allow_available_uninstall", "bool", default=False),
    Prop("return_codes", "json", default=[]),
    # One set of rules in the newer and in the older spelling; ``win32_rules`` keeps the two alike.
    Prop("rules", "json", default=[]),
    Prop("detection_rules", "json", default=[]),
    Prop("requirement_rules", "json", default=[]),
    experience.PROP,
)
_COMMAND: Final = 1_024
_CODES: Final = frozenset({"failed", "success", "softReboot", "hardReboot", "retry"})
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


def prepared(current: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """What a client wrote, with the rules in both spellings and Graph's defaults filled in."""
    made = {**changes, **win32_rules.alike(current, changes)}
    if not (current.get("return_codes") or made.get("return_codes")):
        made["return_codes"] = [{"returnCode": each.code, "type": each.type} for each in DEFAULT_CODES]
    return made


def check(row: Row) -> None:
    """Refuse an app that no agent could install, naming the property at fault."""
    for name in ("install_command_line", "uninstall_command_line"):
        if not row[name] or len(row[name]) > _COMMAND:
            graph = "installCommandLine" if name.startswith("i") else "uninstallCommandLine"
            raise BadPolicy(f"A Win32 app needs its {graph}, of at most {_COMMAND} characters.")
    win32_rules.check(row["rules"])
    experience.check(row["install_experience"])
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


def check_content(row: Row, file: BinaryIO) -> None:  # noqa: ARG001 - none is taken in this way
    """Its package comes with the keys to it."""
    raise BadPolicy("The content of a Win32 app is uploaded encrypted, with the keys to it.")


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


def _check_codes(codes: list[dict[str, Any]]) -> None:
    seen = set()
    for each in codes:
        number = each.get("returnCode")
        if type(number) is not int or not -(2**31) <= number < 2**32 or not experience.one_of(each.get("type"), _CODES):
            raise BadPolicy("A return code has a number and one of the five types.")
        seen.add(number)
    if len(seen) < len(codes):
        raise BadPolicy("A return code is there twice.")


def _build(row: Row) -> int:
    """The first build that will do; the older property names it by a flag for each release."""
    release = row["minimum_supported_windows_release"]
    if release:
        return _BUILDS[release.lower()]
    flags = row["minimum_supported_operating_system"] or {}
    named = [name.partition("_")[2].lower() for name, value in flags.items() if value is True and "_" in name]
    return min((_BUILDS[name] for name in named if name in _BUILDS), default=0)
