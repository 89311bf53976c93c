"""The commands of one device: wanted, queued, sent, settled; none lost, none run twice (05 section 14, R4 and R8)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from taxiway.kernel import Reason
from taxiway.management.configuration import removal
from taxiway.management.model import Step, Wanted
from taxiway.management.session.settle import (
    DONE,
    FAILED,
    HELD_BEFORE,
    INNOCENT,
    MAX_ATTEMPTS,
    QUEUED,
    RETRACTED,
    RUNS_ONCE,
    SENT,
    SETTLED,
    STAYS,
    UNPROVEN,
    outcome,
)
from taxiway.management.tables import device_command
from taxiway.store import Tx
from taxiway.wire.syncml import CmdIds, Code, Command, Group, Item, Status

__all__ = [
    "DONE",
    "FAILED",
    "MAX_ATTEMPTS",
    "QUEUED",
    "RETRACTED",
    "RUNS_ONCE",
    "SENT",
    "SETTLED",
    "STAYS",
    "UNPROVEN",
    "Queue",
]

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
                "delivered": False,
                **self._content(wanted),
            }
            self.rows[wanted.id] = row
            self._changed.add(wanted.id)
        elif row["hash"] != wanted.hash:
            before = HELD_BEFORE if row["delivered"] and wanted.verb == "Add" and row["hash"] != RETRACTED else None
            self._change(row, **{**self._content(wanted), "cause": before})
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
            if self.state(row_id) in SETTLED:
                self.afresh(row_id)
        return ids

    def settled(self, ids: Iterable[str]) -> bool:
        """Whether each was answered for good."""
        return all(self.rows[row_id]["state"] in SETTLED for row_id in ids)

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

    def command(self, row: CommandRow, ids: CmdIds) -> Command | Group:
        """The row as a command of a message, or as an Atomic around several."""
        data = self._opened(row)
        if row["verb"] == "Atomic":
            container, steps = ids.next(), self.steps(row)
            return Group("Atomic", container, tuple(_command(ids.next(), *step) for step in steps))
        return _command(ids.next(), row["verb"], row["uri"], row["format"], data)

    def steps(self, row: CommandRow) -> list[Step]:
        """What is in an Atomic."""
        return [(verb, uri, form, data) for verb, uri, form, data in json.loads(self._opened(row) or "[]")]

    def sent(self, row: CommandRow, msg_id: str, command: Command | Group) -> None:
        """The row went out in this message; an Atomic remembers the ids of what is in it, too."""
        last = command.commands[-1].cmd_id if isinstance(command, Group) and command.commands else ""
        ref = f"{command.cmd_id}-{last}" if last else command.cmd_id
        self._change(row, state=SENT, msg_ref=msg_id, cmd_ref=ref, attempts=row["attempts"] + 1, delivered=True)

    def answered(self, status: Status) -> CommandRow | None:
        """Record a Status against the row it answers; None when it answers none of ours, or an older content."""
        for row in self.rows.values():
            if row["state"] != SENT or row["msg_ref"] != status.msg_ref:
                continue
            first, _, last = str(row["cmd_ref"]).partition("-")
            if status.cmd_ref == first:
                self._whole(row, status) if last else self._settle(row, int(status.code), status.original_error)
                return row
            if last and int(first) < _number(status.cmd_ref) <= int(last):
                self._part(row, _number(status.cmd_ref) - int(first) - 1, status)
                return row
        return None

    def abandon(self) -> None:
        """A new session began: what has no Status goes back, except an Exec, which may have run (R4)."""
        for row in list(self.rows.values()):
            if row["state"] != SENT:
                continue
            if row["verb"] == "Atomic" and row["status"] == Code.ATOMIC_FAILED and row["attempts"] >= MAX_ATTEMPTS:
                self._change(row, state=FAILED, msg_ref=None, cmd_ref=None)
                continue
            once = row["verb"] == "Exec" or (row["verb"] == "Atomic" and row["key"].startswith(RUNS_ONCE))
            self._change(row, state=UNPROVEN if once else QUEUED, msg_ref=None, cmd_ref=None)

    def proven(self, row: CommandRow, *, ran: bool) -> None:
        """What a Get told about an unproven Exec."""
        self._change(row, state=DONE if ran else QUEUED, status=int(Code.ACCEPTED) if ran else None)

    def again(self, row_id: str) -> None:
        """Send a settled row once more."""
        self._change(self.rows[row_id], state=QUEUED, msg_ref=None, cmd_ref=None)

    def afresh(self, row_id: str) -> None:
        """Send a settled row as if it had never been sent."""
        self._change(self.rows[row_id], state=QUEUED, msg_ref=None, cmd_ref=None, status=None, attempts=0)

    def retract(self, row: CommandRow, uri: str | None = None) -> Reason | None:
        """The node is not to be set any more: take it back where that is possible; why it stays where it is not.

        ``uri``: what is taken back instead of the node itself, where the node goes with it.
        """
        if row["hash"] == RETRACTED:
            return None
        if not row["delivered"]:
            self.drop(row)
            return None
        planned = removal.plan(uri or row["uri"])
        back = planned.value
        blank = {"hash": RETRACTED, "attempts": 0, "msg_ref": None, "cmd_ref": None, "status": None, "cause": None}
        blank |= {"data": None, "sealed": False, "format": None, "native_error": None}
        if back is None:
            self._change(row, **blank, state=STAYS)
            return planned.reasons[0]
        self._change(row, **{**blank, "data": back.data, "format": back.format}, verb=back.verb, state=QUEUED)
        self._change(row, uri=back.uri)
        return None

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

    def _settle(self, row: CommandRow, code: int, native: str | None, cause: str | None = None) -> None:
        told = {"status": code, "native_error": (native or "")[:40] or None, "msg_ref": None, "cmd_ref": None}
        changes = outcome(row, code, turn=lambda verb: self._turned(row, verb))
        if changes.pop("gone", False):
            self.drop(row)
            return
        self._change(row, **{**told, "cause": cause, **changes})

    def _whole(self, row: CommandRow, status: Status) -> None:
        """The word on an Atomic: of a failure, the cause is still to come (05 section 6.3, R9)."""
        if status.code == Code.ATOMIC_FAILED:
            self._change(row, status=int(status.code))
        else:
            self._settle(row, int(status.code), status.original_error)

    def _part(self, row: CommandRow, place: int, status: Status) -> None:
        """The word on one command inside an Atomic: the first that is not innocent is the cause."""
        if int(status.code) not in INNOCENT:
            self._settle(row, int(status.code), status.original_error, self.steps(row)[place][1])

    def _turned(self, row: CommandRow, verb: str) -> dict[str, Any]:
        """The Atomic with Add for Replace or the other way round; a node that is there is not added again."""
        steps = [step for step in self.steps(row) if step[2] != "node" or verb == "Add"]
        turned = [step if step[0] == "Exec" else (verb, *step[1:]) for step in steps]
        return {"data": self._sealed(json.dumps(turned), row["id"]) if row["sealed"] else json.dumps(turned)}

    def _opened(self, row: CommandRow) -> str | None:
        data: str | None = row["data"]
        if data is not None and row["sealed"]:
            return self._tx.unseal(data, "device_command", "data", row["id"]).decode()
        return data

    def _sealed(self, data: str, row_id: str) -> str:
        return self._tx.seal(data.encode(), "device_command", "data", row_id)

    def _parameters(self, row: CommandRow) -> dict[str, Any]:
        mine = {"t": self._tx.tenant, "m": self._managed_id, "i": row["id"]}
        return mine | {f"new_{name}": row[name] for name in _kept}

    def _content(self, wanted: Wanted) -> dict[str, Any]:
        data = wanted.data
        if data is not None and wanted.secret:
            data = self._sealed(data, wanted.id)
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
            "cause": None,
            "attempts": 0,
            "updated_at": self._tx.now,
        }

    def _change(self, row: CommandRow, **changes: Any) -> None:
        row.update(changes, updated_at=self._tx.now)
        self._changed.add(row["id"])


def _command(cmd_id: str, verb: str, uri: str, form: str | None, data: str | None) -> Command:
    """One command with its one item (05 section 6.1)."""
    bare = verb == "Delete" or (verb == "Add" and form in {None, "xml"})
    item = Item(
        target=uri,
        format=None if bare else form,
        type=None if bare or form == "node" else "text/plain",
        data=None if bare else data,
    )
    return Command(verb, cmd_id, (item,))


def _number(cmd_ref: str) -> int:
    return int(cmd_ref) if cmd_ref.isascii() and cmd_ref.isdecimal() and len(cmd_ref) < 10 else 0
