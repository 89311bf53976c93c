"""What holds for every call: tokens, permissions, headers, errors, batches, hostile requests (02 sections 1 and 2)."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory, management
from taxiway.directory import SYSTEM_PRINCIPAL


@pytest.mark.parametrize("token", ["nonsense", "a.b.c", "e30.e30.e30", "é"])
async def test_a_token_that_is_none_is_refused(graph, token):
    """Garbage in the header is a 401."""
    headers = {"authorization": f"Bearer {token}".encode()}
    await Graph(graph.rt, graph.client).call("GET", "/v1.0/users", expect=401, headers=headers)


async def test_a_token_for_another_resource_is_refused(graph, rt, tenant):
    """The audience must be Graph's."""
    user = await person(rt, tenant, "eve")
    token = await mint(rt, tenant, user["id"], audience="urn:ms-drs:enterpriseregistration.windows.net")
    await Graph(rt, graph.client, token).get("/v1.0/me", expect=401)


async def test_our_own_address_is_an_audience_too(graph, rt, tenant):
    """SDKs without explicit scopes ask for the host they talk to, without its port."""
    user = await person(rt, tenant, "eve")
    for audience in ("https://localhost:8443", "https://localhost", "00000003-0000-0000-c000-000000000000"):
        await Graph(rt, graph.client, await mint(rt, tenant, user["id"], audience=audience)).get("/v1.0/me")


async def test_a_permission_opens_a_route_and_a_role_the_action(graph, rt, tenant):
    """Without the scope 403; with the scope but no role 403 from the service; ReadWrite implies Read."""
    user = await person(rt, tenant, "eve")
    narrow = Graph(rt, graph.client, await mint(rt, tenant, user["id"], "User.Read"))
    assert (await narrow.get("/v1.0/groups", expect=403))["error"]["code"] == "Authorization_RequestDenied"
    refused = await narrow.get("/v1.0/deviceManagement/managedDevices", expect=403)
    assert refused["error"]["code"] == "Forbidden"
    writer = Graph(rt, graph.client, await mint(rt, tenant, user["id"], "Group.ReadWrite.All"))
    await writer.get("/v1.0/groups")
    body = {"displayName": "x", "mailEnabled": False, "mailNickname": "x", "securityEnabled": True}
    await writer.post("/v1.0/groups", body, expect=403)


async def test_one_tenant_never_sees_another(graph, rt):
    """The tenant is the token's, whatever the address says."""
    other = rt.entropy.uuid()
    await rt.store.write(
        other, lambda tx: directory.create_tenant(tx, display_name="Fabrikam", domain="fabrikam.example")
    )
    theirs = await person(rt, other, "root", directory.GLOBAL_ADMINISTRATOR)
    stranger = Graph(rt, graph.client, await mint(rt, other, theirs["id"]))
    mine = (await graph.get("/v1.0/me"))["id"]
    await stranger.get(f"/v1.0/users/{mine}", expect=404)
    await stranger.get(f"/v1.0/directoryObjects/{mine}", expect=404)
    assert [user["id"] for user in await stranger.values("/v1.0/users")] == [theirs["id"]]


async def test_every_answer_bears_its_headers(graph):
    """Ids, the OData version and the content type, as clients expect them."""
    answer = await graph.call("GET", "/v1.0/me", headers={"client-request-id": "my-own"})
    assert answer.headers["odata-version"] == "4.0"
    assert answer.headers["client-request-id"] == "my-own"
    assert len(answer.headers["request-id"]) == 36
    assert answer.headers["content-type"].startswith("application/json;odata.metadata=minimal")


