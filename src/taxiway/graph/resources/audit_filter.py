"""``$filter`` of the two audit logs: comparisons joined by ``and``, as a search of the one log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import FilterRefused
from taxiway.graph.protocol.filter_parse import Both, Constant, Function, Lambda, Node, Path, Relation, parse_filter
from taxiway.graph.resources.audit_meanings import Fits, Meaning
from taxiway.store import Tx

_TIMES: Final = frozenset({"activitydatetime"})
_MEANT: Final[dict[str, Callable[[Meaning], str]]] = {
    "category": lambda meaning: meaning.category,
    "componentname": lambda meaning: meaning.category,
    "activitydisplayname": lambda meaning: meaning.activity,
    "displayname": lambda meaning: meaning.activity,
    "activity": lambda meaning: meaning.activity,
    "activitytype": lambda meaning: meaning.activity,
    "activityoperationtype": lambda meaning: meaning.operation,
    "operationtype": lambda meaning: meaning.operation,
}
#: Moments are kept to the microsecond.
_BEYOND: Final = {"gt": timedelta(microseconds=1), "lt": timedelta(microseconds=-1)}
#: No log reaches beyond these; moments at the end of the calendar cannot be reckoned with.
_FIRST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAST: Final = datetime(9000, 1, 1, tzinfo=UTC)
_RESOURCE_TYPE: Final = ("resources", "auditresourcetype")
_TARGETS: Final = frozenset({("targetresources", "id"), ("resources", "resourceid")})
_ACTOR_IDS: Final = {
    "initiatedby/user/id": "user",
    "actor/userid": "user",
    "initiatedby/app/serviceprincipalid": "app",
    "actor/serviceprincipalname": "app",
}
_ACTOR_NAMES: Final = frozenset({"initiatedby/user/userprincipalname", "actor/userprincipalname"})
#: Only what came to be is on record here.
_SUCCESS: Final = frozenset({"result", "activityresult"})


@dataclass(slots=True)
class Wanted:
    """A filter, read. ``upn`` is looked up when it is asked; ``nothing``: the filter can hold for no entry."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str | None = None
    upn: str | None = None
    mentions: str | None = None
    correlation: str | None = None
    nothing: bool = False
    tests: list[Fits] = field(default_factory=list)

    def fits(self, meaning: Meaning) -> bool:
        """Whether the filter leaves entries of this meaning."""
        return not self.nothing and all(test(meaning) for test in self.tests)

    def actor_of(self, tx: Tx) -> str | None:
        """The actor as the log writes it."""
        if self.upn is None:
            return self.actor
        user = directory.find_user(tx, self.upn)
        return "user:" if user is None else f"user:{user['id']}"


def read_filter(text: str) -> Wanted:
    """Read a filter; what these logs cannot be searched by is refused at its place."""
    wanted = Wanted()
    if text.strip():
        _read(parse_filter(text), wanted)
    return wanted


def _read(node: Node, wanted: Wanted) -> None:
    match node:
        case Both("and", parts, _):
            for part in parts:
                _read(part, wanted)
        case Relation(Path(steps, _), operator, Constant(value, _), position):
            _compare("/".join(steps).lower(), operator, value, position, wanted)
        case Function("startswith", (Path(steps, _), Constant(str() as value, _)), position):
            _starts("/".join(steps).lower(), value, position, wanted)
        case Lambda(Path((name,), _), "any", variable, Relation(Path((owner, prop), _), "eq", Constant(value, _)), at):
            if owner == variable and (name.lower(), prop.lower()) == _RESOURCE_TYPE:
                _of_type(str(value), wanted)
            elif owner != variable or (name.lower(), prop.lower()) not in _TARGETS:
                raise FilterRefused("an audit log is searched by the ids and types of what was changed.", at)
            else:
                wanted.mentions = str(value).lower()
        case _:
            raise FilterRefused("an audit log takes comparisons joined by 'and'.", node.position)


def _of_type(value: str, wanted: Wanted) -> None:
    """The type of what was changed, with or without the namespace that the service writes before it."""
    text = value.rpartition(".")[2].lower()
    wanted.tests.append(lambda meaning: meaning.resource.lower() == text)


def _compare(name: str, operator: str, value: Any, position: int, wanted: Wanted) -> None:
    if name in _TIMES:
        _time(operator, value, position, wanted)
    elif name in _MEANT and operator in ("eq", "ne"):
        read, text, same = _MEANT[name], str(value).lower(), operator == "eq"
        wanted.tests.append(lambda meaning: (read(meaning).lower() == text) is same)
    elif operator != "eq":
        raise FilterRefused(f"'{operator}' is not supported for '{name}' here.", position)
    elif name in _ACTOR_IDS:
        wanted.actor = f"{_ACTOR_IDS[name]}:{str(value).lower()}"
    elif name in _ACTOR_NAMES:
        wanted.upn = str(value)
    elif name == "correlationid":
        wanted.correlation = str(value)
    elif name in _SUCCESS:
        wanted.nothing = wanted.nothing or str(value).lower() != "success"
    elif name != "loggedbyservice":
        raise FilterRefused(f"an audit log cannot be searched by '{name}' here.", position)


def _starts(name: str, value: str, position: int, wanted: Wanted) -> None:
    if name not in _MEANT:
        raise FilterRefused(f"'startswith' is not supported for '{name}' here.", position)
    read, text = _MEANT[name], value.lower()
    wanted.tests.append(lambda meaning: read(meaning).lower().startswith(text))


def _time(operator: str, value: Any, position: int, wanted: Wanted) -> None:
    moment = _moment(value)
    if moment is None or operator not in ("eq", "ge", "gt", "le", "lt"):
        raise FilterRefused("'activityDateTime' is compared with a moment.", position)
    moment = min(max(moment, _FIRST), _LAST) + _BEYOND.get(operator, timedelta())
    if operator in ("eq", "ge", "gt"):
        wanted.since = moment if wanted.since is None else max(moment, wanted.since)
    if operator in ("eq", "le", "lt"):
        wanted.until = moment if wanted.until is None else min(moment, wanted.until)


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return value if isinstance(value, datetime) else None
    try:
        made = datetime.fromisoformat(value)
    except ValueError:
        return None
    return made if made.tzinfo is not None else None
