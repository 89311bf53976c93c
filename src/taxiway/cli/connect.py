"""From options to an administrator who is signed in."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import typer

from taxiway.kernel import SystemClock, SystemEntropy, TaxiwayError
from taxiway.rehearsal.administrator import Administrator


class NoServer(TaxiwayError):
    """Neither options nor data folder say where the server is."""


def known_server(data: Path) -> dict[str, str]:
    """What the server in this data folder said when it last started."""
    file = data / "server.json"
    if not file.exists():
        raise NoServer(
            f"There is no server in {data}.", remedy="Start one with 'taxiway up', or give --server and --ca."
        )
    said: dict[str, str] = json.loads(file.read_text("utf-8"))
    return said


def ask(path: str, data: Path, server: str, ca: Path | None, admin: str, password: str) -> Any:
    """One GET as an administrator who signs in for it; the JSON."""

    async def run() -> Any:
        async with administrator(data, server, ca, admin, password) as signed_in:
            return await signed_in.get(path)

    return asyncio.run(run())


def tell(path: str, asked: dict[str, str], show: Callable[[Any], None], as_json: bool, *connection: Any) -> Any:
    """Ask, print the answer as JSON or as ``show`` writes it, and give it back for the exit status."""
    found = ask(f"{path}?{urlencode(asked)}", *connection)
    if as_json:
        print(json.dumps(found))
    else:
        show(found)
    return found


def with_administrator(work: Callable[[Administrator], Awaitable[Any]], *connection: Any) -> Any:
    """Do something as an administrator who signs in for it; ``connection`` as in ``administrator``."""

    async def run() -> Any:
        async with administrator(*connection) as signed_in:
            return await work(signed_in)

    return asyncio.run(run())


def administrator(
    data: Path, server: str, ca: Path | None, admin: str, password: str, new_password: str = ""
) -> Administrator:
    """An administrator for ``async with``."""
    said = {} if server and ca and admin else known_server(data)
    return Administrator(
        origin=server or said["people"],
        ca_file=ca or Path(said["ca_file"]),
        upn=admin or said["administrator"],
        password=password,
        clock=SystemClock(),
        entropy=SystemEntropy(),
        new_password=new_password,
        ask_code=_code,
    )


def _code() -> str:
    """The second factor, where the account has one: from the environment, or asked for."""
    given = os.environ.get("TAXIWAY_ADMIN_CODE", "")
    return given or str(typer.prompt("Code of the authenticator app, or Temporary Access Pass"))
