"""``password`` (ROPC): for seeded first-party clients, behind a switch that is off (03 section 15.2)."""

from __future__ import annotations

from typing import Any

from taxiway.signin import factors, resources
from taxiway.signin.credentials import Checked, check_password, confirm, tenant_for
from taxiway.signin.errors import GrantUnsupported, MfaRequired
from taxiway.signin.grants.common import (
    Issue,
    TokenRequest,
    admit,
    authenticated_client,
    reply,
    wants_refresh_token,
    with_refresh_token,
)
from taxiway.signin.model import Proof
from taxiway.signin.policy import signin_policy_of
from taxiway.store import Runtime, Tx

#: Seeded clients that test tools use: Azure CLI, the PowerShell modules, the Graph tools, broker, Company Portal.
_CLIENTS = frozenset(
    {
        "04b07795-8ddb-461a-bbee-02f9e1bf7b46",
        "1950a258-227b-4e31-a9cf-717495945fc2",
        "1b730954-1685-4b74-9bfd-dac224a7b894",
        "14d82eec-204b-4c2f-b7e8-296a70dab67e",
        "29d9ed98-a469-4536-ade2-f981bc1d605e",
        "9ba1a5c7-f17a-4de9-a1f1-6178c8d51223",
        "d1ddf0e4-d672-4dae-b554-9d5bdfd93547",
    }
)


async def sign_in(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """Tokens for name and password; never past a second factor."""
    upn = request.need("username")
    tenant = await tenant_for(rt, request.tenant, upn)
    await rt.store.read(tenant, lambda tx: _check_allowed(tx, request))
    checked = await check_password(
        rt, tenant, upn, request.need("password"), address=request.address, correlation=request.correlation
    )
    issue = await rt.store.write(tenant, lambda tx: _issue(tx, request, checked), correlation=request.correlation)
    return await reply(rt, request, issue)


def _check_allowed(tx: Tx, request: TokenRequest) -> None:
    if not signin_policy_of(tx).ropc_enabled or request.client_id not in _CLIENTS:
        raise GrantUnsupported(
            "The password grant is switched off for this tenant or this client.",
            remedy="Sign in interactively, or switch 'ropc_enabled' on for tests.",
        )
    authenticated_client(tx, request)


def _issue(tx: Tx, request: TokenRequest, checked: Checked) -> Issue:
    user = confirm(tx, checked)
    if factors.is_registered(tx, user["id"]):
        raise MfaRequired("This account signs in with a second factor.", remedy="Sign in interactively.")
    client = resources.client_of(tx, request.client_id)
    identifier = request.identifier or resources.GRAPH
    proof = Proof(user_id=user["id"], amr=("pwd",), auth_time=tx.now)
    issue = admit(tx, proof, client, identifier, by="password", scope=request.scope)
    if not wants_refresh_token(request, request.scope):
        return issue
    return with_refresh_token(tx, issue, resource=identifier, scope=request.scope)
