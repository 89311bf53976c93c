"""``taxiway setup``, ``taxiway import`` and ``taxiway status``: the administrator's side of the eight steps."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson, NewPassword

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator

#: Bytes read from a file at a time, and after how many rows of it a line of progress is printed.
_PIECE = 1 << 20
_SAY_EACH = 5_000


@connected
def setup(
    plan: Annotated[Path | None, typer.Option(help="The plan (TOML). Default: the tutorial's, for Contoso.")] = None,
    csv: Annotated[Path | None, typer.Option(help="Hardware hashes to register in step 3.")] = None,
    assign: Annotated[list[str] | None, typer.Option(help="Step 7: SERIAL=USER; repeat for more.")] = None,
    *,
    connection: Connection,
    new_password: NewPassword = "",
    as_json: AsJson = False,
) -> None:
    """Carry out steps 1 to 7 of the tutorial from one readable file.

    Everything goes through Microsoft Graph over HTTPS, as the administrator who signs in. What exists under the same
    name is left as it is, so the command can be repeated. Users made by it get a password that is printed once.
    """
    from taxiway.rehearsal.plan import read_plan
    from taxiway.rehearsal.setup import Setup

    wanted = read_plan(plan)
    pairs = dict(pair.split("=", 1) for pair in assign or () if "=" in pair)
    lines: list[dict[str, object]] = []

    def progress(number: int, title: str, state: str, done: str) -> None:
        lines.append({"step": number, "title": title, "state": state, "done": done})
        if not as_json and state != "running":
            print(f"  {number}. {title}: {state} ({done})")

    async def work(signed_in: Administrator) -> dict[str, str]:
        steps = Setup(
            signed_in,
            wanted,
            progress,
            csv=csv.read_bytes() if csv else None,
            users_of={serial: wanted.upn(user) for serial, user in pairs.items()},
        )
        await steps.run()
        return steps.passwords

    passwords = connection.run(work, new_password)
    if as_json:
        print(json.dumps({"steps": [line for line in lines if line["state"] != "running"], "passwords": passwords}))
        return
    for upn, made in passwords.items():
        print(f"  Password of {upn}: {made}")


@connected
def import_csv(
    csv: Annotated[Path, typer.Argument(help="The file that Get-WindowsAutopilotInfo wrote, or one like it.")],
    strict: Annotated[bool, typer.Option(help="Refuse what the original refuses instead of repairing it.")] = False,
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Register the devices of a CSV (step 3), however long it is.

    Any encoding, header order and case is read; what had to be repaired is reported. A row that is refused is named
    with its line and column, and every good row is imported all the same; a user who cannot sign in on the device is
    warned of. Devices that were registered before are
    counted and left as they are, so an import that broke off is simply repeated. Exit status 1 when a row was refused.
    """
    from taxiway.rehearsal.registration import Report, register

    def progress(report: Report) -> None:
        done = len(report.registered) + len(report.refused)
        if done >= lines[-1] + _SAY_EACH:
            lines.append(done)
            print(f"  {done:,} rows: {report.sentence}", file=sys.stderr, flush=True)

    lines = [0]

    async def work(signed_in: Administrator) -> Report:
        with csv.open("rb") as file:
            pieces = iter(lambda: file.read(_PIECE), b"")
            return await register(signed_in, pieces, strict=strict, progress=progress)

    try:
        report = connection.run(work)
    except KeyboardInterrupt:
        print("taxiway: The import broke off. Start it again: what is registered is left as it is.", file=sys.stderr)
        raise typer.Exit(130) from None
    if as_json:
        refused = [{"line": r.line, "column": r.column, "code": r.code, "text": r.text} for r in report.refused]
        told = {"registered": report.registered, "refused": refused, "repairs": report.repairs}
        print(json.dumps({**told, "warnings": report.warnings}))
    else:
        print(report.sentence)
        for repair in report.repairs:
            print(f"  repaired  {repair}")
        for warning in report.warnings:
            print(f"  warning   {warning}")
        for row in report.failed:
            print(f"  refused   line {row.line}, column {row.column}: {row.code} {row.text}")
    raise typer.Exit(1 if report.failed else 0)


@connected
def status(connection: Connection, as_json: AsJson = False) -> None:
    """Print the checklist: which of the eight steps is done, what is missing, and for whom."""
    steps: list[dict[str, object]] = connection.call("GET", "/taxiway/checklist")["value"]
    if as_json:
        print(json.dumps(steps))
        return
    for step in steps:
        mark = "done   " if step["done"] else "missing"
        print(f"  {step['number']}. {mark}  {step['title']}: {step['detail']}")
        missing = step["missing"]
        for line in missing if isinstance(missing, list) else ():
            print(f"              - {line}")
        notes = step["notes"]
        for line in notes if isinstance(notes, list) else ():
            print(f"              note: {line}")
