"""Orders about a status page over HTTP: who may give them, and what is refused."""

from __future__ import annotations

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import app, enrollment
from taxiway.directory import INTUNE_ADMINISTRATOR
from taxiway.doors import Door
from taxiway.management.session import runs
from taxiway.store import entries

pytestmark = pytest.mark.anyio

PATH = "/taxiway/esp"


@pytest.fixture
async def ask(rt, tenant):
    """Post to the door of people as somebody with these roles."""
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy))
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as http:

        async def ask(*roles, expect, body, token=None):
            name = f"p{rt.entropy.below(10**9)}"
            token = token or await mint(rt, tenant, (await person(rt, tenant, name, *roles))["id"])
            return await Graph(rt, http, token).post(PATH, body, expect=expect)

        yield ask


@pytest.fixture
async def showing(rt, tenant):
    """A managed device, known by its serial number, whose page shows."""

    def make(tx):
        row = enrollment.MANAGED.insert(tx, {"device_name": "pc", "serial_number": "SN-1", "enrolled_at": tx.now})
        runs.save(tx, runs.Run(row["id"], "collecting"))
        return row["id"]

    return await rt.store.write(tenant, make)


async def order_of(rt, tenant, managed_id):
    run = await rt.store.read(tenant, lambda tx: runs.load(tx, managed_id))
    return run.esp.get("order")


@pytest.mark.parametrize("order", ["release", "fail", "hide", "update"])
async def test_p15_an_administrator_orders(rt, tenant, ask, showing, order):
    """By serial number or by id; it waits for the next session, and the log says who gave it."""
    for name in ("SN-1", showing):
        found = await ask(INTUNE_ADMINISTRATOR, expect=200, body={"device": name, "order": order})
        assert found == {"managedDevice": showing, "order": order}
        assert await order_of(rt, tenant, showing) == order
    given = [entry for entry in await rt.store.read(tenant, entries) if entry.kind == "esp.ordered"]
    assert [entry.what["order"] for entry in given] == [order] * 2
    assert all(entry.actor.startswith("user:") for entry in given)


async def test_others_are_refused(rt, tenant, ask, showing):
    """A person without a role is 403, a token that is none 401, and nothing is ordered."""
    body = {"device": "SN-1", "order": "release"}
    await ask(expect=403, body=body)
    await ask(expect=401, body=body, token="x.y.z")
    assert await order_of(rt, tenant, showing) is None


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"device": "SN-2", "order": "release"}, 404),
        ({"device": "SN-1", "order": "explode"}, 400),
        ({"device": "SN-1", "order": ["release"]}, 400),
        ({"device": 1, "order": "release"}, 400),
        (["SN-1", "release"], 400),
    ],
)
async def test_what_makes_no_sense_is_named(rt, tenant, ask, showing, body, status):
    """An unknown device is 404, an unknown order or form 400."""
    found = await ask(INTUNE_ADMINISTRATOR, expect=status, body=body)
    assert found["error"]["message"]
    assert await order_of(rt, tenant, showing) is None
