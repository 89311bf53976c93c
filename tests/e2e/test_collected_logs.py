"""Logs that a PC hands in: ordered by an administrator, or by a status page that failed (R-115)."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta

import httpx
import pytest

from e2e.administering import administrator, sit_down
from e2e.deploying import Deploying, product
from taxiway import management
from taxiway.management.actions import collecting

pytestmark = pytest.mark.anyio


@pytest.fixture
async def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
async def desk(deploying):
    made = await sit_down(deploying)
    yield made
    await made.graph.client.aclose()


async def archive_of(desk_graph, path):
    """The only archive of a device, fetched as an administrator does."""
    [request] = await desk_graph.values(f"{path}/logCollectionRequests")
    assert request["status"] == "completed"
    address = await desk_graph.post(f"{path}/logCollectionRequests/{request['id']}/createDownloadUrl", expect=200)
    answer = await desk_graph.client.get(address["value"])
    assert answer.status_code == 200
    assert len(answer.content) == request["size"]
    return zipfile.ZipFile(io.BytesIO(answer.content))


async def test_r115_logs_are_collected_on_order(desk):
    """The PC PUTs one zip at its address; Graph shows the request and gives an address for it; a look is on record."""
    template = {"templateType": {"templateType": "predefined"}}
    made = (await desk.order("createDeviceLogCollectionRequest", template, expect=200)).json()
    assert made["status"] == "pending"
    again = (await desk.order("createDeviceLogCollectionRequest", template, expect=200)).json()
    assert again["id"] == made["id"]
    await desk.sync()
    assert await desk.results() == {"collectDiagnostics": "done"}
    with await archive_of(desk.graph, desk.path) as found:
        names = found.namelist()
        assert "MdmDiagReport_RegistryDump.reg" in names
        printed = next(name for name in names if "dsregcmd" in name)
        assert f"DeviceId : {desk.outcome.entra_device_id}" in found.read(printed).decode()
    assert len(await desk.log("diagnostics.read")) == 1
    eve = await desk.another("eve")
    await eve.call("POST", f"{desk.path}/logCollectionRequests/{made['id']}/createDownloadUrl", expect=403)


async def test_r115_a_page_that_fails_hands_in_its_logs_for_28_days(deploying):
    """Nobody asked: the failed page did, and after 28 days the archive is gone from the disk too."""
    await deploying.page(install_progress_timeout_in_minutes=30)
    await deploying.app(1)
    outcome = await deploying.deploy(exit_codes={product(1): 1603})
    assert outcome.reached == "failed"
    managed = await deploying.managed()
    path = f"/beta/deviceManagement/managedDevices/{managed['id']}"
    graph = await administrator(deploying.instance)
    with await archive_of(graph, path) as found:
        assert any(name.endswith("autopilot.xml") for name in found.namelist())
    [row] = await deploying.read(lambda tx: management.collections_of(tx, managed["id"]))
    assert row["initiated_by"] == "taxiway"
    assert row["expires_at"] - row["received_at"] <= timedelta(days=28)
    changes = {"expires_at": row["requested_at"] - timedelta(seconds=1)}
    await deploying.write(lambda tx: management.COLLECTIONS.update(tx, row["id"], changes))
    rt = deploying.instance.rt
    await management.forget_archives(rt, deploying.instance.tenant)
    assert rt.blobs.size(row["content_sha256"]) is None
    assert await graph.values(f"{path}/logCollectionRequests") == []
    await graph.client.aclose()


async def test_an_upload_takes_one_zip_at_its_own_address(desk):
    """A wrong token, another body, another archive: refused by name, nothing stored; the same one again is accepted."""
    template = {"templateType": {"templateType": "predefined"}}
    made = (await desk.order("createDeviceLogCollectionRequest", template, expect=200)).json()
    secret = await desk.deploying.read(lambda tx: collecting.COLLECTIONS.reveal(tx, made["id"], "upload_token"))
    origin, tenant = desk.instance.settings.urls.mdm, desk.instance.tenant
    address = f"{origin}/diagnostics/{tenant}/{made['id']}"
    good, zipped = {"token": secret.decode()}, b"PK\x03\x04 as good as a zip"
    async with httpx.AsyncClient(verify=desk.graph.client._transport._pool._ssl_context) as http:
        for where, token, body, status in (
            (address, {"token": "guessed"}, zipped, 404),
            (address, {}, zipped, 404),
            (f"{origin}/diagnostics/{tenant}/other", good, zipped, 404),
            (f"{origin}/diagnostics/no-tenant/{made['id']}", good, zipped, 404),
            (f"{origin}/diagnostics/{tenant}/%00", good, zipped, 404),
            (address, good, b"<html>", 400),
            (address, good, b"", 400),
            (address, good, zipped, 201),
            (address, good, zipped, 201),
            (address, good, zipped + b"!", 400),
        ):
            answer = await http.put(where, params=token, content=body)
            assert answer.status_code == status, (where, token, answer.text)
    assert await desk.results() == {"collectDiagnostics": "done"}
