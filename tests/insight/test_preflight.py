"""What will decide a deployment, asked before it: each line is the answer of the function that will decide (P-08)."""

from __future__ import annotations

import httpx
import pytest
import sqlalchemy as sa

from insight.test_checklist import set_up
from support.graph_client import Graph, mint, person
from taxiway import app, autopilot, directory, enrollment, management, signin
from taxiway.directory import INTUNE_ADMINISTRATOR, Target
from taxiway.directory import SYSTEM_PRINCIPAL as BY
from taxiway.doors import Door
from taxiway.insight.preflight import preflight
from taxiway.management.apps.estimate import ENOUGH
from taxiway.management.tables import app_install
from taxiway.store import eq

pytestmark = pytest.mark.anyio

ADA = "ada@contoso.example"
CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"


@pytest.fixture
async def ready(rt, tenant):
    """Steps 1 to 7 for SN-1 and Ada, who has all she needs; what else a test writes."""
    ztdid = await set_up(rt, tenant)
    ada = await person(rt, tenant, "ada")
    await signin.set_password(rt, tenant, ada["id"], "Correct-horse-7-battery")
    await signin.issue_access_pass(rt, tenant, ada["id"], lifetime_minutes=60, once=False, principal=BY)

    async def write(function):
        return await rt.store.write(tenant, lambda tx: function(tx, ztdid, ada))

    def license_(tx, _ztdid, user):
        directory.USERS.update(tx, user["id"], {"usage_location": "US"})
        sku = directory.SUBSCRIBED_SKUS.select(tx)[0]["sku_id"]
        directory.assign_licenses(tx, user["id"], add=[sku], remove=[])

    await write(license_)
    return write


async def asked(rt, tenant, upn=ADA, serial="SN-1"):
    """The preflight, and its lines by name."""
    found = await rt.store.read(tenant, lambda tx: preflight(tx, serial, upn))
    return found, {line.check: line for line in found.lines}


def texts(line):
    return " ".join(reason.text for reason in line.why)


async def test_p08_nothing_stands_in_the_way(rt, tenant, ready):
    """Every line in its order, each with a reason; without a user those that need one are left out."""
    found, lines = await asked(rt, tenant)
    assert found.verdict == "ok", [line for line in found.lines if line.state != "ok"]
    assert list(lines)[:4] == ["registration", "deployment profile", "device name", "user"]
    assert {"second factor", "join", "MDM user scope", "enrollment restriction", "device limit", "licence"} < set(lines)
    assert all(line.why for line in found.lines)
    found, lines = await asked(rt, tenant, upn="")
    assert (found.verdict, lines["user"].state) == ("ok", "cannot say")
    assert "licence" not in lines


async def test_what_nothing_acts_on_is_named_and_is_no_obstacle(rt, tenant, ready):
    """A line says which objects reach the PC and are only kept: a rehearsal proves nothing of them."""

    def keep(tx, _ztdid, _user):
        row = management.create_app(tx, "macOSLobApp", {"display_name": "Viewer", "opaque": {}}, principal=BY)
        management.assign_app(tx, row["id"], [Target("all_devices", intent="required")], principal=BY)

    await ready(keep)
    found, lines = await asked(rt, tenant)
    assert found.verdict == "ok"
    assert lines["kept and not acted on"].state == "cannot say"
    assert "'Viewer' (macOSLobApp)" in texts(lines["kept and not acted on"])


def _unlicensed(tx, _ztdid, user):
    sku = directory.SUBSCRIBED_SKUS.select(tx)[0]["sku_id"]
    directory.assign_licenses(tx, user["id"], add=[], remove=[sku])


def _scope(tx, _ztdid, _user):
    directory.update_mdm_policy(tx, BY, {"applies_to": "none"})


def _restricted(tx, _ztdid, _user):
    default = enrollment.default_of(tx, enrollment.DEFAULT_RESTRICTIONS)
    rule = {"windows_restriction": {"platformBlocked": True}}
    enrollment.update_configuration(tx, default["id"], rule, principal=BY)


