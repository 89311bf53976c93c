"""``taxiway signin-policy``: the tenant's sign-in switches."""

from __future__ import annotations

import asyncio
import json
from typing import Annotated

import typer

from taxiway.cli.options import DEFAULT_DATA, AdminName, AdminPassword, AsJson, Authority, Data, Server
from taxiway.kernel import TaxiwayError

_PATH = "/taxiway/signin-policy"


class NotASwitch(TaxiwayError):
    """Not ``NAME=on`` or ``NAME=off``."""


def signin_policy(
    password: AdminPassword,
    switch: Annotated[
        list[str] | None, typer.Option("--set", help="NAME=on or NAME=off; repeat for more. Without it: print them.")
    ] = None,
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    admin: AdminName = "",
    as_json: AsJson = False,
) -> None:
    """Print or change the tenant's sign-in switches.

    All are off at first: each admits something that a production tenant should not need. Tools that sign in with name
    and password need `ropc_enabled=on`; docs/settings.md describes every switch.
    """
    changes = dict(_pair(text) for text in switch or ())

    async def run() -> dict[str, object]:
        from taxiway.cli.connect import administrator

        async with administrator(data, server, ca, admin, password) as signed_in:
            method, body = ("PATCH", changes) if changes else ("GET", None)
            found: dict[str, object] = await signed_in.call(method, _PATH, body)
            return found

    found = asyncio.run(run())
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<28} {'on' if value else 'off'}")


def _pair(text: str) -> tuple[str, bool]:
    name, _, value = text.partition("=")
    known = {"on": True, "true": True, "off": False, "false": False}
    if value.lower() not in known:
        raise NotASwitch(f"'{text}' is not a switch.", remedy="Write NAME=on or NAME=off.")
    return name, known[value.lower()]
