"""Requests signed with the device key: a PRT, or tokens that name the device (03 section 7.3)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taxiway import directory
from taxiway.signin import nonces
from taxiway.signin.broker import DeviceSigned
from taxiway.signin.credentials import check_password, confirm, tenant_for
from taxiway.signin.errors import DeviceRefused, GrantUnsupported, SignInError
from taxiway.signin.grants.broker import device_token, hello
from taxiway.signin.grants.broker.asked import Asked, client_of, not_offered, text
from taxiway.signin.grants.broker.prt import issue_prt, prt_members
from taxiway.signin.grants.common import Issue, TokenRequest, admit, reply, require_device, with_refresh_token
from taxiway.signin.grants.refresh import usable
from taxiway.signin.model import BROKER, DRS_RESOURCE, PRT_CLIENT, Proof
from taxiway.store import Row, Runtime, Tx
from taxiway.wire import rsa_blob
from taxiway.wire.broker import wrap_session_key

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Proved:
    """Who was proved. ``before``: the refresh token that was used, whose family a new one continues."""

    proof: Proof
    before: Row | None = None


#: What proves the person, in the transaction that issues; an error that has to be kept is returned.
Prove = Callable[[Tx], Proved | SignInError]


async def answer(rt: Runtime, request: TokenRequest, signed: DeviceSigned) -> dict[str, Any]:
    """The reply to a device-signed request."""
    request.within(signed.tenant)
    match signed.claims.get("grant_type"):
        case "device_token":
            return await device_token.answer(rt, request, signed)
        case "password":
            asked = Asked.of(signed.claims, client=PRT_CLIENT)
            prove = await _by_password(rt, request, signed)
        case grant if grant == _JWT_BEARER:
            asked = Asked.of(signed.claims, client=PRT_CLIENT)
            prove = await _by_hello(rt, request, signed)
        case "refresh_token":
            asked = Asked.of(signed.claims, client=BROKER)
            prove = _by_refresh_token(signed, asked)
        case grant:
            raise not_offered(grant)
    session_key = AESGCM.generate_key(bit_length=256)
    issue = await rt.store.write(
        signed.tenant, lambda tx: _issue(tx, signed, asked, prove, session_key), correlation=request.correlation
    )
    if isinstance(issue, SignInError):
        raise issue
    out = await reply(rt, request, issue)
    if not asked.prt:
        return out
    transport = rsa_blob.decode(base64.b64decode(signed.device["transport_key"]))
    wrapped = wrap_session_key(transport, session_key, rt.entropy.bytes(12))
    return {**out, **prt_members(rt, issue), "session_key_jwe": wrapped}


def _issue(tx: Tx, signed: DeviceSigned, asked: Asked, prove: Prove, session_key: bytes) -> Issue | SignInError:
    nonces.use_nonce(tx, signed.nonce)
    client = client_of(tx, asked, signed.claims)
    proved = prove(tx)
    if isinstance(proved, SignInError):
        return proved
    device = require_device(tx, signed.device["device_id"])
    proof = replace(proved.proof, device_id=device["device_id"], ztdid=device["ztdid"])
    directory.seen(tx, device)
    if asked.prt:
        if client["app_id"] not in {BROKER, PRT_CLIENT}:
            raise GrantUnsupported("Only the broker is given a primary refresh token.")
        if not device["transport_key"]:
            raise DeviceRefused("The device registered no transport key.", remedy="Join the device again.")
        return issue_prt(tx, proof, client, session_key, by="device", scope=asked.scope)
    resource = asked.resource or DRS_RESOURCE
    issue = admit(tx, proof, client, resource, by="device", scope=asked.scope)
    return with_refresh_token(tx, issue, resource=resource, scope=asked.scope, before=proved.before)


async def _by_password(rt: Runtime, request: TokenRequest, signed: DeviceSigned) -> Prove:
    upn, password = text(signed.claims, "username"), text(signed.claims, "password")
    tenant = await tenant_for(rt, signed.tenant, upn)
    checked = await check_password(rt, tenant, upn, password, address=request.address, correlation=request.correlation)
    return lambda tx: Proved(Proof(user_id=confirm(tx, checked)["id"], amr=("pwd",), auth_time=tx.now))


async def _by_hello(rt: Runtime, request: TokenRequest, signed: DeviceSigned) -> Prove:
    assertion = await hello.check(rt, signed, address=request.address, correlation=request.correlation)
    return lambda tx: Proved(hello.confirm(tx, assertion))


def _by_refresh_token(signed: DeviceSigned, asked: Asked) -> Prove:
    def prove(tx: Tx) -> Proved | SignInError:
        row = usable(tx, text(signed.claims, "refresh_token"), asked.client_id)
        if isinstance(row, SignInError):
            return row
        if row["device_id"] not in {None, signed.device["device_id"]}:
            raise DeviceRefused("The refresh token was given on another device.", remedy="Sign in on this device.")
        return Proved(Proof.of(row), row)

    return prove
