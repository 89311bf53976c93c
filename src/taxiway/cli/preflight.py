"""``taxiway preflight``: what will decide a deployment, before the PC is switched on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson


@connected
def preflight(
    device: Annotated[str, typer.Argument(help="Serial number of a registered PC.")],
    user: Annotated[str, typer.Option(help="Who will sign in (UPN). Default: the assigned user.")] = "",
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Ask everything that will decide a deployment, in order, each answer with its reason.

    Registration, profile, name, user, sign-in, join, licence, MDM scope, restrictions, status page, configuration,
    apps against the page's time. The right password is assumed. Exit status 1 if something is in the way.
    """
    asked = {"device": device, "user": user}
    found = connection.tell("/taxiway/preflight", asked, _print, as_json)
    raise typer.Exit(1 if found["verdict"] == "blocked" else 0)


def _print(found: dict[str, Any]) -> None:
    print(f"{found['device']} for {found['user'] or 'nobody yet'}: {found['verdict']}")
    for line in found["lines"]:
        print(f"  {line['state']:<10}  {line['check']}")
        for reason in line["why"]:
            print(f"                - {reason['text']}")
