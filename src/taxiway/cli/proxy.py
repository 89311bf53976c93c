"""``taxiway proxy``: the way for tools that have Microsoft's host names built in."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from taxiway.cli.options import DEFAULT_DATA, AsJson, Data


def proxy(
    data: Data = DEFAULT_DATA,
    port: Annotated[int, typer.Option(help="Port on loopback; 0 takes a free one.")] = 8888,
    as_json: AsJson = False,
) -> None:
    """Lead Microsoft's host names to the server of this data folder, for programs that are told to use the proxy.

    The server has to run with `taxiway up --microsoft-names`. Names of its own, from [names], are led there too. The
    proxy listens on loopback only, refuses every other host and says so, and never opens a connection to the outside;
    neither a resolver nor a trust store is touched. It prints the environment that leads a program here: give it to
    that program only.
    """
    import asyncio

    from taxiway.doors.logging import configure_logging
    from taxiway.kernel.platform import loop_factory

    configure_logging()
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(data, port, as_json))


async def _serve(data: Path, port: int, as_json: bool) -> None:
    import asyncio

    from taxiway.cli.connect import NoServer, known_server
    from taxiway.doors.mapper import Mapper
    from taxiway.doors.names import microsoft_names
    from taxiway.kernel.platform import on_stop

    said = known_server(data)
    if not said.get("microsoft_ca_file"):
        raise NoServer(
            "The server does not answer under Microsoft's host names.",
            remedy="Start it with 'taxiway up --microsoft-names --names-port 9443'.",
        )
    host, _, names_port = said["names"].rpartition(":")
    names = [*said["own_names"].split(), *(name.host for name in microsoft_names())]
    mapper = Mapper(names, host.strip("[]"), int(names_port))
    ready, stop = asyncio.Event(), asyncio.Event()
    on_stop(stop.set)
    serving = asyncio.create_task(mapper.serve(port, ready=ready, stop=stop))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([serving, waiting], return_when=asyncio.FIRST_COMPLETED)
    if ready.is_set():
        _say(mapper.port, Path(said["microsoft_ca_file"]), as_json)
    await serving
    waiting.cancel()


def environment(port: int, ca_file: Path) -> dict[str, dict[str, str]]:
    """What leads a program to the proxy and lets it trust the certificates there, by the program's language."""
    through = {"HTTPS_PROXY": f"http://127.0.0.1:{port}"}
    ca = str(ca_file)
    return {
        "Python": {**through, "REQUESTS_CA_BUNDLE": ca, "SSL_CERT_FILE": ca},
        "Node": {**through, "NODE_USE_ENV_PROXY": "1", "NODE_EXTRA_CA_CERTS": ca},
        "curl": {**through, "CURL_CA_BUNDLE": ca},
    }


def _say(port: int, ca_file: Path, as_json: bool) -> None:
    found = environment(port, ca_file)
    if as_json:
        print(
            json.dumps({"proxy": f"http://127.0.0.1:{port}", "ca_file": str(ca_file), "environment": found}), flush=True
        )
        return
    print(f"The proxy listens on http://127.0.0.1:{port}. Start a program with:\n")
    for language, variables in found.items():
        settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in variables.items())
        print(f"  {language + ':':<8} env {settings} ...")
    print("\nGo and PowerShell on Linux read what Python does. Ctrl+C ends the proxy.", flush=True)