def _quota(tx, _ztdid, _user):
    directory.update_registration_policy(tx, BY, {"quota": 0})


def _nobody_joins(tx, _ztdid, _user):
    directory.update_registration_policy(tx, BY, {"join_allowed": "none"})


def _disabled(tx, _ztdid, user):
    directory.USERS.update(tx, user["id"], {"account_enabled": False})


def _another(tx, ztdid, _user):
    bob = directory.create_user(tx, principal=BY, upn="bob@contoso.example", display_name="Bob")
    autopilot.DEVICES.update(tx, ztdid, {"user_principal_name": bob["user_principal_name"]})


def _unassigned(tx, _ztdid, _user):
    profile = autopilot.PROFILES.select(tx)[0]
    autopilot.assign_profile(tx, profile["id"], [], principal=BY)


def _shared(tx, _ztdid, _user):
    profile = autopilot.PROFILES.select(tx)[0]
    setting = {"out_of_box_experience_setting": {"deviceUsageType": "shared"}}
    autopilot.update_profile(tx, profile["id"], setting, principal=BY)


CAUSES = [
    (_unlicensed, "licence", "no license that contains Intune"),
    (_scope, "MDM user scope", "None"),
    (_restricted, "enrollment restriction", "Windows (MDM) is blocked"),
    (_quota, "join", "0"),
    (_nobody_joins, "join", "nobody may join"),
    (_disabled, "account", "disabled"),
    (_another, "user", "assigned to bob@contoso.example"),
    (_unassigned, "deployment profile", "No deployment profile is assigned"),
    (_shared, "deployment profile", "self-deploying"),
]


@pytest.mark.parametrize(("cause", "check", "said"), CAUSES, ids=[cause.__name__ for cause, _, _ in CAUSES])
async def test_p08_each_cause_has_a_line_of_its_own(rt, tenant, ready, cause, check, said):
    """What would end in 80180018, 801C0003 or a page without a reason is named, and nothing else is blamed."""
    await ready(cause)
    found, lines = await asked(rt, tenant)
    assert found.verdict == "blocked"
    assert lines[check].state == "blocked"
    assert said in texts(lines[check])
    assert {line.check for line in found.lines if line.state == "blocked"} <= {check, "join"}


async def test_p08_what_a_deployment_is_for_is_foreseen(rt, tenant, ready):
    """Encryption, Windows Hello and compliance have lines of their own; none stops a deployment."""

    eve = await person(rt, tenant, "eve")

    def assign(tx, ztdid, _ada):
        autopilot.DEVICES.update(tx, ztdid, {"user_principal_name": eve["user_principal_name"]})

    _, lines = await asked(rt, tenant)
    assert [lines[name].state for name in ("encryption", "Windows Hello", "compliance")] == ["ok"] * 3
    assert "No policy asks for encryption" in texts(lines["encryption"])
    await ready(assign)
    _, lines = await asked(rt, tenant, upn="")
    assert lines["Windows Hello"].state == "warning"
    assert "no second factor" in texts(lines["Windows Hello"])


async def test_p08_what_nobody_is_named_for_cannot_be_said(rt, tenant, ready):
    """Windows Hello needs the second factor of somebody: without a user there is no 'ok'."""
    await ready(lambda tx, ztdid, _ada: autopilot.DEVICES.update(tx, ztdid, {"user_principal_name": ""}))
    found, lines = await asked(rt, tenant, upn="")
    assert (found.verdict, lines["Windows Hello"].state) == ("ok", "cannot say")
    assert "nobody is named yet" in texts(lines["Windows Hello"])


