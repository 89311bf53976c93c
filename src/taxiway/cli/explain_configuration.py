"""``taxiway explain configuration``: what is configured on a device, and why."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

_WELL = frozenset({"succeeded", "pending", "not delivered yet"})


@connected
def configuration(
    device: Annotated[str, typer.Argument(help="Serial number of the PC, or the id of the managed device.")],
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Each configuration that is meant for the device and its user: why, its settings, how it stands.

    Conflicts are named with the configurations in them, and what a configuration left behind that is assigned no more.
    Exit status 1 where something is in conflict, failed or stays on the device.
    """
    asked = {"device": device}
    found = connection.tell("/taxiway/explain/configuration", asked, _print, as_json)
    raise typer.Exit(0 if not found["left"] and all(_well(each) for each in found["configurations"]) else 1)


def _well(each: dict[str, Any]) -> bool:
    return each["state"] in _WELL and not each["stays"]


def _print(found: dict[str, Any]) -> None:
    print(f"{found['device']}: {len(found['configurations'])} configurations.")
    for each in found["configurations"]:
        print(f"  {each['name']}: {each['state']}, through the {each['via']}")
        _lines("", each["why"])
        _lines("sets ", [f"{one['omaUri']} = {one['value']}" for one in each["settings"]])
        _lines("warns: ", each["findings"])
        _lines("failed: ", each["errors"])
        _lines("stays: ", each["stays"])
    for one in found["conflicts"]:
        print(f"  conflict about {one['omaUri']}: {' and '.join(one['configurations'])}; neither is sent")
    for one in found["notActedOn"]:
        print(f"  {one['name']}: kept, and nothing here acts on it ({one['type']})")
        _lines("", one["why"])
    for one in found["left"]:
        print(f"  {one['name']}: not assigned any more, {one['state']}")
        _lines("stays: ", one["stays"])


def _lines(label: str, texts: list[str]) -> None:
    for text in texts:
        print(f"           - {label}{text}")
