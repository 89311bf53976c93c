"""msgraph-sdk and msgraph-beta-sdk, unmodified: the golden path, and what every client does (02 section 10)."""

from __future__ import annotations

import asyncio
import csv
import io
import os
import subprocess
import sys

import pytest

from clients import environment, tenant
from clients.tenant import PASSWORD, upn
from clients.world import ADMIN_PASSWORD, AZURE_CLI, World
from taxiway.kernel import SystemEntropy
from taxiway.rehearsal.content import made_up_package
from taxiway.wire.app_content import encrypt_content

SDKS = {"v1.0": "msgraph-sdk", "beta": "msgraph-beta-sdk"}
#: What a service may do by itself.
ROLES = ("DeviceManagementServiceConfig.Read.All", "User.Read.All", "Group.Read.All")
SIZE = 200_000


class EmptyWorld(World):
    """A tenant with one person, a service, and nothing that Autopilot needs."""

    async def _fill(self, admin):
        self.tenant = (await admin.values("/v1.0/organization"))[0]["id"]
        await admin.call("PATCH", "/taxiway/signin-policy", {"ropc_enabled": True})
        user = await tenant.make_user(admin, "ada")
        self.service = await tenant.make_reader(admin, *ROLES)
        path = f"/v1.0/users/{user}/authentication/temporaryAccessPassMethods"
        made = await admin.call("POST", path, {"lifetimeInMinutes": 60, "isUsableOnce": False})
        self.access_pass = made["temporaryAccessPass"]

    @property
    def given(self):
        """What the driver script has to know."""
        return {
            "login": self.login,
            "host": self.graph_host,
            "tenant": self.tenant,
            "client": AZURE_CLI,
            "name": upn("admin"),
            "password": ADMIN_PASSWORD,
            "user": upn("ada"),
        }

    def pc(self, name):
        """A sealed PC: its serial number and hardware hash, and the command that powers it on."""
        folder, data = self.folder / name, self.folder / "server"
        environ = {**os.environ, "TAXIWAY_USER_PASSWORD": PASSWORD, "TAXIWAY_USER_PASS": self.access_pass}
        program = [sys.executable, "-m", "taxiway", "device"]
        subprocess.run([*program, "new", folder], check=True, env=environ, capture_output=True)
        text = (folder / "AutopilotHWID.csv").read_text("utf-16")
        [row] = csv.DictReader(io.StringIO(text))
        return {
            "serial": row["Device Serial Number"],
            "hash": row["Hardware Hash"],
            "power_on": [*program, "power-on", str(folder), "--user", upn("ada"), "--data", str(data), "--json"],
            "environment": environ,
        }


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def empty(request, tmp_path_factory):
    """An empty tenant on each kind of database."""
    environment.make()
    database = request.getfixturevalue("postgres").fresh_database() if request.param == "postgresql" else ""
    with asyncio.Runner() as runner:
        made = EmptyWorld(tmp_path_factory.mktemp(request.param), database)
        runner.run(made.start())
        yield made
        runner.run(made.stop())


def run(world, call, **more):
    found = world.call("graph_sdk_calls.py", call, **{**world.given, **more})
    return {version: found[version] for version in SDKS}


def noted(ledger, version, steps):
    """Every step left nothing over and lost nothing; a row of the table for each."""
    assert {name: left for name, left in steps.items() if left != "done"} == {}
    for name in steps:
        ledger.note(SDKS[version], name, "done, models without remainder")


def test_r111_the_golden_path_from_an_empty_tenant_and_back(empty, ledger):
    """Configured, registered, deployed, looked at, wiped and taken away by typed builders; every answer read whole."""
    found = run(empty, "golden_path", pcs=[empty.pc("pc1"), empty.pc("pc2")])
    for version in SDKS:
        assert len(found[version]) > 15
        noted(ledger, version, found[version])


def test_what_every_client_does(empty, ledger, tmp_path):
    """``me``, error mapping, pages, a batch, app content: the same with both SDKs."""
    entropy = SystemEntropy()
    plain = made_up_package(SIZE, entropy)
    keys = {"encryption_key": entropy.bytes(32), "mac_key": entropy.bytes(32), "vector": entropy.bytes(16)}
    content, info = encrypt_content(plain, **keys)
    (tmp_path / "content").write_bytes(content)
    app = {"size": len(plain), "size_encrypted": len(content), "file": str(tmp_path / "content")}
    found = run(empty, "habits", app={**app, "info": info.as_graph()})
    for version, said in found.items():
        noted(ledger, version, said["steps"])
        assert said["me"] == upn("admin")
        errors = said["directory error"], said["intune error"]
        assert [error["status"] for error in errors] == [404, 404]
        assert errors[0]["code"] == "Request_ResourceNotFound"
        assert errors[1]["code"] in {"ResourceNotFound", "NotFound"}
        assert all(error["message"] and len(error["request"]) == 36 and error["date"] for error in errors)
        assert len(said["pages"]["iterated"]) > 2
        assert said["pages"]["iterated"] == said["pages"]["followed"]
        assert said["batch"] == {"me": 200, "groups": 200, "nobody": 404, "waits": 200}
        for call in ("`ODataError` with code, message and request id", "`PageIterator`"):
            ledger.note(SDKS[version], call, "done")
        ledger.note(SDKS[version], "`$batch`", "done; it spells `dependsOn` otherwise, so nothing waits")


def test_a_service_by_itself(empty, ledger):
    """The SDK asks for a token for the host that it calls; what the service may not do is refused by name."""
    found = run(empty, "app_only", client=empty.service.id, secret=empty.service.secret)
    for version, said in found.items():
        noted(ledger, version, {f"{name}, app-only": left for name, left in said["steps"].items()})
        assert (said["me"]["status"], said["me"]["code"]) == (400, "BadRequest")
        assert (said["write"]["status"], said["write"]["code"]) == (403, "Authorization_RequestDenied")
        ledger.note(SDKS[version], "`https://<host>/.default` by `ClientSecretCredential`", "token")
