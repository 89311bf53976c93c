"""What deployments came to, for people and for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from taxiway.device import Outcome
from taxiway.rehearsal.tutorial import Deployment


def as_dict(deployment: Deployment) -> dict[str, Any]:
    """The facts in a stable order."""
    outcome = deployment.outcome
    failure = outcome.failure
    return {
        "reached": outcome.reached,
        "device_name": outcome.device_name,
        "serial": outcome.serial,
        "entra_device_id": outcome.entra_device_id,
        "intune_device_id": outcome.intune_device_id,
        "user": outcome.user,
        "profile": outcome.profile_name,
        "esp_profile": deployment.esp_profile,
        "encryption": encryption(outcome),
        "hello": outcome.hello,
        "compliance": deployment.compliance,
        "phases": dict(outcome.phases),
        "seconds": outcome.seconds,
        "correlation": outcome.correlation,
        "failure": {"step": failure.step, "code": failure.code, "reason": failure.reason} if failure else None,
    }


def encryption(outcome: Outcome) -> str:
    """The method and whether the key is in the directory."""
    state = outcome.encryption
    if not state.method:
        return f"none ({state.reason})" if state.reason else "none"
    return f"{state.method}, key {'escrowed' if state.escrowed else 'not escrowed'}"


def draw(deployments: Sequence[Deployment]) -> RenderableType:
    """One PC in full; several as a table."""
    if len(deployments) == 1:
        return _one(deployments[0])
    return _many(deployments)


def _one(deployment: Deployment) -> RenderableType:
    facts = as_dict(deployment)
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column(overflow="fold")
    shown = ("device_name", "serial", "entra_device_id", "intune_device_id", "user", "profile", "esp_profile")
    for name in (*shown, "encryption", "hello", "compliance"):
        table.add_row(name.replace("_", " "), str(facts[name]))
    for phase, seconds in deployment.outcome.phases:
        table.add_row(f"  {phase}", f"{seconds:.3f} s")
    table.add_row("wall clock", f"{deployment.outcome.seconds:.3f} s")
    return Group(Text(), table, _end(deployment.outcome))


def _many(deployments: Sequence[Deployment]) -> RenderableType:
    table = Table(box=None, pad_edge=False)
    for heading in ("device name", "serial", "user", "encryption", "hello", "compliance", "wall clock", "reached"):
        table.add_column(heading, overflow="fold")
    for deployment in deployments:
        outcome = deployment.outcome
        table.add_row(
            outcome.device_name,
            outcome.serial,
            outcome.user,
            encryption(outcome),
            outcome.hello,
            deployment.compliance.partition(" ")[0],
            f"{outcome.seconds:.1f} s",
            _end(outcome),
        )
    return Group(Text(), table)


def _end(outcome: Outcome) -> Text:
    if outcome.reached == "desktop":
        return Text("desktop", style="bold green")
    failure = outcome.failure
    why = f": {failure.step}: {failure.code} {failure.reason}" if failure else ""
    return Text(f"{outcome.reached}{why}", style="bold red")
