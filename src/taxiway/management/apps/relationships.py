"""Which app needs which, and which takes the place of which; neither in a circle (02 section 8.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import sqlalchemy as sa

from taxiway.management.apps.tables import app_relationship
from taxiway.management.errors import BadPolicy, InUse, RelationshipCycle
from taxiway.store import Tx

Kind = Literal["dependency", "supersedence"]
DEPENDENCY: Final[Kind] = "dependency"
SUPERSEDENCE: Final[Kind] = "supersedence"
HOWS: Final[Mapping[str, frozenset[str]]] = {
    DEPENDENCY: frozenset({"autoInstall", "detect"}),
    SUPERSEDENCE: frozenset({"update", "replace"}),
}
#: The largest graphs that one app may stand in, as Intune has them.
MOST: Final[Mapping[str, int]] = {DEPENDENCY: 100, SUPERSEDENCE: 10}
_r = app_relationship.c
_all = sa.select(app_relationship).where(_r.tenant == sa.bindparam("t")).order_by(_r.app_id, _r.target_id)
_about = _all.where((_r.app_id == sa.bindparam("a")) | (_r.target_id == sa.bindparam("a")))


@dataclass(frozen=True, slots=True)
class Related:
    """One relationship as its app declares it."""

    target_id: str
    kind: Kind
    how: str


@dataclass(frozen=True, slots=True)
class Relationship(Related):
    """One relationship with the app that declares it."""

    app_id: str


def of(tx: Tx, app_id: str) -> list[Relationship]:
    """Every relationship an app stands in, on either side."""
    return [_read(row) for row in tx.all(_about, {"t": tx.tenant, "a": app_id})]


def every(tx: Tx) -> dict[str, list[Relationship]]:
    """All relationships of the tenant, by the app that declares them."""
    found: dict[str, list[Relationship]] = defaultdict(list)
    for row in tx.all(_all, {"t": tx.tenant}):
        found[row["app_id"]].append(_read(row))
    return found


def replace(
    tx: Tx, app_id: str, wanted: Sequence[Related], *, exists: Callable[[str], bool]
) -> dict[str, dict[str, int]]:
    """Write what an app declares; for each app that is touched, its new counts."""
    check(app_id, wanted, every(tx), exists)
    before = {each.target_id for each in of(tx, app_id) if each.app_id == app_id}
    mine = (_r.tenant == tx.tenant) & (_r.app_id == app_id)
    tx.execute(sa.delete(app_relationship).where(mine))
    rows = [
        {"tenant": tx.tenant, "app_id": app_id, "target_id": each.target_id, "kind": each.kind, "how": each.how}
        for each in wanted
    ]
    if rows:
        tx.execute(sa.insert(app_relationship), rows)
    return {each: counts(tx, each) for each in sorted({app_id, *before, *(each.target_id for each in wanted)})}


def check(
    app_id: str,
    wanted: Sequence[Related],
    known: Mapping[str, Sequence[Related]],
    exists: Callable[[str], bool],
) -> None:
    """Refuse what names no app, names one twice, leads back to itself or grows too large; pure but for ``exists``."""
    if len({each.target_id for each in wanted}) < len(wanted):
        raise BadPolicy("An app stands in one relationship with another app.")
    for each in wanted:
        if each.how not in HOWS[each.kind]:
            raise BadPolicy(f"A {each.kind} is one of {', '.join(sorted(HOWS[each.kind]))}.")
        if not exists(each.target_id):
            raise BadPolicy(f"There is no Win32 or Store app '{each.target_id[:100]}' to relate to.")
    then = {**known, app_id: list(wanted)}
    for kind in (DEPENDENCY, SUPERSEDENCE):
        reached = _reached(app_id, kind, then)
        if app_id in reached:
            raise RelationshipCycle(
                f"The {kind} leads back to the app it begins with.", remedy="Take one relationship of the circle away."
            )
        if len(reached) > MOST[kind]:
            raise BadPolicy(f"An app stands in a {kind} with at most {MOST[kind]} apps.")


def counts(tx: Tx, app_id: str) -> dict[str, int]:
    """The counters that an app shows."""
    found = of(tx, app_id)

    def number(kind: str, *, own: bool) -> int:
        return sum(each.kind == kind and (each.app_id == app_id) is own for each in found)

    return {
        "dependent_app_count": number(DEPENDENCY, own=True),
        "superseded_app_count": number(SUPERSEDENCE, own=True),
        "superseding_app_count": number(SUPERSEDENCE, own=False),
    }


def drop(tx: Tx, app_id: str) -> None:
    """The app is to go; ``InUse`` while another app depends on it or supersedes it."""
    if any(each.target_id == app_id for each in of(tx, app_id)):
        raise InUse("Another app depends on this one or takes its place.", remedy="Remove that relationship first.")
    tx.execute(sa.delete(app_relationship).where((_r.tenant == tx.tenant) & (_r.app_id == app_id)))


def _reached(start: str, kind: str, known: Mapping[str, Iterable[Related]]) -> set[str]:
    """What relationships of one kind lead to from an app, itself only by a circle."""
    reached: set[str] = set()
    open_ends = [start]
    while open_ends:
        for each in known.get(open_ends.pop(), ()):
            if each.kind == kind and each.target_id not in reached:
                reached.add(each.target_id)
                open_ends.append(each.target_id)
    return reached


def _read(row: Mapping[str, str]) -> Relationship:
    return Relationship(row["target_id"], row["kind"], row["how"], row["app_id"])  # type: ignore[arg-type]  # checked
