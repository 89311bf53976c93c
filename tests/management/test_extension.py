"""The management extension's two addresses: who may ask, what a repeated or late report does, hostile bytes."""

from __future__ import annotations

import dataclasses
import json
from datetime import timedelta

import pytest
import sqlalchemy as sa

from e2e.extending import win32
from management.test_endpoints import certificate, door, own  # noqa: F401 - fixtures
from taxiway import directory, enrollment, management, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.apps import durations
from taxiway.management.esp import deadlines
from taxiway.management.extension import agent as agents
from taxiway.management.extension import states
from taxiway.management.session import runs
from taxiway.store import metadata
from taxiway.wire import csp
from taxiway.wire.app_content import encrypt_content
from taxiway.wire.extension import Answer, Receipts, read_answer

pytestmark = pytest.mark.anyio

CHECK_IN, REPORT = "/ManagementExtension/check-in", "/ManagementExtension/report"
PLAIN = b"PK the package"


@pytest.fixture
def tool(pc):
    """Make a published Win32 app, required for a target."""

    async def made(name, target, **values):
        def make(tx):
            row = management.create_app(tx, "win32LobApp", win32(name, **values), principal=SYSTEM_PRINCIPAL)
            management.assign_app(
                tx, row["id"], [dataclasses.replace(target, intent="required")], principal=SYSTEM_PRINCIPAL
            )
            return row["id"]

        app_id = await pc.write(make)
        uploaded, info = encrypt_content(PLAIN, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)
        await management.set_encrypted_content(pc.rt, pc.tenant, app_id, [uploaded], info, principal=SYSTEM_PRINCIPAL)
        return app_id

    return made


