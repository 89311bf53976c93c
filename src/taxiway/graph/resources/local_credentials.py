"""Passwords of local administrators (Windows LAPS): metadata for some roles, passwords for fewer, looks on record."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory, join
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import moment
from taxiway.store import Row, Tx

_PATH: Final = "directory/deviceLocalCredentials"
_READ_ACTION: Final = "local_credentials.read"


async def _list(call: Call) -> Answer:
    """Every device that has escrowed a password; never with one."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        directory.require(tx, call.principal, _READ_ACTION)
        rows = join.LOCAL_CREDENTIALS.select(tx, order=[("backed_up_at", True)])
        latest: dict[str, Row] = {}
        for row in rows:
            latest.setdefault(row["device_id"], row)
        return [_info(tx, row) for row in latest.values()]

    return value_answer(call, _PATH, await call.read(read))


async def _get(call: Call) -> Answer:
    """With ``$select=credentials`` the passwords, and an entry in the log; without it the rest."""
    wanted = "credentials" in call.options.get("select", "").lower().replace(" ", "").split(",")
    if wanted:
        check_scopes(call.principal, scopes.LOCAL_CREDENTIALS_REVEAL)
    device_id = call.keys["id"].lower()

    def look(tx: Tx) -> dict[str, Any]:
        directory.require(tx, call.principal, _READ_ACTION)
        latest = join.latest_local_credential(tx, device_id)
        if latest is None:
            raise NoSuchItem(call.keys["id"])
        shown = _info(tx, latest)
        if wanted:
            found = join.reveal_local_passwords(tx, device_id, principal=call.principal)
            shown["credentials"] = [_credential(row, password) for row, password in found]
        return {"@odata.context": f"{call.root}/$metadata#{_PATH}/$entity", **shown}

    return Answer(200, await (call.write(look) if wanted else call.read(look)))


def _info(tx: Tx, row: Row) -> dict[str, Any]:
    device = directory.find_device(tx, device_id=row["device_id"])
    return {
        "id": row["device_id"],
        "deviceName": None if device is None else device["display_name"],
        "lastBackupDateTime": moment(row["backed_up_at"]),
        "refreshDateTime": moment(row["refresh_at"]),
    }


def _credential(row: Row, password: str) -> dict[str, Any]:
    return {
        "accountName": row["account_name"],
        "accountSid": row["account_sid"],
        "backupDateTime": moment(row["backed_up_at"]),
        "passwordBase64": password,
    }


OPERATIONS: Final = [
    Operation("GET", _PATH, _list, scopes.LOCAL_CREDENTIALS_READ, "directory"),
    Operation("GET", f"{_PATH}/{{id}}", _get, scopes.LOCAL_CREDENTIALS_READ, "directory"),
    # The address of older clients.
    Operation("GET", "deviceLocalCredentials/{id}", _get, scopes.LOCAL_CREDENTIALS_READ, "directory"),
]
