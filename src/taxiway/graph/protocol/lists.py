"""Lists, items, counts: what every collection answers alike (02 sections 1.3 and 1.7)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from taxiway.directory import tags_property, visible
from taxiway.graph.errors import BadRequest, Malformed, NoSuchItem
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.etag import etag_of
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.options import EVERYTHING, Query, Selection, read_query, read_selection
from taxiway.graph.protocol.quirks import as_intune_reads
from taxiway.graph.protocol.render import records, render
from taxiway.management import not_acted_on
from taxiway.store import And, Repository, Row, Tx, Where

Find = Callable[[Tx, str], Row | None]
Narrow = Callable[[Tx, Call], Where | None]
_FINDINGS = "@taxiway.findings"


def reading(
    pattern: str,
    face: Face,
    scopes: frozenset[str],
    *,
    beta: bool = False,
    narrow: Narrow | None = None,
    find: Find | None = None,
    listed: Face | None = None,
) -> list[Operation]:
    """GET of a collection, of its ``$count`` and of one item; ``listed``: the face of the list, where it shows less."""
    family = face.family

    async def get_list(call: Call) -> Answer:
        return await list_answer(call, listed or face, narrow=narrow)

    async def get_count(call: Call) -> Answer:
        return await count_answer(call, face, narrow=narrow)

    async def get_item(call: Call) -> Answer:
        return await item_answer(call, face, call.keys["id"], find=find)

    return [
        Operation("GET", pattern, get_list, scopes, family, beta, face=face),
        Operation("GET", f"{pattern}/$count", get_count, scopes, family, beta),
        Operation(
            "GET",
            f"{pattern}/{{id}}",
            get_item,
            scopes,
            family,
            beta,
            item=tagged_rows(face),
            find=find or face.repository.get,
        ),
    ]


def tagged_rows(face: Face) -> Repository | None:
    """The rows of a face, where they bear scope tags."""
    return face.repository if tags_property(face.repository.entity) else None


def limited(operations: Sequence[Operation]) -> list[Operation]:
    """Every operation on or below an item that bears scope tags gets to know its rows: one place decides who sees.

    Those on an item get to know its row too, to compare versions.
    """
    items = {operation.pattern: operation.item for operation in operations if operation.item is not None}
    found = {operation.pattern: operation.find for operation in operations if operation.find is not None}
    return [
        replace(operation, item=_item_of(operation.pattern, items), find=found.get(operation.pattern))
        for operation in operations
    ]


def _item_of(pattern: str, items: Mapping[str, Repository]) -> Repository | None:
    return next((rows for at, rows in items.items() if f"{pattern}/".startswith(f"{at}/")), None)


async def list_answer(
    call: Call, face: Face, *, narrow: Narrow | None = None, context: str = "", typed: bool = False
) -> Answer:
    """One page of a collection; ``typed`` puts the declared type on every item (lists of mixed objects)."""
    options = as_intune_reads(face, call.options) if call.settings.strict_intune_quirks else call.options
    query = read_query(options, face, call.version, advanced=call.advanced)
    _check_expanded(call, query.selection)

    def read(tx: Tx) -> tuple[Sequence[Any], str | None, int | None]:
        where = _where(tx, call, face, query.where, narrow)
        shown, after = _page(tx, call, face, query, where, typed=typed)
        counted = (query.counted or (face.family == "intune" and face.counted)) and query.after is None
        return shown, after, _count(tx, face, query, where, len(shown), after) if counted else None

    shown, after, count = await call.read(read)
    body: dict[str, Any] = {"@odata.context": context or context_of(call, face, query.selection)}
    if count is not None:
        body["@odata.count"] = count
    if after is not None:
        body["@odata.nextLink"] = next_link(call, after)
    return Answer(200, {**body, "value": shown})


async def count_answer(call: Call, face: Face, *, narrow: Narrow | None = None) -> Answer:
    """``/$count``: a number as plain text; directory collections need the advanced mode."""
    if face.family == "directory" and not call.advanced:
        raise BadRequest("$count is not currently supported without the header ConsistencyLevel: eventual.")
    query = read_query(call.options, face, call.version, advanced=call.advanced, counting=True)
    number = await call.read(lambda tx: face.repository.count(tx, _where(tx, call, face, query.where, narrow)))
    return Answer(200, text=str(number))


async def item_answer(call: Call, face: Face, row_id: str, *, find: Find | None = None) -> Answer:
    """One object, or 404."""
    selection = read_selection(call.options, face, call.version)
    _check_expanded(call, selection)

    def read(tx: Tx) -> Answer:
        row = (find or face.repository.get)(tx, row_id)
        if row is None:
            raise NoSuchItem(row_id)
        return Answer(200, item_body(tx, call, face, row, selection), {"ETag": etag_of(row)})

    return await call.read(read)


def _check_expanded(call: Call, selection: Selection) -> None:
    """What is expanded needs the permission that its own address does."""
    for expansion in selection.expansions:
        if expansion.needs:
            check_scopes(call.principal, expansion.needs)


def item_body(tx: Tx, call: Call, face: Face, row: Row, selection: Selection = EVERYTHING) -> dict[str, Any]:
    """A row with its context, as the answer to a GET, POST or PATCH."""
    rows = face.seen(tx, call.principal, [row]) if face.seen else [row]
    [shown] = render(tx, face, rows, selection, version=call.version, root=call.root)
    return {"@odata.context": f"{context_of(call, face, selection)}/$entity", **shown}


def created(call: Call, face: Face, body: dict[str, Any], *, live: int = 201, kept: str = "") -> Answer:
    """201 with ``Location``; ``live``: what the real service answers where it differs.

    ``kept``: the type of an object that nothing here acts on, which is said when it is made.
    """
    said = {_FINDINGS: [not_acted_on(kept)]} if kept and not body.get(_FINDINGS) else {}
    made = call.done(live=live, docs=201, body={**body, **said})
    return replace(made, headers={"Location": f"{call.root}/{face.path}/{quote(str(body['id']))}"})


def value_answer(call: Call, context: str, items: Sequence[Any], *, status: int = 200) -> Answer:
    """A whole collection that is not paged."""
    return Answer(status, {"@odata.context": f"{call.root}/$metadata#{context}", "value": list(items)})


def context_of(call: Call, face: Face, selection: Selection) -> str:
    """``@odata.context`` of a collection, with what was projected or expanded."""
    shape = [*selection.spelled, *(f"{expansion.name}({expansion.inside})" for expansion in selection.expansions)]
    return f"{call.root}/$metadata#{face.path}" + (f"({','.join(shape)})" if shape else "")


def typed_as(face: Face) -> str:
    """``#microsoft.graph.user`` of ``users``."""
    return f"#microsoft.graph.{face.path.rpartition('/')[2].removesuffix('s')}"


