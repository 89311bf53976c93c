"""The tutorial over real sockets: a server process, an administrator at Graph, PCs that know host names and the CA."""

import asyncio
import json
import os
import subprocess
import sys

import msgspec
import pytest

from taxiway.device import Host, Pace
from taxiway.kernel import SystemEntropy, ThreadWorkers
from taxiway.rehearsal.plan import read_plan
from taxiway.rehearsal.server import LocalServer
from taxiway.rehearsal.tutorial import Tutorial

QUICK = Pace(poll=0.05, install=0.01, encryption=0.01)


@pytest.fixture
def database(request, engine):
    """The setting for a server process on the same kind of database; PostgreSQL starts empty."""
    if engine.dialect.name == "sqlite":
        return ""
    return request.getfixturevalue("postgres").fresh_database()


def _tutorial(addresses, folder, keys, plan=None):
    return Tutorial(
        addresses,
        plan or read_plan(),
        folder / "pcs",
        Host(ThreadWorkers(2), keys=keys, pace=QUICK),
        SystemEntropy(),
        progress=lambda *_: None,
        watcher=lambda *_: None,
        new_password="A-new-one-2-remember",
    )


async def test_r111_a_sealed_pc_reaches_its_desktop(database, tmp_path, keys):
    """Register, group, ESP, profile, OOBE, join, enroll, ESP phases, desktop: and the records that result (R-111)."""
    async with LocalServer(tmp_path / "server", database=database) as server:
        tutorial = _tutorial(await server.start(), tmp_path, keys)
        [deployment] = await tutorial.run(1)
        outcome = deployment.outcome
        assert outcome.reached == "desktop", outcome.failure
        assert outcome.encryption.method
        assert outcome.encryption.escrowed
        assert outcome.hello == "provisioned"
        assert deployment.compliance.startswith("compliant")
        assert deployment.esp_profile == "Setting up your PC"
        async with _again(tutorial) as admin:
            [managed] = await admin.values("/beta/deviceManagement/managedDevices")
            devices = await admin.values("/v1.0/devices")
            timeline = await admin.get(f"/taxiway/timeline/{outcome.serial}")
    assert managed["id"] == outcome.intune_device_id
    assert managed["managedDeviceOwnerType"] == "company"
    assert managed["userPrincipalName"] == outcome.user == "ada@contoso.example"
    assert managed["complianceState"] == "compliant"
    # One object, never two: the anchor of the registration is the joined device.
    [device] = devices
    assert device["deviceId"] == outcome.entra_device_id
    assert device["trustType"] == "AzureAd"
    assert device["isCompliant"] is True
    assert device["displayName"] == outcome.device_name == managed["deviceName"]
    assert outcome.device_name.startswith("CON-")
    assert device["enrollmentProfileName"] == "Contoso standard"
    assert any(item.startswith(("[ZTDId]", "[ZTDID]")) for item in device["physicalIds"])
    # The parts sum to the wall clock, on the PC and in the record of the service.
    assert sum(round(seconds * 1000) for _, seconds in outcome.phases) == round(outcome.seconds * 1000)
    assert sum(round(phase["seconds"] * 1000) for phase in timeline["phases"]) == round(timeline["seconds"] * 1000)
    kinds = [entry["kind"] for entry in timeline["entries"]]
    assert len(kinds) > 10


def _again(tutorial):
    """The administrator, whose one-time password was replaced by the first sign-in."""
    admin = tutorial.administrator()
    admin.password = tutorial.new_password
    return admin


async def test_r112_nothing_assigned_does_not_break_the_flow(database, tmp_path, keys):
    """No app and no policy, for devices or users: both ESP phases complete and the desktop appears (R-112, R-88)."""
    plan = msgspec.structs.replace(read_plan(), apps=[], policies=[])
    async with LocalServer(tmp_path / "server", database=database) as server:
        [deployment] = await _tutorial(await server.start(), tmp_path, keys, plan).run(1)
    assert deployment.outcome.reached == "desktop", deployment.outcome.failure


async def test_r064_a_win32_app_goes_through_graph_to_the_pc(database, tmp_path, keys):
    """Made and uploaded at Graph as its tools do it, installed by the agent, and shown at Graph where it stands."""
    app = msgspec.structs.replace(read_plan().apps[0], name="Contoso Win32", kind="win32")
    plan = msgspec.structs.replace(read_plan(), apps=[app], policies=[])
    async with LocalServer(tmp_path / "server", database=database) as server:
        tutorial = _tutorial(await server.start(), tmp_path, keys, plan)
        [deployment] = await tutorial.run(1)
        assert deployment.outcome.reached == "desktop", deployment.outcome.failure
        apps = "/beta/deviceAppManagement/mobileApps"
        async with _again(tutorial) as admin:
            [made] = await admin.values(apps)
            [status] = await admin.values(f"{apps}/{made['id']}/deviceStatuses")
            summary = await admin.get(f"{apps}/{made['id']}/installSummary")
            timeline = await admin.get(f"/taxiway/timeline/{deployment.outcome.serial}")
    assert (made["@odata.type"], made["publishingState"]) == ("#microsoft.graph.win32LobApp", "published")
    assert (status["installState"], status["errorCode"]) == ("installed", 0)
    assert (summary["installedDeviceCount"], summary["failedDeviceCount"]) == (1, 0)
    told = [entry["what"]["to"] for entry in timeline["entries"] if entry["kind"] == "app.state_changed"]
    assert told == ["pendingInstall", "installing", "installed"]


