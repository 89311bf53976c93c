"""The published list of operations is the one the code has."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from taxiway.graph.operations import NOT_SERVED, OPERATIONS

TOOL = Path(__file__).parents[2] / "tools" / "coverage.py"


def _tool():
    spec = importlib.util.spec_from_file_location("graph_coverage", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_published_list_is_what_the_code_answers():
    """docs/graph-coverage.md is not stale; tools/coverage.py writes it anew."""
    tool = _tool()
    assert tool.FILE.read_text("utf-8") == tool.render()


def test_every_operation_is_on_the_list_once():
    """Nothing is left out of the list, and nothing is both served and not."""
    lines = _tool().render().splitlines()
    for pattern in {operation.pattern for operation in OPERATIONS}:
        assert sum(line.startswith(f"| `{pattern}` | ") for line in lines) == 1
    assert not {operation.pattern for operation in OPERATIONS} & set(NOT_SERVED)
    for pattern in NOT_SERVED:
        assert lines.count(f"| `{pattern}` |") == 1
