"""Directory objects among others: by type, in lists of mixed types and as what ``$expand`` pulls in (02 section 6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from taxiway import directory
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.face import NOTHING, Expansion, Face
from taxiway.graph.protocol.options import EVERYTHING, Selection
from taxiway.graph.protocol.render import render
from taxiway.store import And, Compare, Row, Tx, eq

#: How the objects of each type are shown; each type's module adds its own.
OBJECTS: Final[dict[str, Face]] = {}
#: So many are shown in an ``$expand``.
EXPANDED: Final = 20

Found = Callable[[Tx, Row], Iterable[tuple[str, str]]]


def object_json(
    tx: Tx, kind: str, object_id: str, selection: Selection = EVERYTHING, *, version: str = "v1.0"
) -> dict[str, Any]:
    """One directory object with its type."""
    face = OBJECTS[kind]
    shown = render(tx, face, [face.repository.require(tx, object_id)], selection, version=version, root="")
    return {"@odata.type": f"#microsoft.graph.{kind}", **shown[0]}


def objects_expansion(name: str, found: Found, needs: frozenset[str] = NOTHING) -> Expansion:
    """A navigation to directory objects: the first twenty of them."""

    def load(tx: Tx, row: Row) -> list[dict[str, Any]]:
        return [object_json(tx, kind, object_id) for kind, object_id in list(found(tx, row))[:EXPANDED]]

    return Expansion(name, load, needs=needs)


def member_of(kind: directory.ObjectKind) -> tuple[Expansion, Expansion]:
    """``memberOf`` and ``transitiveMemberOf`` of the objects of a type."""

    def direct(tx: Tx, row: Row) -> list[tuple[str, str]]:
        return [("group", one) for one in sorted(directory.direct_groups_of(tx, kind, row["id"]))]

    def every(tx: Tx, row: Row) -> list[tuple[str, str]]:
        return [("group", one) for one in sorted(directory.groups_of(tx, kind, row["id"]))]

    needs = scopes.MEMBERS_READ
    return objects_expansion("memberOf", direct, needs), objects_expansion("transitiveMemberOf", every, needs)


def manager(tx: Tx, row: Row) -> dict[str, Any] | None:
    """To whom a user reports."""
    found = None if row["manager_id"] is None else directory.find_user(tx, row["manager_id"])
    return None if found is None else object_json(tx, "user", found["id"])


def reports(tx: Tx, row: Row) -> list[tuple[str, str]]:
    """Who reports to a user."""
    return [("user", one["id"]) for one in directory.USERS.select(tx, eq("manager_id", row["id"]), limit=EXPANDED)]


def owned(tx: Tx, row: Row) -> list[tuple[str, str]]:
    """The devices that a user joined or registered."""
    mine = And((eq("owner_id", row["id"]), Compare("registered_at", "ne", None)))
    return [("device", one["id"]) for one in directory.DEVICES.select(tx, mine, limit=EXPANDED)]


def owner(tx: Tx, row: Row) -> list[tuple[str, str]]:
    """Who joined or registered a device."""
    found = directory.find_user(tx, row["owner_id"]) if row["owner_id"] else None
    return [] if found is None else [("user", found["id"])]
