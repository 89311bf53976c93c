"""What the tests of the management extension deploy: Win32 and Store apps, scripts, and what stands of them."""

from __future__ import annotations

import base64
import dataclasses

from e2e.deploying import EVERYWHERE, Deploying
from taxiway import management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.wire.app_content import encrypt_content

FOLDER = r"C:\Program Files\Contoso"


def file_rule(name, **values):
    """A detection rule that looks for a file."""
    rule = {
        "@odata.type": "#microsoft.graph.win32LobAppFileSystemRule",
        "ruleType": "detection",
        "path": FOLDER,
        "fileOrFolderName": name,
        "check32BitOn64System": False,
        "operationType": "exists",
        "operator": "notConfigured",
        "comparisonValue": None,
    }
    return {**rule, **values}


def win32(name, **values):
    """The properties of a Win32 app that leaves one file."""
    made = {
        "display_name": name,
        "install_command_line": "setup.exe /quiet",
        "uninstall_command_line": "setup.exe /uninstall /quiet",
        "setup_file_path": "setup.exe",
        "display_version": "1.0",
        "rules": [file_rule(f"{name}.exe")],
        "install_experience": {"runAsAccount": "system", "deviceRestartBehavior": "basedOnReturnCode"},
    }
    return {**made, **values}


class Extending(Deploying):
    """``Deploying``, with what needs the management extension."""

    async def win32(self, name, target=EVERYWHERE, intent="required", *, content=b"", **values):
        """A Win32 app, published and, where there is a target, assigned."""

        def make(tx):
            row = management.create_app(tx, "win32LobApp", win32(name, **values), principal=SYSTEM_PRINCIPAL)
            if target is not None:
                aimed = dataclasses.replace(target, intent=intent)
                management.assign_app(tx, row["id"], [aimed], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        app_id = await self.write(make)
        entropy = self.instance.rt.entropy
        uploaded, info = encrypt_content(
            content or f"package of {name}".encode(),
            encryption_key=entropy.bytes(32),
            mac_key=entropy.bytes(32),
            vector=entropy.bytes(16),
        )
        await management.set_encrypted_content(
            self.instance.rt, self.instance.tenant, app_id, [uploaded], info, principal=SYSTEM_PRINCIPAL
        )
        return app_id

    async def store_app(self, name, identifier, target=EVERYWHERE):
        """A Store app, required for a target."""

        def make(tx):
            values = {"display_name": name, "package_identifier": identifier}
            row = management.create_app(tx, "winGetApp", values, principal=SYSTEM_PRINCIPAL)
            aimed = dataclasses.replace(target, intent="required")
            management.assign_app(tx, row["id"], [aimed], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await self.write(make)

    async def script(self, name, target=EVERYWHERE, content=b"Write-Output hello", **values):
        """A script, assigned."""
        made = {"display_name": name, "script_content": base64.b64encode(content).decode(), **values}

        def make(tx):
            row = management.create_script(tx, "deviceManagementScript", made, principal=SYSTEM_PRINCIPAL)
            management.assign_script(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await self.write(make)

    async def relate(self, app_id, *wanted):
        """Declare relationships of an app: (target, kind, how)."""
        related = [management.Related(*each) for each in wanted]
        await self.write(lambda tx: management.relate_apps(tx, app_id, related, principal=SYSTEM_PRINCIPAL))

    async def details(self):
        """The details of each app's state on the current PC, by name."""
        managed = await self.managed()
        rows = await self.read(lambda tx: management.device_states(tx, managed["id"], "mobile_app"))
        return {row["detail"]["name"]: row["detail"] for row in rows}
