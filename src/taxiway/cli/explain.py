"""``taxiway explain``: why something could happen or could not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

app = typer.Typer(no_args_is_help=True, help="Say why a given user could sign in or join, or could not.")

User = Annotated[str, typer.Argument(help="The user (UPN).")]
Serial = Annotated[str, typer.Option(help="Serial number of a registered PC, when it is about one.")]


@app.command("sign-in")
@connected
def sign_in(
    user: User,
    serial: Serial = "",
    app_id: Annotated[str, typer.Option("--app", help="App id of the client. Default: the broker, as in OOBE.")] = "",
    resource: Annotated[str, typer.Option(help="What the token is for. Default: device registration.")] = "",
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Account, lock, password, application, second factor, Conditional Access, and the last refusals.

    The right password is assumed. Exit status 0 if the user could sign in, 1 otherwise.
    """
    asked = {"user": user, "serial": serial, "app": app_id, "resource": resource}
    _print("sign-in", asked, as_json, connection)


@app.command("join")
@connected
def join(user: User, serial: Serial = "", *, connection: Connection, as_json: AsJson = False) -> None:
    """Assigned user, Conditional Access, who may join, second factor, device quota, MDM scope, and the last refusals.

    Exit status 0 if the user could join, 1 otherwise.
    """
    _print("join", {"user": user, "serial": serial}, as_json, connection)


@app.command("esp")
@connected
def esp(
    device: Annotated[str, typer.Argument(help="Serial number of the PC, or the id of the managed device.")],
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """What the Enrollment Status Page waits for, since when, and why; and whether its time is likely to be enough.

    Exit status 0 if the page is over or there is none, 1 if it failed, 3 while it waits.
    """
    asked = {"device": device}
    found = connection.tell("/taxiway/explain/esp", asked, _page, as_json)
    raise typer.Exit({"failed": 1, "waiting": 3}.get(found["outcome"], 0))


@app.command("tasks")
@connected
def tasks(
    device: Annotated[str, typer.Argument(help="Serial number of the PC, or the id of the managed device.")],
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """What comes of encryption, Windows Hello and compliance: foreseen before the deployment, reported after it.

    Exit status 0 if all three are as they are meant to be, 1 otherwise.
    """
    asked = {"device": device}
    found = connection.tell("/taxiway/explain/tasks", asked, _tasks, as_json)
    raise typer.Exit(0 if all(each["ok"] for each in found["tasks"]) else 1)


def _tasks(found: dict[str, Any]) -> None:
    print(f"{found['device']}, user {found['user'] or 'not known yet'}:")
    for each in found["tasks"]:
        print(f"  {'ok     ' if each['ok'] else 'not ok '}  {each['task']}: {each['state']}")
        _reasons(each["why"])


def _page(found: dict[str, Any]) -> None:
    profile = found["profile"] or {}
    print(f"{found['device']}: {found['outcome']}. Profile '{profile.get('name', '')}'.")
    for half in found["halves"]:
        until = f", has to be over at {half['deadline']}" if half["deadline"] else ""
        print(f"  {half['phase']} of {half['who']}: {half['state']} since {half['since']}{until}")
        _reasons(half["why"])
    for wait in found["waits"]:
        asked = f" ({', '.join(wait['origins'])})" if wait["origins"] else ""
        print(f"  waits for {wait['what']}{asked}\n           - {wait['why']}, since {wait['since']}")
    if found["estimate"]:
        _estimate(found["estimate"])
    if "qualityUpdates" in profile:
        print(f"  quality updates: {profile['qualityUpdates']}")


def _estimate(estimate: dict[str, Any]) -> None:
    times = f"p50 {estimate['p50']:.0f} s, p90 {estimate['p90']:.0f} s, left {estimate['secondsLeft']:.0f} s"
    print(f"  apps: {estimate['verdict']} ({times})")
    for each in estimate["apps"]:
        print(f"           - {each['name']}: p50 {each['p50']:.0f} s, p90 {each['p90']:.0f} s ({each['source']})")


def _print(question: str, asked: dict[str, str], as_json: bool, connection: Connection) -> None:
    def show(found: dict[str, Any]) -> None:
        print(f"{asked['user']} {'could' if found['could'] else 'could not'} {question.replace('-', ' ')}.")
        for check in found["checks"]:
            print(f"  {'ok     ' if check['ok'] else 'refused'}  {check['check']}")
            _reasons(check["why"])
        for entry in found["recent"]:
            print(f"  {entry['time']}  {entry['kind']}  {entry['what'].get('code') or entry['what'].get('error', '')}")
            _reasons(entry["why"])

    given = {name: value for name, value in asked.items() if value}
    found = connection.tell(f"/taxiway/explain/{question}", given, show, as_json)
    raise typer.Exit(0 if found["could"] else 1)


def _reasons(reasons: list[dict[str, Any]]) -> None:
    for reason in reasons:
        print(f"           - {reason['text']}")
