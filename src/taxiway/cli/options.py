"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, TypeAlias

import typer

Data: TypeAlias = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="TAXIWAY_DATA",
        help="The data folder: database, keys, certificates, app contents. Made at the first start, mode 0700.",
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
Server: TypeAlias = Annotated[
    str,
    typer.Option(
        "--server", envvar="TAXIWAY_SERVER", help="The people door of the server. Default: the one in --data."
    ),
]
Authority: TypeAlias = Annotated[
    Path | None,
    typer.Option("--ca", envvar="TAXIWAY_CA", help="The server's root certificate (PEM). Default: ca.pem in --data."),
]
AdminName: TypeAlias = Annotated[
    str,
    typer.Option("--admin", envvar="TAXIWAY_ADMIN", help="The administrator who signs in. Default: the first one."),
]
AdminPassword: TypeAlias = Annotated[
    str,
    typer.Option(
        "--password",
        envvar="TAXIWAY_ADMIN_PASSWORD",
        prompt="Password of the administrator",
        hide_input=True,
        help="The administrator's password; asked for when not given. Prefer the environment to the command line.",
    ),
]
NewPassword: TypeAlias = Annotated[
    str,
    typer.Option(
        "--new-password",
        envvar="TAXIWAY_ADMIN_NEW_PASSWORD",
        help="What replaces a one-time password at the first sign-in.",
    ),
]

DEFAULT_DATA = Path("taxiway-data")
