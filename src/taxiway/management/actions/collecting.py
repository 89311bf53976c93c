"""Logs that a device hands in: an administrator asks, or a status page that failed (R-115, 05 section 10.16).

The device is given an address with a token of its own and PUTs one zip there; no certificate goes with it, as with the
storage addresses of the original. The archive is kept for 28 days.
"""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Final

from taxiway.directory import Principal, require
from taxiway.enrollment import MANAGED, object_of
from taxiway.kernel import Reason
from taxiway.management.actions import kinds, ledger
from taxiway.management.actions.entities import DONE, LOG_COLLECTION
from taxiway.management.errors import BadArchive, NoContent
from taxiway.store import Compare, Repository, Row, Runtime, Tx, eq
from taxiway.wire.log_collection import Collection, render_collection

COLLECTIONS = Repository(LOG_COLLECTION)
KEPT: Final = timedelta(days=28)
MAX_ARCHIVE: Final = 64 * 1024 * 1024
_READABLE: Final = timedelta(hours=1)
_ZIP: Final = b"PK\x03\x04"
#: What is collected: enrollment, Autopilot and management, as the original's predefined template does.
_REGISTRY: Final = (
    r"HKLM\SOFTWARE\Microsoft\Enrollments",
    r"HKLM\SOFTWARE\Microsoft\Provisioning\Diagnostics\AutoPilot",
    r"HKLM\SOFTWARE\Microsoft\Provisioning\AutopilotSettings",
)
_COMMANDS: Final = (r"%windir%\system32\dsregcmd.exe /status", r"%windir%\system32\ipconfig.exe /all")
_EVENTS: Final = (
    "Microsoft-Windows-DeviceManagement-Enterprise-Diagnostics-Provider/Admin",
    "Microsoft-Windows-ModernDeployment-Diagnostics-Provider/Autopilot",
    "Microsoft-Windows-User Device Registration/Admin",
    "Microsoft-Windows-Shell-Core/Operational",
)


def order_collection(tx: Tx, managed_id: str, origin: str, *, principal: Principal) -> Row:
    """Ask a device for its logs; the collection, the same one while it is open. ``origin``: where it is to upload."""
    require(tx, principal, "management.devices.collectDiagnostics", object_of(tx, managed_id))
    managed = MANAGED.require(tx, managed_id)
    return collect(tx, managed, origin, by=principal.name or f"{principal.kind}:{principal.id}")


def collect(tx: Tx, managed: Row, origin: str, *, by: str, why: Reason | None = None) -> Row:
    """Write the order and the collection it fills."""
    known = next((each for each in ledger.open_of(tx, managed["id"]) if each["kind"] == kinds.COLLECT), None)
    if known is not None:
        return COLLECTIONS.require(tx, known["id"])
    token = tx.entropy.token(32)
    made = COLLECTIONS.insert(
        tx,
        {
            "managed_id": managed["id"],
            "requested_at": tx.now,
            "expires_at": tx.now + KEPT,
            "initiated_by": by,
            "enrolled_by": managed["enrolled_by_upn"],
            "upload_token": token,
        },
    )
    ledger.enter(tx, managed, kinds.COLLECT, by=by, parameters={"origin": origin}, action_id=made["id"], why=why)
    return made


def definition_of(tx: Tx, action: Row) -> str:
    """The order for the CSP: it carries the token of the upload."""
    token = (COLLECTIONS.reveal(tx, action["id"], "upload_token") or b"").decode()
    url = f"{action['parameters']['origin']}/diagnostics/{tx.tenant}/{action['id']}?token={token}"
    return render_collection(Collection(action["id"], url, registry=_REGISTRY, commands=_COMMANDS, events=_EVENTS))


async def admit(rt: Runtime, tenant: str, collection_id: str, token: str) -> None:
    """Whether an address was given to a device; ``NoContent`` where it was not."""
    await rt.store.read(tenant, lambda tx: _admitted(tx, collection_id, token))


