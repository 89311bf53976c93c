"""Windows Hello: a key of its own for the user, with which the PC then signs on (03 sections 7.6, 8.11; R-122)."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable

import httpx

from taxiway.device.broker import Broker
from taxiway.device.csp.base import MSFT
from taxiway.device.csp.dmclient import is_true
from taxiway.device.csp.node import DEVICE, USER, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import ServerUnreachable, SignInRefused
from taxiway.device.oauth import DRS_RESOURCE, HELLO_CLIENT, Tokens
from taxiway.device.state import Storage
from taxiway.device.transport import Transport
from taxiway.wire.errors import WireError
from taxiway.wire.join import KeyFault, KeyRequest, KeyResponse, parse, render
from taxiway.wire.rsa_blob import encode, key_id

HELLO_KEY = "hello"
PROVISIONED, OFF = "provisioned", "off by policy"

_FACTOR_WANTED = frozenset({"AADSTS50076", "AADSTS50078", "AADSTS50079"})


def obstacle(tree: Tree, storage: Storage) -> str:
    """Why Hello is not set up: the policy, or hardware that the policy demands; empty when it is to be."""
    joined = storage.state.joined
    for scope in (DEVICE, USER):
        policies = Node(scope, (*MSFT, "PassportForWork", joined.tenant_id if joined else "", "Policies"))
        wanted = tree.value(policies.child("UsePassportForWork"))
        if wanted is not None and not is_true(wanted):
            return OFF
        if is_true(tree.value(policies.child("RequireSecurityDevice"))) and not storage.state.firmware.has_tpm:
            return "the policy demands a TPM and the PC has none"
    return ""


async def provision(
    transport: Transport, storage: Storage, broker: Broker, prove: Callable[[], Awaitable[None]] | None
) -> str:
    """Make the key, register it and sign on with it; ``provisioned``, or why not. Hello never fails a deployment.

    ``prove`` has the person show a second factor, for when the last one is too old; None when the person has none.
    """
    blob = encode(await transport.tpm.make(HELLO_KEY))
    try:
        tokens = await _fresh_token(broker, prove)
        response = await transport.send(
            "POST",
            storage.state.drs["key"],
            params={"api-version": storage.state.drs["key_version"]},
            content=render(KeyRequest(base64.b64encode(blob).decode())),
            headers={
                "authorization": f"Bearer {tokens.access_token}",
                "content-type": "application/json",
                "accept": "application/json",
            },
        )
        upn, why_not = _registered(response)
        if upn:
            await broker.sign_on_by_key(upn, HELLO_KEY, key_id(blob))
    except (SignInRefused, ServerUnreachable) as failure:
        return f"{failure.code}: {failure.message}"
    return why_not or PROVISIONED


async def _fresh_token(broker: Broker, prove: Callable[[], Awaitable[None]] | None) -> Tokens:
    try:
        return await broker.token(DRS_RESOURCE, client=HELLO_CLIENT, fresh_factor=True)
    except SignInRefused as refusal:
        if refusal.code not in _FACTOR_WANTED or prove is None:
            raise
    await prove()
    return await broker.token(DRS_RESOURCE, client=HELLO_CLIENT, fresh_factor=True)


def _registered(response: httpx.Response) -> tuple[str, str]:
    """Whose the registered key is, or why there is none."""
    try:
        if response.status_code == 200:
            return parse(response.content, KeyResponse).upn, ""
        fault = parse(response.content, KeyFault)
    except WireError as error:
        return "", f"0x801C03E9: the answer cannot be read: {error.message}"
    return "", f"0x801C03ED: {fault.message}"
