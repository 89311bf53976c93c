"""``taxiway hash``: what a hardware hash says about the PC it was taken from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxiway.cli.options import AsJson
from taxiway.wire.errors import WireError

if TYPE_CHECKING:
    from taxiway.wire.hardware_hash import HardwareHash

app = typer.Typer(no_args_is_help=True, help="Read hardware hashes.")

_FIRST = "T0"


@app.command()
def show(
    file: Annotated[Path, typer.Argument(help="A registration CSV, or a file that holds one hash in base64.")],
    serial: Annotated[str, typer.Option(help="Only the row with this serial number.")] = "",
    xml: Annotated[bool, typer.Option("--xml", help="The XML that `oa3tool /DecodeHwHash` prints.")] = False,
    as_json: AsJson = False,
) -> None:
    """Print the report of each hash: the names and values that the factory tool's decoder gives.

    The checksum is verified first; a damaged or cut hash is named for what is wrong with it. Exit status 1 if any hash
    cannot be read or none is found.
    """
    from taxiway.wire.hardware_report import render, report

    wrong = shown = 0
    for place, found in _hashes(file.read_bytes()):
        if isinstance(found, WireError):
            wrong += 1
            print(f"{place}: {found}")
            continue
        if serial and (found.serial or "").lower() != serial.lower():
            continue
        shown += 1
        lines = report(found)
        if as_json:
            print(json.dumps({"place": place, "report": lines}))
        elif xml:
            print(render(lines), end="")
        else:
            width = max(len(name) for name, _ in lines)
            print("\n".join((place, *(f"  {name:<{width}}  {value}" for name, value in lines))))
    if not shown and not wrong:
        print("No hash was found." if not serial else f"No hash of a PC with the serial number {serial} was found.")
    raise typer.Exit(0 if shown and not wrong else 1)


def _hashes(data: bytes) -> Iterator[tuple[str, HardwareHash | WireError]]:
    """Each hash of a file with its place there, or what is wrong with it."""
    from taxiway.wire.hardware_hash import decode_base64
    from taxiway.wire.registration_csv import Problem, Row, read

    alone = data.decode("ascii", "replace").strip()
    try:
        if alone.startswith(_FIRST) and "," not in alone:
            yield "hash", decode_base64("".join(alone.split()), repair=True)
            return
        for item in read([data], limit=None):
            if isinstance(item, Row):
                yield f"line {item.line}", item.hardware
            elif isinstance(item, Problem):
                yield f"line {item.line}", WireError(f"{item.code}: {item.text}")
    except WireError as error:
        yield "hash" if alone.startswith(_FIRST) else "file", error
