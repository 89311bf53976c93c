"""`make bench`: measure, print, and keep the figures in bench/results.json (not committed).

Machines are noisy: every figure stands beside the crypto floor of the same run, and the ratio is what to compare.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import tempfile
from pathlib import Path

from tests.support.postgres import Postgres

from bench import configuration, deployment, fleet, graph, imports, management, signin


def main() -> None:
    """Run every measurement."""
    results: dict[str, object] = {"machine": _machine()}
    with tempfile.TemporaryDirectory(prefix="taxiway-bench-", ignore_cleanup_errors=True) as folder:
        results |= asyncio.run(deployment.measure(Path(folder) / "deployment"))
        results |= asyncio.run(configuration.measure(Path(folder) / "configuration"))
        results |= asyncio.run(imports.measure(Path(folder) / "imports"))
        results |= asyncio.run(management.measure(Path(folder) / "management"))
        results |= asyncio.run(signin.measure(Path(folder) / "signin"))
        results |= asyncio.run(graph.measure(Path(folder) / "graph", "sqlite"))
        results |= asyncio.run(fleet.measure(Path(folder) / "fleet", "sqlite"))
        results |= _on_postgresql(Path(folder))
    for name, value in results.items():
        print(f"{name:<60} {value:.4f}" if isinstance(value, float) else f"{name:<60} {value}")
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")


def _on_postgresql(folder: Path) -> dict[str, float]:
    server = Postgres(durable=True)
    try:
        found = asyncio.run(graph.measure(folder / "graph-postgresql", "postgresql", server.fresh_database()))
        return found | asyncio.run(fleet.measure(folder / "fleet-postgresql", "postgresql", server.fresh_database()))
    finally:
        server.stop()


def _machine() -> str:
    """The machine the figures come from."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    name = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return (
        f"{name or platform.machine()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
