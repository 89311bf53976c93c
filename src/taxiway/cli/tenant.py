"""``taxiway tenant``: take in the configuration of a real tenant, or write that of this one."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson
from taxiway.kernel import write_private

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator
    from taxiway.rehearsal.backup import People, Report

app = typer.Typer(no_args_is_help=True, help="A tenant's configuration as files: take it in, or write it.")
_MIB = 1024 * 1024


@app.command()
@connected
def load(
    folder: Annotated[Path, typer.Argument(help="A backup by IntuneCD or IntuneManagement, or objects of Graph.")],
    population: Annotated[int, typer.Option(min=0, max=100_000, help="Make that many users and devices.")] = 0,
    users: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="Users as Graph JSON or CSV.")] = None,
    devices: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Autopilot devices as Graph JSON or CSV.")
    ] = None,
    members: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Members of groups: CSV with 'group' and 'member'.")
    ] = None,
    passwords: Annotated[Path | None, typer.Option(help="Where the passwords of users made go (CSV, 0600).")] = None,
    content_limit: Annotated[int, typer.Option(min=1, help="MiB of stand-in content of one app at most.")] = 64,
    report_file: Annotated[Path | None, typer.Option("--report", help="Write the whole report as JSON.")] = None,
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Build this tenant from a backup of a real one, to rehearse with one's own configuration.

    Everything goes through Microsoft Graph as the administrator who signs in. What is there under the same name is
    left as it is, so the command can be repeated. Types that are not modelled are kept as they are and counted; what
    cannot be taken is listed with the reason, and so is every setting that has no OMA-URI. App contents are noise of
    the recorded size.

    Backups hold no people. They come from files, or **--population** makes users and devices such as the rules of the
    groups ask for. Exit status 1 when something was refused.
    """
    from taxiway.rehearsal import backup

    reading = backup.read_folder(folder)
    hashes = b""
    for kind, path in ((backup.USERS, users), (backup.DEVICES, devices)):
        hashes = (backup.read_people(reading, kind, path) if path else b"") or hashes
    wanted = backup.read_memberships(members) if members else []

    async def work(signed_in: Administrator) -> People:
        people = backup.People(signed_in, backup.Report())
        if hashes and devices:
            await people.register(hashes, devices.name)
        limit = content_limit * _MIB
        await backup.load(people, reading, _progress, members=wanted, content_limit=limit)
        if population:
            await backup.Population(people, population, _progress).make()
        return people

    people: People = connection.run(work)
    _hand_out(people, passwords)
    if report_file is not None:
        report_file.write_text(json.dumps(_told(people.report), indent=2, ensure_ascii=False), "utf-8")
    if as_json:
        print(json.dumps(_told(people.report)))
    else:
        _show(people.report, whole=report_file)
    raise typer.Exit(1 if people.report.refused else 0)


@app.command("export")
@connected
def export_tenant(
    folder: Annotated[Path, typer.Argument(help="A folder that is empty or not there yet.")],
    form: Annotated[str, typer.Option(help="graph, intunecd or intunemanagement.")] = "graph",
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Write this tenant's configuration to files that **taxiway tenant load** and the tools of that form read."""
    from taxiway.rehearsal import backup
    from taxiway.rehearsal.errors import BadBackup

    chosen = next((one for one in backup.FORMS if one == form), None)
    if chosen is None:
        raise typer.BadParameter(f"'{form}' is none of {', '.join(backup.FORMS)}.", param_hint="--form")
    if folder.exists() and any(folder.iterdir()):
        raise BadBackup(
            f"{folder} is not empty.", remedy="Name a new folder: an export does not mix with what is there."
        )
    done: dict[str, int] = connection.run(lambda signed_in: backup.export(signed_in, folder, chosen, lambda *_: None))
    if as_json:
        print(json.dumps(done))
        return
    for name, count in done.items():
        print(f"  {count:>6,}  {name}")
    print(f"{sum(done.values()):,} objects in {folder}.")


def _hand_out(people: People, file: Path | None) -> None:
    """The passwords of users who were made, where somebody asked for them."""
    if file is not None:
        lines = [f"{upn},{secret}\n" for upn, secret in people.passwords.items()]
        write_private(file, "".join(["userPrincipalName,password\n", *lines]).encode())
    elif people.passwords:
        people.report.note("Nobody knows the passwords of the users made: --passwords FILE writes them.")


def _progress(collection: str, number: int, total: int) -> None:
    """A line for each collection, and for each hundred of a large one."""
    if number == total or (number and number % 100 == 0):
        print(f"  {collection}: {number:,} of {total:,}", file=sys.stderr, flush=True)


def _told(report: Report) -> dict[str, Any]:
    settings = report.settings
    return {
        "made": dict(report.made),
        "there": dict(report.there),
        "opaque": report.opaque,
        "settings": {
            "all": settings.all,
            "known": settings.known,
            "derived": [dict(zip(("policy", "id", "omaUri"), one, strict=True)) for one in settings.derived],
            "unresolved": [dict(zip(("policy", "id", "reason"), one, strict=True)) for one in settings.unresolved],
        },
        "findings": [{"object": name, "text": text} for name, text in report.findings],
        "notes": report.notes,
        "refused": [{"where": one.where, "why": one.why} for one in report.refused],
    }


def _show(report: Report, *, whole: Path | None) -> None:
    there = f", {report.there.total():,} were there" if report.there else ""
    print(f"{report.made.total():,} objects made{there}.")
    kept = sum(map(len, report.opaque.values()))
    if kept:
        print(f"{kept:,} of them are kept without a model: nothing of them reaches a device.")
        for kind, names in sorted(report.opaque.items()):
            print(f"  kept      {kind}: {len(names):,}")
    settings = report.settings
    if settings.all:
        print(
            f"{settings.all:,} catalogue settings: {settings.known:,} in the table of CSP facts, "
            f"{len(settings.derived):,} sent to a node that their id tells of, {len(settings.unresolved):,} not sent."
        )
        if whole is None:
            print("  --report FILE lists each with its OMA-URI or the reason.")
        for policy, one, why in settings.unresolved if whole is None else ():
            print(f"  not sent  {policy}: {one} ({why})")
    for name, text in report.findings:
        print(f"  finding   {name}: {text}")
    for note in report.notes:
        print(f"  note      {note}")
    for refused in report.refused:
        print(f"  refused   {refused.where}: {refused.why}")
