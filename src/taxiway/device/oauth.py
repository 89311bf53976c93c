"""Token replies of the sign-in service, read by a client (03 sections 4 and 6)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx
import msgspec

from taxiway.device.errors import SignInRefused
from taxiway.device.transport import Transport

T = TypeVar("T")

BROKER = "29d9ed98-a469-4536-ade2-f981bc1d605e"
HELLO_CLIENT = "dd762716-544d-4aeb-a526-687b73838a22"
PRT_CLIENT = "38aa3b87-a06d-4817-b275-7a316988d93b"
DRS_RESOURCE = "urn:ms-drs:enterpriseregistration.windows.net"
BROKER_REDIRECT = "ms-aadj-redir://auth/drs"
PLUGIN_REDIRECT = "ms-appx-web://Microsoft.AAD.BrokerPlugin"

_CODE = re.compile(r"AADSTS\d{4,8}")


#: What was granted ended under way: a code was redeemed twice, so its tokens were revoked (03 section 5.4).
_GRANT_GONE = frozenset({"AADSTS50173", "AADSTS54005"})


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token reply; ``claims`` are those of the id_token."""

    access_token: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    claims: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, Any] = field(default_factory=dict, repr=False)


async def anew(step: Callable[[], Awaitable[T]]) -> T:
    """Run a step of signing in, and once more from its beginning when what it was granted ended under way."""
    try:
        return await step()
    except SignInRefused as refusal:
        if refusal.code not in _GRANT_GONE:
            raise
    return await step()


async def refresh(transport: Transport, url: str, refresh_token: str, resource: str) -> Tokens:
    """Tokens for another resource of the signed-in user, before there is a device (03 section 9.2, step 9)."""
    form = {
        "grant_type": "refresh_token",
        "client_id": BROKER,
        "refresh_token": refresh_token,
        "resource": resource,
    }
    response = await transport.send("POST", url, data=form)
    reply = answer_object(response)
    raise_for_error(reply, response.status_code)
    return read_tokens(reply)


def answer_object(response: httpx.Response) -> dict[str, Any]:
    """The JSON object of an answer; anything else is a refusal, since a client cannot use it."""
    try:
        body = msgspec.json.decode(response.content)
    except msgspec.MsgspecError as error:
        raise SignInRefused(
            f"HTTP {response.status_code}", "the sign-in service answered something other than JSON"
        ) from error
    if not isinstance(body, dict):
        raise SignInRefused(f"HTTP {response.status_code}", "the sign-in service answered something unexpected")
    return body


def read_tokens(reply: dict[str, Any]) -> Tokens:
    """The tokens of a reply."""
    return Tokens(
        access_token=str(reply.get("access_token", "")),
        refresh_token=str(reply.get("refresh_token", "")),
        claims=claims_of(str(reply.get("id_token", ""))),
        extra=reply,
    )


def raise_for_error(reply: dict[str, Any], status: int) -> None:
    """Raise the refusal that an error reply stands for; its code is the AADSTS code when there is one."""
    if status == 200 and "error" not in reply:
        return
    text = str(reply.get("error_description", reply.get("error", "the sign-in service refused")))
    found = _CODE.search(text)
    codes = reply.get("error_codes")
    code = found.group() if found else f"AADSTS{codes[0]}" if isinstance(codes, list) and codes else f"HTTP {status}"
    said = text.splitlines()[0] if text else code
    raise SignInRefused(code, said.removeprefix(f"{code}: "))  # whoever shows it shows the code beside it


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a JWT that came straight from its issuer over TLS, which is why its signature is not looked at."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        body = msgspec.json.decode(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise SignInRefused("0x801C0001", "the id_token cannot be read") from error
    return body if isinstance(body, dict) else {}
