"""Signed broker requests: a PRT for a device, and tokens for a PRT (03 sections 7.3 to 7.5)."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import msgspec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from taxiway import directory
from taxiway.signin import broker, claims, issued, nonces, resources
from taxiway.signin.broker import DeviceSigned, SessionSigned
from taxiway.signin.credentials import Checked, check_password, confirm, tenant_for
from taxiway.signin.errors import (
    BrokerRequestInvalid,
    DeviceRefused,
    GrantUnsupported,
    MfaRequired,
    SignInError,
)
from taxiway.signin.grants.common import Issue, TokenRequest, admit, reply, require_device
from taxiway.signin.grants.refresh import usable
from taxiway.signin.model import BROKER, DRS_RESOURCE, PRT_CLIENT, Proof
from taxiway.signin.resources import client_of, wants
from taxiway.store import Runtime, Tx
from taxiway.wire import rsa_blob
from taxiway.wire.broker import CONTEXT_BYTES, encrypt_response, wrap_session_key

Answer = dict[str, Any] | str


async def answer(rt: Runtime, request: TokenRequest) -> Answer:
    """A plain object for a device-signed request, an encrypted text for a session-signed one."""
    token = request.need("request")
    match broker.algorithm(token):
        case "RS256":
            return await _for_device(rt, request, await broker.device_signed(rt, token))
        case "HS256":
            return await _for_session(rt, request, await broker.session_signed(rt, token))
        case _:
            raise BrokerRequestInvalid("The request is signed with an algorithm that is not one of the protocol.")


# ---------------------------------------------------------------------------------------------- device-signed


async def _for_device(rt: Runtime, request: TokenRequest, signed: DeviceSigned) -> dict[str, Any]:
    request.within(signed.tenant)
    given = signed.claims
    checked: Checked | None = None
    match given.get("grant_type"):
        case "password":
            upn, password = str(given.get("username", "")), str(given.get("password", ""))
            tenant = await tenant_for(rt, signed.tenant, upn)
            checked = await check_password(
                rt, tenant, upn, password, address=request.address, correlation=request.correlation
            )
        case "refresh_token":
            pass
        case other:
            raise GrantUnsupported(f"The grant '{str(other)[:80]}' is not implemented for devices.")
    session_key = AESGCM.generate_key(bit_length=256)
    done = await rt.store.write(
        signed.tenant, lambda tx: _issue_prt(tx, signed, checked, session_key), correlation=request.correlation
    )
    if isinstance(done, SignInError):
        raise done
    out = await reply(rt, request, done)
    if done.target is not None:
        return out
    out |= _prt_members(done, rt)
    transport = rsa_blob.decode(base64.b64decode(signed.device["transport_key"]))
    out["session_key_jwe"] = wrap_session_key(transport, session_key, rt.entropy.bytes(12))
    return out


def _issue_prt(tx: Tx, signed: DeviceSigned, checked: Checked | None, session_key: bytes) -> Issue | SignInError:
    nonces.use_nonce(tx, signed.nonce)
    device = require_device(tx, signed.device["device_id"])
    if not device["transport_key"]:
        raise DeviceRefused("The device registered no transport key.", remedy="Join the device again.")
    proof = _proof(tx, signed, checked)
    if isinstance(proof, SignInError):
        return proof
    proof = replace(proof, device_id=device["device_id"], ztdid=device["ztdid"])
    directory.seen(tx, device)
    client = client_of(tx, BROKER if checked is None else PRT_CLIENT)
    scope, identifier = str(signed.claims.get("scope", "")), str(signed.claims.get("resource") or DRS_RESOURCE)
    if not wants(scope, "aza"):
        return admit(tx, proof, client, identifier, by="device", scope=scope)
    issue = admit(tx, proof, client, "", by="device", scope=scope)
    return replace(issue, refresh_token=issued.new_prt(tx, proof, session_key))


def _proof(tx: Tx, signed: DeviceSigned, checked: Checked | None) -> Proof | SignInError:
    if checked is not None:
        return Proof(user_id=confirm(tx, checked)["id"], amr=("pwd",), auth_time=tx.now)
    row = usable(tx, str(signed.claims.get("refresh_token", "")), BROKER)
    return row if isinstance(row, SignInError) else Proof.of(row)


def _prt_members(issue: Issue, rt: Runtime) -> dict[str, Any]:
    """What only a PRT reply has; the lifetime of the PRT is a number, the others are text."""
    expires = int(rt.clock.now().timestamp()) + issued.PRT_SECONDS
    return {
        "expires_in": str(issued.PRT_SECONDS),
        "ext_expires_in": "0",
        "expires_on": str(expires),
        "refresh_token_expires_in": issued.PRT_SECONDS,
        "client_info": claims.client_info(issue.facts),
        "device_tenant_id": issue.facts.tenant["id"],
    }


# ---------------------------------------------------------------------------------------------- session-signed


async def _for_session(rt: Runtime, request: TokenRequest, signed: SessionSigned) -> str:
    request.within(signed.tenant)
    if signed.claims.get("grant_type") != "refresh_token":
        raise GrantUnsupported("Only 'refresh_token' is implemented for requests signed with a session key.")
    issue = await rt.store.write(
        signed.tenant, lambda tx: _issue_for_session(tx, signed), correlation=request.correlation
    )
    out = await reply(rt, request, issue)
    if issue.refresh_token:
        out |= _prt_members(issue, rt)
    context, iv = rt.entropy.bytes(CONTEXT_BYTES), rt.entropy.bytes(12 if signed.gcm else 16)
    return encrypt_response(signed.session_key, context, msgspec.json.encode(out), iv)


def _issue_for_session(tx: Tx, signed: SessionSigned) -> Issue:
    nonces.use_nonce(tx, signed.nonce)
    given, proof = signed.claims, signed.proof
    client = client_of(tx, str(given.get("client_id", "")))
    scope = str(given.get("scope", ""))
    if given.get("amr_values") == "ngcmfa" and "ngcmfa" not in proof.methods(tx.now):
        raise MfaRequired(
            "A fresh second factor is needed, and the sign-in on this device has none.",
            remedy="Sign in again with a second factor.",
        )
    identifier = resources.asked(str(given.get("resource", "")), scope)
    issue = admit(tx, proof, client, identifier or DRS_RESOURCE, by="prt", scope=scope)
    renewed = issued.new_prt(tx, proof, signed.session_key) if wants(scope, "aza") else ""
    return replace(issue, refresh_token=renewed)