async def receive(rt: Runtime, tenant: str, collection_id: str, token: str, archive: bytes) -> None:
    """Take an archive in; sent again after a lost answer it is the same one, anything else is refused."""
    if not archive.startswith(_ZIP):
        raise BadArchive("The upload is not a zip archive.")
    sha256, size = await rt.workers.run(rt.blobs.put, [archive])

    def write(tx: Tx) -> bool:
        row = _admitted(tx, collection_id, token)
        if row["content_sha256"] is not None:
            return bool(row["content_sha256"] == sha256)
        told = {"status": "completed", "received_at": tx.now, "size": size, "content_sha256": sha256}
        COLLECTIONS.update(tx, collection_id, told)
        _settle(tx, collection_id, size)
        return True

    if not await rt.store.write(tenant, write, actor=f"managed:collection:{collection_id}"):
        raise BadArchive("Another archive was uploaded to this address.")


def collections_of(tx: Tx, managed_id: str) -> list[Row]:
    """The collections of a device, oldest first."""
    return COLLECTIONS.select(tx, eq("managed_id", managed_id), order=[])


def offer(tx: Tx, managed_id: str, collection_id: str, *, principal: Principal) -> str:
    """An address, good for an hour, at which the archive can be fetched: path and query."""
    require(tx, principal, "management.devices.readDiagnostics")
    row = COLLECTIONS.get(tx, collection_id)
    if row is None or row["managed_id"] != managed_id or row["content_sha256"] is None:
        raise NoContent("There is no archive of this collection.")
    token = tx.entropy.token(32)
    COLLECTIONS.update(tx, collection_id, {"read_token": token, "read_until": tx.now + _READABLE})
    what = {"collection": collection_id, "managed_device": managed_id, "by": f"{principal.kind}:{principal.id}"}
    tx.log("diagnostics.read", subject=_subject(tx, collection_id), what=what)
    return f"/diagnostics/{tx.tenant}/{collection_id}?token={token}"


def offered(tx: Tx, collection_id: str, token: str) -> str:
    """The content that an address of ``offer`` leads to."""
    row = COLLECTIONS.get(tx, collection_id)
    known = None if row is None else COLLECTIONS.reveal(tx, collection_id, "read_token")
    fresh = row is not None and row["read_until"] is not None and row["read_until"] >= tx.now
    if row is None or known is None or not fresh or not hmac.compare_digest(known, token.encode()):
        raise NoContent("This address of an archive is not known, or has run out.")
    return str(row["content_sha256"])


def expired(tx: Tx) -> list[str]:
    """Forget the collections whose 28 days are over; the contents that nothing refers to any more."""
    orphans = []
    for row in COLLECTIONS.select(tx, Compare("expires_at", "lt", tx.now)):
        COLLECTIONS.delete(tx, row["id"])
        sha256 = row["content_sha256"]
        if sha256 is not None and COLLECTIONS.find(tx, eq("content_sha256", sha256)) is None:
            orphans.append(str(sha256))
    return orphans


async def forget_archives(rt: Runtime, tenant: str) -> None:
    """Remove what is older than 28 days (R-115)."""
    for sha256 in await rt.store.write(tenant, expired):
        await rt.workers.run(rt.blobs.remove, sha256)


# ---------------------------------------------------------------------------------------------- inside


def _admitted(tx: Tx, collection_id: str, token: str) -> Row:
    row = COLLECTIONS.get(tx, collection_id)
    known = None if row is None else COLLECTIONS.reveal(tx, collection_id, "upload_token")
    if row is None or known is None or not hmac.compare_digest(known, token.encode()):
        raise NoContent("This address of an upload is not known.")
    return row


def _settle(tx: Tx, collection_id: str, size: int) -> None:
    action = ledger.ACTIONS.get(tx, collection_id)
    if action is not None and action["state"] in {"pending", "active"}:
        why = Reason("action.collected", f"The device uploaded its logs: {size} bytes.", {"size": size})
        ledger.move(tx, action, DONE, why)


def _subject(tx: Tx, collection_id: str) -> str:
    action = ledger.ACTIONS.get(tx, collection_id)
    return f"log_collection:{collection_id}" if action is None else str(action["subject"])
