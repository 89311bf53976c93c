"""``taxiway device``: the PC."""

from __future__ import annotations

import asyncio
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from taxiway.cli.connect import Connection, connected, known_server
from taxiway.cli.options import DEFAULT_DATA, AsJson, Authority, Data

if TYPE_CHECKING:
    from taxiway.device import Endpoints, Host, Outcome, Person

app = typer.Typer(no_args_is_help=True, help="Make a PC, power it on, and read what happened to it.")

FAULT_HELP = (
    "What goes wrong at message N, counted from 1: answer-lost@N, twice@N, late@N, network:SECONDS@N, "
    "status:HTTP@N, power@N. May be repeated."
)

Folder = Annotated[Path, typer.Argument(help="The PC: a folder that holds its firmware, its TPM and its disk.")]


@app.command()
def new(
    folder: Folder,
    csv: Annotated[Path | None, typer.Option(help="Where to write its row; default: FOLDER/AutopilotHWID.csv.")] = None,
    tag: Annotated[str, typer.Option(help="Group tag: writes five columns instead of three.")] = "",
    user: Annotated[str, typer.Option(help="Assigned user (UPN): writes five columns instead of three.")] = "",
    secure_boot: Annotated[bool, typer.Option(help="Secure Boot in the firmware.")] = True,
    edition: Annotated[str, typer.Option(help="Windows edition; Home cannot enroll.")] = "Professional",
    as_json: AsJson = False,
) -> None:
    """Make a sealed PC with plausible firmware and write its row as Get-WindowsAutopilotInfo does.

    The file is UTF-16LE with a byte order mark and CRLF, with three columns, or five when a tag or a user is given.
    Register it with `taxiway import FILE`.
    """
    import msgspec

    from taxiway.device import PC, Firmware, Host
    from taxiway.kernel import SystemClock, SystemEntropy, ThreadWorkers
    from taxiway.wire import registration_csv

    workers = ThreadWorkers(1)
    firmware = msgspec.structs.replace(Firmware.new(SystemEntropy()), secure_boot=secure_boot, edition=edition)
    PC.create(folder, firmware, Host(workers))
    workers.close()
    row = (firmware.serial, "", firmware.hardware_hash(SystemClock().now()).encode_base64(), tag, user)
    target = csv or folder / "AutopilotHWID.csv"
    target.write_bytes(registration_csv.write([row], 5 if tag or user else 3))
    facts = {"serial": firmware.serial, "manufacturer": firmware.manufacturer, "model": firmware.model}
    if as_json:
        print(json.dumps({**facts, "folder": str(folder), "csv": str(target)}))
    else:
        print(f"{firmware.manufacturer} {firmware.model}, serial number {firmware.serial}\nRow for import: {target}")


