"""How a tenant's sign-in page looks: colour, texts and images (Graph ``organizationalBranding``)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from taxiway.directory import access
from taxiway.directory.access import Principal
from taxiway.directory.entities import TENANTS
from taxiway.directory.errors import Invalid
from taxiway.directory.tables import brand_image
from taxiway.store import Row, Tx

#: The texts, by Graph's names, and their greatest lengths.
_TEXTS = {"backgroundColor": 7, "signInPageText": 1024, "usernameHintText": 64}
#: The images, and how many bytes each may have: a page should not wait for them.
_IMAGES = {"bannerLogo": 51_200, "squareLogo": 51_200, "backgroundImage": 307_200}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
#: Nothing else is served from our origin, whatever the upload called itself: an SVG could hold scripts.
_MAGIC = {b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}

_all = sa.select(brand_image.c.name, brand_image.c.sha256).where(brand_image.c.tenant == sa.bindparam("t"))
_one = sa.select(brand_image).where(brand_image.c.tenant == sa.bindparam("t"), brand_image.c.name == sa.bindparam("n"))
_named = sa.select(brand_image.c.name).where(
    brand_image.c.tenant == sa.bindparam("t"), brand_image.c.sha256 == sa.bindparam("s")
)


@dataclass(frozen=True, slots=True)
class Branding:
    """The default branding of a tenant. ``texts`` and ``images`` by Graph's names; an image by its SHA-256."""

    texts: Mapping[str, str] = field(default_factory=dict)
    images: Mapping[str, str] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.texts or self.images)


@dataclass(frozen=True, slots=True)
class BrandImage:
    """An image: PNG or JPEG."""

    media_type: str
    content: bytes


def branding_of(tx: Tx) -> Branding:
    """The tenant's branding; an empty one before any was set."""
    images = {row["name"]: row["sha256"] for row in tx.all(_all, {"t": tx.tenant})}
    return Branding(dict(TENANTS.require(tx, tx.tenant)["branding"] or {}), images)


def update_branding(tx: Tx, changes: Mapping[str, str | None], *, principal: Principal) -> None:
    """Change texts; None or an empty text takes one away."""
    access.require(tx, principal, "organization.branding.update")
    for name, value in changes.items():
        _check_text(name, value or "")
    texts = {**branding_of(tx).texts, **changes}
    TENANTS.update(tx, tx.tenant, {"branding": {name: value for name, value in texts.items() if value}})
    _changed(tx, *changes)


def set_brand_image(tx: Tx, name: str, content: bytes, *, principal: Principal) -> None:
    """Put an image in place of the one before it."""
    access.require(tx, principal, "organization.branding.update")
    most = _limit(name)
    if len(content) > most:
        raise Invalid(f"'{name}' has at most {most // 1024} kB.")
    media_type = next((kind for magic, kind in _MAGIC.items() if content.startswith(magic)), "")
    if not media_type:
        raise Invalid(f"'{name}' is a PNG or a JPEG image.")
    values = {"sha256": hashlib.sha256(content).hexdigest(), "media_type": media_type, "content": content}
    if tx.execute(sa.update(brand_image).where(*_mine(tx, name)).values(**values)).rowcount == 0:
        tx.execute(sa.insert(brand_image).values(tenant=tx.tenant, name=name, **values))
    _changed(tx, name)


def remove_brand_image(tx: Tx, name: str, *, principal: Principal) -> bool:
    """Take an image away; whether there was one."""
    access.require(tx, principal, "organization.branding.update")
    gone = tx.execute(sa.delete(brand_image).where(*_mine(tx, name))).rowcount > 0
    if gone:
        _changed(tx, name)
    return gone


def delete_branding(tx: Tx, *, principal: Principal) -> None:
    """Take everything away."""
    access.require(tx, principal, "organization.branding.delete")
    tx.execute(sa.delete(brand_image).where(brand_image.c.tenant == tx.tenant))
    TENANTS.update(tx, tx.tenant, {"branding": {}})
    tx.log("branding.deleted", subject=f"tenant:{tx.tenant}")


def find_brand_image(tx: Tx, *, name: str = "", sha256: str = "") -> BrandImage | None:
    """An image by its name or by its content."""
    found = name or tx.scalar(_named, {"t": tx.tenant, "s": sha256})
    row: Row | None = tx.one(_one, {"t": tx.tenant, "n": found}) if found else None
    return BrandImage(row["media_type"], bytes(row["content"])) if row is not None else None


def _check_text(name: str, value: str) -> None:
    most = _TEXTS.get(name)
    if most is None:
        raise Invalid(f"'{name}' is no text of a branding.")
    if len(value) > most:
        raise Invalid(f"'{name}' has at most {most} characters.")
    if name == "backgroundColor" and value and not _COLOUR.match(value):
        raise Invalid("'backgroundColor' is a colour such as '#0F6CBD'.")


def _limit(name: str) -> int:
    most = _IMAGES.get(name)
    if most is None:
        raise Invalid(f"'{name}' is no image of a branding.")
    return most


def _mine(tx: Tx, name: str) -> tuple[sa.ColumnElement[bool], ...]:
    return brand_image.c.tenant == tx.tenant, brand_image.c.name == name


def _changed(tx: Tx, *names: str) -> None:
    what: dict[str, Any] = {"changed": sorted(names)}
    tx.log("branding.changed", subject=f"tenant:{tx.tenant}", what=what)
