"""Categories of apps (02 section 8.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import reading, value_answer
from taxiway.graph.protocol.options import EVERYTHING
from taxiway.graph.protocol.render import render
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.references import reference
from taxiway.store import Row, Tx

_PATH: Final = "deviceAppManagement/mobileAppCategories"
_APP: Final = "deviceAppManagement/mobileApps/{id}/categories"
CATEGORIES: Final = Face(
    path=_PATH, repository=management.CATEGORIES, family="intune", written=frozenset({"display_name"})
)


def _of_app(tx: Tx, row: Row) -> list[dict[str, Any]]:
    found = management.categories_of(tx, row["id"])
    return render(tx, CATEGORIES, found, EVERYTHING, version="beta", root="")


#: ``$expand=categories`` of an app.
EXPANSION: Final = Expansion("categories", _of_app)


def _create(tx: Tx, values: Mapping[str, Any], **by: Any) -> Row:
    return management.create_category(tx, values.get("display_name"), **by)


def _rename(tx: Tx, row_id: str, changes: Mapping[str, Any], **by: Any) -> Row:
    return management.rename_category(tx, row_id, changes.get("display_name"), **by)


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
    *writing(CATEGORIES, _WRITE, create=_create, update=_rename, delete=management.delete_category),
    Operation("GET", _APP, _listed, _READ),
    Operation("POST", f"{_APP}/$ref", _add, _WRITE),
    Operation("DELETE", f"{_APP}/{{category}}/$ref", _remove, _WRITE),
]
