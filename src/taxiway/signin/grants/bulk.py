"""``refresh_token`` of the bulk client: a bulk token is good many times, for device registration alone (03 8.12)."""

from __future__ import annotations

from typing import Any

from taxiway.signin import bulk, issued
from taxiway.signin.errors import ConsentMissing
from taxiway.signin.grants.common import Issue, TokenRequest, admit, authenticated_client, reply
from taxiway.signin.model import BULK_CLIENT, DRS_APP, DRS_RESOURCE
from taxiway.signin.sealed import tenant_hint
from taxiway.store import Runtime, Tx


def is_bulk(request: TokenRequest) -> bool:
    """Whether the request is one of the bulk client."""
    return request.form.get("client_id", "").lower() == BULK_CLIENT and _hint(request) is not None


async def redeem(rt: Runtime, request: TokenRequest) -> dict[str, Any]:
    """A token for device registration. The bulk token stays as it is: many devices carry the same one."""
    tenant = request.within(_hint(request))
    issue = await rt.store.write(tenant, lambda tx: _issue(tx, request), correlation=request.correlation)
    return await reply(rt, request, issue)


def _issue(tx: Tx, request: TokenRequest) -> Issue:
    client = authenticated_client(tx, request)
    proof = bulk.proof_of(tx, request.need("refresh_token"))
    issue = admit(tx, proof, client, request.identifier or DRS_RESOURCE, by="bulk_token", scope=request.scope)
    if issue.target is None or issue.target.app_id != DRS_APP:
        raise ConsentMissing("A bulk token is good for device registration only.")
    return issue


def _hint(request: TokenRequest) -> str | None:
    return tenant_hint(request.form.get("refresh_token", ""), kind=issued.BULK)