async def test_a_killed_server_loses_nothing_and_the_pc_carries_on(database, tmp_path, keys):
    """The server is killed in the middle of the device phase and started again: the PC reaches its desktop."""
    async with LocalServer(tmp_path / "server", database=database) as server:
        killed = asyncio.Event()
        seen = []

        def watcher(_serial, event):
            seen.append(event)
            if type(event).__name__ == "EspPhaseChanged" and event.phase == "device setup":
                killed.set()

        tutorial = _tutorial(await server.start(), tmp_path, keys)
        tutorial.watcher = watcher

        async def interrupt():
            await killed.wait()
            await server.kill()
            await server.start()

        interruption = asyncio.create_task(interrupt())
        [deployment] = await tutorial.run(1)
        await interruption
    assert deployment.outcome.reached == "desktop", deployment.outcome.failure
    assert deployment.compliance.startswith("compliant")


def test_r002_the_demo_of_an_unmanaged_pc_ends_badly(tmp_path):
    """A plan whose MDM scope is nobody: the PC reaches an unmanaged desktop, and the demo says so and ends with 1."""
    plan = tmp_path / "plan.toml"
    plan.write_text(
        '[mdm]\napplies_to = "none"\n[[users]]\nupn = "ada"\ndisplay_name = "Ada"\n'
        '[profile]\nname = "P"\ngroups = ["G"]\n[[groups]]\nname = "G"\n'
        "rule = '(device.devicePhysicalIDs -any (_ -startsWith \"[ZTDid]\"))'\n"
    )
    done = subprocess.run(
        [sys.executable, "-m", "taxiway", "demo", "--plan", str(plan), "--json"],
        check=False,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 1, done.stderr.decode()[-2000:]
    [fact] = json.loads(done.stdout)
    assert (fact["reached"], fact["intune_device_id"]) == ("unmanaged", "")


def test_the_demo_command_ends_well(tmp_path):
    """`taxiway demo --json` prints the facts of each PC and ends with status 0."""
    done = subprocess.run(
        [sys.executable, "-m", "taxiway", "demo", "--devices", "2", "--json", "--data", str(tmp_path / "d")],
        check=False,
        capture_output=True,
        timeout=120,
        env={**os.environ, "COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr.decode()[-2000:]
    facts = json.loads(done.stdout)
    assert [fact["reached"] for fact in facts] == ["desktop", "desktop"]
    assert all(fact["encryption"].endswith("key escrowed") for fact in facts)


async def test_the_commands_of_the_readme(tmp_path):
    """The README's commands from `up` to `esp`, each with its exit status."""
    async with LocalServer(tmp_path / "taxiway-data") as server:
        addresses = await server.start()
        environment = {
            **os.environ,
            "TAXIWAY_ADMIN_PASSWORD": addresses.one_time_password,
            "TAXIWAY_ADMIN_NEW_PASSWORD": "A-new-one-2-remember",
        }

        async def run(*arguments, status=0):
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "taxiway", *arguments),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=tmp_path,
                env=environment,
            )
            out, err = await process.communicate()
            assert process.returncode == status, (out + err).decode()[-2000:]
            return out.decode()

        made = json.loads(await run("device", "new", "pc1", "--json"))
        said = json.loads(await run("setup", "--csv", "pc1/AutopilotHWID.csv", "--json"))
        environment["TAXIWAY_ADMIN_PASSWORD"] = "A-new-one-2-remember"
        environment["TAXIWAY_USER_PASSWORD"] = said["passwords"]["ada@contoso.example"]
        lines = (await run("device", "power-on", "pc1", "--user", "ada@contoso.example", "--events")).splitlines()
        *events, outcome = [json.loads(line) for line in lines]
        assert {"item": "Apps", "text": "Apps (1 of 1 installed)", "done": 1, "total": 1}.items() <= next(
            event for event in reversed(events) if event["event"] == "EspItemChanged" and event["item"] == "Apps"
        ).items()
        assert (events[-1]["event"], events[-1]["reached"], outcome["reached"]) == ("Finished", "desktop", "desktop")
        assert "8. done" in await run("status")
        assert "wall clock" in await run("device", "timeline", made["serial"])
        assert "ended well" in await run("explain", "esp", made["serial"])
        assert "as soon as the device asks again" in await run("esp", "release", made["serial"])
        again = json.loads(await run("import", "pc1/AutopilotHWID.csv", "--json"))
        assert again["refused"][0]["code"] == "806"
