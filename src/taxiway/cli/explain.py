"""``taxiway explain``: why something could happen or could not."""

from __future__ import annotations

import json
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from taxiway.cli.options import DEFAULT_DATA, AdminName, AdminPassword, AsJson, Authority, Data, Server

app = typer.Typer(no_args_is_help=True, help="Say why a given user could sign in or join, or could not.")

User = Annotated[str, typer.Argument(help="The user (UPN).")]
Serial = Annotated[str, typer.Option(help="Serial number of a registered PC, when it is about one.")]


@app.command("sign-in")
def sign_in(
    user: User,
    password: AdminPassword,
    serial: Serial = "",
    app_id: Annotated[str, typer.Option("--app", help="App id of the client. Default: the broker, as in OOBE.")] = "",
    resource: Annotated[str, typer.Option(help="What the token is for. Default: device registration.")] = "",
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    admin: AdminName = "",
    as_json: AsJson = False,
) -> None:
    """Account, lock, password, application, second factor, Conditional Access, and the last refusals.

    The right password is assumed. Exit status 0 if the user could sign in, 1 otherwise.
    """
    asked = {"user": user, "serial": serial, "app": app_id, "resource": resource}
    _print("sign-in", asked, as_json, data, server, ca, admin, password)


@app.command("join")
def join(
    user: User,
    password: AdminPassword,
    serial: Serial = "",
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    admin: AdminName = "",
    as_json: AsJson = False,
) -> None:
    """Assigned user, Conditional Access, who may join, second factor, device quota, MDM scope, and the last refusals.

    Exit status 0 if the user could join, 1 otherwise.
    """
    _print("join", {"user": user, "serial": serial}, as_json, data, server, ca, admin, password)


def _print(question: str, asked: dict[str, str], as_json: bool, *connection: Any) -> None:
    from taxiway.cli.connect import ask

    query = urlencode({name: value for name, value in asked.items() if value})
    found: dict[str, Any] = ask(f"/taxiway/explain/{question}?{query}", *connection)
    if as_json:
        print(json.dumps(found))
    else:
        print(f"{asked['user']} {'could' if found['could'] else 'could not'} {question.replace('-', ' ')}.")
        for check in found["checks"]:
            print(f"  {'ok     ' if check['ok'] else 'refused'}  {check['check']}")
            _reasons(check["why"])
        for entry in found["recent"]:
            print(f"  {entry['time']}  {entry['kind']}  {entry['what'].get('code') or entry['what'].get('error', '')}")
            _reasons(entry["why"])
    raise typer.Exit(0 if found["could"] else 1)


def _reasons(reasons: list[dict[str, Any]]) -> None:
    for reason in reasons:
        print(f"           - {reason['text']}")