class Agent:
    """Speaks the protocol as an agent does."""

    def __init__(self, client, instance="one"):
        self.client, self.instance = client, instance

    async def ask(self, **headers):
        answer = await self.client.post(
            CHECK_IN, json={"version": 1, "instance": self.instance, "agentVersion": "1"}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        return read_answer(answer.content, Answer)

    async def tell(self, *reports, **headers):
        body = {"version": 1, "instance": self.instance, "reports": list(reports)}
        answer = await self.client.post(REPORT, json=body, headers=headers)
        assert answer.status_code == 200, answer.text
        return [(each.outcome, each.again) for each in read_answer(answer.content, Receipts).receipts]


@pytest.fixture
async def agent(door, pc, own):  # noqa: F811 - the fixtures
    """The agent of the enrolled device, which has had its first session."""
    await pc.session()
    door.present(own)
    return Agent(door)


def report(app, number, state, **more):
    return {"kind": "app", "id": app.id, "revision": app.revision, "number": number, "state": state, **more}


RECORDED, KNOWN = ("recorded", False), ("known", False)


async def test_what_is_meant_comes_with_everything_that_it_needs(agent, tool, everywhere):
    """Commands, rules, codes, the way to the package and wrapped keys; what is not for this device does not come."""
    await tool("Tool", everywhere)
    await tool("Theirs", directory.Target("all_users"))
    [app] = (await agent.ask()).apps
    assert (app.name, app.intent, app.context, app.user, app.tracked) == ("Tool", "required", "system", "", True)
    assert app.install_command == "setup.exe /quiet"
    assert [rule.name for rule in app.detection] == ["Tool.exe"]
    assert {code.code: code.type for code in app.return_codes}[1618] == "retry"
    assert app.content.path == f"/content/{app.content.sha256}"
    assert (await agent.client.get(app.content.path)).status_code == 200


async def test_the_keys_open_with_the_devices_certificate_alone(agent, tool, everywhere, rt):
    """They are wrapped for the key of the certificate: no other key opens them, and the answer holds no bare key."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    await tool("Tool", everywhere)
    [app] = (await agent.ask()).apps
    oaep = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)
    import base64

    wrapped, opened = base64.b64decode(app.content.keys), []
    for _ in range(12):  # the pool that the tests' keys come from
        try:
            opened.append(rt.keys.rsa().decrypt(wrapped, oaep))
        except ValueError:
            continue
    assert opened == [b"k" * 32 + b"m" * 32]


async def test_a_report_counts_once(agent, tool, everywhere, pc):
    """A duplicate, and one that was overtaken, change nothing and are acknowledged; so does a repeated question."""
    await tool("Tool", everywhere)
    [app] = (await agent.ask()).apps
    assert await agent.tell(report(app, 1, "downloading"), report(app, 2, "installed")) == [RECORDED, RECORDED]
    logged = len(await pc.log("app.state_changed"))
    assert await agent.tell(report(app, 2, "installed"), report(app, 1, "downloading")) == [KNOWN, KNOWN]
    assert await agent.tell(report(app, 2, "failed", error=1)) == [KNOWN]
    [again] = (await agent.ask()).apps
    assert (again.id, again.revision, again.tracked) == (app.id, app.revision, True)
    assert await pc.states() == {"Tool": "installed"}
    assert len(await pc.log("app.state_changed")) == logged


async def test_a_report_of_an_earlier_revision_is_not_credited_to_the_present_one(agent, tool, everywhere, pc):
    """The app was changed while it was installed: it is pending again, whatever arrives about the old one."""
    app_id = await tool("Tool", everywhere)
    [app] = (await agent.ask()).apps
    assert await agent.tell(report(app, 1, "installed")) == [RECORDED]
    changes = {"install_command_line": "setup.exe /v2"}
    await pc.write(lambda tx: management.update_app(tx, app_id, changes, principal=SYSTEM_PRINCIPAL))
    assert await agent.tell(report(app, 2, "installed")) == [("outdated", False)]
    await pc.session()
    assert await pc.states() == {"Tool": "pendingInstall"}
    [newer] = (await agent.ask()).apps
    assert newer.revision == app.revision + 1
    await pc.write(lambda tx: management.update_app(tx, app_id, {"notes": "x"}, principal=SYSTEM_PRINCIPAL))
    assert (await agent.ask()).apps[0].revision == newer.revision


async def test_only_what_is_meant_can_be_reported(agent, tool, everywhere, pc):
    """An app of somebody else, one that is gone, a state that nobody knows, another user: nothing is kept."""
    await tool("Tool", everywhere)
    theirs = await tool("Theirs", directory.Target("all_users"))
    [app] = (await agent.ask()).apps
    assert await agent.tell({**report(app, 1, "installed"), "id": theirs}) == [("gone", False)]
    assert await agent.tell({**report(app, 2, "installed"), "id": "nobody"}) == [("gone", False)]
    assert await agent.tell(report(app, 3, "wonderful")) == [("unknownState", False)]
    assert await agent.tell(report(app, 4, "installed", user=pc.owner)) == [("userNotProven", True)]
    assert await pc.read(lambda tx: states.load(tx, pc.managed_id)) == {}


async def test_an_agent_checks_in_before_it_reports(agent, tool, everywhere, pc):
    """Another installation of the agent begins anew: what the one before reported does not count any more."""
    await tool("Tool", everywhere)
    [app] = (await agent.ask()).apps
    stranger = Agent(agent.client, "two")
    assert await stranger.tell(report(app, 1, "installed")) == [("notCheckedIn", True)]
    assert await agent.tell(report(app, 9, "installed")) == [RECORDED]
    await stranger.ask()
    assert await agent.tell(report(app, 10, "failed")) == [("notCheckedIn", True)]
    assert await stranger.tell(report(app, 1, "installing")) == [RECORDED]
    assert await pc.states() == {"Tool": "installing"}


async def test_a_users_part_needs_the_users_token(agent, tool, pc, monkeypatch):
    """Without a token, or with one of another device, nothing of the user's is told; with it, it is."""
    await tool("Mine", directory.Target("all_users"))
    device = (await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id)))["azure_ad_device_id"]

    async def verify(_rt, token, *, audiences):
        facts = {"tenant": pc.tenant, "app_id": "a", "aud": "b", "amr": (), "issued_at": None, "expires_at": None}
        return signin.Claims(**facts, uti="", oid=pc.owner, device_id=device if token == "good" else "other")

    monkeypatch.setattr(signin, "verify_token", verify)
    assert (await agent.ask()).apps == []
    refused = await agent.ask(authorization="Bearer bad")
    assert (refused.apps, refused.user) == ([], "")
    assert "another device" in refused.why_no_user
    told = await agent.ask(authorization="Bearer good")
    assert ([app.name for app in told.apps], told.user) == (["Mine"], pc.owner)
    [app] = told.apps
    assert app.user == pc.owner
    assert app.tracked
    mine = report(app, 1, "installed", user=pc.owner)
    assert await agent.tell(mine) == [("userNotProven", True)]
    assert await agent.tell(mine, authorization="Bearer good") == [RECORDED]


