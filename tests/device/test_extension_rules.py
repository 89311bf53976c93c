"""Detection and requirement rules on the PC, and what installers leave that satisfies them (02 section 8.1)."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest

from taxiway.device import Firmware, Leaves, Place
from taxiway.device.extension.rules import Surroundings
from taxiway.device.extension.software import Software, key_name, path_name
from taxiway.device.state import State, Storage
from taxiway.kernel import SystemEntropy
from taxiway.wire.extension import Requirements, Rule

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SCRIPT = base64.b64encode(b"if (Test-Path C:\\x) { 'yes' }").decode()
SIGNED = base64.b64encode(b"'yes'\n# SIG # Begin signature block\n").decode()
CODE = "{01234567-89AB-CDEF-0123-456789ABCDEF}"
KEY = r"HKEY_LOCAL_MACHINE\SOFTWARE\Contoso\Tool"


@pytest.fixture
def storage(tmp_path):
    firmware = Firmware.new(SystemEntropy())
    return Storage(tmp_path, State(correlation="c", firmware=firmware, device_name="PC"))


@pytest.fixture
def software(storage):
    return Software(storage)


@pytest.fixture
def around(storage, software):
    return lambda **place: Surroundings(software, storage.state.firmware, Place(**place))


def compared(kind, check, value, **more):
    """One rule for each operator."""
    operators = ("equal", "notEqual", "greaterThan", "greaterThanOrEqual", "lessThan", "lessThanOrEqual")
    return [Rule(kind=kind, check=check, operator=each, value=value, **more) for each in operators]


FILE = {"path": r"%ProgramFiles%\Contoso", "name": "tool.exe"}
VALUE = {"path": KEY, "name": "Version"}
RULES = [
    Rule(kind="product", name=CODE),
    Rule(kind="product", name=CODE, operator="greaterThanOrEqual", value="2.0.1"),
    Rule(kind="file", check="exists", **FILE),
    Rule(kind="registry", check="exists", **VALUE),
    Rule(kind="registry", check="exists", path=KEY),
    Rule(kind="registry", check="string", operator="equal", value="Ready", **VALUE),
    Rule(kind="registry", check="string", operator="notEqual", value="Ready", **VALUE),
    Rule(kind="script", name="Look", script=SCRIPT),
    *compared("file", "version", "1.2.3", **FILE),
    *compared("file", "sizeInMB", "10", **FILE),
    *compared("file", "sizeInBytes", "10", **FILE),
    *compared("registry", "integer", "7", **VALUE),
    *compared("registry", "version", "3.0.0.1", **VALUE),
    *compared("registry", "integer", "7", in_32_bit=True, **VALUE),
]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.kind}-{rule.check}-{rule.operator}")
def test_what_fulfils_a_rule_is_found_by_it_and_undone_again(around, software, rule):
    """Nothing before, something after the installer, nothing after the uninstaller."""
    assert not around().detected([rule])
    software.fulfil(rule, NOW)
    assert around().detected([rule])
    software.undo(rule)
    assert not around().detected([rule])


def test_all_rules_have_to_hold(around, software):
    """One of two is not enough, and no rule at all finds nothing."""
    first, second = RULES[0], RULES[2]
    software.fulfil(first, NOW)
    assert not around().detected([first, second])
    software.fulfil(second, NOW)
    assert around().detected([first, second])
    assert not around().detected([])


@pytest.mark.parametrize(
    ("found", "operator", "wanted", "holds"),
    [
        ("1.10.0", "greaterThan", "1.9.0", True),
        ("1.2", "equal", "1.2.0.0", True),
        ("1.2.3", "lessThan", "1.2.3", False),
        ("2.0.0-beta", "greaterThan", "1.0", False),
        ("", "equal", "1.0", False),
    ],
)
def test_versions_compare_by_their_numbers(around, software, found, operator, wanted, holds):
    """Not as texts; what is no version compares to nothing."""
    software.leave(Leaves(files={r"C:\x.exe": found}))
    rule = Rule(kind="file", path="C:", name="x.exe", check="version", operator=operator, value=wanted)
    assert around().detected([rule]) is holds


def test_what_is_not_to_be_there(around, software):
    """doesNotExist holds until something is left."""
    rule = Rule(kind="file", check="doesNotExist", **FILE)
    assert around().detected([rule])
    software.leave(Leaves(files={r"c:\program files\CONTOSO\Tool.exe": "1.0"}))
    assert not around().detected([rule])


def test_names_are_spelled_in_many_ways(software):
    """Hives, variables, case and 32-bit views lead to the same place."""
    assert key_name(KEY) == r"HKLM\SOFTWARE\Contoso\Tool"
    assert key_name(KEY, wow=True) == r"HKLM\SOFTWARE\WOW6432Node\Contoso\Tool"
    assert path_name("%windir%\\", "x.dll") == r"C:\Windows\x.dll"
    software.leave(Leaves(registry={r"hklm\software\contoso\tool": {"version": 3}}))
    assert software.value(KEY, "VERSION") == 3
    assert software.has_key(r"HKLM\Software\Contoso")


def test_a_detection_script_finds_what_it_prints(around):
    """Exit code 0 and something printed; a policy of signatures wants a signature."""
    rule = Rule(kind="script", name="Look", script=SCRIPT)
    assert around(scripts={"LOOK": (0, "there")}).detected([rule])
    assert not around(scripts={"LOOK": (0, "  ")}).detected([rule])
    assert not around(scripts={"LOOK": (1, "there")}).detected([rule])
    said = around(scripts={"LOOK": (0, "there")})
    assert not said.detected([Rule(kind="script", name="Look", script=SCRIPT, signed=True)])
    assert said.detected([Rule(kind="script", name="Look", script=SIGNED, signed=True)])


@pytest.mark.parametrize(
    ("check", "value", "printed", "met"),
    [
        ("integer", "5", "6", True),
        ("integer", "5", "many", False),
        ("version", "5.0", "6.0", True),
        ("float", "0.5", "0.75", True),
        ("float", "0.5", "half", False),
        ("dateTime", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", True),
        ("dateTime", "2026-01-01T00:00:00Z", "soon", False),
        ("wonder", "a", "b", False),
    ],
)
def test_a_requirement_script_is_compared_as_its_rule_says(around, check, value, printed, met):
    """By type; what is of no such type does not meet it."""
    rule = Rule(kind="script", name="Ask", script=SCRIPT, check=check, operator="greaterThan", value=value)
    unmet = around(scripts={"ASK": (0, printed)}).unmet(Requirements(rules=[rule]))
    assert (unmet == "") is met


@pytest.mark.parametrize(
    "wanted",
    [
        Requirements(architectures=["arm64"]),
        Requirements(os_build=99999),
        Requirements(disk_mb=10**9),
        Requirements(memory_mb=10**9),
        Requirements(processors=1000),
    ],
)
def test_hardware_that_will_not_do_is_named(around, wanted):
    """A sentence that says what is missing; a PC that will do hears nothing."""
    assert around().unmet(wanted)
    assert around().unmet(Requirements(architectures=["x86", "x64"], os_build=14393)) == ""
