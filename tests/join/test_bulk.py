"""Bulk tokens: made by administrators, shown once, good for joining alone (03 section 8.12)."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.x509 import ObjectIdentifier

from join.conftest import Device
from signin.conftest import BROKER, DRS, GRAPH, UPN, claims_of, make_user, register
from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.store import entries
from taxiway.wire.device_certificate import USER_ID, sid

pytestmark = pytest.mark.anyio

PID = "0b9a15d4-67b7-4d82-b72b-aa95472a9818"
BULK = "b90d5b8f-5503-4153-b545-b31cecfaece2"
PACKAGE = f"package_{PID}@contoso.example"


@pytest.fixture
async def administrator(rt, device, user, tenant):
    """A token for device registration of somebody who may administer devices."""
    role = directory.CLOUD_DEVICE_ADMINISTRATOR
    await rt.store.write(tenant, lambda tx: directory.assign_role(tx, user["id"], role, principal=SYSTEM_PRINCIPAL))
    return await device.token()


def until(rt, days, form="%Y-%m-%d %H:%M:%S"):
    return (rt.clock.now() + timedelta(days=days)).strftime(form)


async def begin(browser, token, **body):
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return await browser.http.post(
        "/webapp/bulkaadjtoken/begin", json={"pid": PID, "name": "p", **body}, headers=headers
    )


async def poll(browser, token, flow, name="flowtoken"):
    headers = {"authorization": f"Bearer {token}"}
    return (await browser.http.get("/webapp/bulkaadjtoken/poll", params={name: flow}, headers=headers)).json()


async def bulk_token(rt, browser, token, **body):
    begun = (await begin(browser, token, exp=until(rt, 90), **body)).json()
    return json.loads((await poll(browser, token, begun["flowToken"]))["resultData"])


async def redeem(browser, token, **form):
    return await browser.token(
        grant_type="refresh_token", client_id=BULK, refresh_token=token, **{"resource": DRS, **form}
    )


def error_of(answer):
    return json.loads(answer["resultData"])["error_description"].split(":")[0]


@pytest.mark.parametrize("name", ["flowtoken", "flowToken"])
async def test_15_16_a_bulk_token_is_made_at_once_and_shown_once(rt, device, administrator, tenant, name):
    """``begin`` has finished when it answers, so that one poll is enough; a second one shows nothing."""
    begun = (await begin(device.browser, administrator, exp=until(rt, 90))).json()
    assert (begun["state"], begun["resultData"]) == ("Pending", None)
    log = await rt.store.read(tenant, entries)
    made = next(entry for entry in log if entry.kind == "bulk_token.issued")
    assert (made.what["package"], made.what["by"], made.what["upn"]) == (PID, UPN, PACKAGE)
    done = await poll(device.browser, administrator, begun["flowToken"], name)
    result = json.loads(done["resultData"])
    assert done["state"] == "CompleteSuccess"
    assert claims_of(result["id_token"])["upn"] == PACKAGE
    assert abs(int(result["expires_in"]) - 90 * 86_400) <= 1
    again = await poll(device.browser, administrator, begun["flowToken"])
    assert (again["state"], error_of(again)) == ("CompleteError", "AADSTS70000")
    assert result["refresh_token"] not in str(await rt.store.read(tenant, entries))


async def test_a_token_that_nobody_else_began_is_not_shown_to_them(rt, device, administrator, tenant):
    """The flow belongs to the one who asked, and not for ever."""
    eve = await make_user(rt, tenant, "eve@contoso.example")
    assert eve
    other = await device.token("eve@contoso.example")
    begun = (await begin(device.browser, administrator, exp=until(rt, 1))).json()
    for flow in (begun["flowToken"], "x", ""):
        assert error_of(await poll(device.browser, other, flow)) == "AADSTS70000"
    rt.clock.advance(3601)
    assert error_of(await poll(device.browser, await device.token(), begun["flowToken"])) == "AADSTS70000"


async def test_15_16_only_administrators_make_bulk_tokens(rt, device, user, tenant):
    """240001 for anybody else, 240002 for a token that is none for device registration; and no account is made."""
    refused = (await begin(device.browser, await device.token(), exp=until(rt, 30))).json()
    assert (refused["state"], error_of(refused)) == ("CompleteError", "AADSTS240001")
    code = await device.browser.code(resource=GRAPH)
    graph = (await device.browser.redeem(code, resource=GRAPH)).json()["access_token"]
    for token in (graph, "", "a.b.c"):
        answer = await begin(device.browser, token, exp=until(rt, 30))
        assert (answer.status_code, error_of(answer.json())) == (401, "AADSTS240002")
    assert await rt.store.read(tenant, lambda tx: directory.find_user(tx, PACKAGE)) is None
    last = [entry for entry in await rt.store.read(tenant, entries) if entry.kind == "bulk_token.refused"][-1]
    assert (last.what["by"], last.why[0]["code"]) == (UPN, "role_missing")


@pytest.mark.parametrize(
    "body",
    [
        {"pid": "x"},
        {"exp": "soon"},
        {"exp": "2020-01-01 00:00:00"},
        {"exp": "2199-01-01 00:00:00"},
        {"exp": "13/13/2026"},
        {"exp": 7},
        {"pid": None},
        {"pid": [PID]},
    ],
)
async def test_a_package_that_cannot_be_made_is_named(device, administrator, body):
    """90092: an id that is no GUID, an end that is none, past, or more than 180 days away."""
    answer = await begin(device.browser, administrator, **body)
    assert (answer.status_code, error_of(answer.json())) == (200, "AADSTS90092")


async def test_both_forms_of_a_date_are_read(rt, device, administrator):
    """As roadtx and as AADInternals write it; 180 days are the most, 30 when nothing is said."""
    for exp in (until(rt, 180), until(rt, 90, "%m/%d/%Y"), ""):
        assert (await begin(device.browser, administrator, exp=exp)).json()["state"] == "Pending"
    assert error_of((await begin(device.browser, administrator, exp=until(rt, 181))).json()) == "AADSTS90092"


async def test_a_bulk_token_joins_many_devices_and_counts_for_nobody(rt, keys, device, administrator, tenant):
    """No owner, no quota, no user in the certificate, and no user among the local administrators."""
    token = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    await rt.store.write(tenant, lambda tx: directory.update_registration_policy(tx, SYSTEM_PRINCIPAL, {"quota": 1}))
    replies = await asyncio.gather(*(redeem(device.browser, token) for _ in range(2)))
    rt.clock.advance(120)  # longer than a rotated refresh token would be good
    replies.append(await redeem(device.browser, token))
    for reply in replies:
        joining = Device(rt, keys, device.browser)
        answer = await joining.post(reply.json()["access_token"], joining.body())
        assert answer.status_code == 200, answer.text
        joining.keep(answer)
        assert answer.json()["User"] == {"Upn": PACKAGE}
        roles = [directory.GLOBAL_ADMINISTRATOR, directory.LOCAL_ADMINISTRATOR_DEVICE]
        assert answer.json()["MembershipChanges"][0]["AddSIDs"] == [sids(role) for role in roles]
        assert ObjectIdentifier(USER_ID) not in {each.oid for each in joining.certificate.extensions}
        row = await rt.store.read(tenant, lambda tx, d=joining: directory.find_device(tx, device_id=d.device_id))
        assert (row["owner_id"], row["registered_user_ids"]) == (None, [])


async def test_a_bulk_join_sent_again_gives_the_same_device(rt, device, administrator, tenant):
    """As any other."""
    token = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    access = (await redeem(device.browser, token)).json()["access_token"]
    body = device.body()
    assert (await device.post(access, body)).json() == (await device.post(access, body)).json()
    assert len(await rt.store.read(tenant, directory.DEVICES.select)) == 1


async def test_a_bulk_token_is_good_for_device_registration_only(rt, device, administrator, tenant):
    """Not for Graph, not for another client, not under another tenant, and its account has no password."""
    token = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    assert (await redeem(device.browser, token, resource=GRAPH)).json()["error_codes"] == [65001]
    other = await device.browser.token(grant_type="refresh_token", client_id=BROKER, refresh_token=token)
    assert other.json()["error_codes"] == [70000]
    reply = (await redeem(device.browser, token)).json()
    assert "refresh_token" not in reply
    claims = await signin.verify_token(rt, reply["access_token"], audiences=[DRS])
    assert (claims.app_id, claims.upn, claims.had_mfa) == (BULK, PACKAGE, False)
    page = await device.browser.login(await device.browser.authorize(login_hint=PACKAGE), upn=PACKAGE)
    assert "50126" in page.text


async def test_a_bulk_token_ends(rt, device, administrator, tenant):
    """With its time, and with the sessions of its account."""
    token = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    short = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    account = await rt.store.read(tenant, lambda tx: directory.find_user(tx, PACKAGE))
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, account["id"], {"account_enabled": False}))
    assert (await redeem(device.browser, token)).json()["error_codes"] == [70000]
    await rt.store.write(tenant, lambda tx: directory.update_user(tx, account["id"], {"account_enabled": True}))
    assert (await redeem(device.browser, short)).json()["error_codes"] == [70000]
    last = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    rt.clock.advance(91 * 86_400)
    assert (await redeem(device.browser, last)).json()["error_codes"] == [70008]


async def test_p31_a_package_does_not_get_around_an_assigned_user(rt, device, administrator, tenant):
    """Registered hardware that is somebody's joins for nobody else."""
    token = (await bulk_token(rt, device.browser, administrator))["refresh_token"]
    ticket, _ = await register(rt, tenant, user=UPN)
    access = (await redeem(device.browser, token)).json()["access_token"]
    refused = await device.post(access, device.body(ticket=ticket))
    assert (refused.status_code, refused.json()["ErrorType"]) == (403, "AuthorizationError")


def sids(role):
    return sid(UUID(role))