async def test_p08_the_same_is_said_of_several_rules_once(rt, tenant, ready):
    """What a device has not reported yet is one sentence, with the rules that wait for it."""

    def demand(tx, _ztdid, _user):
        wanted = dict.fromkeys(("secure_boot_enabled", "tpm_required", "storage_require_encryption"), True)
        block = {"actionType": "block", "gracePeriodHours": 0}
        rule = [{"ruleName": "PasswordRequired", "scheduledActionConfigurations": [block]}]
        values = {"display_name": "Strict", "scheduled_actions_for_rule": rule, **wanted}
        row = management.create_policy(tx, "windows10CompliancePolicy", values, principal=BY)
        management.assign_policy(tx, row["id"], [Target("all_devices")], principal=BY)

    await ready(demand)
    _, lines = await asked(rt, tenant)
    said = [reason.text for reason in lines["compliance"].why if "has not reported" in reason.text]
    assert len(said) == 1
    assert "storage require encryption, secure boot enabled, tpm required" in said[0]


@pytest.mark.parametrize(
    ("uri", "code"),
    [
        ("./Device/Vendor/MSFT/Policy/Config/DeviceGuard/EnableVirtualizationBasedSecurity", "p12"),
        ("./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength", "p13"),
    ],
)
async def test_p12_p13_policies_that_restart_the_pc_or_end_its_sign_in_are_named(rt, tenant, ready, uri, code):
    """Before the PC is switched on: which configuration, and what it will do in device setup."""

    def configure(tx, _ztdid, _user):
        setting = {
            "@odata.type": "#microsoft.graph.omaSettingInteger",
            "omaUri": uri,
            "value": 1 if code == "p12" else 8,
        }
        setting["displayName"] = "s"
        values = {"display_name": f"Policy {code}", "oma_settings": [setting]}
        row = management.create_configuration(tx, "windows10CustomConfiguration", values, principal=BY)
        management.assign_configuration(tx, row["id"], [Target("all_devices")], principal=BY)

    await ready(configure)
    found, lines = await asked(rt, tenant)
    assert (found.verdict, lines["configuration"].state) == ("warning", "warning")
    assert f"Policy {code}" in texts(lines["configuration"])
    assert {"p12": "restart", "p13": "automatic sign-in"}[code] in texts(lines["configuration"])


async def test_p24_a_device_that_two_profiles_reach_is_a_warning(rt, tenant, ready):
    """Both are named, with which one applies and why."""

    def another(tx, _ztdid, _user):
        [profile] = autopilot.PROFILES.select(tx)
        targets = directory.targets_of(tx, autopilot.OBJECT_KIND, profile["id"])
        other = autopilot.create_profile(tx, {"display_name": "Second"}, principal=BY)
        autopilot.assign_profile(tx, other["id"], targets, principal=BY)

    rt.clock.advance(60)
    await ready(another)
    _, lines = await asked(rt, tenant)
    assert lines["deployment profile"].state == "warning"
    assert "The profile 'Second' is assigned as well" in texts(lines["deployment profile"])


async def test_p29_the_name_is_shown_before_there_is_one(rt, tenant, ready):
    """With the serial number of the device, and a mark for each random digit."""

    def template(tx, _ztdid, _user):
        profile = autopilot.PROFILES.select(tx)[0]
        autopilot.update_profile(tx, profile["id"], {"device_name_template": "PC-%SERIAL%-%RAND:3%"}, principal=BY)

    await ready(template)
    _, lines = await asked(rt, tenant)
    assert "The PC will be called PC-SN-1-###" in texts(lines["device name"])


async def test_two_values_for_one_setting_are_a_warning(rt, tenant, ready):
    """Both configurations are named, and that neither will be sent."""

    def dispute(tx, _ztdid, _user):
        for name, value in (("Left", 0), ("Right", 1)):
            setting = {"@odata.type": "#microsoft.graph.omaSettingInteger", "omaUri": CORTANA, "value": value}
            values = {"display_name": name, "oma_settings": [{**setting, "displayName": "s"}]}
            row = management.create_configuration(tx, "windows10CustomConfiguration", values, principal=BY)
            management.assign_configuration(tx, row["id"], [Target("all_devices")], principal=BY)

    await ready(dispute)
    found, lines = await asked(rt, tenant)
    assert (found.verdict, lines["configuration"].state) == ("warning", "warning")
    assert f"Left and Right set {CORTANA} to different values" in texts(lines["configuration"])