@app.command("power-on")
def power_on(
    folder: Folder,
    user: Annotated[str, typer.Option(help="Who signs in (UPN).")],
    password: Annotated[
        str, typer.Option(envvar="TAXIWAY_USER_PASSWORD", prompt="Password of the user", hide_input=True)
    ],
    access_pass: Annotated[
        str,
        typer.Option(envvar="TAXIWAY_USER_PASS", help="A Temporary Access Pass, for when a second factor is asked."),
    ] = "",
    data: Data = DEFAULT_DATA,
    ztd: Annotated[str, typer.Option(help="Origin of the deployment service; default: the server in --data.")] = "",
    login: Annotated[str, typer.Option(help="Origin of the sign-in service; default: likewise.")] = "",
    drs: Annotated[str, typer.Option(help="Origin of the device registration service; default: likewise.")] = "",
    ca: Authority = None,
    events: Annotated[
        bool, typer.Option("--events", help="Print a line of JSON for each event, the outcome last.")
    ] = False,
    fault: Annotated[list[str] | None, typer.Option(help=FAULT_HELP)] = None,
    exit_code: Annotated[
        list[str] | None,
        typer.Option(help="PRODUCT=CODE: what the installer of this product code ends with. May be repeated."),
    ] = None,
    hang: Annotated[
        list[str] | None, typer.Option(help="PRODUCT: the installer of this product code never ends. May be repeated.")
    ] = None,
    clock_off: Annotated[
        float, typer.Option(help="Minutes by which the PC's clock is ahead, or behind if below 0.")
    ] = 0,
    offline_profile: Annotated[
        Path | None,
        typer.Option(help="AutopilotConfigurationFile.json on its disk (taxiway profile export)."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Power on a PC and let a person sign in (step 8).

    It goes through OOBE to the desktop, or stops where Windows would, with the code on its screen and the reason. A PC
    that was interrupted goes on where it was. Exit status 0 only at the desktop.

    What is to go wrong can be ordered: --fault for the network and the power, --exit-code and --hang for installers,
    --clock-off for the clock.
    """
    from taxiway.cli.troubles import host_in_trouble
    from taxiway.device import PC, Endpoints, Person
    from taxiway.kernel import ThreadWorkers
    from taxiway.kernel.platform import loop_factory

    host = host_in_trouble(ThreadWorkers(1), fault or (), exit_code or (), hang or (), clock_off)

    said = {} if ztd and login and drs else known_server(data)
    told = Endpoints(
        ztd=ztd or said["devices"],
        login=login or said["people"],
        drs=drs or said["devices"],
        ca_file=ca or (Path(said["ca_file"]) if said else None),
    )
    person = Person(user, password, temporary_access_pass=access_pass or None)
    _know_imported(data)
    if offline_profile is not None:
        PC.open(folder, host).take_offline_profile(offline_profile.read_bytes())
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        outcome = runner.run(_power_on(folder, told, person, host, as_json or events, events))
    host.workers.close()
    raise typer.Exit(0 if outcome.reached == "desktop" else 1)


def _know_imported(data: Path) -> None:
    """A PC beside the server knows the nodes that were imported there (``taxiway csp import``)."""
    from taxiway.wire import csp
    from taxiway.wire.ddf_archive import decode

    imported = data / "csp_facts.json"
    if imported.exists():
        csp.extend(decode(imported.read_bytes()).nodes)


async def _power_on(folder: Path, told: Endpoints, person: Person, host: Host, as_json: bool, events: bool) -> Outcome:
    from rich.console import Console

    from taxiway.cli.live import LiveView
    from taxiway.cli.summary import as_dict, draw
    from taxiway.device import PC, Event
    from taxiway.device.events import as_json as event_json
    from taxiway.rehearsal.tutorial import Deployment

    console = Console(stderr=as_json)
    pc = PC.open(folder, host)
    with LiveView(console, str(folder)) as view:

        def tell(event: Event) -> None:
            if events:
                print(json.dumps(event_json(event)), flush=True)
            else:
                view.event(pc.firmware.serial, event)

        outcome = await pc.power_on(told, person, tell)
    if as_json:
        print(json.dumps(as_dict(Deployment(outcome))))
    else:
        console.print(draw([Deployment(outcome)]))
    return outcome


@app.command()
def disconnect(folder: Folder, data: Data = DEFAULT_DATA, ca: Authority = None) -> None:
    """Disconnect the work account in Settings: the PC leaves management, whether or not the server can be told.

    The service revokes the certificate and forgets the managed device; the PC removes certificate, settings and apps.
    Exit status 1 when the PC is in no management.
    """
    from taxiway.device import PC, Endpoints, Host
    from taxiway.kernel import ThreadWorkers

    told = Endpoints("", "", "", ca or Path(known_server(data)["ca_file"]))
    workers = ThreadWorkers(1)
    left = asyncio.run(PC.open(folder, Host(workers)).disconnect(told))
    workers.close()
    print("The PC has left management." if left else "The PC is in no management.")
    raise typer.Exit(0 if left else 1)


@app.command()
def sync(folder: Folder, data: Data = DEFAULT_DATA, ca: Authority = None, as_json: AsJson = False) -> None:
    """Hold one check-in from the desktop: one tick of the poll schedule, or Settings > Info > Sync.

    Windows checks in every 3 minutes for a quarter of an hour, every 15 for two hours, then every 8 hours; this PC does
    when it is told to. Who is signed in takes part; on the lock screen the device checks in alone. A restart or a reset
    that the server ordered is carried out. Exit status 1 when the PC is in no management.
    """
    from taxiway.device import PC, Endpoints, Host
    from taxiway.kernel import ThreadWorkers

    said = known_server(data)
    told = Endpoints(said["devices"], said["people"], said["devices"], ca or Path(said["ca_file"]))
    workers = ThreadWorkers(1)
    synced = asyncio.run(PC.open(folder, Host(workers)).sync(told))
    workers.close()
    if as_json:
        print(json.dumps({"at": synced.at, "commands": synced.commands, "user": synced.user, "did": synced.did}))
    else:
        who = f" as {synced.user}" if synced.user else ""
        followed = f", {synced.did}" if synced.did else ""
        print(f"{synced.commands} commands{who}{followed}; the PC is at: {synced.at}.")
    raise typer.Exit(1 if synced.at == "unmanaged" else 0)


@app.command()
def restart(folder: Folder) -> None:
    """Restart a PC: it is on its lock screen then. Power it on to sign in."""
    from taxiway.device import PC, Host
    from taxiway.kernel import ThreadWorkers

    workers = ThreadWorkers(1)
    PC.open(folder, Host(workers)).restart()
    workers.close()
    print("The PC has restarted.")


class Part(StrEnum):
    """What a technician can replace."""

    BOARD = "board"
    DISK = "disk"


@app.command()
def repair(
    folder: Folder,
    part: Annotated[Part, typer.Argument(help="board: Windows stays; disk: Windows is set up anew.")],
    reflash: Annotated[bool, typer.Option(help="The new board gets the old serial number, as it should.")] = True,
) -> None:
    """Replace a part of a PC. An enrolled PC reports a new board at its check-ins; a new disk changes nothing.

    See `taxiway device rebind`. On real hardware a new board costs the keys in the old TPM: this PC keeps them.
    """
    from taxiway.device import PC, Host
    from taxiway.kernel import ThreadWorkers

    workers = ThreadWorkers(1)
    pc = PC.open(folder, Host(workers))
    if part is Part.BOARD:
        pc.replace_board(reflashed=reflash)
    else:
        pc.replace_disk()
    workers.close()
    print(f"The PC has another {part}; serial number {pc.firmware.serial}.")


@app.command()
def diagnostics(
    folder: Folder,
    out: Annotated[Path, typer.Argument(help="Where to write the log bundle: a folder, made if it is not there.")],
    as_json: AsJson = False,
) -> None:
    """Write the log bundle of a PC as MdmDiagnosticsTool does: registry dump, event logs, profile, hardware hash.

    Event logs are XML, in the form of `wevtutil qe /f:xml`.
    """
    from taxiway.device import PC, Host
    from taxiway.kernel import ThreadWorkers

    workers = ThreadWorkers(1)
    names = PC.open(folder, Host(workers)).write_diagnostics(out)
    workers.close()
    print(json.dumps(names) if as_json else "\n".join(str(out / name) for name in names))


@app.command()
@connected
def timeline(
    serial: Annotated[str, typer.Argument(help="Serial number of the PC.")],
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Print what the service recorded of a deployment, from the profile lookup to the desktop, with time per phase.

    The phases sum to the wall clock between the first and the last entry.
    """
    found: dict[str, object] = connection.call("GET", f"/taxiway/timeline/{quote(serial, safe='')}")
    if as_json:
        print(json.dumps(found))
        return
    _print_timeline(found)


def _print_timeline(found: dict[str, object]) -> None:
    entries, phases = found["entries"], found["phases"]
    for entry in entries if isinstance(entries, list) else ():
        print(f"{entry['time']}  {entry['phase']:<20} {entry['kind']:<28} {entry['text']}")
        for reason in entry["why"]:
            print(f"{'':>48} - {reason['text']}")
    for phase in phases if isinstance(phases, list) else ():
        print(f"  {phase['name']:<22} {phase['seconds']:9.3f} s")
    print(f"  {'wall clock':<22} {found['seconds']:9.3f} s")
