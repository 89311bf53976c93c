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
    names_port: Annotated[int, typer.Option(help="Port of the host names in [names].")] = 0,
    microsoft_names: Annotated[
        bool, typer.Option("--microsoft-names", help="Answer under Microsoft's host names too, for 'taxiway proxy'.")
    ] = False,
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
    given: dict[str, dict[str, str | int]] = {
        "doors": {"host": host, "people_port": people_port, "devices_port": devices_port},
        "names": {"port": names_port, "microsoft": microsoft_names},
        "store": {"database": database},
    }
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(data, given, (organization, domain), as_json))


def _settings(data: Path, given: dict[str, dict[str, str | int]]) -> Settings:
    """The settings of the folder, overridden by the options that were given."""
    import msgspec

    from taxiway.settings import load_settings

    found = load_settings(data)
    sections = {
        section: msgspec.structs.replace(getattr(found, section), **{k: v for k, v in options.items() if v})
        for section, options in given.items()
    }
    return msgspec.structs.replace(found, **sections)


async def _serve(data: Path, given: dict[str, dict[str, str | int]], tenant: tuple[str, str], as_json: bool) -> None:
    import asyncio

    from taxiway import app
    from taxiway.kernel.platform import on_stop

    files, settings = app.Files(data), _settings(data, given)
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


def _named(files: Files, settings: Settings) -> dict[str, str]:
    """Where host names are served, for 'taxiway proxy'."""
    if not (settings.own_names or settings.microsoft_names):
        return {}
    bind = settings.doors.bind
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind, f"[{bind}]" if ":" in bind else bind)  # noqa: S104
    ca_file = {"microsoft_ca_file": str(files.microsoft_root.resolve())} if settings.microsoft_names else {}
    own = " ".join(name.host for name in settings.own_names)
    return {"names": f"{host}:{settings.names.port}", "own_names": own, **ca_file}


def _say(files: Files, settings: Settings, domain: str, one_time_password: str, as_json: bool) -> None:
    """Tell people, or the program that started this one, where everything is."""
    from taxiway.kernel import write_private

    urls = settings.urls
    said = {
        "people": urls.people,
        "devices": urls.devices,
        "ca_file": str(files.root.resolve()),
        "administrator": f"admin@{domain}",
        **_named(files, settings),
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
    if settings.microsoft_names:
        print("Microsoft's host names are served for those who come by 'taxiway proxy'.\n", flush=True)
    if one_time_password:
        print(
            f"First administrator: admin@{domain}\nOne-time password:   {one_time_password}\n"
            "It has to be replaced at the first sign-in; until then each start makes a new one.\n",
            flush=True,
        )
    print("Next: taxiway setup --help. Ctrl+C ends the server.", flush=True)
