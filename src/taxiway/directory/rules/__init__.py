"""The language in which a dynamic group says who belongs to it (07)."""

from taxiway.directory.rules.attributes import ATTRIBUTES, Attribute, Kind, Type
from taxiway.directory.rules.compiler import Context, Explanation, Requirement
from taxiway.directory.rules.errors import RuleError, RuleTimeout
from taxiway.directory.rules.facts import from_graph
from taxiway.directory.rules.parser import LENGTH_LIMIT
from taxiway.directory.rules.rule import Rule, compile_rule, kind_of
from taxiway.directory.rules.values import fold

__all__ = [
    "ATTRIBUTES",
    "LENGTH_LIMIT",
    "Attribute",
    "Context",
    "Explanation",
    "Kind",
    "Requirement",
    "Rule",
    "RuleError",
    "RuleTimeout",
    "Type",
    "compile_rule",
    "fold",
    "from_graph",
    "kind_of",
]
