"""A membership rule, ready to be asked (07)."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway.directory.rules.attributes import Kind
from taxiway.directory.rules.compiler import (
    Compiled,
    Context,
    Explanation,
    Object,
    Requirement,
    compile_node,
    reads_clock,
    references,
    requirements,
)
from taxiway.directory.rules.errors import RuleError
from taxiway.directory.rules.lexer import Sort, tokens
from taxiway.directory.rules.parser import parse
from taxiway.directory.rules.syntax import MemberOf, canonical


@dataclass(frozen=True, slots=True)
class Rule:
    """A compiled rule; `text` is exactly what was given.

    Objects are mappings from the **rule's** property names in lower case (`deviceostype`, `devicephysicalids`,
    `extensionattribute1`) to their values: text, bool, an aware datetime or ISO text, a list of text, or for
    `assignedplans` a list of mappings with Graph's names. A missing key, None and "" are all "no value".

    `attributes` are the keys the rule reads (`memberof` and `manager` for the rules about other objects).
    `required_literals` holds values of which every matching object has at least one; None when there are none.
    `reads_clock` marks a rule that can change its answer while no object changes; `source_groups` are the groups a
    memberOf rule looks into.
    """

    text: str
    kind: Kind
    canonical: str
    attributes: frozenset[str]
    required_literals: frozenset[Requirement] | None
    reads_clock: bool
    source_groups: frozenset[str]
    _root: Compiled = field(repr=False, compare=False)

    def matches(self, obj: Object, context: Context) -> bool:
        """Tell whether an object is a member; raises `RuleTimeout` when a regular expression takes too long."""
        return self._root.test(obj, context)

    def explain(self, obj: Object, context: Context) -> Explanation:
        """Tell the same, with the result of each part."""
        return self._root.explain(obj, context)


def kind_of(text: str) -> Kind:
    """Which objects a rule speaks of: those of its first property (07 section 1); a bad rule says so when compiled."""
    try:
        words = [token.value.lower() for token in tokens(text) if token.sort is Sort.WORD]
    except RuleError:
        return "user" if "user." in text.lower() and "device." not in text.lower() else "device"
    first = next((word for word in words if word.startswith(("user.", "device."))), "")
    return "user" if first.startswith("user.") or words[:3] == ["direct", "reports", "for"] else "device"


def compile_rule(text: str, kind: Kind) -> Rule:
    """Parse, check and compile a rule for groups of devices or of users; raises `RuleError` with a position."""
    node = parse(text, kind)
    return Rule(
        text=text,
        kind=kind,
        canonical=canonical(node),
        attributes=references(node),
        required_literals=requirements(node),
        reads_clock=reads_clock(node),
        source_groups=frozenset(node.groups) if isinstance(node, MemberOf) else frozenset(),
        _root=compile_node(node),
    )
