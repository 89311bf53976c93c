"""The two audit logs of Graph, read from the one log: who changed what (02 section 9.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Family, only_in
from taxiway.graph.protocol.lists import next_link
from taxiway.graph.protocol.options import number
from taxiway.graph.resources.audit_filter import Wanted, read_filter
from taxiway.graph.resources.audit_meanings import DIRECTORY, INTUNE, Meaning, kinds_of
from taxiway.graph.resources.audit_render import directory_audit, intune_event
from taxiway.kernel import Entry
from taxiway.store import Sought, Tx, browse, entries

_PAGE: Final = 100
_LARGEST: Final = 1000
_OPTIONS: Final = frozenset({"filter", "top", "orderby", "select", "skiptoken", "count", "format"})

_fit: Final = only_in("beta", "performedBy", "userAgent")

Meanings = Mapping[str, tuple[Meaning, ...]]
Show = Callable[[Tx, Entry, Meaning], dict[str, Any]]


def _list(meanings: Meanings, show: Show, area: str, context: str) -> Handler:
    async def answer(call: Call) -> Answer:
        wanted, limit, before = (
            read_filter(call.options.get("filter", "")),
            number(call.options, "top", _PAGE, least=1, most=_LARGEST),
            _before(call),
        )
        _check(call)
        names = {name.strip().lower() for name in call.options.get("select", "").split(",") if name.strip()}

        def read(tx: Tx) -> tuple[list[dict[str, Any]], int | None]:
            directory.require(tx, call.principal, f"{area}.read")
            found, after = browse(tx, _sought(tx, wanted, meanings), before=before, limit=limit)
            return [show(tx, entry, meaning) for entry in found for meaning in _said(entry, meanings, wanted)], after

        shown, after = await call.read(read)
        for one in shown:
            _fit(one, call.version)
        if names:
            shown = [{key: value for key, value in one.items() if key.lower() in names | {"id"}} for one in shown]
        body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{context}"}
        if after is not None:
            body["@odata.nextLink"] = next_link(call, str(after))
        return Answer(200, {**body, "value": shown})

    return answer


def _item(meanings: Meanings, show: Show, area: str, context: str) -> Handler:
    async def answer(call: Call) -> Answer:
        def read(tx: Tx) -> dict[str, Any]:
            directory.require(tx, call.principal, f"{area}.read")
            entry = _entry(tx, call.keys["id"])
            for meaning in [] if entry is None else _said(entry, meanings, Wanted()):
                shown = show(tx, entry, meaning) if entry is not None else {}
                if shown["id"] == call.keys["id"]:
                    _fit(shown, call.version)
                    return shown
            raise NoSuchItem(call.keys["id"])

        return Answer(200, {"@odata.context": f"{call.root}/$metadata#{context}/$entity", **await call.read(read)})

    return answer


def _entry(tx: Tx, audit_id: str) -> Entry | None:
    """The entry behind the id of an audit: its number stands at the end."""
    digits = audit_id.rpartition("_" if "_" in audit_id else "-")[2].rstrip("r")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 18 or int(digits) == 0:
        return None
    return next(iter(entries(tx, after=int(digits) - 1, limit=1)), None)


def _sought(tx: Tx, wanted: Wanted, meanings: Meanings) -> Sought:
    return Sought(
        kinds=kinds_of(meanings, wanted.fits),
        since=wanted.since,
        until=wanted.until,
        actor=wanted.actor_of(tx),
        mentions=wanted.mentions,
        correlation=wanted.correlation,
    )


def _said(entry: Entry, meanings: Meanings, wanted: Wanted) -> list[Meaning]:
    """What an entry says: a change of memberships says who came, who went, or both."""
    named = meanings.get(entry.kind, ())
    if len(named) > 1:
        named = tuple(one for one, facts in zip(named, ("added", "removed"), strict=True) if entry.what.get(facts))
    return [meaning for meaning in named if wanted.fits(meaning)]


def _check(call: Call) -> None:
    unknown = sorted(call.options.keys() - _OPTIONS)
    if unknown:
        raise BadRequest(f"The query option '${unknown[0]}' is not supported by an audit log.")
    if call.options.get("orderby", "").lower().split() not in ([], ["activitydatetime", "desc"]):
        raise BadRequest("An audit log is sorted by 'activityDateTime desc' alone.")


def _before(call: Call) -> int | None:
    token = call.options.get("skiptoken")
    if not token:
        return None
    if not (token.isascii() and token.isdigit()) or len(token) > 18:
        raise BadRequest("This paging token was not made by this list.")
    return int(token)


def _operations(
    pattern: str, family: Family, needed: frozenset[str], meanings: Meanings, show: Show, area: str
) -> list[Operation]:
    return [
        Operation("GET", pattern, _list(meanings, show, area, pattern), needed, family),
        Operation("GET", f"{pattern}/{{id}}", _item(meanings, show, area, pattern), needed, family),
    ]


OPERATIONS: Final = [
    *_operations("auditLogs/directoryAudits", "directory", scopes.AUDIT_READ, DIRECTORY, directory_audit, "audit"),
    *_operations(
        "deviceManagement/auditEvents", "intune", scopes.INTUNE_AUDIT_READ, INTUNE, intune_event, "audit.intune"
    ),
]
