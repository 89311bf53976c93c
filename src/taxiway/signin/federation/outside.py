"""Talking to a provider: only where its settings and metadata lead, few bytes, little time (03 section 15.20)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from taxiway.kernel import Reason
from taxiway.signin.errors import ProviderFailed
from taxiway.store import Runtime
from taxiway.wire.errors import WireError
from taxiway.wire.json_body import decode_json

_SECONDS = 10.0
_MOST = 262_144


async def get_json(rt: Runtime, url: str) -> dict[str, Any]:
    """A JSON object from an https address; raises ``ProviderFailed``."""
    return await _ask(rt, httpx.Request("GET", url, headers=_HEADERS))


async def post_form(rt: Runtime, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object that a form is answered with; raises ``ProviderFailed``."""
    return await _ask(rt, httpx.Request("POST", url, data=dict(form), headers={**_HEADERS, **headers}))


#: Nothing compressed: the bound counts what is read.
_HEADERS = {"accept": "application/json", "accept-encoding": "identity", "user-agent": "taxiway"}


async def _ask(rt: Runtime, request: httpx.Request) -> dict[str, Any]:
    """One exchange. A redirect is an answer like any other that is not 200: it is not followed."""
    if rt.outside is None:
        raise failed("This instance has no way to other servers.")
    request.extensions["timeout"] = dict.fromkeys(("connect", "read", "write", "pool"), _SECONDS)
    try:
        async with asyncio.timeout(_SECONDS):
            response = await rt.outside.handle_async_request(request)
            try:
                body = await _read(response)
            finally:
                await response.aclose()
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, OSError) as error:
        raise failed(f"The provider could not be reached: {type(error).__name__}.") from error
    return _object(response.status_code, body)


async def _read(response: httpx.Response) -> bytes:
    parts, size = [], 0
    async for part in response.aiter_raw():
        size += len(part)
        if size > _MOST:
            raise failed(f"The provider answered with more than {_MOST} bytes.")
        parts.append(part)
    return b"".join(parts)


def _object(status: int, body: bytes) -> dict[str, Any]:
    try:
        found = decode_json(body, dict[str, Any], _MOST)
    except WireError as error:
        raise failed(f"The provider answered {status} and no JSON object.") from error
    if status != 200:
        raise failed(f"The provider answered {status}: {str(found.get('error', ''))[:60]!a}.")
    return found


def failed(why: str) -> ProviderFailed:
    """The failure; the person learns that it is not theirs, the log what it was."""
    return ProviderFailed(
        "Your organization's sign-in service could not be used.",
        reasons=[Reason("provider_failed", why)],
        remedy="Try again later, or tell an administrator.",
    )