async def test_only_a_managed_device_is_answered(door, agent, rt, tenant, pc, own):  # noqa: F811 - the fixtures
    """No certificate, a join certificate, another tenant's, a revoked one, that of a deleted device: 403."""
    body = {"version": 1, "instance": "one"}

    async def refused():
        codes = {(await door.post(path, json={**body, "reports": []})).status_code for path in (CHECK_IN, REPORT)}
        return codes == {403}

    for chain in ((), (await certificate(rt, tenant, "device", "device:1"),)):
        door.present(*chain)
        assert await refused()
    door.present(await certificate(rt, rt.entropy.uuid(), "management", f"managed:{pc.managed_id}"))
    assert await refused()
    door.present(own)
    assert (await door.post(CHECK_IN, json=body)).status_code == 200
    await pc.write(lambda tx: enrollment.delete_managed_device(tx, pc.managed_id, principal=SYSTEM_PRINCIPAL))
    assert await refused()
    assert await pc.read(lambda tx: states.agent_of(tx, pc.managed_id)) is None


async def test_a_revoked_certificate_is_refused(door, agent, pc):  # noqa: F811 - the fixture
    """What is revoked opens nothing."""
    await pc.write(lambda tx: pki.revoke(tx, subject=f"managed:{pc.managed_id}"))
    assert (await door.post(CHECK_IN, json={"version": 1, "instance": "one"})).status_code == 403


HOSTILE = {
    "empty": b"",
    "no json": b"\x00\xff<xml/>",
    "a list": b"[1]",
    "deep": b'{"reports":' + b"[" * 50_000,
    "another version": b'{"version": 2, "instance": "one", "reports": []}',
    "no instance": b'{"version": 1, "reports": []}',
    "long instance": json.dumps({"version": 1, "instance": "x" * 101, "reports": []}).encode(),
    "NUL": b'{"version": 1, "instance": "a\\u0000", "reports": []}',
    "half a character": b'{"version": 1, "instance": "\\ud800", "reports": []}',
    "too large": b'{"version": 1, "instance": "' + b"x" * 300_000 + b'"}',
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("path", [CHECK_IN, REPORT])
async def test_hostile_bytes_are_refused_and_leave_nothing(agent, rt, name, path):
    """A 4xx, and no table has a row more."""

    def counted():
        with rt.store.engine.connect() as connection:
            tables = metadata.sorted_tables
            return {t.name: connection.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in tables}

    before = counted()
    answer = await agent.client.post(path, content=HOSTILE[name])
    assert answer.status_code in {400, 413}
    assert counted() == before


@pytest.mark.parametrize(
    "wrong",
    [
        [{}],
        [{"kind": "virus", "id": "a", "revision": 1, "number": 1, "state": "x"}],
        [{"kind": "app", "id": "a", "revision": -1, "number": 1, "state": "x"}],
        [{"kind": "app", "id": "a", "revision": 1, "number": 2**60, "state": "x"}],
        [{"kind": "app", "id": "a", "revision": 1, "number": 1, "state": "x", "text": "x" * 5000}],
        [{"kind": "app", "id": "a", "revision": 1, "number": 1, "state": "x", "exitCode": 2**40}],
        [{"kind": "app", "id": "a", "revision": 1, "number": 1, "state": "x"}] * 101,
        "none",
    ],
)
async def test_reports_of_a_wrong_shape_are_refused_together(agent, wrong):
    """One wrong report makes the request a 400: nothing of it is taken."""
    answer = await agent.client.post(REPORT, json={"version": 1, "instance": "one", "reports": wrong})
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "BadMessage"


async def test_p09_explain_names_the_apps_that_the_page_waits_for(agent, tool, everywhere, pc):
    """The app by its name, what the agent does with it, and since when."""
    await tool("Tool", everywhere)
    await pc.write(lambda tx: _reopen(tx, pc.managed_id))
    await pc.session()
    [app] = (await agent.ask()).apps
    managed = await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id))

    async def waits():
        view = await pc.read(lambda tx: management.esp_view(tx, managed))
        named = [management.named(wait, view.names) for wait in view.waits]
        return {origin: wait.why for wait in named for origin in wait.origins}

    assert (await waits())["Tool"] == "the agent has not begun with it"
    await agent.tell(report(app, 1, "downloading"))
    assert (await waits())["Tool"] == "its package is being downloaded"
    await agent.tell(report(app, 2, "installing"))
    assert (await waits())["Tool"] == "its installer runs"
    await agent.tell(report(app, 3, "failed", error=0x80070643))
    assert (await waits())["Tool"] == "failed with 0x80070643"
    await agent.tell(report(app, 4, "installed"))
    assert "Tool" not in await waits()


