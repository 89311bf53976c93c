"""Application registrations (v1.0 resource ``application``)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.directory import APPLICATIONS
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, only_in
from taxiway.graph.protocol.lists import created, item_answer, item_body, reading
from taxiway.graph.resources import passwords
from taxiway.graph.resources.references import by_app_id, require_item
from taxiway.store import Row, Tx

_PATH: Final = "applications"


def _shown(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    return [{"passwordCredentials": shown} for shown in passwords.shown(tx, rows)]


APPLICATION: Final = Face(
    path=_PATH,
    repository=APPLICATIONS,
    family="directory",
    shown=_shown,
    computed=frozenset({"passwordCredentials"}),
    written=frozenset(APPLICATIONS.entity.props)
    - {
        "app_id",
        "application_template_id",
        "certification",
        "created_at",
        "created_by_app_id",
        "deleted_at",
        "disabled_by_microsoft_status",
        "publisher_domain",
        "verified_publisher",
    },
    beta=frozenset({"on_premises_publishing", "sign_in_audience_restrictions", "windows"}),
    fit=only_in("v1.0", "addIns", "applicationTemplateId", "oauth2RequirePostResponse"),
)


async def _create(call: Call) -> Answer:
    content = call.json
    values = body.incoming(APPLICATION, content)
    passwords.refuse_in(content)
    body.refuse_switches(content, "isDisabled")
    name = values.pop("display_name", None)
    if not name:
        raise BadRequest("A value is required for property 'displayName' of resource 'Application'.")

    def write(tx: Tx) -> dict[str, Any]:
        row = directory.create_application(tx, principal=call.principal, display_name=name, **values)
        return item_body(tx, call, APPLICATION, row)

    return created(call, APPLICATION, await call.write(write))


async def _update(call: Call) -> Answer:
    content = call.json
    changes = body.incoming(APPLICATION, content)
    passwords.refuse_in(content)
    body.refuse_switches(content, "isDisabled")

    def write(tx: Tx) -> None:
        row = require_item(tx, call, APPLICATIONS)
        if changes:
            directory.update_application(tx, row["id"], changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        directory.delete_application(tx, require_item(tx, call, APPLICATIONS)["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _get_by_app_id(call: Call) -> Answer:
    return await item_answer(call, APPLICATION, call.keys["appId"], find=by_app_id(APPLICATIONS))


def _item(item: str) -> list[Operation]:
    return [
        Operation("PATCH", item, _update, scopes.APPLICATIONS_WRITE, "directory"),
        Operation("DELETE", item, _delete, scopes.APPLICATIONS_WRITE, "directory"),
        *passwords.operations(item, APPLICATIONS),
    ]


OPERATIONS: Final = [
    *reading(_PATH, APPLICATION, scopes.APPLICATIONS_READ),
    Operation("GET", f"{_PATH}/{{=appId}}", _get_by_app_id, scopes.APPLICATIONS_READ, "directory"),
    Operation("POST", _PATH, _create, scopes.APPLICATIONS_WRITE, "directory"),
    *_item(f"{_PATH}/{{id}}"),
    *_item(f"{_PATH}/{{=appId}}"),
]
