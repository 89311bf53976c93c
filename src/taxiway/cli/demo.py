"""``taxiway demo``: the tutorial from an empty folder to the desktop."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxiway.cli.options import AsJson

if TYPE_CHECKING:
    from taxiway.rehearsal.tutorial import Deployment


def demo(
    devices: Annotated[int, typer.Option(min=1, max=200, help="How many PCs to power on at the same time.")] = 1,
    plan: Annotated[Path | None, typer.Option(help="Another plan (TOML) than the tutorial's.")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="Keep server and PCs in this new folder instead of a temporary one.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Show the whole tutorial: a server, the seven steps of the set-up, and PCs that go from sealed box to desktop.

    The server is a process of its own on loopback; the administrator and the PCs speak HTTPS to it and nothing else.
    Nothing outside the folder is touched. Exit status 0 only if every PC reached its desktop, 1 otherwise.

    What it proves is the configuration and the protocols. It installs nothing: times are those of the protocols, not of
    hardware and installers.
    """
    import asyncio
    import tempfile

    from taxiway.kernel.platform import loop_factory

    with tempfile.TemporaryDirectory(prefix="taxiway-demo-", ignore_cleanup_errors=True) as temporary:
        folder = data or Path(temporary)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            deployments = runner.run(_run(folder, devices, plan, as_json))
    raise typer.Exit(0 if all(d.outcome.reached == "desktop" for d in deployments) else 1)


async def _run(folder: Path, devices: int, plan_file: Path | None, as_json: bool) -> list[Deployment]:
    from rich.console import Console

    from taxiway.cli.live import LiveView
    from taxiway.cli.summary import as_dict, draw
    from taxiway.device import Host
    from taxiway.kernel import SystemEntropy, ThreadWorkers
    from taxiway.rehearsal.plan import read_plan
    from taxiway.rehearsal.server import LocalServer
    from taxiway.rehearsal.tutorial import Tutorial

    plan = read_plan(plan_file)
    console = Console(stderr=as_json)
    entropy, workers = SystemEntropy(), ThreadWorkers()
    async with LocalServer(folder / "server", plan.organization, plan.domain) as server:
        with LiveView(console, f"{plan.organization}: the administrator's seven steps") as view:
            addresses = await server.start()
            tutorial = Tutorial(
                addresses, plan, folder / "pcs", Host(workers), entropy, progress=view.setup, watcher=view.event
            )
            deployments = await tutorial.run(devices)
    workers.close()
    if as_json:
        print(json.dumps([as_dict(d) for d in deployments]))
    else:
        console.print(draw(deployments))
    return deployments
