"""Requests signed with a PRT's session key: tokens, a new PRT, a code (03 sections 7.4 and 7.7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec

from taxiway.signin import broker, issued
from taxiway.signin.broker import SessionSigned
from taxiway.signin.errors import GrantInvalid, MfaRequired
from taxiway.signin.grants import code
from taxiway.signin.grants.broker.asked import Asked, client_of, not_offered, text
from taxiway.signin.grants.broker.prt import issue_prt, prt_members
from taxiway.signin.grants.common import Issue, TokenRequest, admit, reply, require_standing, with_refresh_token
from taxiway.signin.model import BROKER, DRS_RESOURCE, Proof
from taxiway.store import Runtime, Tx
from taxiway.wire.broker import CONTEXT_BYTES, encrypt_response

_OF_A_CODE = ("grant_type", "client_id", "code", "redirect_uri", "code_verifier", "resource", "scope")


async def answer(rt: Runtime, request: TokenRequest, signed: SessionSigned) -> str:
    """The encrypted reply; version 3 of the protocol reads true GCM."""
    request.within(signed.tenant)
    match signed.claims.get("grant_type"):
        case "refresh_token":
            out = await _tokens(rt, request, signed)
        case "authorization_code":
            out = await _redeem(rt, request, signed)
        case grant:
            raise not_offered(grant)
    gcm = signed.gcm or request.form.get("prt_protocol_version") == "3.0"
    context, iv = rt.entropy.bytes(CONTEXT_BYTES), rt.entropy.bytes(12 if gcm else 16)
    return encrypt_response(signed.session_key, context, msgspec.json.encode(out), iv)


async def _tokens(rt: Runtime, request: TokenRequest, signed: SessionSigned) -> dict[str, Any]:
    asked = Asked.of(signed.claims, client=BROKER)
    issue = await rt.store.write(signed.tenant, lambda tx: _issue(tx, signed, asked), correlation=request.correlation)
    out = await reply(rt, request, issue)
    return {**out, **prt_members(rt, issue)} if asked.prt else out


def _issue(tx: Tx, signed: SessionSigned, asked: Asked) -> Issue:
    """Without ``aza`` brokers read an ordinary refresh token in every reply (03 section 11.7)."""
    row = broker.spend(tx, signed)
    proof, client = Proof.of(row), client_of(tx, asked, signed.claims)
    if "ngcmfa" in text(signed.claims, "amr_values").split() and "ngcmfa" not in proof.methods(tx.now):
        raise MfaRequired(
            "A fresh second factor is needed, and the sign-in on this device has none.",
            remedy="Sign in again with a second factor.",
        )
    if asked.prt:
        renewed = issue_prt(tx, proof, client, signed.session_key, by="prt", scope=asked.scope, before=row)
        if not asked.resource:
            return renewed
        issue = admit(tx, proof, client, asked.resource, by="prt", scope=asked.scope)
        return replace(issue, refresh_token=renewed.refresh_token)
    resource = asked.resource or DRS_RESOURCE
    issue = admit(tx, proof, client, resource, by="prt", scope=asked.scope)
    return with_refresh_token(tx, issue, resource=resource, scope=asked.scope)


async def _redeem(rt: Runtime, request: TokenRequest, signed: SessionSigned) -> dict[str, Any]:
    """A code of the person whose PRT signs; all else is as for any code."""
    form = {name: text(signed.claims, name) for name in _OF_A_CODE if text(signed.claims, name)}
    inner = replace(request, form={**form, "client_info": "1"}, tenant=signed.tenant, basic=None)

    def check(tx: Tx) -> None:
        proof = Proof.of(broker.spend(tx, signed))
        require_standing(tx, proof)
        row = issued.find_code(tx, inner.need("code"))
        if row is not None and row["user_id"] != proof.user_id:
            raise GrantInvalid("The code was given to somebody else.")

    await rt.store.write(signed.tenant, check, correlation=request.correlation)
    return await code.redeem(rt, inner)
