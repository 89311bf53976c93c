"""``taxiway up``: the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from taxiway.cli.options import DEFAULT_DATA, AsJson, Data

if TYPE_CHECKING:
    from taxiway.app import Files
    from taxiway.settings import Settings


def up(
    data: Data = DEFAULT_DATA,
    host: Annotated[str, typer.Option(help="The name in every address and in the certificate.")] = "",
    people_port: Annotated[int, typer.Option(help="Port of sign-in and Graph.")] = 0,
    devices_port: Annotated[int, typer.Option(help="Port of lookup, join, enrollment and OMA-DM.")] = 0,
    database: Annotated[str, typer.Option(help="A PostgreSQL address; default: SQLite in the data folder.")] = "",
    organization: Annotated[str, typer.Option(help="Name of the tenant made at the first start.")] = "Contoso",
    domain: Annotated[str, typer.Option(help="Its verified domain.")] = "contoso.example",
    as_json: AsJson = False,
) -> None:
    """Start the server and keep it running until Ctrl+C.

    At the first start it makes its data folder, a private root certificate, a tenant and the first administrator, and
    prints the administrator's one-time password, which the first sign-in replaces; until then each start makes a
    new one.

    Settings come from `taxiway.toml` in the data folder, then from variables such as TAXIWAY_DOORS_PEOPLE_PORT, then
    from the options here. One machine needs none of them.
    """
    import asyncio

    from taxiway.doors.logging import configure_logging
    from taxiway.kernel.platform import loop_factory

    configure_logging()
    given: dict[str, str | int] = {"host": host, "people_port": people_port, "devices_port": devices_port}
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(data, {k: v for k, v in given.items() if v}, database, (organization, domain), as_json))


async def _serve(
    data: Path, doors: dict[str, str | int], database: str, tenant: tuple[str, str], as_json: bool
) -> None:
    import asyncio

    import msgspec

    from taxiway import app
    from taxiway.kernel.platform import on_stop
    from taxiway.settings import load_settings

    files = app.Files(data)
    found = load_settings(data)
    settings = msgspec.structs.replace(
        found,
        doors=msgspec.structs.replace(found.doors, **doors),
        store=msgspec.structs.replace(found.store, **({"database": database} if database else {})),
    )
    ready, stop = asyncio.Event(), asyncio.Event()
    on_stop(stop.set)
    async with app.open_runtime(files, settings) as rt:
        one_time_password = await app.first_start(rt, organization=tenant[0], domain=tenant[1])
        serving = asyncio.create_task(app.run(rt, files, settings, ready=ready, stop=stop))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            _say(files, settings, tenant[1], one_time_password, as_json)
        await serving
        waiting.cancel()


def _say(files: Files, settings: Settings, domain: str, one_time_password: str, as_json: bool) -> None:
    """Tell people, or the program that started this one, where everything is."""
    from taxiway.kernel import write_private

    urls = settings.urls
    said = {
        "people": urls.people,
        "devices": urls.devices,
        "ca_file": str(files.root.resolve()),
        "administrator": f"admin@{domain}",
    }
    write_private(files.folder / "server.json", json.dumps(said).encode())
    if as_json:
        print(
            json.dumps({**said, **({"one_time_password": one_time_password} if one_time_password else {})}), flush=True
        )
        return
    print(
        f"taxiway is up. Trust {files.root.resolve()} or name it to each client.\n\n"
        f"  Sign-in          {urls.login}\n"
        f"  Microsoft Graph  {urls.graph}/v1.0 and {urls.graph}/beta\n"
        f"  Devices          {urls.devices}\n"
        "  Admin centre     not built yet: use Graph, 'taxiway setup' and 'taxiway status'\n",
        flush=True,
    )
    if one_time_password:
        print(
            f"First administrator: admin@{domain}\nOne-time password:   {one_time_password}\n"
            "It has to be replaced at the first sign-in; until then each start makes a new one.\n",
            flush=True,
        )
    print("Next: taxiway setup --help. Ctrl+C ends the server.", flush=True)
