"""Collections of objects that are kept as they came: create, change, replace, delete, assign (02 section 9.4).

They decide nothing on a device: nobody but a client reads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal, require
from taxiway.management.errors import BadPolicy
from taxiway.management.opaque.entities import OPAQUE_OBJECT
from taxiway.management.opaque.secrets import without_secrets
from taxiway.store import And, Page, Repository, Row, Tx, Where, eq, merged

OBJECT_KIND: Final = "opaque_object"


class Shelf(Repository):
    """The rows of one collection, and of one kind where ``kind`` says so.

    ``area``: of ``directory/access``; its actions are create, update, delete, assign. ``children``: members of the body
    that are collections of their own, each with the name of the collection in its items, if there is one.
    """

    def __init__(
        self, collection: str, area: str, *, kind: str = "", children: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(OPAQUE_OBJECT)
        self.collection = collection
        self.area = area
        self.kind = kind
        self.children: Mapping[str, str] = children or {}
        mine = eq("collection", collection)
        self._mine: Where = And((mine, eq("kind", kind))) if kind else mine

    def get(self, tx: Tx, row_id: str) -> Row | None:
        """The row with this id, if it stands here."""
        row = super().get(tx, row_id)
        if row is None or row["collection"] != self.collection:
            return None
        return row if self.kind.lower() in ("", row["kind"].lower()) else None

    def select(
        self,
        tx: Tx,
        where: Where | None = None,
        *,
        order: Sequence[tuple[str, bool]] = (),
        limit: int | None = None,
    ) -> list[Row]:
        """Rows that stand here and match."""
        return super().select(tx, self._here(where), order=order, limit=limit)

    def page(
        self,
        tx: Tx,
        where: Where | None = None,
        *,
        order: Sequence[tuple[str, bool]] = (),
        limit: int = 100,
        after: str | None = None,
        skip: int = 0,
    ) -> Page[Row]:
        """One page of them."""
        return super().page(tx, self._here(where), order=order, limit=limit, after=after, skip=skip)

    def count(self, tx: Tx, where: Where | None = None) -> int:
        """How many there are."""
        return super().count(tx, self._here(where))

    def _here(self, where: Where | None) -> Where:
        return self._mine if where is None else And((self._mine, where))


def create_object(
    tx: Tx, shelf: Shelf, kind: str, values: Mapping[str, Any], *, principal: Principal, row_id: str = ""
) -> Row:
    """Add an object; ``values``: its name, its scope tags where its type has them, and its body."""
    require(tx, principal, f"{shelf.area}.create")
    if not values.get("display_name"):
        raise BadPolicy("The object needs a name.")
    known = _checked(tx, shelf, directory.tagged(tx, principal, OPAQUE_OBJECT, values))
    given = {"id": row_id} if row_id else {}
    stamp = {"created_at": tx.now, "last_modified_at": tx.now}
    row = shelf.insert(tx, {**known, **given, **stamp, "collection": shelf.collection, "kind": kind})
    log(tx, "created", row)
    return row


def update_object(tx: Tx, shelf: Shelf, row_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change the members that the body of ``changes`` names; all others stay."""
    current = shelf.require(tx, row_id)
    body = merged(current["body"], changes.get("body", {}))
    return _save(tx, shelf, current, {**changes, "body": body}, sorted(changes.get("body", {})), principal)


def replace_object(tx: Tx, shelf: Shelf, row_id: str, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Put another content in the place of an object's."""
    return _save(tx, shelf, shelf.require(tx, row_id), values, sorted(values["body"]), principal)


def delete_object(tx: Tx, shelf: Shelf, row_id: str, *, principal: Principal) -> None:
    """Remove an object and its assignments."""
    require(tx, principal, f"{shelf.area}.delete")
    row = shelf.require(tx, row_id)
    directory.set_assignments(tx, OBJECT_KIND, row_id, [])
    shelf.delete(tx, row_id)
    log(tx, "deleted", row)


def assign_object(
    tx: Tx, shelf: Shelf, row_id: str, targets: Sequence[directory.Target], *, principal: Principal
) -> list[Row]:
    """Replace the object's assignments."""
    require(tx, principal, f"{shelf.area}.assign")
    row = shelf.require(tx, row_id)
    assigned: list[Row] = directory.set_assignments(tx, OBJECT_KIND, row_id, list(targets))
    log(tx, "assigned", row, targets=len(targets))
    return assigned


def identified(tx: Tx, children: Any, inner: str) -> list[dict[str, Any]]:
    """The items of a collection in a body, each with an id: the one it came with, or a new one."""
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        raise BadPolicy("A collection in an object must be a list of objects.")
    made = []
    for child in children:
        known = child.get("id")
        one = {"id": known if isinstance(known, str) and known else tx.entropy.uuid(), **_without(child, "id")}
        made.append({**one, inner: identified(tx, one.get(inner) or [], "")} if inner and inner in one else one)
    return made


def log(tx: Tx, verb: str, row: Row, **facts: Any) -> None:
    """Every change of an object is in the log."""
    what = {"name": row["display_name"], "collection": row["collection"], "type": row["kind"], **facts}
    tx.log(f"{OBJECT_KIND}.{verb}", subject=f"{OBJECT_KIND}:{row['id']}", what=what)


def _save(
    tx: Tx, shelf: Shelf, current: Row, values: Mapping[str, Any], changed: Sequence[str], principal: Principal
) -> Row:
    require(tx, principal, f"{shelf.area}.update")
    if not values.get("display_name", current["display_name"]):
        raise BadPolicy("The object needs a name.")
    known = _checked(tx, shelf, directory.tagged(tx, principal, OPAQUE_OBJECT, values, current))
    row = shelf.update(tx, current["id"], {**known, "last_modified_at": tx.now})
    log(tx, "updated", row, changed=list(changed))
    return row


def _checked(tx: Tx, shelf: Shelf, values: dict[str, Any]) -> dict[str, Any]:
    if "body" not in values:
        return values
    body = without_secrets(values["body"])
    made = {name: identified(tx, body[name], inner) for name, inner in shelf.children.items() if body.get(name)}
    return {**values, "body": {**body, **made}}


def _without(child: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in child.items() if key != name}
