"""`make fuzz`: hostile bytes for a while. The seed is printed; `make fuzz SEED=...` chooses the same inputs again.

A file under fuzz/findings can be sent again: `python -m fuzz fuzz/findings/....json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import structlog

from fuzz.instance import running
from fuzz.message import Wire
from fuzz.run import FINDINGS, Fuzzer


async def fuzz(seconds: float, seed: int, folder: Path) -> int:
    """Run, tell, keep what was found; the exit status."""
    async with running(folder) as instance:
        fuzzer = Fuzzer(instance, seed)
        await fuzzer.valid()
        await fuzzer.run(seconds=seconds)
    print(f"{'target':<22}{'sent':>8}{'slowest':>10}  answers")
    for name, tally in sorted(fuzzer.tallies.items()):
        statuses = "  ".join(f"{status or 'read'}: {count}" for status, count in sorted(tally.statuses.items()))
        print(f"{name:<22}{tally.sent:>8}{tally.slowest * 1000:>7.0f} ms  {statuses}")
    took, name = fuzzer.slowest
    print(f"{fuzzer.total} inputs of seed {seed}; the slowest, {name}, took {took * 1000:.0f} ms")
    for number, finding in enumerate(fuzzer.findings):
        print(f"FINDING {finding.target}: {finding.why}\n  {finding.keep(FINDINGS, seed, number)}")
    return 1 if fuzzer.findings else 0


async def again(data: dict[str, Any], folder: Path) -> int:
    """Send one finding once more."""
    if "bytes" in data:
        print(bytes.fromhex(data["bytes"]))
        return 0
    async with running(folder) as instance:
        answer = await instance.send(Wire.of_json(data))
    print(answer.status, answer.body.decode("utf-8", "replace")[:2000])
    return 1 if answer.status >= 500 and answer.status != 501 else 0


def main() -> int:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("finding", nargs="?", type=Path)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=None)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    seed = given.seed if given.seed is not None else random.SystemRandom().randrange(2**32)
    with tempfile.TemporaryDirectory(prefix="taxiway-fuzz-") as folder:
        if given.finding is not None:
            return asyncio.run(again(json.loads(given.finding.read_text("utf-8")), Path(folder)))
        print(f"seed {seed}", file=sys.stderr, flush=True)
        return asyncio.run(fuzz(given.seconds, seed, Path(folder)))


if __name__ == "__main__":
    sys.exit(main())
