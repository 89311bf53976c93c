"""The enrollment policy at its address: for Global Administrators, and nobody else."""

from __future__ import annotations

import httpx
import pytest

from support.graph_client import mint, person
from taxiway import app
from taxiway.directory import GLOBAL_ADMINISTRATOR, INTUNE_ADMINISTRATOR
from taxiway.doors import Door
from taxiway.store import entries

pytestmark = pytest.mark.anyio

PATH = "/taxiway/enrollment-policy"


@pytest.fixture
async def ask(rt, tenant):
    """Ask at the door of people as somebody with these roles."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy)), base_url="https://localhost:8443"
    ) as http:

        async def ask(*roles, body=None, token=None):
            name = f"p{rt.entropy.below(10**9)}"
            token = token or await mint(rt, tenant, (await person(rt, tenant, name, *roles))["id"])
            method = "GET" if body is None else "PATCH"
            return await http.request(method, PATH, json=body, headers={"authorization": f"Bearer {token}"})

        yield ask


async def test_a_global_administrator_reads_and_changes_it(rt, tenant, ask):
    """What is not named stays as it is, and the change is in the log."""
    before = (await ask(GLOBAL_ADMINISTRATOR)).json()
    assert (before["on_premise"], before["certificate"], before["highest_version"]) == (False, False, "4.0")
    after = (await ask(GLOBAL_ADMINISTRATOR, body={"on_premise": True})).json()
    assert after == before | {"on_premise": True}
    (entry,) = [e for e in await rt.store.read(tenant, entries) if e.kind == "enrollment_policy.changed"]
    assert entry.what == {"on_premise": True}


async def test_r010_others_do_not(ask):
    """Who enrolls how is a matter of the tenant: an Intune administrator and a person are 403, nobody is 401."""
    for roles in ((), (INTUNE_ADMINISTRATOR,)):
        assert (await ask(*roles)).status_code == 403
        assert (await ask(*roles, body={"on_premise": True})).status_code == 403
    assert (await ask(token="x.y.z")).status_code == 401


@pytest.mark.parametrize(
    "body", [[], "x", {"on_premises": True}, {"on_premise": 1}, {"highest_version": "4"}, {"": ""}]
)
async def test_what_is_no_switch_is_a_400(ask, body):
    """Unknown names and wrong values change nothing."""
    assert (await ask(GLOBAL_ADMINISTRATOR, body=body)).status_code == 400
    assert (await ask(GLOBAL_ADMINISTRATOR)).json()["on_premise"] is False
