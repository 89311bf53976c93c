"""The commands of one device: wanted, queued, sent, settled; none lost, none run twice (05 section 14, R4 and R8)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import sqlalchemy as sa

from taxiway.management.model import Wanted
from taxiway.management.tables import device_command
from taxiway.store import Tx
from taxiway.wire.csp import lookup
from taxiway.wire.syncml import Code, Command, Item, Status

QUEUED: Final = "queued"
SENT: Final = "sent"
#: Sent, no Status, and it may have run: a Get has to prove that it did not before it is sent again.
UNPROVEN: Final = "unproven"
DONE: Final = "done"
FAILED: Final = "failed"
MAX_ATTEMPTS: Final = 3

#: What must not run twice: an Atomic enrolls or imports a certificate.
_RUNS: Final = frozenset({"Exec", "Atomic"})
_RETRY: Final = frozenset({214, 215, 216, 500, 503, 508, 510, 511})
_MOOT_DELETE: Final = frozenset({404, 405})

#: The content of a row that takes a setting back; once done, the row is forgotten.
_RETRACTED: Final = "retracted"

CommandRow = dict[str, Any]


_kept = [column.name for column in device_command.c if column.name not in {"tenant", "managed_id", "id"}]
_mine = (device_command.c.tenant == sa.bindparam("t")) & (device_command.c.managed_id == sa.bindparam("m"))
_this = _mine & (device_command.c.id == sa.bindparam("i"))
_load = sa.select(device_command).where(_mine)
_insert = sa.insert(device_command)
_update = sa.update(device_command).where(_this).values({name: sa.bindparam(f"new_{name}") for name in _kept})
_forget = sa.delete(device_command).where(_this)


class Queue:
    """The command rows of one device: loaded once per message, changed in memory, written together by ``flush``."""

    def __init__(self, tx: Tx, managed_id: str) -> None:
        self._tx = tx
        self._managed_id = managed_id
        self.rows: dict[str, CommandRow] = {row["id"]: row for row in tx.all(_load, {"t": tx.tenant, "m": managed_id})}
        self._stored = set(self.rows)
        self._changed: set[str] = set()

    def want(self, wanted: Wanted) -> str:
        """See to it that this is said once; the row's id. New content replaces old content, even in flight (R28)."""
        row = self.rows.get(wanted.id)
        if row is None:
            position = max((int(other["position"]) for other in self.rows.values()), default=0) + 1
            row = {
                "tenant": self._tx.tenant,
                "managed_id": self._managed_id,
                "id": wanted.id,
                "key": wanted.key,
                "lane": wanted.lane,
                "position": position,
                **self._content(wanted),
            }
            self.rows[wanted.id] = row
            self._changed.add(wanted.id)
        elif row["hash"] != wanted.hash:
            self._change(row, **self._content(wanted))
        elif row["origins"] != list(wanted.origins):
            self._change(row, origins=list(wanted.origins))
        return wanted.id

    def want_all(self, wanted: Iterable[Wanted]) -> list[str]:
        """``want`` for each, in order."""
        return [self.want(each) for each in wanted]

    def order_all(self, wanted: Iterable[Wanted]) -> list[str]:
        """``want`` for each, and say it once more where it was said before."""
        ids = self.want_all(wanted)
        for row_id in ids:
            if self.state(row_id) in {DONE, FAILED}:
                self.afresh(row_id)
        return ids

    def settled(self, ids: Iterable[str]) -> bool:
        """Whether each was answered for good."""
        return all(self.rows[row_id]["state"] in {DONE, FAILED} for row_id in ids)

    def state(self, row_id: str) -> str:
        """The state of a row."""
        return str(self.rows[row_id]["state"])

    def failed(self, ids: Iterable[str]) -> list[CommandRow]:
        """Those that failed for good."""
        return [self.rows[row_id] for row_id in ids if self.rows[row_id]["state"] == FAILED]

    def waiting(self, lanes: Iterable[str]) -> list[CommandRow]:
        """What can be sent now, in the order it was wanted."""
        allowed = set(lanes)
        rows = [row for row in self.rows.values() if row["state"] == QUEUED and row["lane"] in allowed]
        return sorted(rows, key=lambda row: int(row["position"]))

    def unproven(self, lanes: Iterable[str]) -> list[CommandRow]:
        """Execs of which nobody knows whether they ran."""
        allowed = set(lanes)
        return [row for row in self.rows.values() if row["state"] == UNPROVEN and row["lane"] in allowed]

    def command(self, row: CommandRow, cmd_id: str) -> Command:
        """The row as a command of a message."""
        data = self.content(row)
        bare = row["verb"] == "Delete" or (row["verb"] == "Add" and row["format"] in {None, "xml"})
        item = Item(
            target=row["uri"],
            format=None if bare else row["format"],
            type=None if bare or row["format"] == "node" else "text/plain",
            data=None if bare else data,
        )
        return Command(row["verb"], cmd_id, (item,))

    def content(self, row: CommandRow) -> str | None:
        """The data of a row, opened."""
        data: str | None = row["data"]
        if data is not None and row["sealed"]:
            data = self._tx.unseal(data, "device_command", "data", row["id"]).decode()
        return data

    def sent(self, row: CommandRow, msg_id: str, cmd_id: str) -> None:
        """The row went out in this message."""
        self._change(row, state=SENT, msg_ref=msg_id, cmd_ref=cmd_id, attempts=row["attempts"] + 1)

    def answered(self, status: Status) -> CommandRow | None:
        """Record a Status against the row it answers; None when it answers none of ours, or an older content."""
        for row in self.rows.values():
            if row["state"] == SENT and (row["msg_ref"], row["cmd_ref"]) == (status.msg_ref, status.cmd_ref):
                self._settle(row, int(status.code), status.original_error)
                return row
        return None

    def abandon(self) -> None:
        """A new session began: what has no Status goes back, except an Exec, which may have run (R4)."""
        for row in list(self.rows.values()):
            if row["state"] == SENT:
                self._change(row, state=UNPROVEN if row["verb"] in _RUNS else QUEUED, msg_ref=None, cmd_ref=None)

    def proven(self, row: CommandRow, *, ran: bool) -> None:
        """What a Get told about an unproven Exec."""
        self._change(row, state=DONE if ran else QUEUED, status=int(Code.ACCEPTED) if ran else None)

    def again(self, row_id: str) -> None:
        """Send a settled row once more."""
        self._change(self.rows[row_id], state=QUEUED, msg_ref=None, cmd_ref=None)

    def afresh(self, row_id: str) -> None:
        """Send a settled row as if it had never been sent."""
        self._change(self.rows[row_id], state=QUEUED, msg_ref=None, cmd_ref=None, status=None, attempts=0)

    def retract(self, row: CommandRow, uri: str = "") -> None:
        """The node is not to be set any more: take it back where the CSP allows it, else leave it (R10).

        ``uri`` is the node to take away where the row is about one below it.
        """
        uri = uri or row["uri"]
        node = lookup(uri)
        if row["hash"] == _RETRACTED:
            return
        never_sent = row["state"] == QUEUED and row["attempts"] == 0
        if never_sent or node is None or not node.allows("Delete"):
            self.drop(row)
            return
        self._change(
            row,
            verb="Delete",
            uri=uri,
            data=None,
            sealed=False,
            format=None,
            hash=_RETRACTED,
            state=QUEUED,
            attempts=0,
            msg_ref=None,
            cmd_ref=None,
        )

    def drop(self, row: CommandRow) -> None:
        """Forget a row."""
        if row["id"] in self._stored:
            self._tx.execute(_forget, {"t": self._tx.tenant, "m": self._managed_id, "i": row["id"]})
            self._stored.discard(row["id"])
        self._changed.discard(row["id"])
        del self.rows[row["id"]]

    def flush(self) -> None:
        """Write what changed since the rows were loaded."""
        rows = [self.rows[row_id] for row_id in sorted(self._changed)]
        fresh = [row for row in rows if row["id"] not in self._stored]
        known = [row for row in rows if row["id"] in self._stored]
        if fresh:
            self._tx.execute(_insert, fresh)
        if known:
            self._tx.execute(_update, [self._parameters(row) for row in known])
        self._stored.update(row["id"] for row in fresh)
        self._changed.clear()

    # ------------------------------------------------------------------------------------------ inside

    def _settle(self, row: CommandRow, code: int, native: str | None) -> None:
        verb, attempts = row["verb"], int(row["attempts"])
        told = {"status": code, "native_error": (native or "")[:40] or None, "msg_ref": None, "cmd_ref": None}
        if verb == "Delete" and (200 <= code < 300 or code in _MOOT_DELETE):
            self._change(row, state=DONE, **told)
            if row["hash"] == _RETRACTED:
                self.drop(row)
        elif code in {200, 201, 202, 204} or (verb == "Add" and code == Code.ALREADY_EXISTS and row["data"] is None):
            self._change(row, state=DONE, **told)
        elif verb == "Replace" and code == Code.NOT_FOUND and attempts < MAX_ATTEMPTS and self._takes(row, "Add"):
            self._change(row, verb="Add", state=QUEUED, **told)
        elif verb == "Add" and code == Code.ALREADY_EXISTS and attempts < MAX_ATTEMPTS and self._takes(row, "Replace"):
            self._change(row, verb="Replace", state=QUEUED, **told)
        elif code in _RETRY and attempts < MAX_ATTEMPTS:
            self._change(row, state=QUEUED, **told)
        else:
            self._change(row, state=FAILED, **told)

    def _parameters(self, row: CommandRow) -> dict[str, Any]:
        mine = {"t": self._tx.tenant, "m": self._managed_id, "i": row["id"]}
        return mine | {f"new_{name}": row[name] for name in _kept}

    def _takes(self, row: CommandRow, verb: str) -> bool:
        node = lookup(row["uri"])
        return node is not None and node.allows(verb)

    def _content(self, wanted: Wanted) -> dict[str, Any]:
        data = wanted.data
        if data is not None and wanted.secret:
            data = self._tx.seal(data.encode(), "device_command", "data", wanted.id)
        return {
            "verb": wanted.verb,
            "uri": wanted.uri,
            "format": wanted.format,
            "data": data,
            "sealed": wanted.secret and data is not None,
            "hash": wanted.hash,
            "origins": list(wanted.origins),
            "state": QUEUED,
            "msg_ref": None,
            "cmd_ref": None,
            "status": None,
            "native_error": None,
            "attempts": 0,
            "updated_at": self._tx.now,
        }

    def _change(self, row: CommandRow, **changes: Any) -> None:
        row.update(changes, updated_at=self._tx.now)
        self._changed.add(row["id"])
