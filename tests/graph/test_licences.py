"""Licences of users and groups over Graph (02 section 6.3)."""

from __future__ import annotations

from graph.test_directory import USER

GROUP = {"displayName": "Licensed", "mailEnabled": False, "mailNickname": "l", "securityEnabled": True}


async def test_a_group_gives_licences_over_graph(graph):
    """202 for the group; the user's states, details and the refusal say that the licence is the group's."""
    user, group = await graph.post("/v1.0/users", USER), await graph.post("/v1.0/groups", GROUP)
    [sku] = [one for one in await graph.values("/v1.0/subscribedSkus") if one["skuPartNumber"] == "EMS"]
    plan = sku["servicePlans"][0]["servicePlanId"]
    body = {"addLicenses": [{"skuId": sku["skuId"], "disabledPlans": [plan]}], "removeLicenses": []}
    await graph.post(f"/v1.0/groups/{group['id']}/assignLicense", body, expect=202)
    reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{user['id']}"}
    await graph.post(f"/v1.0/groups/{group['id']}/members/$ref", reference, expect=204)
    shown = await graph.get(f"/v1.0/groups/{group['id']}?$select=assignedLicenses,licenseProcessingState")
    assert shown["assignedLicenses"] == [{"skuId": sku["skuId"], "disabledPlans": [plan]}]
    assert shown["licenseProcessingState"] == {"state": "ProcessingComplete"}
    address = f"/v1.0/users/{user['id']}"
    [state] = (await graph.get(f"{address}?$select=licenseAssignmentStates"))["licenseAssignmentStates"]
    assert (state["assignedByGroup"], state["state"], state["error"]) == (group["id"], "Active", "None")
    [detail] = await graph.values(f"{address}/licenseDetails")
    status = {one["servicePlanId"]: one["provisioningStatus"] for one in detail["servicePlans"]}
    assert (status[plan], set(status.values())) == ("Disabled", {"Disabled", "Success"})
    taken = {"addLicenses": [], "removeLicenses": [sku["skuId"]]}
    error = (await graph.post(f"{address}/assignLicense", taken, expect=400))["error"]
    assert "inherited from a group" in error["message"]
    assert (await graph.get(f"/v1.0/subscribedSkus/{sku['id']}"))["consumedUnits"] == 1


async def test_seats_of_a_rehearsal_run_out(graph):
    """``prepaidUnits`` can be set here; a member without a seat is listed, and has one once there are more."""
    user, group = await graph.post("/v1.0/users", USER), await graph.post("/v1.0/groups", GROUP)
    [sku] = [one for one in await graph.values("/v1.0/subscribedSkus") if one["skuPartNumber"] == "EMS"]
    address = f"/v1.0/subscribedSkus/{sku['id']}"
    await graph.call("PATCH", address, {"prepaidUnits": {"enabled": 0}}, expect=204)
    await graph.call("PATCH", address, {"prepaidUnits": 7}, expect=400)
    body = {"addLicenses": [{"skuId": sku["skuId"], "disabledPlans": []}], "removeLicenses": []}
    await graph.post(f"/v1.0/users/{user['id']}/assignLicense", body, expect=400)
    await graph.call("PATCH", f"/v1.0/groups/{group['id']}", {"members@odata.bind": [f"x/{user['id']}"]}, expect=204)
    await graph.post(f"/v1.0/groups/{group['id']}/assignLicense", body, expect=202)
    errors = f"/v1.0/groups/{group['id']}/membersWithLicenseErrors"
    assert [one["id"] for one in await graph.values(errors)] == [user["id"]]
    await graph.call("PATCH", address, {"prepaidUnits": {"enabled": 1}}, expect=204)
    assert await graph.values(errors) == []
    assert len(await graph.values(f"/v1.0/users/{user['id']}/licenseDetails")) == 1
    await graph.post(f"/v1.0/users/{user['id']}/reprocessLicenseAssignment", {}, expect=200)
    both = {**body, "removeLicenses": [sku["skuId"]]}
    await graph.post(f"/v1.0/users/{user['id']}/assignLicense", both, expect=400)
