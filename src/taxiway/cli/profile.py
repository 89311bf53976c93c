"""``taxiway profile``: deployment profiles as files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.kernel import TaxiwayError

if TYPE_CHECKING:
    from taxiway.rehearsal.administrator import Administrator

app = typer.Typer(no_args_is_help=True, help="Deployment profiles as files.")

_FILE = "AutopilotConfigurationFile.json"
_PROFILES = "/beta/deviceManagement/windowsAutopilotDeploymentProfiles"


class NoSuchProfile(TaxiwayError):
    """No deployment profile has this name."""


@app.command()
@connected
def export(
    name: Annotated[str, typer.Argument(help="Name of the deployment profile.")],
    out: Annotated[Path, typer.Option(help="Where to write it: a folder, made if it is not there.")] = Path(),
    *,
    connection: Connection,
) -> None:
    """Write a profile as AutopilotConfigurationFile.json, for PCs that nobody registers.

    On a PC it belongs into the folder Provisioning/Autopilot of Windows. Unlike a downloaded profile it is there before
    the network is, so language and keyboard are skipped on a wireless start too. A registered PC ignores it.
    """

    async def work(signed_in: Administrator) -> Any:
        profiles = await signed_in.values(_PROFILES)
        found = next((each["id"] for each in profiles if each["displayName"].lower() == name.lower()), None)
        if found is None:
            raise NoSuchProfile(f"There is no deployment profile named '{name}'.")
        return await signed_in.get(f"{_PROFILES}/{found}/taxiwayOfflineFile")

    content = connection.run(work)
    out.mkdir(parents=True, exist_ok=True)
    (out / _FILE).write_text(json.dumps(content, indent=1), "ascii")
    print(out / _FILE)
