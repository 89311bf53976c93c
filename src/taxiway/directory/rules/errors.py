"""What can be wrong with a membership rule (07 section 13).

TaxiwayError
├── RuleError      the text is no valid rule; `code` is the Graph code, `title` the portal's class of error
└── RuleTimeout    a regular expression took too long on one object; the group goes to `Failed`
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError

OBJECT_TYPE = ("InvalidObjectTypeException", "Invalid object type")
WRONG_PROPERTY = ("WrongPropertyAppliedException", "Wrong property applied")
OPERANDS = ("InvalidOperandsException", "Invalid operands found for operator")
UNSUPPORTED = ("UnsupportedOperatorException", "Operator is not supported on attribute")
COMPILATION = ("QueryCompilationException", "Query compilation error")
MIXED = ("MixedObjectTypeException", "Mixed use of properties")
INVALID = ("InvalidRuleException", "Invalid rule")
TOO_LONG = ("Request_BadRequest", "Rule too long")

_DOCUMENTED = {
    OBJECT_TYPE[0]: "Attribute not supported",
    WRONG_PROPERTY[0]: "Attribute not supported",
    MIXED[0]: "Attribute not supported",
    UNSUPPORTED[0]: "Operator isn't supported on attribute",
    OPERANDS[0]: "Operator isn't supported on attribute",
}


class RuleError(TaxiwayError):
    """A rule that cannot be stored: the message is the detail, `position` counts characters from 0."""

    def __init__(self, kind: tuple[str, str], message: str, position: int = 0, token: str = "") -> None:
        super().__init__(message)
        self.code, self.title = kind
        self.position = position
        self.token = token

    @property
    def documented(self) -> str:
        """The message of the three on the help page that this mistake belongs to (01 section 5)."""
        return _DOCUMENTED.get(self.code, COMPILATION[1])

    @property
    def portal_text(self) -> str:
        """Class and detail as the portal joins them: by a full stop without a blank."""
        return f"{self.title}.{self.message}"


class RuleTimeout(TaxiwayError):
    """A regular expression did not finish in time on one value."""