def _where(tx: Tx, call: Call, face: Face, asked: Where | None, narrow: Narrow | None) -> Where | None:
    mine = visible(tx, call.principal, face.repository.entity)
    parts = [part for part in (asked, narrow(tx, call) if narrow else None, mine) if part is not None]
    cast = face.cast(call.cast) if call.cast else None
    if call.cast and face.casts and cast is None:
        raise Malformed(f"'{call.cast}' is no type of '{face.path}'.")
    if cast is not None:
        parts.append(cast)
    return None if not parts else And(tuple(parts))


def _page(
    tx: Tx, call: Call, face: Face, query: Query, where: Where | None, *, typed: bool
) -> tuple[Sequence[Any], str | None]:
    """The items of a page, and the token of the next one; as JSON at once where that can be."""
    asked: dict[str, Any] = {"order": query.order, "limit": query.limit, "after": query.after, "skip": query.skip}
    as_json = None if typed else records(face, query.selection, call.version)
    if as_json is not None:
        made = face.repository.page_as_json(tx, where, as_json, **asked)
        return made.rows, made.after
    page = face.repository.page(tx, where, **asked)
    rows = face.seen(tx, call.principal, page.rows) if face.seen else page.rows
    shown = render(tx, face, rows, query.selection, version=call.version, root=call.root)
    return [{"@odata.type": typed_as(face), **item} for item in shown] if typed else shown, page.after


def _count(tx: Tx, face: Face, query: Query, where: Where | None, shown: int, after: str | None) -> int:
    """How many there are in all: after a last page that is known already."""
    return query.skip + shown if after is None and (shown or not query.skip) else face.repository.count(tx, where)


def next_link(call: Call, after: str) -> str:
    """The address of the next page: this one's options, and the token."""
    kept = {name: value for name, value in call.options.items() if name not in ("skip", "skiptoken")}
    cast = f"/microsoft.graph.{quote(call.cast)}" if call.cast else ""
    path = quote(call.path, safe="/()'=,") + cast
    pairs = [f"${name}={quote(value, safe='')}" for name, value in {**kept, "skiptoken": after}.items()]
    return f"{call.root}/{path}?{'&'.join(pairs)}"
