"""Apps: MSI packages, their content, and which of them a device is to have (02 section 8, 05 section 10.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import Principal, require
from taxiway.management.apps import durations
from taxiway.management.apps.entities import APP_KINDS, MOBILE_APP
from taxiway.management.collection import Collection
from taxiway.management.errors import BadPolicy, NoContent
from taxiway.store import Repository, Row, Runtime, Tx, one_of
from taxiway.store.schema import blob
from taxiway.wire.msi_job import MsiJob, render_msi_job

APPS = Repository(MOBILE_APP)
OBJECT_KIND: Final = "mobile_app"
_GUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")
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
    code = row["product_code"]
    if code is not None and not _GUID.fullmatch(code):
        raise BadPolicy("productCode is not a GUID in braces.")


apps = Collection(APPS, OBJECT_KIND, "apps.write", APP_KINDS, _check, _SHARED)
create_app = apps.create
update_app = apps.update
assign_app = apps.assign


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

    def publish(tx: Tx) -> Row:
        require(tx, principal, apps.action)
        row = APPS.require(tx, app_id)
        if not row["product_code"] or not row["product_version"]:
            raise BadPolicy("An MSI app needs its product code and version before its content is published.")
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


def content_size(tx: Tx, sha256: str) -> int:
    """The size of content this tenant owns, or ``NoContent``."""
    size = tx.scalar(sa.select(blob.c.size).where(blob.c.tenant == tx.tenant, blob.c.sha256 == sha256))
    if size is None:
        raise NoContent("This tenant has no such content.")
    return int(size)


@dataclass(frozen=True, slots=True)
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
        """Whether there is an installer to send."""
        return self.row["publishing_state"] == "published" and bool(self.row["content_sha256"])

    @property
    def node(self) -> str:
        """The product's node, in the scope it installs in."""
        code = "{" + str(self.row["product_code"]).strip("{}").upper() + "}"
        per_user = self.via == "user" and self.row["use_device_context"] is False
        root = "./User" if per_user else "./Device"
        return f"{root}/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{quote(code, safe='-')}"

    def job(self, content_origin: str) -> str:
        """The installation job; ``content_origin`` is the origin of the devices' door."""
        return render_msi_job(
            MsiJob(
                product_id="{" + str(self.row["product_code"]).strip("{}").upper() + "}",
                urls=(f"{content_origin}/content/{self.row['content_sha256']}",),
                sha256=str(self.row["content_sha256"]),
                version=str(self.row["product_version"]),
                command_line=self.row["command_line"] or "/quiet /norestart",
            )
        )


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
