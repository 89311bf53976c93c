"""``taxiway profile``: deployment profiles as files."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from taxiway.cli.options import DEFAULT_DATA, AdminName, AdminPassword, Authority, Data, Server
from taxiway.kernel import TaxiwayError

app = typer.Typer(no_args_is_help=True, help="Deployment profiles as files.")

_FILE = "AutopilotConfigurationFile.json"
_PROFILES = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"


class NoSuchProfile(TaxiwayError):
    """No deployment profile has this name."""


@app.command()
def export(
    name: Annotated[str, typer.Argument(help="Name of the deployment profile.")],
    password: AdminPassword,
    out: Annotated[Path, typer.Option(help="Where to write it: a folder, made if it is not there.")] = Path(),
    data: Data = DEFAULT_DATA,
    server: Server = "",
    ca: Authority = None,
    admin: AdminName = "",
) -> None:
    """Write a profile as AutopilotConfigurationFile.json, for PCs that nobody registers.

    On a PC it belongs into the folder Provisioning/Autopilot of Windows. Unlike a downloaded profile it is there before
    the network is, so language and keyboard are skipped on a wireless start too. A registered PC ignores it.
    """

    async def run() -> Any:
        from taxiway.cli.connect import administrator

        async with administrator(data, server, ca, admin, password) as signed_in:
            profiles = await signed_in.values(_PROFILES)
            found = next((each["id"] for each in profiles if each["displayName"].lower() == name.lower()), None)
            if found is None:
                raise NoSuchProfile(f"There is no deployment profile named '{name}'.")
            return await signed_in.get(f"{_PROFILES}/{found}/taxiwayOfflineFile")

    content = asyncio.run(run())
    out.mkdir(parents=True, exist_ok=True)
    (out / _FILE).write_text(json.dumps(content, indent=1), "ascii")
    print(out / _FILE)
