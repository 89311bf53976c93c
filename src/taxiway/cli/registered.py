"""``taxiway device rebind`` and its kin: what an administrator does to a registered device, by its serial number."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator

_PATH = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
Serial = Annotated[str, typer.Argument(help="Serial number of the registered device, or the id of its registration.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do it, instead of only showing what it would do.")]
Work = Callable[["Administrator", str], Awaitable[Any]]


@connected
def rebind(serial: Serial, yes: Yes = False, *, connection: Connection, as_json: AsJson = False) -> None:
    """Show the hardware that an enrolled PC reports after a repair; with --yes, take it for the registered one's.

    When enough of it is as before, the registration moves by itself at the next check-in ("Fix pending"). This is for
    the rest ("Attention required"). Exit status 1 when nothing was reported.
    """

    async def work(signed_in: Administrator, path: str) -> Any:
        change = await signed_in.get(f"{path}/taxiwayHardwareChange")
        if yes and change["status"]:
            await signed_in.call("POST", f"{path}/taxiwayRebind")
            return {**change, "bound": True}
        return {**change, "bound": False}

    change = with_device(serial, work, connection)
    if as_json:
        print(json.dumps(change))
    elif change["status"]:
        print("\n".join(_lines(change)))
    else:
        print(change["text"])
    raise typer.Exit(0 if change["status"] else 1)


@connected
def remove(serial: Serial, yes: Yes = False, *, connection: Connection, as_json: AsJson = False) -> None:
    """Show what removing a device from the tenant takes away and what stands in its way; with --yes, remove it.

    Managed device, user assignment, Autopilot registration and directory object go in one transaction. Exit status 1
    when something stands in the way.
    """

    async def work(signed_in: Administrator, path: str) -> Any:
        planned = await signed_in.get(f"{path}/taxiwayRemoval")
        done = yes and not planned["obstacles"]
        if done:
            await signed_in.call("POST", f"{path}/taxiwayRemove")
        return {**planned, "removed": done}

    planned = with_device(serial, work, connection)
    if as_json:
        print(json.dumps(planned))
    else:
        for step in planned["goes"]:
            print(f"  {step['what']:<22} {step['text']}")
        for text in planned["obstacles"]:
            print(f"  in the way: {text}")
        if not planned["obstacles"]:
            print("The device is removed." if planned["removed"] else "Remove it with --yes.")
    raise typer.Exit(1 if planned["obstacles"] else 0)


@connected
def assign(
    serial: Serial,
    user: Annotated[str, typer.Argument(help="Whom the device is for (UPN): a licensed user of the tenant.")],
    greeting: Annotated[str, typer.Option(help="How the PC greets; default: the user's display name.")] = "",
    *,
    connection: Connection,
) -> None:
    """Reserve a registered device for a user (step 7)."""

    async def work(signed_in: Administrator, path: str) -> None:
        body = {"userPrincipalName": user, "addressableUserName": greeting}
        await signed_in.call("POST", f"{path}/assignUserToDevice", body)

    with_device(serial, work, connection)
    print(f"{serial} is reserved for {user}.")


@connected
def unassign(serial: Serial, connection: Connection) -> None:
    """End the reservation of a registered device: any user may deploy it again."""

    async def work(signed_in: Administrator, path: str) -> None:
        await signed_in.call("POST", f"{path}/unassignUserFromDevice")

    with_device(serial, work, connection)
    print(f"{serial} is reserved for nobody.")


def _lines(change: dict[str, Any]) -> list[str]:
    told = {True: "same", False: "differs", None: "not known"}
    sides = [
        f"  {side:<10}  {' '.join(change[side][name] for name in ('manufacturer', 'model', 'serialNumber'))}"
        for side in ("registered", "reported")
    ]
    facts = [f"  {fact['weight']:>4}  {told[fact['same']]:<9}  {fact['name']}" for fact in change["facts"]]
    end = "The registration is bound to the reported hardware." if change["bound"] else "Bind it with --yes."
    head = f"{change['status']}: {change['score']} points are the same, {change['enough']} are enough."
    return [head, *sides, *facts, *(f"  - {text}" for text in change["reasons"]), end]


def with_device(serial: str, work: Work, connection: Connection) -> Any:
    """Sign in, find the one device with this serial number (or registration id), and do something at its address."""
    from taxiway.kernel import TaxiwayError

    async def find(signed_in: Administrator) -> Any:
        quoted = serial.replace("'", "''")
        where = f"serialNumber eq '{quoted}' or id eq '{quoted}'"
        found = await signed_in.values(_PATH, **{"$filter": where})
        if not found:
            raise TaxiwayError(f"No device with the serial number {serial} is registered.")
        if len(found) > 1:
            ids = ", ".join(device["id"] for device in found)
            raise TaxiwayError(
                f"{len(found)} registrations have the serial number {serial}: {ids}.",
                remedy="Name one of these ids in place of the serial number.",
            )
        return await work(signed_in, f"{_PATH}/{found[0]['id']}")

    return connection.run(find)
