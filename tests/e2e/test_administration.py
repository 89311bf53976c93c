"""What an administrator asks of a running server by the commands: switches, explanations, a second factor."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys

import pytest

from e2e.deploying import Deploying, product
from taxiway import directory, signin
from taxiway.signin.factors import code_at
from taxiway.wire.autopilot_profile import parse_offline

pytestmark = pytest.mark.anyio

ADMIN, PASSWORD = "root@contoso.example", "Correct-horse-7-battery"


@pytest.fixture
async def administrator(instance):
    await instance.make_user(ADMIN, access_pass=False)

    def make(tx):
        user = directory.find_user(tx, ADMIN)
        directory.assign_role(tx, user["id"], directory.GLOBAL_ADMINISTRATOR, principal=directory.SYSTEM_PRINCIPAL)
        return user["id"]

    return await instance.rt.store.write(instance.tenant, make)


@pytest.fixture
def command(instance, administrator):
    """Run a command against the instance, in a process of its own."""

    async def command(*words, status=0, code="", error=False):
        where = ["--server", instance.settings.urls.people, "--ca", str(instance.files.root), "--admin", ADMIN]
        environment = {"TAXIWAY_ADMIN_PASSWORD": PASSWORD, "TAXIWAY_ADMIN_CODE": code, "PATH": ""}
        environment["PYTHONPATH"] = os.environ.get("PYTHONPATH", "")  # the tree under test, wherever it lies
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "taxiway", *words, *where],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stderr if error else done.stdout

    return command


async def test_switches_are_printed_and_changed(command):
    """One command for both; what is no switch is said."""
    assert re.search(r"ropc_enabled +off", await command("signin-policy"))
    assert re.search(r"ropc_enabled +on", await command("signin-policy", "--set", "ropc_enabled=on"))
    assert json.loads(await command("signin-policy", "--json"))["ropc_enabled"] is True
    await command("signin-policy", "--set", "ropc_enabled", status=1)
    await command("signin-policy", "--set", "nonsense=on", status=1)


async def test_explain_says_why_in_words_and_in_json(instance, command):
    """Exit status 0 for somebody who could, 1 for somebody who could not."""
    await instance.make_user("ada@contoso.example", access_pass=False)
    told = await command("explain", "sign-in", "ada@contoso.example")
    assert told.startswith("ada@contoso.example could sign in.")
    assert "Nothing asks for a second factor." in told
    nobody = {"join_allowed": "none"}
    await instance.rt.store.write(
        instance.tenant,
        lambda tx: directory.update_registration_policy(tx, directory.SYSTEM_PRINCIPAL, nobody),
    )
    told = json.loads(await command("explain", "join", "ada@contoso.example", "--json", status=1))
    assert told["could"] is False
    assert told["checks"][0]["why"][0]["code"] == "join.not_allowed"


async def test_explain_esp_says_what_the_page_waits_for(instance, command, tmp_path):
    """Exit status 3 while it waits, 1 when it failed, 0 when it is over, 1 for a device nobody knows."""
    deploying = Deploying(instance, tmp_path)
    await deploying.page(install_quality_updates=True)
    await deploying.app(1)
    pc = await deploying.pc(durations={product(1): 30.0})
    reached = asyncio.Event()

    def told(event):
        if getattr(event, "item", "") == "Apps" and event.phase == "device setup" and event.total:
            reached.set()

    running = asyncio.create_task(pc.power_on(instance.endpoints, deploying.person, told))
    await reached.wait()
    told = await command("explain", "esp", pc.firmware.serial, status=3)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert told.startswith(f"{pc.firmware.serial}: waiting. Profile 'Page'.")
    assert "(App 1)" in told
    assert "apps: cannot say (" in told
    assert "quality updates: 20 to 40 minutes more" in told
    broken = await deploying.pc(exit_codes={product(1): 1603})
    await deploying.deploy(broken)
    told = json.loads(await command("explain", "esp", broken.firmware.serial, "--json", status=1))
    assert told["halves"][0]["why"][0]["code"] == "esp.device_failed"
    await deploying.deploy(await deploying.pc())
    assert "ended well" in await command("explain", "esp", deploying.current.firmware.serial)
    assert "No device" in await command("explain", "esp", "nobody", status=1, error=True)


async def test_an_administrator_with_an_authenticator_gives_its_code(instance, command, administrator):
    """The commands sign in on the page like anybody else."""
    address = await signin.register_totp(instance.rt, instance.tenant, administrator)
    secret = base64.b32decode(re.search("secret=([A-Z2-7]+)", address)[1])
    step = int(instance.rt.clock.now().timestamp()) // 30
    await command("signin-policy", code="000000", status=1)
    assert "ropc_enabled" in await command("signin-policy", code=code_at(secret, step + 1))


async def test_the_tasks_are_explained_before_and_after_a_deployment(instance, command, tmp_path):
    """Foreseen for a registered PC, reported for a deployed one; an unknown serial number is said so."""
    deploying = Deploying(instance, tmp_path)
    pc = await deploying.pc()
    serial = pc.firmware.serial
    told = await command("explain", "tasks", serial, status=1)
    assert "encryption: will not encrypt" in told
    assert "No policy asks for encryption." in told
    assert (await deploying.deploy(pc)).reached == "desktop"
    found = json.loads(await command("explain", "tasks", serial, "--json", status=1))
    assert {task["task"]: task["state"] for task in found["tasks"]} == {
        "encryption": "not encrypted",
        "Windows Hello": "set up",
        "compliance": "compliant",
    }
    assert "No device" in await command("explain", "tasks", "nobody", status=1, error=True)


async def test_a_pc_checks_in_and_restarts_by_command(instance, tmp_path):
    """Each in a process of its own: the user takes part until the restart, the device alone after it."""
    deploying = Deploying(instance, tmp_path)
    assert (await deploying.deploy()).reached == "desktop"
    urls = instance.settings.urls
    data = tmp_path / "known"
    data.mkdir()
    said = {"devices": urls.drs, "people": urls.login, "ca_file": str(instance.files.root)}
    (data / "server.json").write_text(json.dumps(said))

    async def device(*words):
        environment = {"PYTHONPATH": os.environ.get("PYTHONPATH", ""), "TAXIWAY_DATA": str(data), "PATH": ""}
        done = await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-m", "taxiway", "device", words[0], str(tmp_path / "pc1"), *words[1:]],
            capture_output=True,
            text=True,
            env=environment,
            timeout=120,
        )
        return done.returncode, done.stdout

    status, told = await device("sync", "--json")
    assert (status, json.loads(told)["user"], json.loads(told)["at"]) == (0, "ada@contoso.example", "desktop")
    assert (await device("restart"))[0] == 0
    status, told = await device("sync")
    assert (status, "lock screen" in told) == (0, True)
    assert (await device("disconnect"))[0] == 0
    assert (await device("sync"))[0] == 1


async def test_p26_a_profile_is_exported_for_pcs_that_nobody_registers(instance, command, tmp_path):
    """The file that Windows reads, in the folder that was named; a name that no profile has is said."""
    made = await instance.profile()
    await command("profile", "export", "everything", "--out", str(tmp_path / "usb"))
    content = (tmp_path / "usb" / "AutopilotConfigurationFile.json").read_bytes()
    assert parse_offline(content).ztd_correlation_id == made["id"]
    assert "no deployment profile" in await command("profile", "export", "nothing", status=1, error=True)
    assert re.search(r"explicit_priority +on", await command("autopilot-policy", "--set", "explicit_priority=on"))


async def test_p05_p20_p22_a_registered_device_by_its_serial_number(command, instance, tmp_path):
    """Reserve it, let it go, look for reported hardware, and remove it from the tenant after a look at what goes."""
    pc = instance.make_pc(tmp_path / "pc")
    serial = pc.firmware.serial
    await instance.register(pc)
    await instance.make_user("ada@contoso.example", access_pass=False)
    await instance.make_user("bob@contoso.example", licensed=False, access_pass=False)
    assert "reserved for ada@contoso.example" in await command("device", "assign", serial, "ada@contoso.example")
    refused = await command("device", "assign", serial, "bob@contoso.example", status=1, error=True)
    assert "no licence" in refused
    planned = json.loads(await command("device", "remove", serial, "--json"))
    assert [step["what"] for step in planned["goes"]] == ["user assignment", "Autopilot registration", "device object"]
    assert planned["removed"] is False
    assert "reserved for nobody" in await command("device", "unassign", serial)
    assert "not reported any other hardware" in await command("device", "rebind", serial, status=1)
    assert "is removed" in await command("device", "remove", serial, "--yes")
    assert "No device with the serial number" in await command("device", "remove", serial, status=1, error=True)


async def test_r045_a_partner_uploads_after_consent_and_not_after_it_ended(command, instance, tmp_path):
    """Consent makes the application, its file of tuples is registered, and a PC it names gets the tenant's profile."""
    pc = instance.make_pc(tmp_path / "pc")
    await instance.profile()
    who = await instance.make_user()
    made = json.loads(await command("partner", "consent", "Reseller", "--json"))
    file = tmp_path / "partner.csv"
    firmware = pc.firmware
    header = "Device serial number,Windows product ID,Hardware hash,Manufacturer name,Device model"
    file.write_text(f"{header}\n{firmware.serial},,,{firmware.manufacturer},{firmware.model}\nS-2,,,,\n")
    where = ["--server", instance.settings.urls.people, "--ca", str(instance.files.root)]
    words = ["partner", "upload", str(file), "--tenant", made["tenant"], "--client-id", made["client_id"], *where]

    async def upload(status):
        environment = {**os.environ, "TAXIWAY_PARTNER_SECRET": made["secret"]}
        done = await asyncio.to_thread(
            subprocess.run, [sys.executable, "-m", "taxiway", *words], capture_output=True, text=True, env=environment
        )
        assert done.returncode == status, done.stdout + done.stderr
        return done.stdout + done.stderr

    told = await upload(1)
    assert "1 devices registered, 1 refused" in told
    assert "line 3: 801" in told
    outcome = await instance.power_on(pc, who)
    assert (outcome.reached, outcome.profile_name) == ("desktop", "Everything"), outcome.failure
    assert "may not register" in await command("partner", "revoke", "Reseller")
    assert "not consented" in await upload(1)
