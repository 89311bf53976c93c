"""The device's half of a server message: carry out the commands, collect the answers (05 sections 6 and 7)."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from taxiway.device.csp.tree import Answer, Tree
from taxiway.wire.syncml import (
    Alert,
    AlertCode,
    Body,
    Code,
    Command,
    Group,
    Item,
    Message,
    Results,
    Status,
    Unknown,
    verb_of,
)
from taxiway.wire.syncml_chunks import Assembler, split_item

MAX_OBJECT = 16 * 1024 * 1024
NOT_DM = frozenset({"Put", "Search", "Sync", "Map", "Copy"})


class Responder:
    """Answers one server message after another of a session; keeps what a large object needs in between."""

    def __init__(self, tree: Tree, *, native_errors: bool) -> None:
        self._tree = tree
        self._native_errors = native_errors
        self._pieces = Assembler(MAX_OBJECT)
        self._message = ""
        self.answers: list[Body] = []

    async def respond(self, message: Message) -> bool:
        """Carry out a message; whether it held anything to answer. What to send is then in ``answers``."""
        self._message = message.header.msg_id
        commands = [command for command in message.commands if not isinstance(command, Status | Results)]
        if not commands and message.final:
            return False
        for command in commands:
            if self._pieces.open is not None and not self._continues(command):
                self._lose_object(self._pieces.open)
            await self._carry_out(command)
        if not message.final or (self._pieces.open is not None and len(commands) == 1):
            self.answers.append(Alert("", AlertCode.NEXT_MESSAGE))
        return True

    async def _carry_out(self, command: Body) -> None:
        match command:
            case Command(cmd_id=""):
                self._status(command, Answer(Code.BAD_REQUEST))
            case Command(verb=verb) if verb in NOT_DM:
                self._status(command, Answer(Code.NOT_SUPPORTED))
            case Command():
                await self._run(command)
            case Group(verb="Atomic"):
                await self._atomic(command)
            case Group():
                self._status(command, Answer(Code.OK))
                for each in command.commands:
                    await self._carry_out(each)
            case Alert(code=code):
                known = code in {AlertCode.NEXT_MESSAGE, AlertCode.SESSION_ABORT, AlertCode.NO_END_OF_DATA}
                self._status(command, Answer(Code.OK if known else Code.NOT_SUPPORTED))
            case Unknown(verb=verb):
                self._status(command, Answer(Code.NOT_SUPPORTED if verb in NOT_DM else Code.BAD_REQUEST))

    async def _run(self, command: Command) -> None:
        """Run every item; one Status when they agree, else one for each (05 section 6.1)."""
        answers = [(item, await self._run_item(command.verb, item)) for item in command.items]
        if not answers:
            self._status(command, Answer(Code.INCOMPLETE))
        elif len({answer.code for _, answer in answers}) == 1:
            self._status(command, answers[0][1])
        else:
            for item, answer in answers:
                self._status(command, answer, target=item.uri)
        for _, answer in answers:
            if answer.found is not None:
                found = Results(cmd_id="", msg_ref=self._message, cmd_ref=command.cmd_id, items=(answer.found,))
                self.answers.append(found)

    async def _run_item(self, verb: str, item: Item) -> Answer:
        code, whole = self._pieces.take(item)
        return Answer(code) if whole is None else await self._tree.run(verb, whole)

    async def _atomic(self, group: Group) -> None:
        """All or nothing; Get, nesting and a child without an id are not allowed inside (05 sections 3.4 and 6.3)."""
        children = group.commands
        plain = [child for child in children if isinstance(child, Command) and child.verb not in {"Get", *NOT_DM}]
        if len(plain) < len(children) or not all(child.cmd_id for child in children):
            wrong = [
                Code.FAILED if child not in plain else None if child.cmd_id else Code.BAD_REQUEST for child in children
            ]
            answers = [Answer(code or Code.ROLLED_BACK) for code in wrong]
        else:
            answers = await self._tree.run_atomic(plain)
        good = all(answer.code in {Code.OK, Code.ACCEPTED} for answer in answers)
        self._status(group, Answer(Code.OK if good else Code.ATOMIC_FAILED))
        for child, answer in zip(children, answers, strict=True):
            self._status(child, answer)

    def _continues(self, command: Body) -> bool:
        return isinstance(command, Command) and [item.uri for item in command.items] == [self._pieces.open]

    def _lose_object(self, uri: str) -> None:
        """Something else came before the last piece (05 section 7)."""
        self._pieces.drop()
        self.answers.append(Alert("", AlertCode.NO_END_OF_DATA, (Item(source=uri),)))

    def _status(self, command: Body, answer: Answer, target: str = "") -> None:
        self.answers.append(
            Status(
                cmd_id="",
                msg_ref=self._message,
                cmd_ref=command.cmd_id,
                cmd=verb_of(command),
                code=answer.code,
                target_refs=(target,) if target else (),
                original_error=answer.native if self._native_errors else None,
            )
        )


def cut(answers: Sequence[Body], room: int) -> list[Body]:
    """The answers with each Results that is long against ``room`` cut into pieces (05 section 7)."""
    out: list[Body] = []
    for answer in answers:
        long = isinstance(answer, Results) and _length(answer) > room // 2
        if not isinstance(answer, Results) or not long:
            out.append(answer)
            continue
        pieces = split_item(answer.items[0], room // 2)
        out += [msgspec.structs.replace(answer, items=(piece,)) for piece in pieces]
    return out


def split(answers: Sequence[Body], room: int) -> tuple[list[Body], list[Body]]:
    """What fits into one message of ``room`` bytes, and what is left; a piece ends its message."""
    for place, answer in enumerate(answers):
        room -= _length(answer)
        if room < 0 and place:
            return list(answers[:place]), list(answers[place:])
        if isinstance(answer, Results) and any(item.more for item in answer.items):
            return list(answers[: place + 1]), list(answers[place + 1 :])
    return list(answers), []


_OVERHEAD = 256


def _length(answer: Body) -> int:
    items = answer.items if isinstance(answer, Status | Results | Alert) else ()
    return _OVERHEAD + sum(len((item.data or "").encode()) + len(item.uri) for item in items)
