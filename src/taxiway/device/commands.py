"""The device's half of a server message: carry out the commands, collect the answers (05 sections 6 and 7)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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

MAX_OBJECT = 16 * 1024 * 1024
NOT_DM = frozenset({"Put", "Search", "Sync", "Map", "Copy"})


@dataclass(slots=True)
class _Object:
    """A large object that arrives in pieces (05 section 7)."""

    uri: str
    size: int
    parts: list[str]

    @property
    def length(self) -> int:
        return sum(len(part.encode()) for part in self.parts)


class Responder:
    """Answers one server message after another of a session; keeps what a large object needs in between."""

    def __init__(self, tree: Tree, *, native_errors: bool) -> None:
        self._tree = tree
        self._native_errors = native_errors
        self._object: _Object | None = None
        self._message = ""
        self.answers: list[Body] = []

    async def respond(self, message: Message) -> bool:
        """Carry out a message; whether it held anything to answer. What to send is then in ``answers``."""
        self._message = message.header.msg_id
        commands = [command for command in message.commands if not isinstance(command, Status | Results)]
        if not commands and message.final:
            return False
        for command in commands:
            if self._object is not None and not self._continues(command):
                self._lose_object()
            await self._carry_out(command)
        if not message.final or (self._object is not None and len(commands) == 1):
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
        if item.more or self._object is not None:
            whole = self._take_piece(item)
            if isinstance(whole, Answer):
                return whole
            item = whole
        return await self._tree.run(verb, item)

    async def _atomic(self, group: Group) -> None:
        """All or nothing; Get and nesting are not allowed inside (05 section 6.3)."""
        children = group.commands
        plain = [child for child in children if isinstance(child, Command) and child.verb not in {"Get", *NOT_DM}]
        if len(plain) < len(children):
            answers = [Answer(Code.ROLLED_BACK if child in plain else Code.FAILED) for child in children]
        else:
            answers = await self._tree.run_atomic(plain)
        good = all(answer.code in {Code.OK, Code.ACCEPTED} for answer in answers)
        self._status(group, Answer(Code.OK if good else Code.ATOMIC_FAILED))
        for child, answer in zip(children, answers, strict=True):
            self._status(child, answer)

    def _take_piece(self, item: Item) -> Item | Answer:
        """Keep a piece of a large object, or give the whole when it is complete."""
        kept = self._object or _Object(item.uri, item.size or 0, [])
        kept.parts.append(item.data or "")
        if max(kept.length, kept.size) > MAX_OBJECT:
            self._object = None
            return Answer(Code.TOO_LARGE)
        if item.more:
            self._object = kept
            return Answer(Code.CHUNK_ACCEPTED)
        self._object = None
        if kept.size and kept.length != kept.size:
            return Answer(Code.SIZE_MISMATCH)
        return msgspec.structs.replace(item, data="".join(kept.parts), size=None)

    def _continues(self, command: Body) -> bool:
        held = self._object
        return held is not None and isinstance(command, Command) and [i.uri for i in command.items] == [held.uri]

    def _lose_object(self) -> None:
        uri = self._object.uri if self._object is not None else ""
        self._object = None
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
        out += _pieces(answer, max(1, room // 8)) if isinstance(answer, Results) and long else [answer]
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


def _pieces(answer: Results, size: int) -> list[Body]:
    """One Results for every ``size`` characters; the first says how long the whole is."""
    item = answer.items[0]
    data = item.data or ""
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    return [
        msgspec.structs.replace(
            answer,
            items=(
                msgspec.structs.replace(
                    item,
                    data=part,
                    size=None if place else len(data.encode()),
                    more=place < len(parts) - 1,
                ),
            ),
        )
        for place, part in enumerate(parts)
    ]
