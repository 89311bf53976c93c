"""How configurations stand on a device, as Graph tells it: conflict, error, what stays (02 sections 7 and 9.1)."""

from __future__ import annotations

import pytest

from graph.conftest import client, graph
from management.test_delivery import ACCOUNT, delete, edit, settings_of
from management.uris import CORTANA

__all__ = ["client", "graph"]

pytestmark = pytest.mark.anyio


@pytest.fixture
def esp(esp):
    """These devices show no status page."""
    return {**esp, "show": False, "show_user_page": False}


@pytest.fixture
def states(graph, pc):
    """The states of the device's configurations by name."""

    async def read():
        found = await graph.values(f"/beta/deviceManagement/managedDevices/{pc.managed_id}/deviceConfigurationStates")
        return {one["displayName"]: one for one in found}

    return read


async def test_a_conflict_names_the_node_and_both_sources(pc, custom, states, everywhere):
    """Each of the two shows the setting in dispute and who sets it."""
    await custom("On", CORTANA, 1, everywhere)
    await custom("Off", CORTANA, 0, everywhere)
    await pc.session()
    for one in (await states()).values():
        assert one["state"] == one["@taxiway.state"] == "conflict"
        (setting,) = one["settingStates"]
        assert (setting["setting"], setting["state"]) == (CORTANA, "conflict")
        assert [source["displayName"] for source in setting["sources"]] == ["Off", "On"]


async def test_an_error_shows_the_node_and_the_code(pc, custom, states, everywhere):
    """What the device answered is on the setting."""
    await custom("Refused", CORTANA, 0, everywhere)
    pc.refuse[CORTANA] = 403
    await pc.session()
    (setting,) = (await states())["Refused"]["settingStates"]
    assert (setting["setting"], setting["state"], setting["errorCode"]) == (CORTANA, "error", 403)


async def test_r10_what_stays_on_the_device_is_said_at_both_ends(pc, custom, graph, states, everywhere):
    """Not assigned any more, still there: by its own word beside Graph's, with the nodes."""
    row_id = await custom("Helper", ACCOUNT, 2, everywhere)
    await pc.session()
    path = f"/beta/deviceManagement/deviceConfigurations/{row_id}/deviceStatuses"
    assert [one["status"] for one in await graph.values(path)] == ["compliant"]
    await pc.reassign(row_id)
    await pc.session()
    (status,) = await graph.values(path)
    assert (status["status"], status["@taxiway.state"]) == ("notAssigned", "staysOnDevice")
    assert status["@taxiway.stays"] == [ACCOUNT]
    shown = (await states())["Helper"]
    assert shown["settingStates"][0]["setting"] == ACCOUNT
    await delete(pc, row_id)
    await pc.session()
    assert (await states())["Helper"]["@taxiway.state"] == "staysOnDevice", "its name outlives it"


async def test_a_setting_that_stays_does_not_hide_how_the_rest_stands(pc, custom, states, everywhere):
    """The configuration goes on with another setting: succeeded, and what stays is named beside."""
    row_id = await custom("Helper", ACCOUNT, 2, everywhere)
    await pc.session()
    await edit(pc, row_id, **settings_of(CORTANA, 0))
    await pc.session()
    shown = (await states())["Helper"]
    assert (shown["state"], shown["@taxiway.stays"]) == ("compliant", [ACCOUNT])
