"""Messages of the management extension, and the apps and scripts that it is told of."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding

from fuzz.common import Make, access_token
from fuzz.instance import GRAPH, Instance, named
from fuzz.message import Blob, Message
from taxiway import directory, enrollment, management, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.session import runs
from taxiway.wire.extension import CHECK_IN_PATH, REPORT_PATH

_INSTANCE = "0b7d3f0e-8f4b-4b1e-9a51-1f6c1a3c9f10"
RULE = {
    "@odata.type": "#microsoft.graph.win32LobAppFileSystemRule",
    "ruleType": "detection",
    "path": "C:\\Program Files\\Contoso",
    "fileOrFolderName": "tool.exe",
    "operationType": "version",
    "operator": "greaterThanOrEqual",
    "comparisonValue": "1.2.3.4",
}
WIN32 = {
    "@odata.type": "#microsoft.graph.win32LobApp",
    "displayName": "Tool",
    "installCommandLine": "setup.exe /quiet",
    "uninstallCommandLine": "setup.exe /uninstall",
    "applicableArchitectures": "x64,x86",
    "minimumSupportedWindowsRelease": "1607",
    "installExperience": {"runAsAccount": "system", "deviceRestartBehavior": "suppress", "maxRunTimeInMinutes": 60},
    "returnCodes": [{"returnCode": 3010, "type": "softReboot"}],
    "rules": [RULE],
}
SCRIPT = {"displayName": "Greet", "scriptContent": Blob(b"Write-Output hello"), "runAsAccount": "system"}


class _Managed:
    """The managed device of an instance, with an app that is meant for it: made when it is first asked for."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, str]] = {}

    async def of(self, it: Instance) -> tuple[str, str]:
        """Its certificate as PEM, and the id of the app."""
        if it.tenant not in self._made:
            self._made = {it.tenant: await self._make(it)}
        return self._made[it.tenant]

    async def _make(self, it: Instance) -> tuple[str, str]:
        key = it.keys.rsa().public_key()
        lifetime = timedelta(days=3650)
        certificate = await pki.issue(it.rt, "management", public_key=key, subject=named("pc"), lifetime=lifetime)

        def write(tx: Any) -> str:
            # A device of its own: an enrollment of the instance's device would replace this one.
            pc = {"os": "Windows", "os_version": "10.0.26100.1", "trust_type": "AzureAd", "owner_id": it.user["id"]}
            joined = directory.join_device(tx, display_name="Own", **pc)
            values = {"user_id": it.user["id"], "azure_ad_device_id": joined["device_id"]}
            managed = enrollment.MANAGED.insert(tx, values)
            ends = {"key_hash": "0", "entra_id": joined["id"], "thumbprint": pki.thumbprint(certificate)}
            enrollment.ENROLLMENTS.insert(tx, {"id": managed["id"], **ends})
            pki.record(tx, certificate, purpose="management", subject=f"managed:{managed['id']}")
            runs.save(tx, runs.Run(managed["id"], "off"))
            values = {"display_name": "Reader", "package_identifier": "Contoso.Reader"}
            app = management.create_app(tx, "winGetApp", values, principal=SYSTEM_PRINCIPAL)
            everywhere = directory.Target("all_devices", intent="required")
            management.assign_app(tx, app["id"], [everywhere], principal=SYSTEM_PRINCIPAL)
            return str(app["id"])

        app_id = await it.rt.store.write(it.tenant, write)
        return str(certificate.public_bytes(Encoding.PEM).decode()), app_id


_managed = _Managed()


async def extension_check_in(it: Instance) -> Message:
    """What is meant for a device."""
    pem, _ = await _managed.of(it)
    body = {"version": 1, "instance": _INSTANCE, "agentVersion": "1.0.0"}
    return Message("POST", CHECK_IN_PATH, body=body, peer=pem, door="devices")


async def extension_report(it: Instance) -> Message:
    """How it stands there."""
    pem, app_id = await _managed.of(it)
    number = int(it.clock.monotonic()) + 1
    reports = [
        {"kind": "app", "id": app_id, "revision": 1, "number": number, "state": "installing", "attempt": 1},
        {"kind": "app", "id": app_id, "revision": 1, "number": number + 1, "state": "failed", "error": 0x80070643},
        {"kind": "script", "id": "greet", "revision": 2, "number": 7, "state": "fail", "text": "no", "exitCode": -1},
    ]
    body = {"version": 1, "instance": _INSTANCE, "reports": reports}
    return Message("POST", REPORT_PATH, body=body, peer=pem, door="devices")


async def win32_app(it: Instance) -> Message:
    """A Win32 app with its rules."""
    token = await access_token(it, GRAPH, scp="DeviceManagementApps.ReadWrite.All")
    headers = [("authorization", token)]
    return Message("POST", "/beta/deviceAppManagement/mobileApps", headers=headers, body=dict(WIN32))


async def script(it: Instance) -> Message:
    """A script."""
    token = await access_token(it, GRAPH, scp="DeviceManagementConfiguration.ReadWrite.All")
    headers = [("authorization", token)]
    return Message("POST", "/beta/deviceManagement/deviceManagementScripts", headers=headers, body=dict(SCRIPT))


async def relationships(it: Instance) -> Message:
    """What an app depends on; the app that is asked for depends on nothing, so that the valid message holds."""
    _, app_id = await _managed.of(it)
    token = await access_token(it, GRAPH, scp="DeviceManagementApps.ReadWrite.All")
    made = base64.b16encode(it.rt.entropy.bytes(4)).decode()

    def other(tx: Any) -> str:
        values = {"display_name": made, "package_identifier": made}
        return str(management.create_app(tx, "winGetApp", values, principal=SYSTEM_PRINCIPAL)["id"])

    target = await it.rt.store.write(it.tenant, other)
    wanted = {"@odata.type": "#microsoft.graph.mobileAppDependency", "targetId": app_id, "dependencyType": "detect"}
    return Message(
        "POST",
        f"/beta/deviceAppManagement/mobileApps/{target}/updateRelationships",
        headers=[("authorization", token)],
        body={"relationships": [wanted]},
    )


EXTENSION: dict[str, Make] = {
    make.__name__: make for make in (extension_check_in, extension_report, win32_app, script, relationships)
}
