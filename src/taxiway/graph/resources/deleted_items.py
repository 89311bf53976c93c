"""``directory/deletedItems``: users and groups for 30 days after their deletion (02 section 6)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import next_link
from taxiway.graph.protocol.options import EVERYTHING, read_query, read_selection
from taxiway.graph.protocol.render import render
from taxiway.graph.resources.groups import GROUPS
from taxiway.graph.resources.references import require_item
from taxiway.graph.resources.users import USERS
from taxiway.store import And, Row, Tx, eq

_SHOWN: Final[dict[str, Face]] = {"user": USERS, "group": GROUPS}
_READ: Final = {"user": scopes.DELETED_USERS_READ, "group": scopes.DELETED_GROUPS_READ}
_WRITE: Final = {"user": scopes.DELETED_USERS_WRITE, "group": scopes.DELETED_GROUPS_WRITE}
_ANY_READ: Final = scopes.DELETED_USERS_READ | scopes.DELETED_GROUPS_READ
_ANY_WRITE: Final = scopes.DELETED_USERS_WRITE | scopes.DELETED_GROUPS_WRITE
#: What a list can be filtered and sorted by.
_ITEMS: Final = Face(
    path="directory/deletedItems",
    repository=directory.DELETED_ITEMS,
    family="directory",
    hidden=frozenset({"kind", "row", "licences", "owned"}),
)
_OTHERS: Final = ("administrativeunit", "application", "device", "serviceprincipal")


async def _list(call: Call) -> Answer:
    kind = _kind(call)
    check_scopes(call.principal, _READ[kind])
    asked = {name: value for name, value in call.options.items() if name not in ("select", "expand")}
    query = read_query(asked, _ITEMS, call.version, advanced=call.advanced)
    face = _SHOWN[kind]
    selection = read_selection({"select": call.options.get("select", "")}, face, call.version)
    where = eq("kind", kind) if query.where is None else And((eq("kind", kind), query.where))

    def read(tx: Tx) -> tuple[list[dict[str, Any]], str | None, int]:
        page = directory.DELETED_ITEMS.page(tx, where, order=query.order, limit=query.limit, after=query.after)
        rows = [directory.kept_row(item) for item in page.rows]
        count = directory.DELETED_ITEMS.count(tx, where) if query.counted and query.after is None else -1
        return render(tx, face, rows, selection, version=call.version, root=call.root), page.after, count

    shown, after, count = await call.read(read)
    answer: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#{face.path}"}
    if count >= 0:
        answer["@odata.count"] = count
    if after is not None:
        answer["@odata.nextLink"] = next_link(call, after)
    return Answer(200, {**answer, "value": shown})


async def _count(call: Call) -> Answer:
    kind = _kind(call)
    check_scopes(call.principal, _READ[kind])
    return Answer(200, text=str(await call.read(lambda tx: directory.DELETED_ITEMS.count(tx, eq("kind", kind)))))


async def _get(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        item = require_item(tx, call, directory.DELETED_ITEMS)
        check_scopes(call.principal, _READ[item["kind"]])
        return _shown(tx, call, item["kind"], directory.kept_row(item))

    return Answer(200, await call.read(read))


async def _restore(call: Call) -> Answer:
    upn = body.text_field(call.json, "newUserPrincipalName")

    def write(tx: Tx) -> dict[str, Any]:
        item = require_item(tx, call, directory.DELETED_ITEMS)
        check_scopes(call.principal, _WRITE[item["kind"]])
        kind, row = directory.restore(tx, item["id"], principal=call.principal, upn=upn)
        return _shown(tx, call, kind, row)

    return Answer(200, await call.write(write))


async def _purge(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        item = require_item(tx, call, directory.DELETED_ITEMS)
        check_scopes(call.principal, _WRITE[item["kind"]])
        directory.purge(tx, item["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


def _kind(call: Call) -> str:
    """The type that the address names last."""
    kind = call.cast.lower()
    if kind in _OTHERS:
        raise NotServed(f"Deleted objects of the type '{call.cast}' are not kept here.")
    if kind not in _SHOWN:
        raise BadRequest("A list of deleted objects names their type: directory/deletedItems/microsoft.graph.user.")
    return kind


def _shown(tx: Tx, call: Call, kind: str, row: Row) -> dict[str, Any]:
    [shown] = render(tx, _SHOWN[kind], [row], EVERYTHING, version=call.version, root=call.root)
    context = f"{call.root}/$metadata#directoryObjects/$entity"
    return {"@odata.context": context, "@odata.type": f"#microsoft.graph.{kind}", **shown}


OPERATIONS: Final = [
    Operation("GET", "directory/deletedItems", _list, _ANY_READ, "directory"),
    Operation("GET", "directory/deletedItems/$count", _count, _ANY_READ, "directory"),
    Operation("GET", "directory/deletedItems/{id}", _get, _ANY_READ, "directory"),
    Operation("DELETE", "directory/deletedItems/{id}", _purge, _ANY_WRITE, "directory"),
    Operation("POST", "directory/deletedItems/{id}/restore", _restore, _ANY_WRITE, "directory"),
]
