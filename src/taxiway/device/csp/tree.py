"""The device's tree of settings: validates commands against the CSP facts and keeps values (05 sections 6 and 12)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from taxiway.device.csp.base import Change, Csp
from taxiway.device.csp.node import DEVICE, NODE_NOT_FOUND, USER, Node, Refused
from taxiway.device.state import State, StoredNode
from taxiway.wire import csp as table
from taxiway.wire.syncml import Code, Command, Item

_PLAIN = Csp()


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a command: the Status, and the item a Get found."""

    code: Code
    native: str | None = None
    found: Item | None = None


class Tree:
    """Two stores, one of the device and one of each user, behind one address space.

    ``user`` is the SID of the user who is signed in, empty for none.
    """

    def __init__(self, state: State, csps: Iterable[Csp] = ()) -> None:
        self._state = state
        self._csps = list(csps)
        self.user = ""

    def add(self, *csps: Csp) -> None:
        """Let more providers take part."""
        self._csps += csps

    # For the device itself: no rules.

    def value(self, place: str | Node) -> str | None:
        """The value of a leaf, worked out, stored or default; None when there is none."""
        node = _node(place)
        csp = self._csp(node)
        worked_out = csp.read(node)
        if worked_out is not None:
            return worked_out
        stored = self.stored(node)
        if stored is not None:
            return stored
        facts, instance = node.facts, node.instance
        if facts is None or not csp.defaults or (instance is not None and not self._held(instance)):
            return None
        return facts.default

    def stored(self, place: str | Node) -> str | None:
        """The value somebody wrote to a leaf; None when nobody did."""
        found = self._store(_node(place)).get(_node(place).key)
        return None if found is None or found.format == "node" else found.value

    def exists(self, place: str | Node) -> bool:
        """Whether a node is there, leaf or interior."""
        node = _node(place)
        return self._held(node) or self.value(node) is not None or bool(self.names(node))

    def names(self, node: Node) -> list[str]:
        """The children of a node in order."""
        store, depth = self._store(node), len(node.path)
        below = node.key + "/"
        found = {held.name for key, held in store.items() if key.startswith(below) and key.count("/") == depth}
        return sorted(found | set(self._csp(node).names(node)))

    def put(self, place: str | Node, value: str, form: str = "chr") -> None:
        """Write a leaf and the nodes above it."""
        node = _node(place)
        store = self._store(node)
        store[node.key] = StoredNode(form, value, node.name)
        for length in range(1, len(node.path)):
            above = node.above(length)
            store.setdefault(above.key, StoredNode("node", "", above.name))

    def remove(self, node: Node) -> None:
        """Take a node and everything below it away."""
        store = self._store(node)
        for key in [key for key in store if key == node.key or key.startswith(node.key + "/")]:
            del store[key]

    # For the management server: every rule.

    async def run(self, verb: str, item: Item) -> Answer:
        """Carry out one command on one item."""
        try:
            node = Node.parse(item.uri)
            if verb == "Get":
                return Answer(Code.OK, found=self._get(node, item.uri))
            self._change(verb, node, item)
            return Answer(await self._follow(verb, node, item.data or ""))
        except Refused as refusal:
            return Answer(refusal.code, refusal.native)

    async def run_atomic(self, commands: Sequence[Command]) -> list[Answer]:
        """Carry out all of them or none; one answer for each command (05 section 6.3)."""
        before = self._copy()
        for place, command in enumerate(commands):
            try:
                for item in command.items:
                    self._change(command.verb, Node.parse(item.uri), item)
            except Refused as refusal:
                self._restore(before)
                failed = Answer(refusal.code, refusal.native)
                return [failed if each == place else Answer(Code.ROLLED_BACK) for each in range(len(commands))]
        answers = []
        for command in commands:
            codes = [await self._follow(command.verb, Node.parse(item.uri), item.data or "") for item in command.items]
            answers.append(Answer(codes[-1] if codes else Code.OK))
        return answers

    def _get(self, node: Node, uri: str) -> Item:
        """What a Get finds, under the address as it was asked for."""
        facts = self._allowed(node, "Get")
        if not facts.interior:
            value = self.value(node)
            if value is None or facts.secret:
                raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)
            return Item(source=uri, format="chr" if facts.format == "any" else facts.format, data=value)
        if node.instance is not None and not self.exists(node):
            raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)
        return Item(source=uri, format="node", data="/".join(quote(name, safe="") for name in self.names(node)))

    def _change(self, verb: str, node: Node, item: Item) -> None:
        """Check a change against the facts and its provider, then write it."""
        facts = self._allowed(node, verb)
        value = item.data or ""
        _check_value(node, facts, verb, item)
        self._check_presence(verb, node)
        if verb == "Exec" and node.name not in self._csp(node).runs:
            raise Refused(Code.NOT_SUPPORTED)
        self._csp(node).check(Change(verb, node, value))
        if verb == "Delete":
            self.remove(node)
        elif verb in {"Add", "Replace"}:
            self.put(node, "" if facts.interior else value, facts.format)

    def _check_presence(self, verb: str, node: Node) -> None:
        if verb == "Add" and self._held(node):
            raise Refused(Code.ALREADY_EXISTS)
        if verb == "Delete" and not self._held(node):
            raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)
        instance = node.instance
        if verb not in {"Replace", "Exec"} or instance is None or self._csp(node).upsert:
            return
        if not self.exists(instance):
            raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)

    async def _follow(self, verb: str, node: Node, value: str) -> Code:
        consequence = self._csp(node).changed(Change(verb, node, value))
        return (await consequence if consequence is not None else None) or Code.OK

    def _allowed(self, node: Node, verb: str) -> table.Node:
        """The facts of a node that takes this command now."""
        if node.scope == USER and not self.user:
            raise Refused(_without_user(node))
        facts = node.facts
        if facts is None or not facts.known_to(self._state.firmware.os_version):
            raise Refused(Code.NOT_FOUND, NODE_NOT_FOUND)
        if not facts.allows(verb):
            raise Refused(Code.NOT_ALLOWED)
        return facts

    def _held(self, node: Node) -> bool:
        return node.key in self._store(node)

    def _store(self, node: Node) -> dict[str, StoredNode]:
        if node.scope == DEVICE:
            return self._state.device_nodes
        return self._state.user_nodes.setdefault(self.user, {}) if self.user else {}

    def _copy(self) -> tuple[dict[str, StoredNode], dict[str, StoredNode]]:
        return dict(self._state.device_nodes), dict(self._state.user_nodes.get(self.user, {}))

    def _restore(self, before: tuple[dict[str, StoredNode], dict[str, StoredNode]]) -> None:
        self._state.device_nodes = before[0]
        if self.user:
            self._state.user_nodes[self.user] = before[1]

    def _csp(self, node: Node) -> Csp:
        candidates = [csp for csp in self._csps if node.under(csp.root)]
        return max(candidates, key=lambda csp: len(csp.root), default=_PLAIN)


def _node(place: str | Node) -> Node:
    return place if isinstance(place, Node) else Node.parse(place)


def _check_value(node: Node, facts: table.Node, verb: str, item: Item) -> None:
    """A wrong value is 400, a wrong format 415, a step back on a one-way value 405 (05 section 12)."""
    if verb not in {"Add", "Replace"}:
        return
    data = item.data or ""
    if facts.one_way is not None and data.lower() in {"true", "false"} and data.lower() != facts.one_way:
        raise Refused(Code.NOT_ALLOWED)
    # An Add without data only arms a leaf that an Exec will run (05 section 10.5).
    if (data or verb == "Replace") and table.check_value(facts, data):
        raise Refused(Code.BAD_REQUEST)
    if not facts.interior and table.check_write(node.uri, verb, item.format, None):
        raise Refused(Code.UNSUPPORTED_FORMAT)


def _without_user(node: Node) -> Code:
    """How a command for a user fails while none is signed in (05 section 9.3)."""
    if "FirstSyncStatus" in node.path:
        return Code.NOT_ALLOWED
    return Code.FAILED if "ClientCertificateInstall" in node.path else Code.NOT_FOUND
