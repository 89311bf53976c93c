"""The report of deployments at Graph: at once, complete, sorted, filtered, beyond a page (02 section 3.7, R-117)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from taxiway import enrollment, management

pytestmark = pytest.mark.anyio

EVENTS = "/beta/deviceManagement/autopilotEvents"


async def test_r117_a_row_is_there_with_the_enrollment(graph, rt, tenant):
    """The transaction that enrolls a device writes its row; a device removed on its way leaves a failure behind."""

    def enroll(tx):
        values = {"serial_number": "SN-1", "upn": "ada@contoso.example", "autopilot_enrolled": True}
        row = enrollment.MANAGED.insert(tx, values)
        tx.announce("managed_device.enrolled", id=row["id"])
        return row["id"]

    managed_id = await rt.store.write(tenant, enroll)
    [event] = await graph.values(EVENTS)
    assert (event["deviceSerialNumber"], event["deploymentState"]) == ("SN-1", "inProgress")
    assert (event["enrollmentState"], event["accountSetupStatus"]) == ("enrolled", "notAttempted")
    assert event["deploymentEndDateTime"] == "0001-01-01T00:00:00Z"
    await rt.store.write(tenant, lambda tx: tx.announce("managed_device.removed", id=managed_id))
    event = await graph.get(f"{EVENTS}/{managed_id}")
    assert event["deploymentState"] == "failure"
    assert "before its deployment ended" in event["enrollmentFailureDetails"]


async def test_r117_sorted_filtered_and_beyond_a_page(graph, rt, tenant, clock):
    """A hundred and twenty rows: newest first, every one of them, in any order, and the failures alone."""

    def fill(tx):
        for number in range(120):
            started = tx.now - timedelta(minutes=number)
            state = "failure" if number % 10 == 0 else "success"
            values = {"device_serial_number": f"SN-{number:03d}", "deployment_state": state}
            management.DEPLOYMENTS.insert(tx, {**values, "deployment_started_at": started})

    await rt.store.write(tenant, fill)
    first = await graph.get(f"{EVENTS}?$top=50")
    assert first["value"][0]["deviceSerialNumber"] == "SN-000"
    assert "@odata.nextLink" in first
    assert len(await graph.values(EVENTS)) == 120
    up = await graph.get(f"{EVENTS}?$orderby=deploymentStartDateTime asc&$top=1")
    assert up["value"][0]["deviceSerialNumber"] == "SN-119"
    failures = await graph.values(f"{EVENTS}?$filter=deploymentState eq 'failure'")
    assert len(failures) == 12
    before = (clock.now() - timedelta(minutes=100)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert len(await graph.values(f"{EVENTS}?$filter=deploymentStartDateTime lt {before}")) == 19
    await graph.get(EVENTS.replace("beta", "v1.0"), expect=404)
