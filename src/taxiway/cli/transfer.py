"""``taxiway transfer``: a device passes from one tenant to another by claim and consent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator

app = typer.Typer(no_args_is_help=True, help="Claim devices that another tenant holds, and answer such claims.")

_PATH = "/beta/deviceManagement/taxiwayDeviceClaims"
Claim = Annotated[str, typer.Argument(help="The claim's id, as `transfer list` prints it.")]


@app.command()
@connected
def claim(
    csv: Annotated[Path, typer.Argument(help="The registration CSV whose import was answered with 808.")],
    serial: Annotated[str, typer.Option(help="Only the row with this serial number.")] = "",
    *,
    connection: Connection,
    as_json: AsJson = False,
) -> None:
    """Claim the devices of a CSV that another tenant holds.

    Its holder is shown the serial number and this tenant's domain, and nothing else; who that is, is not told. On
    consent the device is registered here by itself.
    """
    from taxiway.wire.registration_csv import read_all

    rows = [row for row in read_all(csv.read_bytes()).rows if not serial or row.serial.lower() == serial.lower()]

    async def work(signed_in: Administrator) -> list[dict[str, Any]]:
        return [
            await signed_in.call(
                "POST",
                _PATH,
                {
                    "serialNumber": row.serial,
                    "productKey": row.product_id,
                    "hardwareIdentifier": row.hardware_hash,
                    "groupTag": row.group_tag,
                    "assignedUserPrincipalName": row.assigned_user,
                },
            )
            for row in rows
        ]

    _print(connection.run(work), as_json)


@app.command("list")
@connected
def list_claims(connection: Connection, as_json: AsJson = False) -> None:
    """Print the claims that this tenant made and those that it received, with what became of them."""
    _print(connection.run(lambda signed_in: signed_in.values(_PATH)), as_json)


@app.command()
@connected
def consent(claim: Claim, connection: Connection, as_json: AsJson = False) -> None:
    """Hand the claimed device over: it is deregistered here and registered for the claimant.

    What has joined stays joined and managed until it is reset; `taxiway device remove` ends that, too.
    """
    _answer("consent", claim, as_json, connection)


@app.command()
@connected
def refuse(claim: Claim, connection: Connection, as_json: AsJson = False) -> None:
    """Keep the claimed device; the claimant is told."""
    _answer("refuse", claim, as_json, connection)


def _answer(how: str, claim: str, as_json: bool, connection: Connection) -> None:
    async def work(signed_in: Administrator) -> list[dict[str, Any]]:
        return [await signed_in.call("POST", f"{_PATH}/{claim}/{how}")]

    _print(connection.run(work), as_json)


def _print(claims: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print(json.dumps(claims))
        return
    if not claims:
        print("No claims: none was made here, and none was received.")
    for one in claims:
        who = f" by {one['domain']}" if one["direction"] == "received" else ""
        print(f"  {one['id']}  {one['direction']:<9} {one['state']:<12} {one['serialNumber']}{who}  {one['text']}")
