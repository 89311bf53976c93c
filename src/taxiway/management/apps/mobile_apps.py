"""Apps, their content, and which of them a device is to have (02 section 8, 05 sections 10.5 and 10.6)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal, require
from taxiway.kernel import NotImplementedHere
from taxiway.management.apps import categories, durations, relationships
from taxiway.management.apps.entities import ACTED_ON, APP_KINDS, MOBILE_APP
from taxiway.management.apps.kinds import win32
from taxiway.management.apps.order import Order
from taxiway.management.apps.table import BY_CSP, EXTENSION_KINDS, KINDS
from taxiway.management.collection import Collection
from taxiway.management.errors import BadPolicy, NoContent
from taxiway.management.extension import states
from taxiway.store import Blobs, Repository, Row, Runtime, Tx
from taxiway.store.schema import blob
from taxiway.wire.app_content import EncryptionInfo, read_encryption_info

APPS = Repository(MOBILE_APP)
OBJECT_KIND: Final = "mobile_app"
#: What apps of every kind have.
APP_BASE: Final = frozenset(
    {
        "display_name",
        "description",
        "role_scope_tag_ids",
        "publisher",
        "large_icon",
        "is_featured",
        "privacy_information_url",
        "information_url",
        "owner",
        "developer",
        "notes",
    }
)

Intent = Literal["required", "uninstall", "dependency"]


def _check(tx: Tx, row: Row) -> None:  # noqa: ARG001 - the shape of a check
    KINDS[row["kind"]].check(row)


apps = Collection(APPS, OBJECT_KIND, "apps", APP_KINDS, _check, APP_BASE, keeps=True)
assign_app = apps.assign


def create_app(tx: Tx, kind: str, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add an app; one that has no content is published at once."""
    made = win32.prepared({}, values) if kind == win32.KIND else values
    row = apps.create(tx, kind, made, principal=principal)
    if kind in KINDS and KINDS[kind].CONTENT:
        return row
    return APPS.update(tx, row["id"], {"publishing_state": "published", "upload_state": 1})


