"""Passwords of local administrators (Windows LAPS): metadata for some roles, passwords for fewer, looks on record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from taxiway import directory, join
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.filter_tree import ALWAYS
from taxiway.graph.protocol.lists import item_body, reading
from taxiway.graph.protocol.options import read_selection
from taxiway.graph.protocol.render import moment
from taxiway.store import Row, Tx, Where, one_of

_PATH: Final = "directory/deviceLocalCredentials"
_READ_ACTION: Final = "local_credentials.read"


def _names(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """What the devices are called now."""
    ids = [row["id"] for row in rows]
    found = directory.DEVICES.select(tx, one_of("device_id", ids)) if ids else []
    names = {device["device_id"]: device["display_name"] for device in found}
    return [{"deviceName": names.get(row_id)} for row_id in ids]


CREDENTIALS: Final = Face(
    path=_PATH,
    repository=join.LOCAL_CREDENTIALS,
    family="directory",
    order=(("backed_up_at", True),),
    shown=_names,
    computed=frozenset({"deviceName", "credentials"}),
)


def _permitted(tx: Tx, call: Call) -> Where:
    """Who may see when passwords were handed in; the passwords are for fewer."""
    directory.require(tx, call.principal, _READ_ACTION)
    return ALWAYS


async def _get(call: Call) -> Answer:
    """With ``$select=credentials`` the passwords, and an entry in the log; without it the rest."""
    selection = read_selection(call.options, CREDENTIALS, call.version)
    wanted = "credentials" in selection.names
    if wanted:
        check_scopes(call.principal, scopes.LOCAL_CREDENTIALS_REVEAL)
    device_id = call.keys["id"].lower()

    def look(tx: Tx) -> dict[str, Any]:
        directory.require(tx, call.principal, _READ_ACTION)
        row = join.local_credential(tx, device_id)
        if row is None:
            raise NoSuchItem(call.keys["id"])
        shown = item_body(tx, call, CREDENTIALS, row, selection)
        if wanted:
            kept = join.reveal_local_passwords(tx, device_id, principal=call.principal)
            shown["credentials"] = [
                {
                    "accountName": each.account,
                    "accountSid": each.sid,
                    "backupDateTime": moment(each.at),
                    "passwordBase64": each.password,
                }
                for each in kept
            ]
        return shown

    return Answer(200, await (call.write(look) if wanted else call.read(look)))


_READING: Final = [
    operation if operation.pattern != f"{_PATH}/{{id}}" else replace(operation, handler=_get)
    for operation in reading(_PATH, CREDENTIALS, scopes.LOCAL_CREDENTIALS_READ, narrow=_permitted)
]
OPERATIONS: Final = [
    *_READING,
    # The address of older clients.
    *(
        replace(operation, pattern="deviceLocalCredentials/{id}")
        for operation in _READING
        if operation.pattern == f"{_PATH}/{{id}}"
    ),
]
