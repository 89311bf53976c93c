"""The PC's token broker: a primary refresh token bound to its keys, and tokens for it (03 section 7)."""

from __future__ import annotations

import base64
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding
from msgspec import Struct

from taxiway.device.errors import SignInRefused
from taxiway.device.oauth import (
    BROKER,
    BROKER_REDIRECT,
    PLUGIN_REDIRECT,
    PRT_CLIENT,
    Tokens,
    answer_object,
    raise_for_error,
    read_tokens,
)
from taxiway.device.person import Person
from taxiway.device.transport import Identity, Transport
from taxiway.wire.broker import CONTEXT_BYTES, b64url, decrypt_response, sign_request, unwrap_session_key
from taxiway.wire.errors import WireError

DEVICE_KEY, TRANSPORT_KEY = Identity.DEVICE.value, "transport"

_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_WINDOWS_API = "2.2"
_PRT_SCOPE = "openid aza ugs"
_SLOT = "prt"


class Prt(Struct):
    """A primary refresh token and its session key, kept sealed."""

    token: str
    session_key: bytes


class Broker:
    """Gets the primary refresh token of the signed-in user, and access tokens that name the device."""

    def __init__(self, transport: Transport, login: str, tenant: str, win_ver: str) -> None:
        self._transport = transport
        self._url = f"{login}/{tenant}/oauth2/token"
        self._tpm = transport.tpm
        self._win_ver = win_ver

    @property
    def signed_on(self) -> bool:
        """Whether there is a primary refresh token."""
        return self._tpm.unseal(_SLOT) is not None

    async def sign_on(self, person: Person, refresh_token: str = "") -> None:
        """Get the primary refresh token, by password or, after another kind of sign-in, by its refresh token."""
        if refresh_token:
            claims: dict[str, Any] = {
                "grant_type": "refresh_token",
                "client_id": BROKER,
                "refresh_token": refresh_token,
            }
        else:
            claims = {
                "grant_type": "password",
                "client_id": PRT_CLIENT,
                "username": person.upn,
                "password": person.password,
                "group_sids": [],
            }
        await self._get_prt(lambda: self._device_signed(claims))

    async def sign_on_by_key(self, upn: str, key: str, kid: str) -> None:
        """Get the primary refresh token by a Windows Hello key of the TPM (03 section 7.6)."""
        await self._get_prt(lambda: self._hello_signed(upn, key, kid))

    async def _get_prt(self, ask: Callable[[], Awaitable[dict[str, Any]]]) -> None:
        """Ask, again when the answer was lost, and keep what came."""
        reply = await self._transport.again(ask)
        try:
            wrapped = str(reply.get("session_key_jwe", ""))
            session_key = await self._tpm.use(TRANSPORT_KEY, unwrap_session_key, wrapped)
        except WireError as error:
            raise SignInRefused("0x801C0001", f"the session key cannot be used: {error.message}") from error
        self._keep(Prt(str(reply.get("refresh_token", "")), session_key))

    async def token(self, resource: str, *, client: str = BROKER, fresh_factor: bool = False) -> Tokens:
        """An access token for a resource; ``fresh_factor`` asks for one that may register a Windows Hello key."""
        claims: dict[str, Any] = {"scope": "openid", "resource": resource}
        if fresh_factor:
            claims["amr_values"] = "ngcmfa"
        return await self._transport.again(lambda: self._session_signed(client, claims))

    async def _hello_signed(self, upn: str, key: str, kid: str) -> dict[str, Any]:
        """The assertion of a Hello key inside a request signed with the device key, under one nonce."""
        now, nonce = int(self._transport.now().timestamp()), await self._nonce()
        header = {"alg": "RS256", "typ": "JWT", "kid": kid, "use": "ngc"}
        payload = {
            "iss": upn,
            "aud": "common",
            "iat": now,
            "exp": now + 300,
            "scope": _PRT_SCOPE,
            "request_nonce": nonce,
        }
        claims = {
            "grant_type": _JWT_BEARER,
            "client_id": PRT_CLIENT,
            "username": upn,
            "assertion": await self._signed(key, header, payload),
            "group_sids": [],
        }
        return await self._device_signed(claims, nonce)

    async def _device_signed(self, claims: dict[str, Any], nonce: str = "") -> dict[str, Any]:
        """Ask for a primary refresh token, signed with the device key (03 section 7.3)."""
        certificate = self._tpm.certificate(DEVICE_KEY).public_bytes(Encoding.DER)
        header = {"alg": "RS256", "typ": "JWT", "x5c": [base64.b64encode(certificate).decode()], "kdf_ver": 2}
        nonce = nonce or await self._nonce()
        payload = {**claims, "scope": _PRT_SCOPE, "win_ver": self._win_ver, "request_nonce": nonce}
        response = await self._send(await self._signed(DEVICE_KEY, header, payload))
        reply = answer_object(response)
        raise_for_error(reply, response.status_code)
        return reply

    async def _signed(self, key: str, header: dict[str, Any], payload: dict[str, Any]) -> str:
        signed = ".".join(b64url(msgspec.json.encode(part)) for part in (header, payload))
        return f"{signed}.{b64url(await self._tpm.sign(key, signed.encode()))}"

    async def _session_signed(self, client: str, claims: dict[str, Any]) -> Tokens:
        """Send a request signed with a key derived from the session key, open the reply (03 section 7.4)."""
        prt = self._held()
        now = int(self._transport.now().timestamp())
        payload = {
            **claims,
            "client_id": client,
            "grant_type": "refresh_token",
            "refresh_token": prt.token,
            "request_nonce": await self._nonce(),
            "redirect_uri": BROKER_REDIRECT if client == BROKER else f"{PLUGIN_REDIRECT}/{client}",
            "iss": "aad:brokerplugin",
            "aud": "login.microsoftonline.com",
            "iat": str(now),
            "exp": str(now + 300),
            "win_ver": self._win_ver,
        }
        context = self._transport.host.entropy.bytes(CONTEXT_BYTES)
        response = await self._send(sign_request(prt.session_key, context, payload))
        return read_tokens(_opened(response, prt.session_key))

    async def _nonce(self) -> str:
        response = await self._transport.send("POST", self._url, data={"grant_type": "srv_challenge"})
        reply = answer_object(response)
        raise_for_error(reply, response.status_code)
        return str(reply.get("Nonce", ""))

    async def _send(self, request: str) -> httpx.Response:
        form = {"grant_type": _JWT_BEARER, "request": request, "windows_api_version": _WINDOWS_API, "client_info": "1"}
        return await self._transport.send("POST", self._url, data=form, repeatable=False)

    def _keep(self, prt: Prt) -> None:
        self._tpm.seal(_SLOT, msgspec.json.encode(prt))

    def _held(self) -> Prt:
        sealed = self._tpm.unseal(_SLOT)
        if sealed is None:
            raise SignInRefused("0xCAA2000C", "nobody is signed in on this PC")
        return msgspec.json.decode(sealed, type=Prt)


def _opened(response: httpx.Response, session_key: bytes) -> dict[str, Any]:
    """The reply as an object: encrypted when it is one for the session, plain when it is an error."""
    text = response.text.strip()
    if text.startswith("{"):
        reply = answer_object(response)
        raise_for_error(reply, response.status_code)
        return reply
    try:
        reply = msgspec.json.decode(decrypt_response(session_key, text))
    except (WireError, msgspec.MsgspecError) as error:
        raise SignInRefused("0x801C0001", "the reply of the sign-in service cannot be opened") from error
    if not isinstance(reply, dict):
        raise SignInRefused("0x801C0001", "the reply of the sign-in service is not an object")
    raise_for_error(reply, 200)
    return reply
