"""From an address to its operation: one tree of segments, compared without regard to case (02 section 1.1)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from taxiway.graph.errors import MethodNotAllowed, NotServed, OnlyInBeta, UnknownSegment
from taxiway.graph.protocol.call import Operation
from taxiway.graph.protocol.url import Part


@dataclass(slots=True)
class _Node:
    names: dict[str, _Node] = field(default_factory=dict)
    named_keys: dict[str, tuple[str, _Node]] = field(default_factory=dict)
    key: tuple[str, _Node] | None = None
    operations: dict[str, Operation] = field(default_factory=dict)
    not_served: str = ""
    methods_not_served: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Match:
    """The operation, the keys of the address and its last cast segment."""

    operation: Operation
    keys: dict[str, str]
    cast: str


class Tree:
    """Every operation; ``not_served``: what Graph has and we answer with "not implemented".

    That are addresses, with all below them, or single methods of one, such as ``POST devices``.
    """

    def __init__(self, operations: Iterable[Operation], not_served: Iterable[str] = ()) -> None:
        self._root = _Node()
        for operation in operations:
            node = self._node(operation.pattern)
            if operation.method in node.operations:
                raise ValueError(f"{operation.method} {operation.pattern} is declared twice")
            node.operations[operation.method] = operation
        for missing in not_served:
            method, _, pattern = missing.rpartition(" ")
            if method:
                self._node(pattern).methods_not_served.add(method)
            else:
                self._node(pattern).not_served = pattern

    def match(self, method: str, parts: Sequence[Part], version: str) -> Match:
        """The operation for this address, or the error Graph would give."""
        node, keys, cast, missing = self._root, dict[str, str](), "", ""
        for part in parts:
            missing = node.not_served or missing
            step = _step(node, part)
            if step is None:
                bare = _uncast(part.name)
                if bare is None or part.key is not None:
                    raise NotServed(f"'{missing}' is not implemented here.") if missing else UnknownSegment(part.text)
                cast = bare
                continue
            name, node = step
            if name:
                keys[name] = part.text if part.key is None else part.key
        operation = node.operations.get(method)
        if operation is None:
            missing = node.not_served or missing
            if method in node.methods_not_served:
                raise NotServed(f"'{method}' of '{'/'.join(part.text for part in parts)}' is not implemented here.")
            if missing:
                raise NotServed(f"'{missing}' is not implemented here.")
            if not node.operations:
                raise UnknownSegment(parts[-1].text if parts else "")
            raise MethodNotAllowed(f"'{method}' is not allowed here; allowed: {', '.join(sorted(node.operations))}.")
        if operation.beta and version != "beta":
            raise OnlyInBeta(f"Resource not found for the segment '{parts[-1].text}'.")
        return Match(operation, keys, cast)

    def _node(self, pattern: str) -> _Node:
        node = self._root
        for piece in pattern.split("/"):
            if piece.startswith("{="):
                name = piece[2:-1]
                node = node.named_keys.setdefault(name.lower(), (name, _Node()))[1]
            elif piece.startswith("{"):
                if node.key is None:
                    node.key = (piece[1:-1], _Node())
                node = node.key[1]
            else:
                node = node.names.setdefault(piece.lower(), _Node())
        return node


def _step(node: _Node, part: Part) -> tuple[str, _Node] | None:
    """The next node and, where the step is a key, the key's name."""
    if part.key is not None:
        return node.named_keys.get(part.name.lower()) or node.key
    literal = node.names.get(part.name.lower()) or node.names.get((_uncast(part.name) or "").lower())
    if literal is not None:
        return "", literal
    return None if _uncast(part.name) else node.key


def _uncast(name: str) -> str | None:
    """``win32LobApp`` of ``microsoft.graph.win32LobApp`` or ``graph.win32LobApp``."""
    lower = name.lower()
    for prefix in ("microsoft.graph.", "graph."):
        if lower.startswith(prefix):
            return name[len(prefix) :]
    return None
