"""Keys that a joined device hands in (01 R-121, R-122)."""

from __future__ import annotations

import base64

import pytest

from join.conftest import Device
from signin.conftest import BROKER, answer_of
from taxiway import directory, join, signin
from taxiway.directory import SYSTEM_PRINCIPAL, Forbidden, Principal
from taxiway.store import entries
from taxiway.wire import rsa_blob

pytestmark = pytest.mark.anyio

KID = "0b9a15d4-67b7-4d82-b72b-aa95472a9818"
RECOVERY = "-".join(f"{number * 11:06d}" for number in (1, 22, 333, 4444, 55555, 65535, 7, 60000))


def key_body(**changes):
    return {"kid": KID, "vol": "1", "key": RECOVERY, **changes}


async def escrow(device, **changes):
    return await device.http.post("/EnrollmentServer/bitlocker/keys", json=key_body(**changes))


async def test_r121_a_recovery_key_comes_by_the_device_certificate(rt, joined, tenant):
    """Sealed at rest, listed without the key, shown to permitted roles only, and every look is written down."""
    joined.connect()
    answer = await escrow(joined)
    assert (answer.status_code, answer.json()) == (200, {"kid": KID})
    assert (await escrow(joined)).json() == {"kid": KID}
    (row,) = await rt.store.read(tenant, lambda tx: join.recovery_keys(tx, joined.device_id))
    assert (row["id"], row["volume_type"]) == (KID, "operatingSystemVolume")
    assert "key" not in row
    plain = Principal("user", "u", tenant)
    with pytest.raises(Forbidden):
        await rt.store.write(tenant, lambda tx: join.reveal_recovery_key(tx, KID, principal=plain))
    shown = await rt.store.write(tenant, lambda tx: join.reveal_recovery_key(tx, KID, principal=SYSTEM_PRINCIPAL))
    assert shown == RECOVERY
    log = await rt.store.read(tenant, entries)
    assert log[-1].kind == "recovery_key.read"
    assert [entry.kind for entry in log].count("recovery_key.escrowed") == 1
    assert RECOVERY not in str(log)


async def test_r121_a_rotation_leaves_the_old_key_and_the_new_one(rt, joined, tenant, clock):
    """Both open the disk until it is re-encrypted."""
    joined.connect()
    await escrow(joined)
    clock.advance(60)
    second = "11111111-67b7-4d82-b72b-aa95472a9818"
    await escrow(joined, kid=second, key=RECOVERY[7:] + "-000011")
    rows = await rt.store.read(tenant, lambda tx: join.recovery_keys(tx, joined.device_id))
    assert [row["id"] for row in rows] == [KID, second]


async def test_r121_without_the_certificate_nothing_is_kept(rt, keys, joined, tenant):
    """No certificate, a disabled device, or another device's key id: refused."""
    assert (await escrow(joined)).status_code == 401
    joined.connect()
    await escrow(joined)
    other = Device(rt, keys, joined.browser)
    await other.join()
    other.connect()
    assert (await escrow(other)).status_code == 403
    (row,) = await rt.store.read(tenant, lambda tx: [directory.find_device(tx, device_id=other.device_id)])
    await rt.store.write(tenant, lambda tx: directory.update_device(tx, row["id"], {"account_enabled": False}))
    assert (await escrow(other, kid=row["id"])).status_code == 401


@pytest.mark.parametrize(
    "change", [{"key": "1"}, {"key": RECOVERY[:-1] + "1"}, {"kid": "x"}, {"vol": "9"}, {"key": None}, {"kid": 5}]
)
async def test_a_key_that_is_none_is_refused(joined, change):
    """Eight groups that divide by eleven, a GUID, a kind of volume."""
    joined.connect()
    assert (await escrow(joined, **change)).status_code == 400


async def test_keys_go_with_the_device(rt, joined, tenant):
    """A deleted device takes its recovery keys along."""
    joined.connect()
    await escrow(joined)
    await joined.http.delete(f"/EnrollmentServer/device/{joined.device_id}")
    assert not await rt.store.read(tenant, lambda tx: join.recovery_keys(tx, joined.device_id))


async def hello(device, token, blob):
    body = {"kngc": base64.b64encode(blob).decode()}
    headers = {"authorization": f"Bearer {token}"}
    return await device.http.post("/EnrollmentServer/key/?api-version=1.0", json=body, headers=headers)


@pytest.fixture
async def fresh(rt, joined, user, tenant):
    """A DRS token of the registration client, from a PRT born with a fresh second factor."""
    pass_ = await signin.issue_access_pass(rt, tenant, user["id"])
    browser = joined.browser
    page = await browser.login(await browser.authorize(), password="")
    config, ended = await browser.factor(page, "AccessPass", pass_)
    code = answer_of(await browser.process(config, ended, "AccessPass"))["code"]
    token = (await browser.redeem(code)).json()["refresh_token"]
    await joined.sign_on(grant_type="refresh_token", client_id=BROKER, refresh_token=token)
    reply = await joined.session_signed(client_id="dd762716-544d-4aeb-a526-687b73838a22", amr_values="ngcmfa")
    return reply["access_token"]


async def test_r122_a_hello_key_needs_a_fresh_second_factor_and_a_device(rt, keys, joined, fresh, tenant):
    """With both it is registered, and again it is the same registration; without either it is refused."""
    blob = rsa_blob.encode(keys.rsa().public_key())
    first = await hello(joined, fresh, blob)
    assert first.json()["upn"] == "ada@contoso.example"
    assert (await hello(joined, fresh, blob)).json() == first.json()
    await joined.sign_on()
    stale = (await joined.session_signed())["access_token"]
    refused = await hello(joined, stale, blob)
    assert refused.status_code == 401
    assert refused.json()["response"] == "ERROR_FAIL"
    without_device = await joined.token()
    assert (await hello(joined, without_device, blob)).status_code == 401
    assert (await hello(joined, fresh, b"RSA1")).status_code == 400
    kinds = [entry.kind for entry in await rt.store.read(tenant, entries)]
    assert "hello_key.registered" in kinds
