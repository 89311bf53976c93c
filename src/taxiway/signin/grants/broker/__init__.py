"""Signed broker requests: a PRT for a device, and tokens for a PRT (03 sections 7.3 to 7.7).

The forms of protocol version 3 carry the same requests, to the endpoint of v2.
"""

from __future__ import annotations

from typing import Any

from taxiway.signin import broker
from taxiway.signin.errors import BrokerRequestInvalid, GrantUnsupported
from taxiway.signin.grants.broker import device, session
from taxiway.signin.grants.common import TokenRequest
from taxiway.store import Runtime

__all__ = ["Answer", "answer"]

Answer = dict[str, Any] | str

_PROTOCOLS = frozenset({"", "1.0", "2.0", "3.0"})


async def answer(rt: Runtime, request: TokenRequest) -> Answer:
    """A plain object for a device-signed request, an encrypted text for a session-signed one."""
    token = request.need("request")
    if request.form.get("prt_protocol_version", "") not in _PROTOCOLS:
        raise GrantUnsupported("This version of the PRT protocol is not offered.", remedy="Use version 3.0.")
    match broker.algorithm(token):
        case "RS256":
            return await device.answer(rt, request, await broker.device_signed(rt, token))
        case "HS256":
            return await session.answer(rt, request, await broker.session_signed(rt, token))
        case "ES256":
            raise GrantUnsupported("Device keys on elliptic curves are not offered.", remedy="Join with an RSA key.")
        case _:
            raise BrokerRequestInvalid("The request is signed with an algorithm that is not one of the protocol.")
