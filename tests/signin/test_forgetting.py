"""What ran out goes from the database (03 section 15.21)."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from signin.conftest import CLI, GRAPH, UPN
from taxiway import app, signin
from taxiway.signin import bulk, device_codes, forgetting, lockout, nonces, tables
from taxiway.signin.lockout import Caller
from taxiway.store import SYSTEM

pytestmark = pytest.mark.anyio

WEB = {"client_id": CLI, "redirect_uri": "http://localhost:5000", "resource": GRAPH}
DAY = 86_400


async def counted(rt):
    """Rows of each table that is swept, in whatever tenant."""
    swept = [table for table, *_ in forgetting._ENDS]
    with rt.store.engine.connect() as connection:
        return {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) for t in swept}


async def fill(rt, browser, user, tenant):
    """One row at least of everything that runs out."""
    code = await browser.code(**WEB)
    await browser.redeem(code, **WEB)
    await browser.token(grant_type="refresh_token", client_id=CLI, refresh_token="x")
    await signin.issue_access_pass(rt, tenant, user["id"])
    wanted = device_codes.Wanted(CLI, GRAPH, "", "2.0", tenant, "")
    _, user_code = await rt.store.write(SYSTEM, lambda tx: device_codes.start(tx, wanted))
    page = await browser.http.post("/device", data={"user_code": user_code})
    await browser.post(page, approve="yes")

    def more(tx):
        nonces.use_nonce(tx, nonces.make_nonce(rt))
        lockout.failed(tx, Caller.of("bob@contoso.example", "10.0.0.1"))
        lockout.succeeded(tx, Caller.of(UPN, "10.0.0.1"))
        from taxiway.signin import issued
        from taxiway.signin.model import Proof

        proof = Proof(user_id=user["id"], amr=("pwd",), auth_time=tx.now)
        issued.new_prt(tx, proof, b"k" * 32)
        bulk._account(tx, "11111111-1111-4111-8111-111111111111")
        values = {"hash": "h", "user_id": user["id"], "flow": "f", "unseen": None, "issued_at": tx.now}
        tx.execute(sa.insert(tables.bulk_token).values(tenant=tx.tenant, expires_at=tx.now, **values))

    await rt.store.write(tenant, more)


async def test_15_21_everything_that_runs_out_is_forgotten(rt, browser, user, tenant, clock):
    """Nothing goes before its time; half a year later nothing is left, in the tenant and in the instance."""
    await fill(rt, browser, user, tenant)
    full = await counted(rt)
    assert all(full.values()), full
    for where in (tenant, SYSTEM):
        assert await rt.store.write(where, signin.forget_what_ran_out) is False
    assert await counted(rt) == full
    clock.advance(200 * DAY)
    for where in (tenant, SYSTEM):
        await rt.store.write(where, signin.forget_what_ran_out)
    assert not any((await counted(rt)).values())


async def test_15_21_every_table_with_an_end_is_swept(rt):
    """A new table of sign-in that holds what runs out does not get forgotten here."""
    ending = {t.name for t in tables.metadata.sorted_tables if t.name in vars(tables) and "expires_at" in t.c}
    assert ending - {"client_secret"} <= {table.name for table, *_ in forgetting._ENDS}


async def test_15_21_one_tenants_turn_leaves_the_others_alone(rt, browser, user, tenant, clock):
    """Each tenant is swept in a transaction of its own."""
    await fill(rt, browser, user, tenant)
    full = await counted(rt)
    clock.advance(200 * DAY)
    await rt.store.write(rt.entropy.uuid(), signin.forget_what_ran_out)
    assert await counted(rt) == full


async def test_15_21_much_of_it_goes_in_slices(rt, tenant, clock, monkeypatch):
    """A transaction deletes a slice, and says that there is more."""
    monkeypatch.setattr(forgetting, "_SLICE", 3)
    for number in range(5):
        await rt.store.write(tenant, lambda tx, n=number: nonces.spend_once(tx, f"n{n}", tx.now))
    clock.advance(1)
    assert await rt.store.write(tenant, signin.forget_what_ran_out) is True
    assert (await counted(rt))["used_nonce"] == 2
    assert await rt.store.write(tenant, signin.forget_what_ran_out) is False
    assert (await counted(rt))["used_nonce"] == 0


async def test_15_21_the_server_does_it_by_itself(rt, browser, user, tenant, clock):
    """Housekeeping sweeps every tenant and the instance."""
    await fill(rt, browser, user, tenant)
    clock.advance(200 * DAY)
    house = asyncio.create_task(app.keep_house(rt))
    for _ in range(500):
        await asyncio.sleep(0.01)
        if not any((await counted(rt)).values()):
            break
    house.cancel()
    assert not any((await counted(rt)).values())
