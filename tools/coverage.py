"""Write the list of what Microsoft Graph has here and what it has not, from the code that answers.

.venv/bin/python tools/coverage.py
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from graph_named import NAMED

from taxiway.graph.errors import GraphError, NotServed
from taxiway.graph.operations import NOT_SERVED, OPERATIONS
from taxiway.graph.partial import PARTIAL
from taxiway.graph.protocol.tree import Tree
from taxiway.graph.protocol.url import read_path

FILE = Path(__file__).parent.parent / "docs" / "graph-coverage.md"
_key = re.compile(r"\{=?(\w+)\}")

_HEAD = """# Microsoft Graph: what answers

Written by `tools/coverage.py` from the operations the program declares; do not edit it by hand.

`beta` means that the operation is there under `/beta` alone, as in Graph; all others answer under `/v1.0` too.
`{name}` is a key: `users/{id}`, `users('{id}')`; `{=name}` one by name, `devices(deviceId='{id}')`.
"""

_NAMED = """
## The operations that Autopilot tooling uses

"""

_SERVED = """
## Everything that is served

| Address | Methods | |
|---|---|---|
"""

_MISSING = """
## Not served

These addresses of Graph, and all below them that no row above names, answer 501 `NotImplemented` and name the address.
Any other address answers 400 and names the segment that is not known.

| Address |
|---|
"""


@dataclass(frozen=True, slots=True)
class Named:
    """An operation that the specification names, and how it stands here: done, partial (what is missing), not."""

    section: str
    method: str
    address: str
    beta: bool
    standing: str


def named() -> Iterator[Named]:
    """All of them, in the order of the specification; an address that nothing here knows is an error."""
    tree, section = Tree(OPERATIONS, NOT_SERVED), ""
    for line in NAMED.splitlines():
        if line.startswith("# "):
            section = line[2:]
        elif line:
            methods, address, *beta = line.split()
            for method in methods.split(","):
                yield Named(section, method, address, bool(beta), _standing(tree, method, address))


def _standing(tree: Tree, method: str, address: str) -> str:
    path = _key.sub("x", address.replace("/{=deviceId}", "(deviceId='x')"))
    try:
        operation = tree.match(method, read_path(f"/beta/{path}").parts, "beta").operation
    except NotServed:
        return "not"
    except GraphError as error:
        raise LookupError(f"{method} {address} answers neither: {error}") from error
    lacks = PARTIAL.get(f"{method} {operation.pattern}")
    return f"partial: {lacks}" if lacks else "done"


def render() -> str:
    """The whole page."""
    return _HEAD + _NAMED + _tables(list(named())) + _SERVED + _served() + _MISSING + _not_served()


def _tables(found: list[Named]) -> str:
    counts = Counter(one.standing.partition(":")[0] for one in found)
    told = ", ".join(f"{counts[name]} {name}" for name in ("done", "partial", "not"))
    lines = [f"{len(found)} operations: {told}.\n"]
    for section in dict.fromkeys(one.section for one in found):
        lines += [f"\n### {section}\n\n", "| Operation | | Standing |\n", "|---|---|---|\n"]
        lines += [
            f"| {one.method} `{one.address}` | {'beta' if one.beta else ''} | {one.standing} |\n"
            for one in found
            if one.section == section
        ]
    return "".join(lines)


def _served() -> str:
    methods: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        methods[operation.pattern, operation.beta].append(operation.method)
    return "".join(
        f"| `{pattern}` | {', '.join(sorted(names))} | {'beta' if beta else ''} |\n"
        for (pattern, beta), names in sorted(methods.items())
    )


def _not_served() -> str:
    return "".join(f"| `{pattern}` |\n" for pattern in sorted(NOT_SERVED))


if __name__ == "__main__":
    FILE.write_text(render(), "utf-8")
