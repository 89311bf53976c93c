"""``taxiway preflight``: what will decide a deployment, before the PC is switched on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taxiway.cli.options import DEFAULT_DATA, AdminName, AdminPassword, AsJson, Authority, Data, Server


def preflight(
    device: Annotated[str, typer.Argument(help="Serial number of a registered PC.")],
    password: AdminPassword,
    user: Annotated[str, typer.Option(help="Who will sign in (UPN). Default: the assigned user.")] = "",
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    admin: AdminName = "",
    as_json: AsJson = False,
) -> None:
    """Ask everything that will decide a deployment, in order, each answer with its reason.

    Registration, profile, name, user, sign-in, join, licence, MDM scope, restrictions, status page, configuration,
    apps against the page's time. The right password is assumed. Exit status 1 if something is in the way.
    """
    from taxiway.cli.connect import tell

    asked = {"device": device, "user": user}
    found = tell("/taxiway/preflight", asked, _print, as_json, data, server, ca, admin, password)
    raise typer.Exit(1 if found["verdict"] == "blocked" else 0)


def _print(found: dict[str, Any]) -> None:
    print(f"{found['device']} for {found['user'] or 'nobody yet'}: {found['verdict']}")
    for line in found["lines"]:
        print(f"  {line['state']:<10}  {line['check']}")
        for reason in line["why"]:
            print(f"                - {reason['text']}")
