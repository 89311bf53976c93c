"""``taxiway explain esp``: what the page waits for, since when, and why."""

from __future__ import annotations

from datetime import timedelta

import pytest

from management.uris import MSI, PAGE, USER_NODE
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.insight import explain_esp
from taxiway.management.apps import durations

pytestmark = pytest.mark.anyio


@pytest.fixture
def told(pc):
    async def told(device=""):
        await pc.write(lambda tx: MANAGED.update(tx, pc.managed_id, {"serial_number": "SN-1"}))
        return await pc.read(lambda tx: explain_esp(tx, device or "SN-1"))

    return told


def waits(found):
    return {(wait["what"], wait["why"]) for wait in found["waits"]}


async def test_before_the_first_session_it_waits_for_the_device(told, pc):
    """By serial number or by id; an unknown device is none."""
    found = await told()
    assert found["outcome"] == "waiting"
    assert [wait["what"] for wait in found["waits"]] == ["the device's first session"]
    assert (await told(pc.managed_id))["managedDevice"] == pc.managed_id
    assert await told("SN-2") is None


async def test_p09_an_unanswered_command_is_named_with_its_time(told, pc, clock):
    """Sent and not answered: since the session that brought it, with the page as who asks."""
    began = clock.now()
    await pc.post(pc.first("A"))
    clock.advance(60)
    found = await told()
    (block,) = {wait["why"] for wait in found["waits"]}
    assert block == "sent, not answered yet"
    assert {wait["since"] for wait in found["waits"]} == {began.isoformat().replace("+00:00", "Z")}
    assert found["waits"][0]["origins"] == ["the page itself"]


async def test_an_installation_is_named_with_its_state(told, pc, msi, everywhere, clock):
    """The app by its name, what its installer does, and the log's reason for the page's state."""
    await msi("Tool", everywhere)
    pc.install = "50"
    await pc.session()
    clock.advance(300)
    await pc.session()
    found = await told()
    assert (f"{MSI}/Status", "its installer runs") in waits(found)
    assert found["waits"][0]["origins"] == ["Tool"]
    assert found["halves"][0]["state"] == "released"
    assert found["halves"][0]["why"][0]["code"] == "esp.released"
    assert found["estimate"]["verdict"] == "cannot say"
    assert found["estimate"]["secondsLeft"] == 3300
    assert found["estimate"]["apps"][0]["source"].startswith("assumed by taxiway")


async def test_p10_the_estimate_counts_what_is_not_there_yet(told, pc, msi, everywhere):
    """Five records of ten minutes each: it fits into the hour, and the count is told."""
    app_id = await msi("Tool", everywhere)
    pc.install = "50"
    await pc.session()
    for number in range(5):
        await pc.write(lambda tx, n=number: _record(tx, app_id, f"other-{n}", 600))
    estimate = (await told())["estimate"]
    assert (estimate["verdict"], estimate["p50"], estimate["apps"][0]["count"]) == ("fits", 600.0, 5)


def _record(tx, app_id, managed_id, seconds):
    durations.record(tx, app_id, managed_id, tx.now - timedelta(seconds=seconds))


async def test_after_device_setup_it_waits_for_somebody_to_sign_in(told, pc, custom, everyone):
    """Then for the user's own work, then for nothing."""
    await custom("Mine", USER_NODE, "x", everyone, kind="String")
    await pc.session()
    pc.finish()
    await pc.session()
    found = await told()
    assert (found["outcome"], waits(found)) == ("waiting", {("the user's sign-in", "nobody has signed in yet")})
    pc.user_id = pc.owner
    await pc.post(pc.first("U", "user"))
    found = await told()
    assert found["halves"][1]["who"] == "ada@contoso.example"
    assert (USER_NODE, "sent, not answered yet") in waits(found)
    await pc.session("user")
    pc.finish("User")
    await pc.session("user")
    found = await told()
    assert (found["outcome"], found["waits"]) == ("ended well", [])


async def test_a_refused_release_is_named_with_its_status(told, pc):
    """A 405 is not forgotten: it is what the page waits for."""
    await pc.session()
    pc.user_id = pc.owner
    pc.refuse[f"./User/{PAGE}/ServerHasFinishedProvisioning"] = 405
    await pc.session("user")
    assert (f"./User/{PAGE}/ServerHasFinishedProvisioning", "the device answered 405") in waits(await told())


async def test_a_failed_page_says_why(told, pc, msi, everywhere):
    """The outcome and the reason on record, with the app's name."""
    await msi("Tool", everywhere)
    pc.refuse[f"{MSI}/DownloadInstall"] = 405
    await pc.session()
    found = await told()
    assert found["outcome"] == "failed"
    assert found["halves"][0]["why"][0]["facts"] == {"apps": ["Tool"]}


async def test_p32_quality_updates_are_announced_with_their_source(told, pc, esp):
    """The half hour after the page is documented, not measured; and a page that is hidden is none."""
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": {**esp, "quality_updates": True}}))
    assert "20 to 40 minutes" in (await told())["profile"]["qualityUpdates"]
    hidden = {**esp, "show": False, "show_user_page": False}
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": hidden}))
    await pc.session()
    assert (await told())["outcome"] == "no page"