async def test_every_form_of_address_that_clients_send_is_understood(graph, rt, tenant):
    """Slashes, question marks, options without their dollar, casts, keys, encodings and spellings (section 1.1)."""

    def write(tx):
        app = management.APPS.insert(tx, {"kind": "win32LobApp", "display_name": "It's"})["id"]
        row = autopilot.DEVICES.insert(tx, {"serial_number": "X"})["id"]
        device = directory.create_anchor(tx, ztdid="z", physical_ids=["[ZTDID]:z"], display_name="X")
        team = directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="It's")["id"]
        return app, row, device, team

    app, row, device, team = await rt.store.write(tenant, write)
    apps, devices = "deviceAppManagement/mobileApps", "deviceManagement/windowsAutopilotDeviceIdentities"
    for path, count in (
        ("/v1.0//groups", 1),
        (f"/v1.0/{devices}/?$filter=contains(serialNumber,'X')", 1),
        (f"/beta/{devices}??$top=1", 1),
        (f"/beta/{devices}?&top=1000", 1),
        (f"/Beta/{devices.upper()}?top=1", 1),
        (f"/v1.0/{devices}?%24filter=contains(serialNumber%2C%27X%27)", 1),
        ("/v1.0/groups?$filter=displayName+eq+'It''s'", 1),
        ("/v1.0/groups?$filter=displayName%20eq%20%2527It%2527%2527s%2527", 1),
        (f"/beta/{apps}?$OrderBy=displayName&expand=assignments", 1),
        (f"/beta/{apps}/graph.win32LobApp", 1),
        (f"/beta/{apps}/microsoft.graph.windowsMobileMSI", 0),
        (f"/beta/{apps}('{app}')/microsoft.graph.win32LobApp/assignments", 0),
        (f"/v1.0/groups/{team}/Members/graph.device", 0),
        (f"/v1.0/groups('{team}')/members/microsoft.graph.user", 0),
        ("/v1.0/myorganization/groups", 1),
        ("/v1.0/devices/microsoft.graph.delta()", 1),
    ):
        page = await graph.get(path)
        assert len(page["value"]) == count, path
        assert next(iter(page)) == "@odata.context"
    canonical = (await graph.get(f"/BETA/{apps.lower()}"))["@odata.context"]
    assert canonical.endswith(f"/beta/$metadata#{apps}")
    shown = await graph.get(f"/v1.0/devices(deviceId='{device['device_id']}')")
    assert shown["id"] == device["id"]
    await graph.call("POST", f"/v1.0/{devices}/{row}/UpdateDeviceProperties", raw=b'{ groupTag: "X" }', expect=204)
    user = (await graph.get("/v1.0/me"))["id"]
    reference = {"@odata.id": f"https://graph.microsoft.com/beta/users/{user}"}
    await graph.call("POST", f"/v1.0/groups/{team}/members/%24ref", reference, expect=204)
    page = await graph.get("/v1.0/users?$top=1&$select=id", headers={"host": "graph.microsoft.com"})
    assert page["@odata.context"] == "https://graph.microsoft.com/v1.0/$metadata#users(id)"


async def test_what_was_made_says_where_it_is(graph):
    """A 201 has its Location, below an item too; a 204 has neither a body nor a type."""
    body = {"displayName": "G", "mailEnabled": False, "mailNickname": "g", "securityEnabled": True}
    made = await graph.call("POST", "/v1.0/groups", body, expect=201)
    assert made.headers["location"] == f"https://localhost:8443/v1.0/groups/{made.json()['id']}"
    profile = await graph.call(
        "POST",
        "/beta/deviceManagement/windowsAutopilotDeploymentProfiles",
        {"@odata.type": "#microsoft.graph.azureADWindowsAutopilotDeploymentProfile", "displayName": "P"},
        expect=201,
    )
    target = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": made.json()["id"]}}
    below = f"/beta/deviceManagement/windowsAutopilotDeploymentProfiles/{profile.json()['id']}/assignments"
    assigned = await graph.call("POST", below, target, expect=201)
    assert assigned.headers["location"] == f"https://localhost:8443{below}/{assigned.json()['id']}"
    gone = await graph.call("DELETE", f"/v1.0/groups/{made.json()['id']}", expect=204)
    assert gone.content == b""
    assert "content-type" not in gone.headers


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1.0/nothing", 400),
        ("GET", "/v1.0/users/x/nothing", 400),
        ("GET", "/v1.0", 400),
        ("PUT", "/v1.0/users", 405),
        ("GET", "/beta/deviceManagement/importedWindowsAutopilotDeviceIdentityUploads/1/deviceIdentities", 501),
        ("GET", "/beta/applicationTemplates", 501),
        ("POST", "/v1.0/deviceManagement/managedDevices/1/locateDevice", 501),
        ("GET", "/v1.0/users?$top=0", 400),
        ("GET", "/v1.0/users?$top=1&$top=2", 400),
        ("GET", "/v1.0/users?$select=nothing", 400),
        ("GET", "/v1.0/users?$orderby=nothing", 400),
        ("GET", "/v1.0/users?$expand=nothing", 400),
        ("GET", "/v1.0/users?$filter=nothing eq 1", 400),
        ("GET", "/v1.0/users?$filter=givenName eq %00", 400),
        ("GET", "/v1.0/users/%00", 404),
        ("POST", "/v1.0/users", 400),
    ],
)
async def test_what_is_not_there_is_named(graph, method, path, status):
    """Unknown, not allowed, not implemented, malformed: each its own status, always in Graph's shape."""
    error = (await graph.call(method, path, expect=status)).json()["error"]
    assert error["code"]
    assert error["message"]


