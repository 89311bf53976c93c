"""App content uploaded in blocks, put together and opened at the commit (02 section 8.3)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import chain
from typing import Any, Final

from taxiway import directory, management
from taxiway.graph.entities import CONTENT_FILES, CONTENT_VERSIONS
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.kernel import TaxiwayError
from taxiway.store import Blobs, Row, Runtime, Tx, both, eq
from taxiway.wire.app_content import EncryptionInfo, decrypt_content

MAX_CONTENT: Final = 512 * 1024 * 1024
MAX_BLOCK: Final = 100 * 1024 * 1024
MAX_BLOCKS: Final = 5_000
_LIFETIME: Final = timedelta(hours=24)
#: What is being uploaded is stored behind random bytes: its name belongs to this upload alone, so that removing it can
#: never take away finished content that happens to be the same, of this tenant or another.
_SALT: Final = 16


class UploadRefused(TaxiwayError):
    """The address of an upload does not prove that its bearer was given it, or has run out."""


def new_version(tx: Tx, app_id: str, principal: directory.Principal) -> Row:
    """The next content version of an app."""
    directory.require(tx, principal, "apps.write")
    management.APPS.require(tx, app_id)
    found = CONTENT_VERSIONS.select(tx, eq("app_id", app_id), order=[("number", True)], limit=1)
    number = 1 + (found[0]["number"] if found else 0)
    return CONTENT_VERSIONS.insert(tx, {"id": f"{app_id}_{number}", "app_id": app_id, "number": number})


def versions(tx: Tx, app_id: str) -> list[Row]:
    """The content versions of an app."""
    management.APPS.require(tx, app_id)
    return CONTENT_VERSIONS.select(tx, eq("app_id", app_id), order=[("number", False)])


def new_file(tx: Tx, app_id: str, version: str, values: dict[str, Any], principal: directory.Principal) -> Row:
    """Announce a file; where it is to be uploaded is known at once."""
    directory.require(tx, principal, "apps.write")
    if CONTENT_VERSIONS.get(tx, f"{app_id}_{version}") is None:
        raise NoSuchItem(version)
    announced = values.get("size_encrypted") or 0
    if not 0 <= announced <= MAX_CONTENT:
        raise BadRequest(f"Content has at most {MAX_CONTENT} bytes here.")
    return CONTENT_FILES.insert(
        tx,
        {
            **values,
            "app_id": app_id,
            "content_version": version,
            "created_at": tx.now,
            "expires_at": tx.now + _LIFETIME,
            "upload_state": "azureStorageUriRequestSuccess",
            "signature": tx.entropy.token(),
        },
    )


def require_file(tx: Tx, app_id: str, version: str, file_id: str) -> Row:
    """The file of that app and version, or 404."""
    row = CONTENT_FILES.get(tx, file_id)
    if row is None or (row["app_id"], row["content_version"]) != (app_id, version):
        raise NoSuchItem(file_id)
    return row


def files(tx: Tx, app_id: str, version: str) -> list[Row]:
    """The files of a content version."""
    if CONTENT_VERSIONS.get(tx, f"{app_id}_{version}") is None:
        raise NoSuchItem(version)
    return CONTENT_FILES.select(tx, both(eq("app_id", app_id), eq("content_version", version)))


def upload_path(tx: Tx, row: Row) -> str:
    """The path and query that let their bearer upload this file."""
    signature = CONTENT_FILES.reveal(tx, row["id"], "signature") or b""
    return f"/content-uploads/{tx.tenant}/{row['id']}?sv=2026-01-01&sig={signature.decode()}"


def renew(tx: Tx, row: Row, principal: directory.Principal) -> Row:
    """Let the address last longer."""
    directory.require(tx, principal, "apps.write")
    changes = {"expires_at": tx.now + _LIFETIME, "upload_state": "azureStorageUriRenewalSuccess"}
    return CONTENT_FILES.update(tx, row["id"], changes)


def opened(tx: Tx, file_id: str, signature: str) -> Row:
    """The file whose address carries this signature."""
    row = CONTENT_FILES.get(tx, file_id)
    known = None if row is None else CONTENT_FILES.reveal(tx, file_id, "signature")
    if row is None or known is None or not hmac.compare_digest(known, signature.encode()):
        raise UploadRefused("This address of an upload is not known.")
    if row["expires_at"] < tx.now or row["is_committed"]:
        raise UploadRefused("This address of an upload has run out.")
    return row


def add_block(tx: Tx, file_id: str, signature: str, name: str, content: tuple[str, int]) -> None:
    """Remember a block that was stored."""
    row = opened(tx, file_id, signature)
    blocks = {**row["blocks"], name: list(content)}
    if len(blocks) > MAX_BLOCKS or sum(size for _, size in blocks.values()) > MAX_CONTENT:
        raise BadRequest(f"Content has at most {MAX_BLOCKS} blocks and {MAX_CONTENT} bytes here.")
    CONTENT_FILES.update(tx, file_id, {"blocks": blocks})


def block_list(tx: Tx, file_id: str, signature: str, names: Sequence[str]) -> list[str]:
    """The stored contents of the listed blocks, in their order."""
    known = opened(tx, file_id, signature)["blocks"]
    missing = next((name for name in names if name not in known), None)
    if missing is not None or not names:
        raise BadRequest("The block list names a block that was not uploaded.")
    if sum(known[name][1] for name in names) > MAX_CONTENT:
        raise BadRequest(f"Content has at most {MAX_CONTENT} bytes here.")
    return [known[name][0] for name in names]


async def keep_block(rt: Runtime, content: bytes) -> tuple[str, int]:
    """Store a block for one upload alone; its name and its size."""
    name, _ = await rt.workers.run(rt.blobs.put, [rt.entropy.bytes(_SALT), content])
    return name, len(content)


async def join_blocks(rt: Runtime, tenant: str, file_id: str, contents: Sequence[str]) -> None:
    """Put the blocks together under one name."""
    salt = rt.entropy.bytes(_SALT)
    name, size = await rt.workers.run(lambda: rt.blobs.put(chain([salt], _chunks(rt.blobs, contents))))
    changes = {"content_sha256": name, "size_encrypted": size - _SALT}
    await rt.store.write(tenant, lambda tx: CONTENT_FILES.update(tx, file_id, changes))


async def commit(rt: Runtime, row: Row, info: EncryptionInfo, *, principal: directory.Principal) -> None:
    """Open the content with its keys, check it, and give it to the app; what does not fit fails the file by name.

    A Win32 app keeps it encrypted, as it was uploaded: the PC opens it again.
    """
    tenant, sha256 = principal.tenant, row["content_sha256"]
    if not sha256:
        raise BadRequest("No block list was uploaded for this file.")
    try:
        plain = await rt.workers.run(lambda: decrypt_content(_whole(rt.blobs, sha256), info))
        app = await rt.store.read(tenant, lambda tx: management.APPS.require(tx, row["app_id"]))
        named = {"principal": principal, "file_name": row["name"]}
        if app["kind"] == management.WIN32:
            uploaded = _chunks(rt.blobs, [sha256])
            await management.set_encrypted_content(
                rt, tenant, app["id"], uploaded, info, size=row["size"] or len(plain), **named
            )
        else:
            await management.set_app_content(rt, tenant, app["id"], [plain], **named)
    except TaxiwayError:
        await rt.store.write(tenant, lambda tx: _settle(tx, row, "commitFileFailed"))
        raise
    await rt.store.write(tenant, lambda tx: _settle(tx, row, "commitFileSuccess"))
    for name in {sha256, *(content for content, _ in row["blocks"].values())}:
        await rt.workers.run(rt.blobs.remove, name)


def _settle(tx: Tx, row: Row, state: str) -> None:
    done = state == "commitFileSuccess"
    cleared: dict[str, Any] = {"blocks": {}, "content_sha256": None} if done else {}
    CONTENT_FILES.update(tx, row["id"], {"upload_state": state, "is_committed": done, **cleared})


def _chunks(blobs: Blobs, contents: Sequence[str]) -> Iterator[bytes]:
    for name in contents:
        with blobs.open(name) as file:
            file.seek(_SALT)
            while chunk := file.read(1_048_576):
                yield chunk


def _whole(blobs: Blobs, sha256: str) -> bytes:
    with blobs.open(sha256) as file:
        file.seek(_SALT)
        return file.read()