def update_app(tx: Tx, app_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change an app; what an agent has to know of makes a new revision."""
    before = APPS.require(tx, app_id)
    made = win32.prepared(before, changes) if before["kind"] == win32.KIND else changes
    row = apps.update(tx, app_id, made, principal=principal)
    if any(before[name] != row[name] for name in ACTED_ON.get(before["kind"], ())):
        return APPS.update(tx, app_id, {"revision": int(before["revision"]) + 1})
    return row


def delete_app(tx: Tx, app_id: str, *, principal: Principal) -> None:
    """Remove an app, its assignments and what was recorded of its installations; not while another app needs it."""
    require(tx, principal, "apps.delete")
    relationships.drop(tx, app_id)
    apps.delete(tx, app_id, principal=principal)
    durations.forget(tx, app_id)
    states.forget_object(tx, "app", app_id)
    categories.drop_app(tx, app_id)


def relate_apps(tx: Tx, app_id: str, wanted: list[relationships.Related], *, principal: Principal) -> None:
    """Replace what an app depends on and what it supersedes; its dependents and successors stay as they are."""
    require(tx, principal, "apps.write")
    row = APPS.require(tx, app_id)
    counted = relationships.replace(tx, app_id, wanted, exists=lambda each: _related_kind(tx, each))
    for each, counts in counted.items():
        APPS.update(tx, each, counts)
    APPS.update(tx, app_id, {"revision": int(row["revision"]) + 1, "last_modified_at": tx.now})
    tx.log(
        "mobile_app.related",
        subject=f"{OBJECT_KIND}:{app_id}",
        what={"name": row["display_name"], "relationships": [[each.kind, each.target_id, each.how] for each in wanted]},
    )


def _related_kind(tx: Tx, app_id: str) -> bool:
    row = APPS.get(tx, app_id)
    return row is not None and row["kind"] in EXTENSION_KINDS


async def set_app_content(
    rt: Runtime,
    tenant: str,
    app_id: str,
    chunks: Iterable[bytes],
    *,
    principal: Principal,
    file_name: str | None = None,
) -> Row:
    """Store an app's installer and publish the app; the content is named by its SHA-256."""
    sha256, size = await rt.workers.run(rt.blobs.put, chunks)
    app = await rt.store.read(tenant, lambda tx: APPS.require(tx, app_id))
    if app["kind"] not in KINDS:
        raise NotImplementedHere(f"The content of '#microsoft.graph.{app['kind']}' is not kept here.")
    await rt.workers.run(_check_content, rt.blobs, app, sha256)

    def publish(tx: Tx) -> Row:
        require(tx, principal, "apps.write")
        row = APPS.require(tx, app_id)
        return _publish(tx, row, sha256, size, file_name)

    return await rt.store.write(tenant, publish, actor=f"{principal.kind}:{principal.id}")


def _check_content(blobs: Blobs, app: Row, sha256: str) -> None:
    with blobs.open(sha256) as file:
        KINDS[app["kind"]].check_content(app, file)


async def set_encrypted_content(
    rt: Runtime,
    tenant: str,
    app_id: str,
    chunks: Iterable[bytes],
    info: EncryptionInfo,
    *,
    principal: Principal,
    file_name: str | None = None,
    size: int = 0,
) -> Row:
    """Keep the package of a Win32 app as it was uploaded, encrypted, and its keys sealed; ``size``: of what is in it.

    The caller has opened it once: content that its keys do not open is never published.
    """
    sha256, stored = await rt.workers.run(rt.blobs.put, chunks)

    def publish(tx: Tx) -> Row:
        require(tx, principal, "apps.write")
        row = APPS.require(tx, app_id)
        if row["kind"] != win32.KIND:
            raise BadPolicy("Only a Win32 app's content is kept encrypted.")
        more = {"content_keys": json.dumps(info.as_graph()), "revision": int(row["revision"]) + 1}
        return _publish(tx, row, sha256, stored, file_name, **more, **({"size": size} if size else {}))

    return await rt.store.write(tenant, publish, actor=f"{principal.kind}:{principal.id}")


def content_keys(tx: Tx, app_id: str) -> EncryptionInfo | None:
    """The keys to an app's content; None where it has none."""
    told = APPS.reveal(tx, app_id, "content_keys")
    return None if told is None else read_encryption_info(json.loads(told))


def _publish(tx: Tx, row: Row, sha256: str, stored: int, file_name: str | None, **more: Any) -> Row:
    known = sa.select(blob.c.sha256).where(blob.c.tenant == tx.tenant, blob.c.sha256 == sha256)
    if tx.scalar(known) is None:
        tx.execute(sa.insert(blob).values(tenant=tx.tenant, sha256=sha256, size=stored, created_at=tx.now))
    version = int(row["committed_content_version"] or 0) + 1
    changes = {
        "content_sha256": sha256,
        "size": stored,
        "file_name": file_name or row["file_name"],
        "committed_content_version": str(version),
        "upload_state": 1,
        "publishing_state": "published",
        "last_modified_at": tx.now,
        **more,
    }
    tx.log("mobile_app.published", subject=f"{OBJECT_KIND}:{row['id']}", what={"sha256": sha256, "size": stored})
    return APPS.update(tx, row["id"], changes)


def content_size(tx: Tx, sha256: str) -> int:
    """The size of content this tenant owns, or ``NoContent``."""
    size = tx.scalar(sa.select(blob.c.size).where(blob.c.tenant == tx.tenant, blob.c.sha256 == sha256))
    if size is None:
        raise NoContent("This tenant has no such content.")
    return int(size)


@dataclass(frozen=True)
class MeantApp:
    """An app that a device is to have, or to lose."""

    row: Row
    via: Literal["device", "user"]
    intent: Intent

    @property
    def origin(self) -> str:
        """The name commands and statuses keep of it."""
        return f"{OBJECT_KIND}:{self.row['id']}"

    @property
    def deliverable(self) -> bool:
        """Whether there is something to send: an installer, or a name for it to be fetched by."""
        published = self.row["publishing_state"] == "published"
        return published and (not KINDS[self.row["kind"]].CONTENT or bool(self.row["content_sha256"]))

    @property
    def by_extension(self) -> bool:
        """Whether the management extension installs it, and not a CSP."""
        return self.row["kind"] in EXTENSION_KINDS

    @cached_property
    def order(self) -> Order:
        """How it is ordered, in the scope it installs in."""
        return BY_CSP[self.row["kind"]].order(self.row, for_user=self.via == "user")

    @property
    def node(self) -> str:
        """The node that stands for the app on the device: without it, the app is gone."""
        return self.order.remove

    def job(self, content_origin: str) -> str:
        """What is executed; ``content_origin`` is the origin of the devices' door."""
        return BY_CSP[self.row["kind"]].job(self.row, f"{content_origin}/content/{self.row['content_sha256']}")


def meant_apps(tx: Tx, *, device: Row | None, user: Row | None) -> list[MeantApp]:
    """Required and uninstall assignments that reach the device or the user; through the device where through both.

    An app that is required and to be uninstalled is required: nothing is taken away that somebody needs. Apps of kinds
    that nothing here installs are not among them.
    """
    best: dict[str, tuple[int, Any]] = {}
    for match in directory.meant(tx, OBJECT_KIND, device=device, user=user):
        if match.target.intent not in {"required", "uninstall"}:
            continue
        rank = (match.target.intent == "uninstall") * 2 + (match.via == "user")
        if match.object_id not in best or rank < best[match.object_id][0]:
            best[match.object_id] = (rank, match)
    if not best:
        return []
    rows = [row for row in APPS.of_ids(tx, best, by="display_name") if apps.acts_on(row)]
    return [MeantApp(row, best[row["id"]][1].via, best[row["id"]][1].target.intent) for row in rows]
