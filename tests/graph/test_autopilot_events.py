"""The report of deployments at Graph: at once, complete, sorted, filtered, beyond a page (02 section 3.7, R-117)."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from taxiway import enrollment, management
from taxiway.management.tables import device_status

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


async def test_r117_the_items_of_a_deployment_outlast_the_device(graph, rt, tenant):
    """An app that failed, a policy that is there, and their codes; the same when the device is gone."""

    def enroll(tx):
        row = enrollment.MANAGED.insert(tx, {"serial_number": "SN-1"})
        tx.announce("managed_device.enrolled", id=row["id"])
        stands = [
            ("mobile_app", "a", "failed", {"name": "App", "error": "0x80070643"}),
            ("device_configuration", "c", "succeeded", {"name": "Policy"}),
            ("compliance_policy", "p", "compliant", {"name": "Never waited for"}),
        ]
        for kind, object_id, state, detail in stands:
            names = {"tenant": tx.tenant, "managed_id": row["id"], "object_kind": kind, "object_id": object_id}
            tx.execute(sa.insert(device_status).values(**names, state=state, detail=detail, updated_at=tx.now))
        return row["id"]

    managed_id = await rt.store.write(tenant, enroll)
    before = await graph.values(f"{EVENTS}/{managed_id}/policyStatusDetails")
    assert [(i["displayName"], i["policyType"], i["complianceStatus"], i["errorCode"]) for i in before] == [
        ("Policy", "configurationPolicy", "compliant", 0),
        ("App", "application", "error", -2147023293),
    ]
    await rt.store.write(tenant, lambda tx: tx.announce("managed_device.removed", id=managed_id))
    assert await graph.values(f"{EVENTS}/{managed_id}/policyStatusDetails") == before
    await graph.get(f"{EVENTS}/nobody/policyStatusDetails", expect=404)
