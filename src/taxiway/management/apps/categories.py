"""Categories of apps (02 section 8.2)."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.directory import Principal, require
from taxiway.management.apps.entities import MOBILE_APP_CATEGORY
from taxiway.management.apps.tables import app_category
from taxiway.management.errors import BadPolicy
from taxiway.store import NotFound, Repository, Row, Tx, one_of

CATEGORIES = Repository(MOBILE_APP_CATEGORY)
_ACTION = "apps.write"
_c = app_category.c


def create_category(tx: Tx, name: str | None, *, principal: Principal) -> Row:
    """Add a category."""
    require(tx, principal, _ACTION)
    return CATEGORIES.insert(tx, {"display_name": _named(name), "last_modified_at": tx.now})


def rename_category(tx: Tx, category_id: str, name: str | None, *, principal: Principal) -> Row:
    """Give a category another name."""
    require(tx, principal, _ACTION)
    return CATEGORIES.update(tx, category_id, {"display_name": _named(name), "last_modified_at": tx.now})


def delete_category(tx: Tx, category_id: str, *, principal: Principal) -> None:
    """Remove a category; its apps stay."""
    require(tx, principal, _ACTION)
    CATEGORIES.require(tx, category_id)
    tx.execute(sa.delete(app_category).where((_c.tenant == tx.tenant) & (_c.category_id == category_id)))
    CATEGORIES.delete(tx, category_id)


def categories_of(tx: Tx, app_id: str) -> list[Row]:
    """The categories of an app, by name."""
    mine = sa.select(_c.category_id).where((_c.tenant == tx.tenant) & (_c.app_id == app_id))
    ids = [row["category_id"] for row in tx.all(mine)]
    return CATEGORIES.select(tx, one_of("id", ids), order=[("display_name", False)]) if ids else []


def sort_into(tx: Tx, app_id: str, category_id: str, *, principal: Principal) -> None:
    """Put an app into a category; where it is already, nothing changes."""
    require(tx, principal, _ACTION)
    CATEGORIES.require(tx, category_id)
    if category_id not in {row["id"] for row in categories_of(tx, app_id)}:
        row = {"tenant": tx.tenant, "app_id": app_id, "category_id": category_id}
        tx.execute(sa.insert(app_category), row)


def take_out(tx: Tx, app_id: str, category_id: str, *, principal: Principal) -> None:
    """Take an app out of a category, or ``NotFound``."""
    require(tx, principal, _ACTION)
    if category_id not in {row["id"] for row in categories_of(tx, app_id)}:
        raise NotFound("The app is not in this category.")
    mine = (_c.tenant == tx.tenant) & (_c.app_id == app_id) & (_c.category_id == category_id)
    tx.execute(sa.delete(app_category).where(mine))


def drop_app(tx: Tx, app_id: str) -> None:
    """The app is gone, and its place in categories with it."""
    tx.execute(sa.delete(app_category).where((_c.tenant == tx.tenant) & (_c.app_id == app_id)))


def _named(name: str | None) -> str:
    if not name or len(name) > 256:
        raise BadPolicy("A category needs a display name of at most 256 characters.")
    return name
