"""The published list of operations is the one the code has."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

from taxiway.graph.operations import NOT_SERVED, OPERATIONS
from taxiway.graph.partial import PARTIAL

TOOL = Path(__file__).parents[2] / "tools" / "coverage.py"


def _tool():
    spec = importlib.util.spec_from_file_location("graph_coverage", TOOL)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_list_is_what_the_code_answers():
    """docs/graph-coverage.md is not stale; tools/coverage.py writes it anew."""
    tool = _tool()
    assert tool.FILE.read_text("utf-8") == tool.render()


def test_every_operation_that_is_named_answers_or_is_named_as_missing():
    """Nothing of the specification's sections 2 to 9 falls through to "unknown segment"; the count is on the page."""
    found = list(_tool().named())
    assert len(found) == len({(one.method, one.address) for one in found}) > 200
    assert all(one.standing == "done" or one.standing.startswith(("partial: ", "not")) for one in found)


def test_what_is_said_to_lack_something_is_served():
    """No note outlives its operation."""
    served = {f"{operation.method} {operation.pattern}" for operation in OPERATIONS}
    assert set(PARTIAL) <= served


def test_every_operation_is_on_the_list_once():
    """Nothing is left out of the list, and nothing is both served and not."""
    lines = _tool().render().splitlines()
    for pattern in {operation.pattern for operation in OPERATIONS}:
        assert sum(line.startswith(f"| `{pattern}` | ") for line in lines) == 1
    assert not {operation.pattern for operation in OPERATIONS} & set(NOT_SERVED)
    for pattern in NOT_SERVED:
        assert lines.count(f"| `{pattern}` |") == 1
