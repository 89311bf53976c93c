"""The row of a deployment follows its page, and a mended failure is one no more (R-117, P-18)."""

from __future__ import annotations

import pytest

from management.uris import PAGE
from taxiway import management
from taxiway.enrollment import ENROLLMENTS
from taxiway.management.esp import deployments

pytestmark = pytest.mark.anyio

OUTCOME = f"./Device/{PAGE}/WasDeviceSuccessfullyProvisioned"


@pytest.fixture
async def row(pc):
    await pc.write(lambda tx: deployments.begin(tx, pc.managed_id))

    async def row():
        found = await pc.read(lambda tx: management.DEPLOYMENTS.get(tx, pc.managed_id))
        names = ("deployment_state", "device_setup_status", "account_setup_status")
        return tuple(found[name] for name in names), found

    return row


async def test_r117_both_halves_and_their_times(pc, row, clock):
    """Device setup, the wait for somebody, account setup: each with its time; the wait counts in the total alone."""
    await pc.session()
    clock.advance(600)
    pc.finish()
    await pc.session()
    assert (await row())[0] == ("inProgress", "success", "notAttempted")
    clock.advance(3000)
    pc.user_id = pc.owner
    await pc.session("user")
    clock.advance(60)
    pc.finish("User")
    await pc.session("user")
    states, found = await row()
    assert states == ("success", "success", "success")
    assert (found["device_setup_duration"], found["account_setup_duration"]) == ("PT600S", "PT60S")
    assert (found["deployment_duration"], found["deployment_total_duration"]) == ("PT660S", "PT3660S")


async def test_r071_p18_a_failure_that_was_mended_is_a_success_on_retry(pc, row):
    """First failure with its reason, after Try again a success that says it was the second one."""
    await pc.session()
    pc.nodes[OUTCOME] = "0"
    await pc.session()
    states, found = await row()
    assert states[0] == "failure"
    assert found["enrollment_failure_details"] == "The device reports that its setup failed."
    pc.finish()
    await pc.session()
    pc.user_id = pc.owner
    await pc.session("user")
    pc.finish("User")
    await pc.session("user")
    assert (await row())[0] == ("successOnRetry", "successOnRetry", "success")


async def test_a_deadline_is_a_failure_with_its_reason(pc, row, clock):
    """Housekeeping writes it, although the device never came back."""
    await pc.post(pc.first("A"))
    clock.advance(66 * 60)
    await pc.write(management.expire_pages)
    states, found = await row()
    assert states == ("failure", "failure", "notAttempted")
    assert "time is over" in found["enrollment_failure_details"]


async def test_without_a_page_the_deployment_is_over_at_once(pc, row, esp):
    """Nothing waits for anything: both halves are disabled."""
    hidden = {**esp, "show": False, "show_user_page": False}
    await pc.write(lambda tx: ENROLLMENTS.update(tx, pc.managed_id, {"esp": hidden}))
    await pc.session()
    assert (await row())[0] == ("success", "disabled", "disabled")
