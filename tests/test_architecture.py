"""Rules of the tree that no single module can see."""

import ast
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "taxiway"
MODULES = sorted(SOURCE.rglob("*.py"))
POSIX_ONLY = {"fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty", "uvloop"}
STAGES = ["directory", "autopilot", "signin", "join", "enrollment", "management"]


def _imports(path):
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def test_posix_only_imports_stand_in_one_module():
    """The package installs on Windows and macOS: what only POSIX has is imported in kernel/platform.py alone."""
    found = {
        str(path.relative_to(SOURCE))
        for path in MODULES
        for name in _imports(path)
        if name.partition(".")[0] in POSIX_ONLY
    }
    assert found <= {"kernel/platform.py"}


@pytest.mark.parametrize("stage", STAGES)
def test_stages_use_each_other_by_exported_names(stage):
    """A stage imports another stage's package, never a module inside it."""
    others = [other for other in STAGES if other != stage]
    found = [
        f"{path.relative_to(SOURCE)}: {name}"
        for path in (SOURCE / stage).rglob("*.py")
        for name in _imports(path)
        if any(name.startswith(f"taxiway.{other}.") for other in others)
    ]
    assert found == []


def test_public_files_name_no_registry():
    """Requirements carry versions and hashes, and leave the registry to whoever installs."""
    root = SOURCE.parent.parent
    for name in ("requirements/run.txt", "requirements/dev.txt"):
        assert "://" not in (root / name).read_text("utf-8")


def test_modules_stay_small():
    """A module stays under 500 lines, so that it fits in a head."""
    large = {
        str(p.relative_to(SOURCE)): lines
        for p in MODULES
        if "migrations" not in p.parts and (lines := p.read_text("utf-8").count("\n")) > 500
    }
    assert large == {}
