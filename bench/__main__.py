"""`make bench`: measure, print, and keep the figures in bench/results.json (not committed).

Machines are noisy: every figure stands beside the crypto floor of the same run, and the ratio is what to compare.
"""

from __future__ import annotations

import asyncio
import json
import platform
import tempfile
from pathlib import Path

from bench import configuration, deployment, imports, management, signin


def main() -> None:
    """Run every measurement."""
    results: dict[str, object] = {"machine": f"{platform.machine()}, Python {platform.python_version()}"}
    with tempfile.TemporaryDirectory(prefix="taxiway-bench-", ignore_cleanup_errors=True) as folder:
        results |= asyncio.run(deployment.measure(Path(folder) / "deployment"))
        results |= asyncio.run(configuration.measure(Path(folder) / "configuration"))
        results |= asyncio.run(imports.measure(Path(folder) / "imports"))
        results |= asyncio.run(management.measure(Path(folder) / "management"))
        results |= asyncio.run(signin.measure(Path(folder) / "signin"))
    for name, value in results.items():
        print(f"{name:<40} {value:.4f}" if isinstance(value, float) else f"{name:<40} {value}")
    (Path(__file__).parent / "results.json").write_text(json.dumps(results, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
