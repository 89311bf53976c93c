"""Secrets of applications and service principals: ``addPassword``, ``removePassword``, and what a GET shows of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from taxiway import signin
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.references import require_item
from taxiway.store import Prop, Repository, Row, Tx

_STARTS: Final = Prop("start_date_time", "datetime")
_ENDS: Final = Prop("end_date_time", "datetime")


def operations(item: str, rows: Repository) -> list[Operation]:
    """Both actions of one entity, at this address of an item."""

    async def add(call: Call) -> Answer:
        return await _add(call, rows)

    async def remove(call: Call) -> Answer:
        return await _remove(call, rows)

    return [
        Operation("POST", f"{item}/addPassword", add, scopes.APPLICATIONS_WRITE, "directory"),
        Operation("POST", f"{item}/removePassword", remove, scopes.APPLICATIONS_WRITE, "directory"),
    ]


def shown(tx: Tx, rows: Sequence[Row]) -> list[list[dict[str, Any]]]:
    """``passwordCredentials`` of each row: all but the secret, which was shown when it was made."""
    by_owner: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for secret in signin.secrets_of(tx, [row["id"] for row in rows]):
        by_owner[secret["object_id"]].append(_credential(secret, None))
    return [by_owner[row["id"]] for row in rows]


def refuse_in(content: Mapping[str, Any]) -> None:
    """Secrets are chosen by the server, so none is taken from a body."""
    if body.list_field(content, "passwordCredentials"):
        raise BadRequest("Passwords are not set with an object: call addPassword.")


async def _add(call: Call, rows: Repository) -> Answer:
    given = body.field(call.json, "passwordCredential") or {}
    if not isinstance(given, dict):
        raise BadRequest("'passwordCredential' must be an object.")
    name, starts, ends = body.text_field(given, "displayName") or None, _given(given, _STARTS), _given(given, _ENDS)

    def write(tx: Tx) -> dict[str, Any]:
        owner = require_item(tx, call, rows)
        row, secret = signin.add_secret(
            tx, owner, principal=call.principal, display_name=name, starts=starts, ends=ends
        )
        return _credential(row, secret)

    made = await call.write(write)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#microsoft.graph.passwordCredential", **made})


async def _remove(call: Call, rows: Repository) -> Answer:
    key_id = body.text_field(call.json, "keyId").lower()

    def write(tx: Tx) -> None:
        signin.remove_secret(tx, require_item(tx, call, rows), key_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


def _given(content: Mapping[str, Any], prop: Prop) -> datetime | None:
    made: datetime | None = body.converted(prop, body.field(content, prop.graph_name))
    return made


def _credential(row: Row, secret: str | None) -> dict[str, Any]:
    return {
        "customKeyIdentifier": None,
        "displayName": row["display_name"],
        "endDateTime": moment(row["expires_at"]),
        "hint": row["hint"],
        "keyId": row["id"],
        "secretText": secret,
        "startDateTime": moment(row["starts_at"]),
    }