@pytest.mark.parametrize(
    ("records", "minutes", "state", "said"),
    [
        (0, 60, "cannot say", f"assumed by taxiway: 0 recorded, {ENOUGH} are needed"),
        (ENOUGH, 60, "ok", "fits"),
        (ENOUGH, 5, "warning", "will time out"),
    ],
)
async def test_p10_the_apps_against_the_pages_time(rt, tenant, ready, records, minutes, state, said):
    """From recorded installs of ten minutes; what is assumed says so and gives no verdict."""

    def publish(tx, _ztdid, _user):
        content = {"product_code": "{00000001-2222-3333-4444-555555555555}", "product_version": "1.0"}
        row = management.create_app(tx, "windowsMobileMSI", {"display_name": "Tool", **content}, principal=BY)
        management.APPS.update(tx, row["id"], {"content_sha256": "0" * 64, "publishing_state": "published"})
        management.assign_app(tx, row["id"], [Target("all_devices", intent="required")], principal=BY)
        for number in range(records):
            names = {"tenant": tx.tenant, "app_id": row["id"], "managed_id": f"m{number}"}
            tx.execute(sa.insert(app_install).values(**names, milliseconds=600_000, ended_at=tx.now))
        page = enrollment.ENROLLMENT_CONFIGURATIONS.select(tx, eq("kind", enrollment.ESP))[0]
        values = {"show_installation_progress": True, "install_progress_timeout_in_minutes": minutes}
        enrollment.update_configuration(tx, page["id"], values, principal=BY)

    await ready(publish)
    _, lines = await asked(rt, tenant)
    assert lines["apps of device setup"].state == state
    assert said in texts(lines["apps of device setup"])
    assert lines["apps of account setup"].state == "ok"


async def test_hardware_that_nobody_registered_is_said_at_once(rt, tenant):
    """One line, and it is in the way."""
    found, lines = await asked(rt, tenant, serial="SN-9")
    assert found.verdict == "blocked"
    assert list(lines) == ["registration"]


async def test_p08_it_is_asked_over_http(rt, tenant, ready):
    """By who may read devices; what cannot be a name is 404."""
    boss = await person(rt, tenant, "boss", INTUNE_ADMINISTRATOR)
    eve = await person(rt, tenant, "eve")
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as http:
        graph = Graph(rt, http, await mint(rt, tenant, boss["id"]))
        found = await graph.get(f"/taxiway/preflight?device=SN-1&user={ADA}")
        assert (found["device"], found["user"], found["verdict"]) == ("SN-1", ADA, "ok")
        assert found["lines"][0]["check"] == "registration"
        await graph.get("/taxiway/preflight", expect=404)
        await graph.get(f"/taxiway/preflight?device={'x' * 300}", expect=404)
        await Graph(rt, http, await mint(rt, tenant, eve["id"])).get("/taxiway/preflight?device=SN-1", expect=403)


async def test_p08_preflight_over_graph(rt, tenant, ready):
    """Below the device identity, in beta, under a name of ours; the same lines, for the named user too."""
    path = "/beta/deviceManagement/windowsAutopilotDeviceIdentities"
    admin, nobody = await person(rt, tenant, "root", INTUNE_ADMINISTRATOR), await person(rt, tenant, "nobody")
    door = Door(app.people_routes(rt), rt.entropy)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
        graph = Graph(rt, client, await mint(rt, tenant, admin["id"]))
        [device] = await graph.values(path)
        found = await graph.get(f"{path}/{device['id']}/taxiwayPreflight?user={ADA}")
        assert (found["device"], found["user"], found["verdict"]) == ("SN-1", ADA, "ok")
        assert found["lines"] == (await asked(rt, tenant))[0].shown()["lines"]
        await graph.get(f"{path}/nothing/taxiwayPreflight", expect=404)
        other = Graph(rt, client, await mint(rt, tenant, nobody["id"]))
        await other.get(f"{path}/{device['id']}/taxiwayPreflight", expect=403)
