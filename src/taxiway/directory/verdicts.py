"""Decisions of yes and no, as one reads them."""

from __future__ import annotations

from taxiway.kernel import Decision, Reason


def yes(*reasons: Reason) -> Decision[bool]:
    """It is so, for these reasons."""
    return Decision(value=True, reasons=reasons)


def no(*reasons: Reason) -> Decision[bool]:
    """It is not so, for these reasons."""
    return Decision(value=False, reasons=reasons)
