"""``taxiway esp``: what an administrator does to a running Enrollment Status Page."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Annotated

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

_SAYS = {
    "release": "The page ends as soon as the device asks again, whatever it still waits for.",
    "fail": "The page shows its failure as soon as the device asks again.",
    "hide": "Users who sign in from now on see no account setup.",
    "update": "The page takes the settings that its profile has now as soon as the device asks again.",
}


class Order(StrEnum):
    """What can be ordered of a page."""

    RELEASE = "release"
    FAIL = "fail"
    HIDE = "hide"
    UPDATE = "update"


@connected
def esp(
    order: Annotated[Order, typer.Argument(help="release or fail it; hide account setup; update its settings.")],
    device: Annotated[str, typer.Argument(help="Serial number of the PC, or the id of the managed device.")],
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """End a device's Enrollment Status Page, or change it while it shows; `taxiway explain esp` says what it waits for.

    Carried out in the device's next session, which a showing page holds every few seconds.
    """
    found = connection.call("POST", "/taxiway/esp", {"device": device, "order": order})
    print(json.dumps(found) if as_json else _SAYS[found["order"]])