def _reopen(tx, managed_id):
    """The page is at the point where the device works through its lists."""
    run = runs.load(tx, managed_id)
    run.esp_state = "released"
    runs.save(tx, run)


async def test_a_device_that_is_to_leave_is_told_nothing_more(door, agent, pc):  # noqa: F811 - the fixture
    """Once retired, neither apps nor receipts: 403."""
    await agent.ask()
    await pc.write(lambda tx: management.order_retire(tx, pc.managed_id, principal=SYSTEM_PRINCIPAL))
    assert (await door.post(CHECK_IN, json={"version": 1, "instance": "one"})).status_code == 403
    assert (await door.post(REPORT, json={"version": 1, "instance": "one", "reports": []})).status_code == 403


async def test_p10_recorded_win32_installs_make_an_estimate(agent, tool, everywhere, pc):
    """Five records of the app, and the verdict rests on them; an app that does not apply takes no time."""
    app_id = await tool("Tool", everywhere)
    other = await tool("Other", everywhere)
    await pc.write(lambda tx: _reopen(tx, pc.managed_id))

    def record(tx):
        for number in range(5):
            durations.record(tx, app_id, f"device {number}", tx.now - timedelta(seconds=60))

    await pc.write(record)
    first, second = (await agent.ask()).apps
    await agent.tell(report(first if first.id == other else second, 1, "notApplicable"))
    managed = await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id))
    await pc.write(lambda tx: _with_deadline(tx, pc.managed_id))
    estimate = (await pc.read(lambda tx: management.esp_view(tx, managed))).estimate
    assert [(app.name, app.count, app.p90) for app in estimate.apps] == [("Tool", 5, 60.0)]
    assert estimate.verdict == "fits"


def _with_deadline(tx, managed_id):
    run = runs.load(tx, managed_id)
    deadlines.start(run.esp, tx.now, 60)
    runs.save(tx, run)


def test_check_14_what_is_said_of_the_agent_fits_the_facts():
    """Every node and value that the server writes for the agent is one that the CSP has."""
    for wanted in [*agents.announcement(), *agents.failure("0x80070643"), *agents.failure(None)]:
        assert csp.lookup(wanted.uri), wanted.uri
        assert csp.check_write(wanted.uri, wanted.verb, wanted.format, wanted.data) == [], wanted.uri
    [error, state] = agents.failure("0x80070643")
    assert (error.data, state.data) == ("-2147023293", "4")


async def test_check_07_an_agent_that_fails_is_said_to_the_page_each_time(pc, tool, everywhere):
    """Its installer ended badly: state 4 with the number; after Try again and another failure once more."""
    home = f"./Device/{agents.TRACKING}/DevicePreparation/PolicyProviders/taxiway"
    await tool("Tool", everywhere)
    pc.install = "60"
    node = agents.package().node
    pc.nodes[f"{node}/LastError"] = "-2147023293"
    said = [*await pc.session(), *await pc.session()]
    assert ("Replace", f"{home}/LastError", "-2147023293") in said
    assert ("Replace", f"{home}/InstallationState", "4") in said
    assert not [each for each in await pc.session() if each[1].startswith(home)]
    page = "./Device/Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus"
    pc.nodes[f"{page}/WasDeviceSuccessfullyProvisioned"] = "0"
    await pc.session()
    pc.nodes[f"{page}/WasDeviceSuccessfullyProvisioned"] = "2"
    again = [each for _ in range(3) for each in await pc.session()]
    assert ("Replace", f"{home}/InstallationState", "4") in again


async def test_what_was_done_for_a_user_stays_known_without_the_user(agent, tool, everywhere, pc, monkeypatch):
    """An app of the device that installs as the user: a session of the device alone does not forget it."""
    device = (await pc.read(lambda tx: enrollment.managed_device(tx, pc.managed_id)))["azure_ad_device_id"]

    async def verify(_rt, token, *, audiences):
        facts = {"tenant": pc.tenant, "app_id": "a", "aud": "b", "amr": (), "issued_at": None, "expires_at": None}
        return signin.Claims(**facts, uti="", oid=pc.owner, device_id=device)

    monkeypatch.setattr(signin, "verify_token", verify)
    await tool("As user", everywhere, install_experience={"runAsAccount": "user"})
    assert (await agent.ask()).apps == []
    [app] = (await agent.ask(authorization="Bearer good")).apps
    assert (app.context, app.user, app.tracked) == ("user", pc.owner, False)
    await agent.tell(report(app, 1, "installed", user=pc.owner), authorization="Bearer good")
    await pc.session()
    assert await pc.states() == {"As user": "installed"}
