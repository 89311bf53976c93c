"""How an entity looks at Graph: version, default select, types, what may be written (design, rule 6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from taxiway.directory import Principal
from taxiway.store import Prop, Repository, Row, Tx, Where, eq

Family = Literal["directory", "intune"]
Sharing = Callable[[Tx, list[Row]], list[dict[str, Any]]]
Fit = Callable[[dict[str, Any], str], None]
#: What an operator and a value mean for a name that is no column.
Meaning = Callable[[str, Any], Where]

NOTHING: frozenset[str] = frozenset()


def _as_declared(_row: Row) -> str:
    """No row has a type of its own."""
    return ""


def _every(_row: Row) -> None:
    """All rows have the same properties."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """A navigation that ``$expand`` can pull in: ``load`` answers ready JSON for one row.

    ``nested``: navigations that this JSON carries already. ``inside``: what is selected of it, for the context.
    ``needs``: the permissions, one of which the token must carry, where that of the object does not suffice.
    """

    name: str
    load: Callable[[Tx, Row], Any]
    many: bool = True
    beta: bool = False
    nested: tuple[str, ...] = ()
    inside: str = ""
    needs: frozenset[str] = NOTHING


@dataclass(frozen=True, slots=True)
class Face:
    """One collection.

    ``path``: as in ``@odata.context``. ``type_of``: the ``@odata.type`` of a row, empty where it is the declared one.
    ``hidden``: what Graph never shows; ``beta``: what v1.0 lacks; ``on_select``: shown only when asked for;
    ``default``: what v1.0 shows unasked (empty: everything). ``written``: what a client may set. ``never``: moments
    that read 0001-01-01 when unset. ``shown``: further properties computed for a page of rows at once. ``constants``:
    properties, secret ones too, of which every object shows the same. ``casts``: what
    ``isof`` and cast segments mean. ``fixed``: filterable names that are no column; ``lambdas``: what ``any`` means.
    ``kinds``: the derived types and what each adds. ``seen``: the rows as the caller is to see them, where that
    depends on the caller. ``fit``: makes a shown object one of the version asked for, where leaving out ``beta`` is not
    enough. ``open``: objects of types that nobody declared are kept here too. ``aliases``: other names of properties,
    both in lower case.
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
    constants: Mapping[str, Any] = field(default_factory=dict)
    expansions: tuple[Expansion, ...] = ()
    casts: Mapping[str, Where] = field(default_factory=dict)
    fixed: Mapping[str, Meaning] = field(default_factory=dict)
    lambdas: Mapping[str, Meaning] = field(default_factory=dict)
    properties_of: Callable[[Row], frozenset[str] | None] = _every
    kinds: Mapping[str, frozenset[str]] = field(default_factory=dict)
    search: tuple[str, ...] = ("display_name",)
    order: tuple[tuple[str, bool], ...] = ()
    counted: bool = True
    seen: Callable[[Tx, Principal, list[Row]], list[Row]] | None = None
    fit: Fit | None = None
    open: bool = False
    aliases: Mapping[str, str] = field(default_factory=dict)

    @property
    def props(self) -> Mapping[str, Prop]:
        """The declared properties by snake_case name."""
        return self.repository.entity.props

    @property
    def plain(self) -> bool:
        """Whether a list shows what is kept and nothing else, and the same of each row, to everybody."""
        same = self.type_of is _as_declared and self.properties_of is _every
        return same and self.shown is None and self.seen is None and self.fit is None

    def prop(self, graph_name: str) -> Prop | None:
        """A property by its Graph name in any case; hidden ones do not exist here."""
        lower = graph_name.lower()
        found = self.repository.entity.by_graph.get(self.aliases.get(lower, lower))
        return None if found is None or found.name in self.hidden or found.secret else found

    def knows(self, graph_name: str) -> bool:
        """Whether a name can be selected."""
        lower = graph_name.lower()
        return lower in ("id", "version") or self.prop(graph_name) is not None or lower in self._computed()

    def expansion(self, name: str) -> Expansion | None:
        """A navigation by its name in any case."""
        return next((one for one in self.expansions if one.name.lower() == name.lower()), None)

    def cast(self, name: str) -> Where | None:
        """The objects of a type, by its name without a namespace; None where the collection has no such type."""
        known = self.casts.get(name.lower())
        return eq("kind", name) if known is None and self.open and name else known

    def _computed(self) -> frozenset[str]:
        return frozenset(name.lower() for name in self.computed)


def only_in(version: str, *names: str) -> Fit:
    """What one version has and the other lacks."""

    def fit(shown: dict[str, Any], asked: str) -> None:
        if asked != version:
            for name in names:
                shown.pop(name, None)

    return fit
