"""Apps, their content, and which of them a device is to have (02 section 8, 05 sections 10.5 and 10.6)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal, require
from taxiway.management.apps import durations
from taxiway.management.apps.entities import APP_KINDS, MOBILE_APP
from taxiway.management.apps.order import Order
from taxiway.management.apps.table import KINDS
from taxiway.management.collection import Collection
from taxiway.management.errors import NoContent
from taxiway.store import Blobs, Repository, Row, Runtime, Tx, one_of
from taxiway.store.schema import blob

APPS = Repository(MOBILE_APP)
OBJECT_KIND: Final = "mobile_app"
_SHARED: Final = frozenset(
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

Intent = Literal["required", "uninstall"]


def _check(tx: Tx, row: Row) -> None:  # noqa: ARG001 - the shape of a check
    KINDS[row["kind"]].check(row)


apps = Collection(APPS, OBJECT_KIND, "apps.write", APP_KINDS, _check, _SHARED)
update_app = apps.update
assign_app = apps.assign


def create_app(tx: Tx, kind: str, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add an app; one that has no content is published at once."""
    row = apps.create(tx, kind, values, principal=principal)
    if KINDS[kind].CONTENT:
        return row
    return APPS.update(tx, row["id"], {"publishing_state": "published", "upload_state": 1})


def delete_app(tx: Tx, app_id: str, *, principal: Principal) -> None:
    """Remove an app, its assignments and what was recorded of its installations."""
    apps.delete(tx, app_id, principal=principal)
    durations.forget(tx, app_id)


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
    await rt.workers.run(_check_content, rt.blobs, app, sha256)

    def publish(tx: Tx) -> Row:
        require(tx, principal, apps.action)
        row = APPS.require(tx, app_id)
        known = sa.select(blob.c.sha256).where(blob.c.tenant == tx.tenant, blob.c.sha256 == sha256)
        if tx.scalar(known) is None:
            tx.execute(sa.insert(blob).values(tenant=tx.tenant, sha256=sha256, size=size, created_at=tx.now))
        version = int(row["committed_content_version"] or 0) + 1
        changes = {
            "content_sha256": sha256,
            "size": size,
            "file_name": file_name or row["file_name"],
            "committed_content_version": str(version),
            "upload_state": 1,
            "publishing_state": "published",
            "last_modified_at": tx.now,
        }
        tx.log("mobile_app.published", subject=f"{OBJECT_KIND}:{app_id}", what={"sha256": sha256, "size": size})
        return APPS.update(tx, app_id, changes)

    return await rt.store.write(tenant, publish, actor=f"{principal.kind}:{principal.id}")


def _check_content(blobs: Blobs, app: Row, sha256: str) -> None:
    with blobs.open(sha256) as file:
        KINDS[app["kind"]].check_content(app, file)


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
        """Whether there is something to send: an installer, where the kind has one."""
        published = self.row["publishing_state"] == "published"
        return published and (not KINDS[self.row["kind"]].CONTENT or bool(self.row["content_sha256"]))

    @cached_property
    def order(self) -> Order:
        """How it is ordered, in the scope it installs in."""
        return KINDS[self.row["kind"]].order(self.row, for_user=self.via == "user")

    @property
    def node(self) -> str:
        """The node that stands for the app on the device: without it, the app is gone."""
        return self.order.remove

    def job(self, content_origin: str) -> str:
        """What is executed; ``content_origin`` is the origin of the devices' door."""
        return KINDS[self.row["kind"]].job(self.row, f"{content_origin}/content/{self.row['content_sha256']}")


def meant_apps(tx: Tx, *, device: Row | None, user: Row | None) -> list[MeantApp]:
    """Required and uninstall assignments that reach the device or the user; through the device where through both.

    An app that is required and to be uninstalled is required: nothing is taken away that somebody needs.
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
    rows = APPS.select(tx, one_of("id", list(best)), order=[("display_name", False)])
    return [MeantApp(row, best[row["id"]][1].via, best[row["id"]][1].target.intent) for row in rows]
