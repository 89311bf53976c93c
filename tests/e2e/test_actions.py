"""Remote actions over Graph, carried out by a PC that checks in from its desktop (02 section 7, 05 section 10.13)."""

from __future__ import annotations

import pytest

from e2e.administering import sit_down
from e2e.deploying import CORTANA, Deploying
from taxiway.device import ScreenShown

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
async def desk(deploying):
    made = await sit_down(deploying)
    yield made
    await made.graph.client.aclose()


async def test_a_sync_is_done_by_the_next_check_in(desk):
    """204 and pending; a session of the PC, with its user, and the action is done on record."""
    await desk.order("syncDevice")
    assert await desk.results() == {"syncDevice": "pending"}
    synced = await desk.sync()
    assert (synced.at, synced.user) == ("desktop", desk.outcome.user)
    assert await desk.results() == {"syncDevice": "done"}
    assert [entry.kind for entry in await desk.log("device_action.ordered", "device_action.done")] == [
        "device_action.ordered",
        "device_action.done",
    ]


async def test_a_restart_is_done_when_the_device_is_back(desk):
    """The order is taken, the PC restarts to its lock screen, and its next session proves it; it is told once."""
    boots = desk.pc.state.boot.number
    await desk.order("rebootNow")
    synced = await desk.sync()
    assert (synced.at, synced.did) == ("lock screen", "restart")
    assert desk.pc.state.boot.number == boots + 1
    assert await desk.results() == {"rebootNow": "active"}
    again = await desk.sync()
    assert (again.at, again.user, again.did) == ("lock screen", "", "")
    assert await desk.results() == {"rebootNow": "done"}
    assert desk.pc.state.boot.number == boots + 1


async def test_a_rename_is_done_when_the_device_bears_the_name(desk):
    """The name takes effect at a restart; then PC, managed device and directory object agree."""
    await desk.order("setDeviceName", {"deviceName": "x" * 16}, expect=400)
    await desk.order("setDeviceName", {"deviceName": "12345"}, expect=400)
    await desk.order("setDeviceName", {"deviceName": "LAB-{{rand:4}}"})
    await desk.sync()
    assert await desk.results() == {"setDeviceName": "active"}
    desk.pc.restart()
    await desk.sync()
    assert await desk.results() == {"setDeviceName": "done"}
    name = desk.pc.state.device_name
    assert name.startswith("LAB-")
    assert len(name) == 8
    shown = await desk.graph.get(desk.path)
    assert shown["deviceName"] == name
    [device] = await desk.graph.values(f"/v1.0/devices?$filter=deviceId eq '{desk.outcome.entra_device_id}'")
    assert device["displayName"] == name


async def test_orders_to_defender_and_to_the_refresh_of_settings_reach_the_pc(desk):
    """The PC takes them by the nodes Windows has for them; the next session shows that it is back, and when it was."""
    await desk.order("windowsDefenderScan", {"quickScan": True})
    await desk.order("windowsDefenderUpdateSignatures")
    await desk.order("pauseConfigurationRefresh", {"pauseTimePeriodInMinutes": 90})
    await desk.sync()
    await desk.sync()
    done = ("quickScan", "windowsDefenderUpdateSignatures", "pauseConfigurationRefresh")
    assert await desk.results() == dict.fromkeys(done, "done")
    pause = [n.value for key, n in desk.pc.state.device_nodes.items() if key.endswith("configrefresh/pauseperiod")]
    assert pause == ["90"]
    state = await desk.graph.get(f"{desk.path}/windowsProtectionState")
    assert (state["malwareProtectionEnabled"], state["lastFullScanDateTime"]) == (True, None)
    assert state["lastQuickScanDateTime"]


async def test_p28_a_wiped_device_deploys_again_without_being_unblocked(desk):
    """Wipe, back to OOBE, and the same hardware reaches its desktop anew; the new enrollment proves the wipe."""
    await desk.order("wipe", {})
    shown = await desk.graph.get(desk.path)
    assert shown["managementState"] == "wipePending"
    assert await enrollment_state(desk) == "pendingReset"
    synced = await desk.sync()
    assert (synced.at, synced.did) == ("oobe", "wipe")
    assert desk.pc.state.joined is None
    assert await desk.results() == {"factoryReset": "active"}
    before = desk.outcome
    for _ in range(2):
        again = await desk.instance.power_on(desk.pc, desk.deploying.person)
        assert again.reached == "desktop", again.failure
        assert again.entra_device_id == before.entra_device_id
        assert await enrollment_state(desk) == "enrolled"
        desk.pc.reset()
    await desk.graph.get(desk.path, expect=404)
    done = (await desk.log("device_action.done"))[-1]
    assert [reason["code"] for reason in done.why] == ["action.enrolled_again"]


async def enrollment_state(desk):
    """What the registration says of its device."""
    [registered] = await desk.graph.values("/v1.0/deviceManagement/windowsAutopilotDeviceIdentities")
    return registered["enrollmentState"]


