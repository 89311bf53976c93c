"""Budgets of requests, and versions that a change names (02 sections 1.2 and 1.10)."""

from contextlib import asynccontextmanager

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import directory
from taxiway.doors import Door
from taxiway.graph import http
from taxiway.graph.settings import GraphSettings
from taxiway.rehearsal.administrator import Administrator

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@asynccontextmanager
async def _throttled(rt, tenant, **settings):
    """A Global Administrator at a Graph with little budget: 10 requests, 1 write to Intune in 20 seconds."""
    door = Door(http.routes(rt, GraphSettings(throttle=True, throttle_share=0.01, **settings)), rt.entropy)
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(door), base_url="https://localhost:8443") as client:
        yield Graph(rt, client, await mint(rt, tenant, admin["id"]))


DEVICES = "/v1.0/deviceManagement/managedDevices"


async def test_beyond_the_budget_comes_429_and_time_refills_it(rt, tenant):
    """Ten requests are answered, the next is told when to come back, and then it is answered too."""
    async with _throttled(rt, tenant) as graph:
        for _ in range(10):
            await graph.get(DEVICES)
        answer = await graph.call("GET", DEVICES, expect=429)
        assert answer.json()["error"]["code"] == "TooManyRequests"
        wait = int(answer.headers["retry-after"])
        assert 1 <= wait <= 20
        await graph.get("/v1.0/me")
        rt.clock.advance(wait)
        await graph.get(DEVICES)


async def test_writes_have_a_budget_of_their_own(rt, tenant):
    """One write to Intune is all there is; reading goes on."""
    async with _throttled(rt, tenant) as graph:
        body = {"displayName": "x", "description": ""}
        await graph.post("/beta/deviceManagement/roleScopeTags", body, expect=200)
        await graph.call("POST", "/beta/deviceManagement/roleScopeTags", body, expect=429)
        await graph.get(DEVICES)


async def test_a_429_may_come_without_a_time(rt, tenant):
    """One setting leaves the header out, as it is left out at times."""
    async with _throttled(rt, tenant, retry_after=False) as graph:
        for _ in range(10):
            await graph.get(DEVICES)
        assert "retry-after" not in (await graph.call("GET", DEVICES, expect=429)).headers


async def test_the_items_of_a_batch_are_throttled_one_by_one(rt, tenant):
    """The batch is a 200; its items are 200 until the budget is used up, and then 429 with their own header."""
    async with _throttled(rt, tenant) as graph:
        requests = [{"id": n, "method": "GET", "url": "/deviceManagement/managedDevices"} for n in range(12)]
        answer = await graph.call("POST", "/v1.0/$batch", {"requests": requests})
        responses = answer.json()["responses"]
        assert [one["status"] for one in responses] == [200] * 10 + [429] * 2
        assert int(responses[-1]["headers"]["Retry-After"]) >= 1


async def test_the_directory_says_what_a_request_costs_and_how_much_is_used(rt, tenant):
    """Resource units on every answer, the share of the budget from four fifths on, the scope with the refusal."""
    async with _throttled(rt, tenant) as graph:
        first = await graph.call("GET", "/v1.0/users")
        assert first.headers["x-ms-resource-unit"] == "2"
        assert "x-ms-throttle-limit-percentage" not in first.headers
        seen = [
            await graph.client.get("/v1.0/users", headers={"authorization": f"Bearer {graph.token}"}) for _ in "x" * 20
        ]
        warned = [one for one in seen if one.status_code == 200 and "x-ms-throttle-limit-percentage" in one.headers]
        assert warned
        assert all(float(one.headers["x-ms-throttle-limit-percentage"]) >= 0.8 for one in warned)
        refused = seen[-1]
        assert refused.status_code == 429
        assert refused.headers["x-ms-throttle-scope"].endswith(f"/{tenant}")
        assert refused.headers["x-ms-throttle-information"] == "ResourceUnitLimitExceeded"


async def test_without_the_switch_nothing_is_counted(graph):
    """As it comes, there are no budgets."""
    for _ in range(30):
        answer = await graph.call("GET", "/v1.0/me")
    assert "x-ms-resource-unit" not in answer.headers


async def test_our_own_administrator_comes_back_when_told_to(rt, tenant, tmp_path):
    """A rehearsal against a throttled Graph takes longer and gets through."""

    class Waiting:
        """A clock that moves the server's on while it waits."""

        def monotonic(self):
            return rt.clock.monotonic()

        async def sleep(self, seconds):
            rt.clock.advance(seconds)

    async with _throttled(rt, tenant) as graph:
        admin = Administrator("https://localhost:8443", tmp_path, "root", "", Waiting(), rt.entropy)
        admin._http, admin._token, admin._until = graph.client, graph.token, float("inf")
        began = rt.clock.now()
        for _ in range(25):
            assert (await admin.get(DEVICES))["value"] == []
        assert (rt.clock.now() - began).total_seconds() >= 20


async def test_a_change_made_from_an_old_version_is_refused(graph, rt, tenant):
    """412 where `If-Match` is an ETag of ours that is old, for a change and a deletion; any other goes through."""
    user = await person(rt, tenant, "ann")
    path = f"/v1.0/users/{user['id']}"
    old = (await graph.call("GET", path)).headers["etag"]
    assert old.startswith('W/"')
    for matching in (old, "*", '"whatever"', f'{old}, W/"taxiway-9"'):
        current = (await graph.call("GET", path)).headers["etag"]
        asked = matching if matching != old else current
        await graph.call(
            "PATCH", path, {"jobTitle": matching}, expect=204, headers={"if-match": asked.replace(old, current)}
        )
    for method, body in (("PATCH", {"jobTitle": "late"}), ("DELETE", None)):
        answer = await graph.call(method, path, body, expect=412, headers={"if-match": old})
        assert answer.json()["error"]["code"] == "PreconditionFailed"
    by_name = f"/v1.0/users/{user['user_principal_name']}"
    await graph.call("PATCH", by_name, {"jobTitle": "late"}, expect=412, headers={"if-match": old})
    assert (await graph.get(f"{path}?$select=jobTitle"))["jobTitle"].startswith(old)
