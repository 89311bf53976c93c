"""Large objects: one Item's data over several messages (05 section 7)."""

import msgspec

from taxiway.wire.syncml_codes import Code
from taxiway.wire.syncml_types import Item


def split_item(item: Item, room: int) -> list[Item]:
    """The item in pieces of at most `room` bytes of data; the item itself when it fits.

    Only the first piece announces the size. A piece must be the last item of its message.
    """
    data = (item.data or "").encode()
    if len(data) <= room:
        return [item]
    pieces = _pieces(data, room)
    if len(pieces) == 1:  # a single character of several bytes
        return [item]
    return [
        msgspec.structs.replace(item, data=piece, more=place < len(pieces), size=len(data) if place == 1 else None)
        for place, piece in enumerate(pieces, 1)
    ]


class Assembler:
    """Puts one sender's pieces together again; the receiver keeps one for a session.

    `take` answers with the status to give and, when an item is complete, that item: CHUNK_ACCEPTED while pieces are
    missing, OK with the item, SIZE_MISMATCH or TOO_LARGE when it cannot be whole. `open` names the object that is
    waited for; a receiver that is handed something else meanwhile sends Alert 1225 for it and calls `drop`.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._first: Item | None = None
        self._parts: list[str] = []
        self._length = 0

    @property
    def open(self) -> str | None:
        """The URI of the object whose next piece is waited for."""
        return None if self._first is None else self._first.uri

    def drop(self) -> None:
        """Forget the pieces so far."""
        self._first, self._parts, self._length = None, [], 0

    def take(self, item: Item) -> tuple[Code, Item | None]:
        """Add one item, a piece or a whole one."""
        if self._first is None and not item.more:
            return Code.OK, item
        if self._first is None:
            self._first = item
        self._parts.append(item.data or "")
        self._length += len((item.data or "").encode())
        announced = self._first.size
        if self._length > self._limit or (announced is not None and announced > self._limit):
            self.drop()
            return Code.TOO_LARGE, None
        if item.more:
            return Code.CHUNK_ACCEPTED, None
        whole = msgspec.structs.replace(self._first, data="".join(self._parts), more=False, size=None)
        fits = announced in {None, self._length}
        self.drop()
        return (Code.OK, whole) if fits else (Code.SIZE_MISMATCH, None)


def _pieces(data: bytes, room: int) -> list[str]:
    pieces, start = [], 0
    while start < len(data):
        end = min(start + room, len(data))
        # A character of several bytes is not cut in two, unless it alone is more than the room.
        while start < end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        if end == start:
            end = start + room
            while end < len(data) and data[end] & 0xC0 == 0x80:
                end += 1
        pieces.append(data[start:end].decode())
        start = end
    return pieces
