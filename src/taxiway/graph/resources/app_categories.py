"""Categories of apps (02 section 8.2)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import management
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.graph.protocol.options import Selection
from taxiway.graph.protocol.render import render
from taxiway.graph.resources.references import reference
from taxiway.store import Row, Tx

_PATH: Final = "deviceAppManagement/mobileAppCategories"
_APP: Final = "deviceAppManagement/mobileApps/{id}/categories"
CATEGORIES: Final = Face(
    path=_PATH, repository=management.CATEGORIES, family="intune", written=frozenset({"display_name"})
)
_EVERYTHING: Final = Selection(frozenset(), (), ())


def _of_app(tx: Tx, row: Row) -> list[dict[str, Any]]:
    found = management.categories_of(tx, row["id"])
    return render(tx, CATEGORIES, found, _EVERYTHING, version="beta", root="")


#: ``$expand=categories`` of an app.
EXPANSION: Final = Expansion("categories", _of_app)


async def _create(call: Call) -> Answer:
    name = body.incoming(CATEGORIES, call.json).get("display_name")

    def write(tx: Tx) -> dict[str, Any]:
        row = management.create_category(tx, name, principal=call.principal)
        return item_body(tx, call, CATEGORIES, row)

    return created(call, CATEGORIES, await call.write(write))


async def _rename(call: Call) -> Answer:
    name = body.incoming(CATEGORIES, call.json).get("display_name")

    def write(tx: Tx) -> dict[str, Any]:
        row = management.rename_category(tx, call.keys["id"], name, principal=call.principal)
        return item_body(tx, call, CATEGORIES, row)

    return call.done(live=200, docs=200, body=await call.write(write))


async def _delete(call: Call) -> Answer:
    await call.write(lambda tx: management.delete_category(tx, call.keys["id"], principal=call.principal))
    return call.done(live=200, docs=204)


async def _listed(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        return _of_app(tx, management.APPS.require(tx, call.keys["id"]))

    return value_answer(call, f"deviceAppManagement/mobileApps('{call.keys['id']}')/categories", await call.read(read))


async def _add(call: Call) -> Answer:
    category_id = reference(call.json)

    def write(tx: Tx) -> None:
        app = management.APPS.require(tx, call.keys["id"])
        management.sort_into(tx, app["id"], category_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _remove(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        app = management.APPS.require(tx, call.keys["id"])
        management.take_out(tx, app["id"], call.keys["category"], principal=call.principal)

    await call.write(write)
    return Answer(204)


_READ, _WRITE = scopes.APPS_READ, scopes.APPS_WRITE
OPERATIONS: Final = [
    *reading(_PATH, CATEGORIES, _READ),
    Operation("POST", _PATH, _create, _WRITE),
    Operation("PATCH", f"{_PATH}/{{id}}", _rename, _WRITE),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, _WRITE),
    Operation("GET", _APP, _listed, _READ),
    Operation("POST", f"{_APP}/$ref", _add, _WRITE),
    Operation("DELETE", f"{_APP}/{{category}}/$ref", _remove, _WRITE),
]
