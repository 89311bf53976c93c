"""A management request from bytes to bytes: who sends it, which user, one transaction (05 section 3.6)."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

from taxiway import enrollment, pki
from taxiway.management.apps import mobile_apps
from taxiway.management.certificates.delivery import AuthorityMissing
from taxiway.management.errors import BadRange
from taxiway.management.extension import agent
from taxiway.management.session.message import Incoming, handle
from taxiway.pki import Peer, PeerRefused
from taxiway.store import Runtime, Tx
from taxiway.wire.extension import AGENT_CONTENT
from taxiway.wire.syncml import AAD_USER_TOKEN, Alert, Message, parse_message

MAX_BODY: Final = 2 * 1024 * 1024
_CHUNK: Final = 256 * 1024


def managed_id_of(peer: Peer) -> str:
    """The managed device behind a connection: by its management certificate, never by a name in a body."""
    kind, _, managed_id = peer.subject.partition(":")
    if peer.purpose != "management" or kind != "managed":
        raise PeerRefused("A management certificate is needed.", remedy="Enroll the device.")
    return managed_id


async def exchange(rt: Runtime, peer: Peer, body: bytes, bearer: str | None, *, correlation: str) -> bytes:
    """Answer one SyncML message."""
    managed_id = managed_id_of(peer)
    message = await rt.workers.run(parse_message, body)
    user_id, token_error = await prove_user(rt, peer.tenant, managed_id, bearer or _token_in(message))
    incoming = Incoming(
        managed_id=managed_id,
        message=message,
        body_hash=hashlib.sha256(body).hexdigest(),
        user_id=user_id,
        address=f"{rt.urls.mdm}/ManagementServer/MDM.svc",
        content_origin=rt.urls.mdm,
        token_error=token_error,
    )
    thumbprint = pki.thumbprint(peer.certificate)

    def answer(tx: Tx) -> bytes:
        enrollment.use_certificate(tx, managed_id, thumbprint)
        return handle(tx, incoming)

    actor = f"managed:{managed_id}"
    try:
        return await rt.store.write(peer.tenant, answer, actor=actor, correlation=correlation)
    except AuthorityMissing:
        await pki.make_client_authority(rt, peer.tenant)
    return await rt.store.write(peer.tenant, answer, actor=actor, correlation=correlation)


@dataclass(frozen=True, slots=True)
class Content:
    """A part of an app's content: its bytes as a stream, first and last byte, and the size of the whole."""

    chunks: AsyncIterator[bytes]
    first: int
    last: int
    size: int


async def open_content(rt: Runtime, peer: Peer, sha256: str, wanted: tuple[int | None, int | None] | None) -> Content:
    """The content, or the range of it that is wanted; only for a device of the tenant that owns it."""
    managed_id, thumbprint = managed_id_of(peer), pki.thumbprint(peer.certificate)

    def look(tx: Tx) -> int:
        enrollment.require_current(tx, managed_id, thumbprint)
        return len(AGENT_CONTENT) if built_in else mobile_apps.content_size(tx, sha256)

    built_in = sha256 == agent.SHA256
    size = await rt.store.read(peer.tenant, look)
    first, last = _range(wanted, size)
    chunks = _piece(AGENT_CONTENT[first : last + 1]) if built_in else _read(rt, sha256, first, last - first + 1)
    return Content(chunks, first, last, size)


async def prove_user(rt: Runtime, tenant: str, managed_id: str, token: str | None) -> tuple[str | None, str | None]:
    """The user a valid token proves on this very device; without one the session is the device's alone."""
    if token is None:
        return None, None
    try:
        claims = await enrollment.authenticate_bearer(rt, token)
    except enrollment.NotAuthenticated as error:
        return None, f"The user's token was refused: {error.message}"

    def own_device(tx: Tx) -> str | None:
        managed = enrollment.managed_device(tx, managed_id)
        return None if managed is None else managed["azure_ad_device_id"]

    own = await rt.store.read(tenant, own_device)
    if claims.tenant != tenant or claims.device_id is None or claims.device_id.lower() != (own or "").lower():
        return None, "The user's token was given on another device; the session is the device's alone."
    return claims.oid, None


# ---------------------------------------------------------------------------------------------- inside


def _token_in(message: Message) -> str | None:
    for command in message.commands:
        if isinstance(command, Alert):
            for item in command.items:
                if item.type == AAD_USER_TOKEN and item.data:
                    return item.data.strip()
    return None


def _range(wanted: tuple[int | None, int | None] | None, size: int) -> tuple[int, int]:
    """First and last byte: ``(first, None)`` to the end, ``(None, n)`` the last n."""
    if wanted is None:
        return 0, size - 1
    first, last = wanted
    if first is None:
        first, last = max(0, size - (last or 0)), size - 1
    last = size - 1 if last is None else min(last, size - 1)
    if first > last:
        raise BadRange(f"The content has {size} bytes.")
    return first, last


async def _piece(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def _read(rt: Runtime, sha256: str, offset: int, length: int) -> AsyncIterator[bytes]:
    file = await rt.workers.run(rt.blobs.open, sha256)
    try:
        await rt.workers.run(file.seek, offset)
        while length > 0:
            chunk = await rt.workers.run(file.read, min(_CHUNK, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
    finally:
        file.close()
