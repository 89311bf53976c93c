"""``device_code``: tokens for a program whose person approves it in a browser (03 section 4.3)."""

from __future__ import annotations

from typing import Any

from taxiway.signin import device_codes, resources
from taxiway.signin.device_codes import INTERVAL, LIFETIME, Wanted
from taxiway.signin.errors import CodePending, CodeTooSoon, CodeUnknown, GrantUnsupported, Malformed
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
    wants_refresh_token,
    with_refresh_token,
)
from taxiway.signin.lockout import network_of
from taxiway.signin.model import BROKER, DRS_APP
from taxiway.signin.policy import signin_policy_of
from taxiway.store import SYSTEM, Row, Runtime, Tx

GRANTS = frozenset({"urn:ietf:params:oauth:grant-type:device_code", "device_code"})


async def start(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """The codes, and what to tell the person (03 section 4.3)."""
    wanted = Wanted(
        client_id=request.client_id,
        resource=request.identifier or resources.GRAPH,
        scope=request.scope,
        version=request.version,
        tenant=request.tenant,
        network=network_of(request.address) or "an unknown address",
    )
    await rt.store.read(request.tenant or SYSTEM, lambda tx: check_offered(tx, wanted.client_id, wanted.resource))
    code, user_code = await rt.store.write(SYSTEM, lambda tx: device_codes.start(tx, wanted))
    page = f"{rt.urls.login}/device"
    out: dict[str, Any] = {
        "user_code": user_code,
        "device_code": code,
        "message": f"To sign in, use a web browser to open the page {page} and enter the code {user_code} "
        "to authenticate.",
    }
    seconds = int(LIFETIME.total_seconds())
    if request.version == "1.0":
        return {**out, "verification_url": page, "expires_in": str(seconds), "interval": str(INTERVAL)}
    return {**out, "verification_uri": page, "expires_in": seconds, "interval": INTERVAL}


def check_offered(tx: Tx, client_id: str, resource: str) -> None:
    """The broker and device registration are not for device codes unless the tenant says so (03 section 15.9).

    Under ``common`` the tenant is known only once the person is; the page asks again then.
    """
    client = resources.client_of(tx, client_id)
    reserved = client["app_id"] == BROKER or resources.target_of(tx, client, resource).app_id == DRS_APP
    if reserved and tx.tenant != SYSTEM and not signin_policy_of(tx).broker_device_code:
        raise GrantUnsupported(
            "The device code flow is switched off for the broker and for device registration.",
            remedy="Switch 'broker_device_code' on for tests.",
        )


async def redeem(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """Tokens once the person approved; until then the error that tells the program to wait."""
    code = _code(request)
    found = await rt.store.write(SYSTEM, lambda tx: device_codes.poll(tx, code, request.client_id))
    if isinstance(found, CodePending | CodeTooSoon):
        raise found
    tenant = request.within(found["tenant_id"])
    issue = await rt.store.write(tenant, lambda tx: _issue(tx, request, found), correlation=request.correlation)
    return await reply(rt, request, issue)


def _issue(tx: Tx, request: TokenRequest, row: Row) -> Issue:
    client = authenticated_client(tx, request)
    proof = device_codes.redeem(tx, row["hash"])
    if proof is None:
        raise CodeUnknown("The device code was redeemed before.", remedy="Start again.")
    scope = f"{row['scope']} {request.scope}"
    identifier = request.identifier or row["resource"]
    issue = admit(tx, proof, client, identifier, by="device_code", scope=scope)
    if not wants_refresh_token(request, scope):
        return issue
    return with_refresh_token(tx, issue, resource=row["resource"], scope=row["scope"])


def _code(request: TokenRequest) -> str:
    """v1 clients say ``code``, v2 clients ``device_code``, some both."""
    given = {request.form.get(name, "") for name in ("device_code", "code")} - {""}
    if len(given) > 1:
        raise Malformed("'code' and 'device_code' differ.")
    return given.pop() if given else request.need("device_code")
