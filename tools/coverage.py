"""Write the list of what Microsoft Graph has here and what it has not, from the code that answers.

.venv/bin/python tools/coverage.py
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from taxiway.graph.operations import NOT_SERVED, OPERATIONS

FILE = Path(__file__).parent.parent / "docs" / "graph-coverage.md"

_HEAD = """# Microsoft Graph: what answers

Written by `tools/coverage.py` from the operations the program declares; do not edit it by hand.

## Served

`beta` means that the operation is there under `/beta` alone, as in Graph; all others answer under `/v1.0` too.
`{name}` is a key: `users/{id}`, `users('{id}')`; `{=name}` one by name, `devices(deviceId='{id}')`.

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


def render() -> str:
    """The whole page."""
    methods: dict[tuple[str, bool], list[str]] = defaultdict(list)
    for operation in OPERATIONS:
        methods[operation.pattern, operation.beta].append(operation.method)
    served = "".join(
        f"| `{pattern}` | {', '.join(sorted(names))} | {'beta' if beta else ''} |\n"
        for (pattern, beta), names in sorted(methods.items())
    )
    return _HEAD + served + _MISSING + "".join(f"| `{pattern}` |\n" for pattern in sorted(NOT_SERVED))


if __name__ == "__main__":
    FILE.write_text(render(), "utf-8")