async def test_p17_after_an_autopilot_reset_the_page_tracks_the_required_apps(deploying):
    """Join and enrollment are kept, the app is gone; the page waits for it again, and the next user owns the device."""
    await deploying.page(install_progress_timeout_in_minutes=30)
    await deploying.app(1)
    await deploying.policy(CORTANA, 0)
    desk = await sit_down(deploying)
    assert desk.pc.state.installed
    await desk.order("wipe", {"keepEnrollmentData": True})
    synced = await desk.sync()
    assert (synced.at, synced.did) == ("oobe", "Autopilot Reset")
    assert not desk.pc.state.installed
    assert desk.pc.state.joined is not None
    assert await desk.results() == {"automaticRedeployment": "active"}
    other = await desk.instance.make_user("grace@contoso.example")
    again = await desk.instance.power_on(desk.pc, other)
    assert again.reached == "desktop", again.failure
    assert again.intune_device_id == desk.outcome.intune_device_id
    assert desk.pc.state.installed
    assert await desk.results() == {"automaticRedeployment": "done"}
    items = [e for e in desk.instance.events if type(e).__name__ == "EspItemChanged" and e.phase == "device setup"]
    assert [e for e in items if e.item == "Apps" and e.total == 1 and e.state == "succeeded"]
    shown = await desk.graph.get(desk.path)
    assert (shown["userPrincipalName"], shown["managementState"]) == ("grace@contoso.example", "managed")
    assert await deploying.report() == ["success"]
    screens = [event.name for event in desk.instance.events if isinstance(event, ScreenShown)]
    assert screens.index("MDMProgress") < screens.index("SignIn")
    await desk.graph.client.aclose()


@pytest.mark.parametrize(
    ("action", "body", "name", "did"),
    [
        ("wipe", {"keepUserData": True}, "factoryResetKeepEnrollmentData", "wipe that keeps accounts"),
        ("cleanWindowsDevice", {"keepUserData": True}, "cleanWindowsDevice", "fresh start that keeps accounts"),
    ],
)
async def test_a_reset_that_keeps_accounts_has_everything_delivered_again(deploying, action, body, name, did):
    """Apps and settings go, the user stays; after the proof the app is on the device again."""
    await deploying.app(1)
    desk = await sit_down(deploying)
    await desk.order(action, body)
    synced = await desk.sync()
    assert synced.did == did
    assert not desk.pc.state.installed
    await desk.instance.power_on(desk.pc, desk.deploying.person)
    assert await desk.results() == {name: "done"}
    await desk.sync()
    await desk.sync()
    assert desk.pc.state.installed
    assert desk.pc.state.user.upn == desk.outcome.user
    await desk.graph.client.aclose()


async def test_a_fresh_start_and_a_protected_wipe_lead_to_the_start(desk):
    """Neither keeps anything; a protected wipe that a power cut interrupts goes on, a plain one does not."""
    await desk.order("wipe", {"useProtectedWipe": True, "keepUserData": True}, expect=400)
    await desk.order("wipe", {"useProtectedWipe": True})
    await desk.order("cleanWindowsDevice", {"keepUserData": False}, expect=400)
    assert (await desk.sync()).did == "protected wipe"
    assert desk.pc.state.enrolled is None
    await desk.graph.client.aclose()


async def test_a_plain_user_orders_nothing(desk):
    """Every action is a 403 for a person without a role, and nothing is written down."""
    eve = await desk.another("eve")
    for action, body in (
        ("syncDevice", None),
        ("rebootNow", None),
        ("retire", None),
        ("wipe", {}),
        ("cleanWindowsDevice", {"keepUserData": False}),
        ("setDeviceName", {"deviceName": "X"}),
        ("rotateBitLockerKeys", None),
        ("rotateLocalAdminPassword", None),
        ("createDeviceLogCollectionRequest", {"templateType": {"templateType": "predefined"}}),
    ):
        await eve.call("POST", f"{desk.path}/{action}", body, expect=403)
    bulk = {"actionName": "wipe", "deviceIds": [desk.outcome.intune_device_id]}
    await eve.call("POST", f"{desk.path.rpartition('/')[0]}/executeAction", bulk, expect=403)
    assert await desk.results() == {}


async def test_an_action_in_bulk_tells_of_each_device(desk):
    """One device is told, one is not there; the answer names both."""
    body = {"actionName": "rebootNow", "deviceIds": [desk.outcome.intune_device_id, "nobody"]}
    bulk = f"{desk.path.rpartition('/')[0]}/executeAction"
    found = await desk.graph.post(bulk, body, expect=200)
    assert found["successfulDeviceIds"] == [desk.outcome.intune_device_id]
    assert found["notFoundDeviceIds"] == ["nobody"]
    await desk.graph.call("POST", bulk, {**body, "actionName": "locateDevice"}, expect=501)
