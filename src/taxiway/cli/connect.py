"""From the options of a command to an administrator who is signed in."""

from __future__ import annotations

import asyncio
import functools
import inspect
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import typer

from taxiway.cli.options import DEFAULT_DATA, AdminName, AdminPassword, Authority, Data, Server
from taxiway.kernel import SystemClock, SystemEntropy, TaxiwayError

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator


class NoServer(TaxiwayError):
    """Neither options nor data folder say where the server is."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """Who signs in where: the options that every command of an administrator has."""

    password: AdminPassword = field(repr=False)
    data: Data = DEFAULT_DATA
    server: Server = ""
    ca: Authority = None
    admin: AdminName = ""

    def administrator(self, new_password: str = "") -> Administrator:
        """An administrator for ``async with``."""
        from taxiway.rehearsal.administrator import Administrator

        said = {} if self.server and self.ca and self.admin else known_server(self.data)
        return Administrator(
            origin=self.server or said["people"],
            ca_file=self.ca or Path(said["ca_file"]),
            upn=self.admin or said["administrator"],
            password=self.password,
            clock=SystemClock(),
            entropy=SystemEntropy(),
            new_password=new_password,
            ask_code=_code,
        )

    def run(self, work: Callable[[Administrator], Awaitable[Any]], new_password: str = "") -> Any:
        """Do something as an administrator who signs in for it."""

        async def run() -> Any:
            async with self.administrator(new_password) as signed_in:
                return await work(signed_in)

        return asyncio.run(run())

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> Any:
        """One request as an administrator who signs in for it; the JSON."""
        return self.run(lambda signed_in: signed_in.call(method, path, body, **options))

    def tell(self, path: str, asked: dict[str, str], show: Callable[[Any], None], as_json: bool) -> Any:
        """Ask, print the answer as JSON or as ``show`` writes it, and give it back for the exit status."""
        found = self.call("GET", f"{path}?{urlencode(asked)}")
        if as_json:
            print(json.dumps(found))
        else:
            show(found)
        return found


def connected(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a ``Connection`` in place of its parameter ``connection``."""
    own = list(inspect.signature(command, eval_str=True).parameters.values())
    place = [one.name for one in own].index("connection")
    options = inspect.signature(Connection, eval_str=True).parameters.values()
    shown = [one.replace(kind=one.KEYWORD_ONLY) for one in (*own[:place], *options, *own[place + 1 :])]
    shown.sort(key=lambda one: one.default is not one.empty)  # what has to be given stands first in the help

    @functools.wraps(command)
    def run(**given: Any) -> None:
        connection = Connection(**{one.name: given.pop(one.name) for one in fields(Connection)})
        command(**given, connection=connection)

    run.__signature__ = inspect.Signature(shown)  # type: ignore[attr-defined]  # where Typer looks for the options
    run.__annotations__ = {one.name: one.annotation for one in shown}
    return run


def known_server(data: Path) -> dict[str, str]:
    """What the server in this data folder said when it last started."""
    file = data / "server.json"
    if not file.exists():
        raise NoServer(
            f"There is no server in {data}.", remedy="Start one with 'taxiway up', or give --server and --ca."
        )
    said: dict[str, str] = json.loads(file.read_text("utf-8"))
    return said


def _code() -> str:
    """The second factor, where the account has one: from the environment, or asked for."""
    given = os.environ.get("TAXIWAY_ADMIN_CODE", "")
    return given or str(typer.prompt("Code of the authenticator app, or Temporary Access Pass"))