async def test_a_stranger_cannot_send_a_large_body(graph):
    """Who calls is proven before the body is read; and a body has a limit."""
    headers = {"content-length": str(10**9)}
    await Graph(graph.rt, graph.client).call("POST", "/v1.0/users", raw=b"x", expect=401, headers=headers)
    await graph.call("POST", "/v1.0/users", raw=b"x", expect=413, headers=headers)


async def test_what_is_not_implemented_names_itself(graph):
    """A person reads which part of Graph is missing."""
    error = (await graph.get("/beta/deviceManagement/importedWindowsAutopilotDeviceIdentityUploads", expect=501))[
        "error"
    ]
    assert error["code"] == "NotImplemented"
    assert "importedWindowsAutopilotDeviceIdentityUploads" in error["message"]


async def test_a_batch_carries_each_answer(graph):
    """Integer ids, an answer with its context, a refusal inside a good batch."""
    requests = [
        {"id": 1, "method": "GET", "url": "/me?$select=id"},
        {"id": 2, "method": "GET", "url": "users/nobody"},
        {"id": 3, "method": "GET", "url": "/organization", "dependsOn": ["2"]},
    ]
    found = {
        one["id"]: one for one in (await graph.post("/v1.0/$batch", {"requests": requests}, expect=200))["responses"]
    }
    assert found["1"]["body"]["@odata.context"].endswith("#users(id)/$entity")
    assert (found["2"]["status"], found["3"]["status"]) == (404, 424)
    await graph.post("/beta/$batch", {"requests": []}, expect=400)
    await Graph(graph.rt, graph.client).post("/beta/$batch", {"requests": requests}, expect=401)


PIECES = ["v1.0", "beta", "users", "groups", "$count", "$ref", "members", "('x')", "deviceManagement", "managedDevices"]
PIECES += ["//", "%00", "%2e%2e", "microsoft.graph.user", "x=1", "(", ")", "'", "windowsAutopilotDeviceIdentities", "é"]
OPTIONS = [
    "$filter=",
    "$select=",
    "$top=",
    "$skip=",
    "$skiptoken=",
    "$expand=",
    "id eq 'a'",
    "-1",
    "(((",
    "bnVsbA==",
    "&",
]


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=4)), max_size=6),
    query=st.lists(st.one_of(st.sampled_from(OPTIONS), st.text(max_size=6)), max_size=6),
    method=st.sampled_from(["GET", "POST", "PATCH", "DELETE"]),
    raw=st.one_of(st.just(b""), st.binary(max_size=20), st.sampled_from([b"[]", b'{"a":1}', b'{"requests":[{}]}'])),
)
async def test_no_request_is_a_server_error(graph, path, query, method, raw):
    """Whatever is asked, and however: a 4xx, a named 501, or an answer."""
    from urllib.parse import quote

    address = "/v1.0/" + quote("/".join(path), safe="/%('$)=.")
    asked = quote("".join(query), safe="$=&'(")
    answer = await graph.client.request(
        method, f"{address}?{asked}", headers={"authorization": f"Bearer {graph.token}"}, content=raw
    )
    assert answer.status_code < 500 or answer.status_code == 501, (address, asked, answer.text)
