"""BitLocker recovery keys: listed without the key; who asks for it is on record (01 R-121)."""

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
from taxiway.join import RECOVERY_KEYS
from taxiway.store import Tx, Where

_PATH: Final = "informationProtection/bitlocker/recoveryKeys"
_READ_ACTION: Final = "recovery_keys.read"
KEYS: Final = Face(
    path=_PATH,
    repository=RECOVERY_KEYS,
    family="directory",
    order=(("created_at", False),),
    computed=frozenset({"key"}),
)


def _permitted(tx: Tx, call: Call) -> Where:
    """Who may see the keys' list: the same roles that may see a key."""
    directory.require(tx, call.principal, _READ_ACTION)
    return ALWAYS


async def _get(call: Call) -> Answer:
    """With ``$select=key`` the key itself, and an entry in the log; without it the rest."""
    selection = read_selection(call.options, KEYS, call.version)
    wanted = "key" in selection.names
    if wanted:
        check_scopes(call.principal, scopes.RECOVERY_KEYS_REVEAL)

    def look(tx: Tx) -> dict[str, Any]:
        directory.require(tx, call.principal, _READ_ACTION)
        row = RECOVERY_KEYS.get(tx, call.keys["id"].lower())
        if row is None:
            raise NoSuchItem(call.keys["id"])
        shown = item_body(tx, call, KEYS, row, selection)
        return shown | ({"key": join.reveal_recovery_key(tx, row["id"], principal=call.principal)} if wanted else {})

    return Answer(200, await (call.write(look) if wanted else call.read(look)))


OPERATIONS: Final = [
    *(
        operation if operation.pattern != f"{_PATH}/{{id}}" else replace(operation, handler=_get)
        for operation in reading(_PATH, KEYS, scopes.RECOVERY_KEYS_READ, narrow=_permitted)
    ),
]
