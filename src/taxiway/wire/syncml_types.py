"""A SyncML 1.2 message as typed values (05 sections 3, 6, 7)."""

from collections.abc import Iterator

import msgspec


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One Item: where, what kind, which data (05 section 6.1).

    `data` is the text as meant (unescaped); None when there is no Data element. `size` is announced on the first
    chunk of a large object, and `more` says that further chunks follow (05 section 7).
    """

    target: str | None = None
    source: str | None = None
    format: str | None = None
    type: str | None = None
    mark: str | None = None
    size: int | None = None
    data: str | None = None
    more: bool = False

    @property
    def uri(self) -> str:
        """The node the item speaks of: its target, else its source, else empty."""
        return self.target or self.source or ""


class Cred(msgspec.Struct, frozen=True):
    """A credential of the sender (05 section 4)."""

    type: str
    data: str
    format: str = "b64"


class Chal(msgspec.Struct, frozen=True):
    """A challenge; `next_nonce` is base64 as on the wire (05 section 4)."""

    type: str
    next_nonce: str | None = None
    format: str = "b64"


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """SyncHdr (05 section 3.2). `session_id` and `msg_id` are opaque text."""

    session_id: str
    msg_id: str
    target: str
    source: str
    source_name: str | None = None
    cred: Cred | None = None
    max_msg_size: int | None = None
    max_obj_size: int | None = None
    ver_dtd: str = "1.2"
    ver_proto: str = "DM/1.2"


class Alert(msgspec.Struct, frozen=True):
    """An Alert and its items (05 section 5)."""

    cmd_id: str
    code: int
    items: tuple[Item, ...] = ()


class Command(msgspec.Struct, frozen=True):
    """Add, Replace, Delete, Get, Exec or Copy (05 section 6.1); `verb` is the element's name."""

    verb: str
    cmd_id: str
    items: tuple[Item, ...] = ()


class Group(msgspec.Struct, frozen=True):
    """Atomic or Sequence around other commands (05 section 6.3); `verb` is the element's name."""

    verb: str
    cmd_id: str
    commands: tuple["Body", ...] = ()


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to one command of the peer (05 sections 6.3 to 6.6).

    `original_error` is the native error text such as `0x86000002` (05 section 6.5).
    """

    cmd_id: str
    msg_ref: str
    cmd_ref: str
    cmd: str
    code: int
    target_refs: tuple[str, ...] = ()
    source_refs: tuple[str, ...] = ()
    chal: Chal | None = None
    original_error: str | None = None
    items: tuple[Item, ...] = ()


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What a Get found (05 section 6.2)."""

    cmd_id: str
    cmd_ref: str
    msg_ref: str = "1"
    items: tuple[Item, ...] = ()


class Unknown(msgspec.Struct, frozen=True):
    """An element that is no device-management command; the receiver answers 400 or 406 (05 section 6.1)."""

    verb: str
    cmd_id: str


Body = Alert | Command | Group | Status | Results | Unknown


class Message(msgspec.Struct, frozen=True):
    """One SyncML document; `final` tells that it ends its package (05 section 3.3)."""

    header: Header
    commands: tuple[Body, ...] = ()
    final: bool = True


class CmdIds:
    """Command ids of one message: "1", "2", ... in the order they are taken (05 section 3.4)."""

    def __init__(self) -> None:
        self._last = 0

    def next(self) -> str:
        """The next unused id."""
        self._last += 1
        return str(self._last)


def verb_of(command: Body) -> str:
    """The element name of a command, as a Status repeats it in Cmd."""
    if isinstance(command, Command | Group | Unknown):
        return command.verb
    return type(command).__name__


def walk(commands: tuple[Body, ...]) -> Iterator[Body]:
    """All commands in the order their Statuses stand: containers before their children (05 section 6.6)."""
    for command in commands:
        yield command
        if isinstance(command, Group):
            yield from walk(command.commands)
