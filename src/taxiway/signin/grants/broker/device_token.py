"""A token of the device alone: nobody signed in (03 sections 5.1 and 7.3)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from taxiway import directory
from taxiway.signin import claims, nonces, resources
from taxiway.signin.broker import DeviceSigned
from taxiway.signin.errors import ParameterMissing
from taxiway.signin.grants.broker.asked import Asked, client_of
from taxiway.signin.grants.common import TokenRequest, require_device, times
from taxiway.signin.model import BROKER
from taxiway.signin.resources import Target
from taxiway.signin.tokens import sign
from taxiway.store import Row, Runtime, Tx


@dataclass(frozen=True, slots=True)
class _Issue:
    device: Row
    client_id: str
    target: Target
    now: datetime
    uti: str


async def answer(rt: Runtime, request: TokenRequest, signed: DeviceSigned) -> dict[str, Any]:
    """A plain token reply: no PRT, no refresh token, no id_token."""
    asked = Asked.of(signed.claims, client=BROKER)
    issue = await rt.store.write(signed.tenant, lambda tx: _issue(tx, signed, asked), correlation=request.correlation)
    body = claims.device_claims(
        rt, issue.device, issue.target, issue.client_id, tenant=signed.tenant, now=issue.now, uti=issue.uti
    )
    (token,) = await sign(rt, body)
    shape = times(body["exp"] - body["iat"], body["exp"], request.version)
    return {"token_type": "Bearer", "access_token": token, "resource": issue.target.aud, **shape}


def _issue(tx: Tx, signed: DeviceSigned, asked: Asked) -> _Issue:
    nonces.use_nonce(tx, signed.nonce)
    device = require_device(tx, signed.device["device_id"])
    client = client_of(tx, asked, signed.claims)
    if not asked.resource:
        raise ParameterMissing("The signed request must contain the following parameter: 'resource'.")
    target = resources.target_of(tx, client, asked.resource)
    directory.seen(tx, device)
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
    what = {"device_id": device["device_id"], "client": client["app_id"], "resource": asked.resource}
    tx.log("token.issued", subject=subject, what={**what, "by": "device_token"})
    return _Issue(device, client["app_id"], target, tx.now, tx.entropy.token(16))
