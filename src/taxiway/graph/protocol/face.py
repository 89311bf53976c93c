"""How an entity looks at Graph: version, default select, types, what may be written (design, rule 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from taxiway.directory import Principal
from taxiway.store import Prop, Repository, Row, Tx, Where

Family = Literal["directory", "intune"]
Sharing = Callable[[Tx, list[Row]], list[dict[str, Any]]]

NOTHING: frozenset[str] = frozenset()


def _as_declared(_row: Row) -> str:
    """No row has a type of its own."""
    return ""


def _every(_row: Row) -> None:
    """All rows have the same properties."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """A navigation that ``$expand`` can pull in: ``load`` answers ready JSON for one row."""

    name: str
    load: Callable[[Tx, Row], Any]
    many: bool = True
    beta: bool = False


@dataclass(frozen=True, slots=True)
class Face:
    """One collection.

    ``path``: as in ``@odata.context``. ``type_of``: the ``@odata.type`` of a row, empty where it is the declared one.
    ``hidden``: what Graph never shows; ``beta``: what v1.0 lacks; ``on_select``: shown only when asked for;
    ``default``: what v1.0 shows unasked (empty: everything). ``written``: what a client may set. ``never``: moments
    that read 0001-01-01 when unset. ``shown``: further properties computed for a page of rows at once. ``casts``: what
    ``isof`` and cast segments mean. ``fixed``: filterable names that are no column; ``lambdas``: what ``any`` means.
    ``seen``: the rows as the caller is to see them, where that depends on the caller.
    """

    path: str
    repository: Repository
    family: Family
    type_of: Callable[[Row], str] = _as_declared
    hidden: frozenset[str] = NOTHING
    beta: frozenset[str] = NOTHING
    on_select: frozenset[str] = NOTHING
    default: tuple[str, ...] = ()
    written: frozenset[str] = NOTHING
    never: frozenset[str] = NOTHING
    shown: Sharing | None = None
    computed: frozenset[str] = NOTHING
    expansions: tuple[Expansion, ...] = ()
    casts: Mapping[str, Where] = field(default_factory=dict)
    fixed: Mapping[str, Callable[[str, Any], Where]] = field(default_factory=dict)
    lambdas: Mapping[str, Callable[[str, Any], Where]] = field(default_factory=dict)
    properties_of: Callable[[Row], frozenset[str] | None] = _every
    search: tuple[str, ...] = ("display_name",)
    order: tuple[tuple[str, bool], ...] = ()
    counted: bool = True
    seen: Callable[[Tx, Principal, list[Row]], list[Row]] | None = None

    @property
    def props(self) -> Mapping[str, Prop]:
        """The declared properties by snake_case name."""
        return self.repository.entity.props

    @property
    def plain(self) -> bool:
        """Whether a list shows what is kept and nothing else, and the same of each row, to everybody."""
        same = self.type_of is _as_declared and self.properties_of is _every
        return same and self.shown is None and self.seen is None

    def prop(self, graph_name: str) -> Prop | None:
        """A property by its Graph name in any case; hidden ones do not exist here."""
        found = self.repository.entity.by_graph.get(graph_name.lower())
        return None if found is None or found.name in self.hidden or found.secret else found

    def knows(self, graph_name: str) -> bool:
        """Whether a name can be selected."""
        lower = graph_name.lower()
        return lower in ("id", "version") or self.prop(graph_name) is not None or lower in self._computed()

    def expansion(self, name: str) -> Expansion | None:
        """A navigation by its name in any case."""
        return next((one for one in self.expansions if one.name.lower() == name.lower()), None)

    def _computed(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.computed)
