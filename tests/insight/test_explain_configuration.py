"""What is configured on a device, by whom and why, over HTTP."""

from __future__ import annotations

import httpx
import pytest

from management.conftest import Pc, custom, esp, everyone, everywhere, make, pc
from management.test_delivery import ACCOUNT, delete
from management.uris import CORTANA
from support.graph_client import mint, person
from taxiway import directory
from taxiway.doors import Door
from taxiway.insight import http

__all__ = ["Pc", "custom", "esp", "everyone", "everywhere", "make", "pc"]

pytestmark = pytest.mark.anyio
LOCK = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength"


@pytest.fixture
async def ask(rt, tenant):
    """The question of an administrator."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    headers = {"authorization": f"Bearer {await mint(rt, tenant, admin['id'])}"}
    door = Door(http.routes(rt), rt.entropy)
    transport = httpx.ASGITransport(door)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443", headers=headers) as client:

        async def asked(device):
            return await client.get("/taxiway/explain/configuration", params={"device": device})

        yield asked


async def test_each_configuration_is_explained(pc, custom, ask, everywhere, everyone):
    """Why it is meant, what it sets, how it stands, what it warns of; conflicts and what is left stand beside."""
    await custom("Lock", LOCK, 8, everywhere)
    await custom("On", CORTANA, 1, everywhere)
    await custom("Off", CORTANA, 0, everyone)
    gone = await custom("Helper", ACCOUNT, 2, everywhere)
    await pc.session()
    await delete(pc, gone)
    await pc.session()
    found = (await ask(pc.managed_id)).json()
    by_name = {one["name"]: one for one in found["configurations"]}
    assert by_name["Lock"]["state"] == "succeeded"
    assert by_name["Lock"]["why"] == ["It is assigned to all devices."]
    assert by_name["Lock"]["settings"] == [{"omaUri": LOCK, "value": "8"}]
    assert "the PC restarts in device setup" in by_name["Lock"]["findings"][0]
    assert (by_name["Off"]["via"], by_name["Off"]["state"]) == ("user", "conflict")
    assert found["conflicts"] == [{"omaUri": CORTANA, "configurations": ["Off", "On"]}]
    assert found["left"] == [{"name": "Helper", "state": "staysOnDevice", "stays": [ACCOUNT]}]


async def test_secrets_are_not_shown_and_strangers_not_answered(pc, custom, ask, everywhere):
    """A value that nobody may read is masked; an unknown device is 404."""
    password = "./Device/Vendor/MSFT/Accounts/Users/help/Password"
    await custom("Account", password, "s3cret-word", everywhere, kind="String")
    answer = await ask(pc.managed_id)
    assert "s3cret" not in answer.text
    assert answer.json()["configurations"][0]["settings"] == [{"omaUri": password, "value": "****"}]
    assert (await ask("nobody")).status_code == 404
