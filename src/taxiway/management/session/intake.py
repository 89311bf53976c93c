"""What a message of the device tells: statuses, results, alerts, and how each is answered (05 sections 5 to 7)."""

from __future__ import annotations

from typing import Final

from taxiway.kernel import Reason
from taxiway.management.session.authentication import Word
from taxiway.management.session.clocks import LOCAL_TIME, judge_clock
from taxiway.management.session.context import Context
from taxiway.management.session.runs import ABSENT, remember_alert
from taxiway.wire.syncml import (
    AAD_USER_TOKEN,
    LOGIN_STATUS,
    SYNC_TYPE,
    UNENROLLED_BY_USER,
    Alert,
    AlertCode,
    Body,
    Chal,
    CmdIds,
    Code,
    Command,
    Item,
    Message,
    Results,
    Status,
    verb_of,
    walk,
)

MAX_OBJECT: Final = 8 * 1024 * 1024
MAX_FACT: Final = 64 * 1024
_KEPT: Final = 2000
_LOGINS: Final = frozenset({"user", "others", "none"})


class Intake:
    """Takes a message in and collects the answers its commands get."""

    def __init__(self, ctx: Context, message: Message, ids: CmdIds) -> None:
        self._ctx = ctx
        self._message = message
        self._ids = ids
        self.answers: list[Body] = []
        self.aborted = False
        self.unenrolled = False

    def greet(self, word: Word) -> None:
        """Answer the header, which comes first."""
        self._answer("0", "SyncHdr", word.code, word.chal)

    def take(self) -> None:
        """Go through the message in order."""
        for command in walk(self._message.commands):
            match command:
                case Status():
                    self._status(command)
                case Results():
                    self._results(command)
                case Alert():
                    self._alert(command)
                    self._answer(command.cmd_id, "Alert", Code.OK)
                case Command(verb="Replace"):
                    self._replace(command)
                    self._answer(command.cmd_id, "Replace", Code.OK)
                case _:
                    # A device has nothing else to ask of a management server.
                    self._answer(command.cmd_id, verb_of(command), Code.NOT_SUPPORTED)

    def _answer(self, cmd_ref: str, cmd: str, code: Code, chal: Chal | None = None) -> None:
        ref = self._message.header.msg_id
        self.answers.append(
            Status(cmd_id=self._ids.next(), msg_ref=ref, cmd_ref=cmd_ref, cmd=cmd, code=code, chal=chal)
        )

    # ------------------------------------------------------------------------------------------ statuses

    def _status(self, status: Status) -> None:
        if status.cmd == "SyncHdr" or status.cmd_ref == "0" or status.code == Code.CHUNK_ACCEPTED:
            return
        uri = self._ctx.run.session.gets.get(f"{status.msg_ref}/{status.cmd_ref}")
        if uri is not None:
            if status.code == Code.NOT_FOUND:
                self._ctx.run.facts[self._ctx.fact_key(uri)] = ABSENT
            return
        row = self._ctx.queue.answered(status)
        if row is not None and row["state"] == "failed":
            what = {"uri": row["uri"], "verb": row["verb"], "status": row["status"], "error": row["native_error"]}
            at = f", because of {row['cause']}" if row["cause"] else ""
            why = Reason("command.refused", f"The device answered {row['status']} to {row['verb']} {row['uri']}{at}.")
            what |= {"managed_device": self._ctx.managed["id"], "origins": row["origins"]}
            self._ctx.tx.log("command.failed", subject=self._ctx.subject, what=what, why=[why])

    def _results(self, results: Results) -> None:
        uri = self._ctx.run.session.gets.get(f"{results.msg_ref}/{results.cmd_ref}")
        for item in results.items:
            data = self._assembled(results, item)
            if data is None:
                continue
            name = uri or item.source or ""
            if name == LOCAL_TIME:
                judge_clock(self._ctx, data)
            if name and len(data) <= MAX_FACT:
                self._ctx.run.facts[self._ctx.fact_key(name)] = data

    def _assembled(self, results: Results, item: Item) -> str | None:
        """The item's data, put together where it came in pieces; None until the last one is here (05 section 7)."""
        partial = self._ctx.run.session.partial
        mine = partial.get("source") == (item.source or "")
        if partial and not mine:
            partial.clear()
            self.answers.append(Alert(self._ids.next(), AlertCode.NO_END_OF_DATA, (Item(source=item.source),)))
        data = item.data or ""
        if not item.more and not partial:
            return data
        partial.setdefault("source", item.source or "")
        partial.setdefault("size", item.size)
        partial["data"] = partial.get("data", "") + data
        announced = partial["size"]
        if len(partial["data"]) > MAX_OBJECT:
            partial.clear()
            self._answer(results.cmd_id, "Results", Code.TOO_LARGE)
            return None
        if item.more:
            self._answer(results.cmd_id, "Results", Code.CHUNK_ACCEPTED)
            return None
        whole = str(partial["data"])
        partial.clear()
        if announced is not None and announced != len(whole.encode()):
            self._answer(results.cmd_id, "Results", Code.SIZE_MISMATCH)
            return None
        self._answer(results.cmd_id, "Results", Code.OK)
        return whole

    # ------------------------------------------------------------------------------------------ alerts

    def _alert(self, alert: Alert) -> None:
        session = self._ctx.run.session
        if alert.code == AlertCode.SESSION_ABORT:
            self.aborted = True
        for item in alert.items or (Item(),):
            kind, data = item.type or "", (item.data or "").strip()
            if kind == LOGIN_STATUS and data.lower() in _LOGINS:
                session.login = data.lower()
            elif kind == SYNC_TYPE and data.lower() in {"user", "device", "mixed"}:
                session.device_lane = data.lower() != "user"
                session.user_lane = data.lower() != "device"
            elif kind == UNENROLLED_BY_USER and alert.code == AlertCode.GENERIC:
                self.unenrolled = True
            if kind in {"", LOGIN_STATUS, AAD_USER_TOKEN}:
                continue  # said in every session; and a token is nothing to keep
            values = {
                "code": int(alert.code),
                "type": kind[:_KEPT],
                "source": (item.uri or "")[:_KEPT],
                "mark": (item.mark or "")[:_KEPT],
                "data": data[:_KEPT],
            }
            remember_alert(self._ctx.tx, self._ctx.managed["id"], values)

    def _replace(self, command: Command) -> None:
        for item in command.items:
            if item.uri.startswith("./DevInfo/") and item.data is not None:
                self._ctx.run.facts[item.uri] = item.data[:_KEPT]
