"""How an app that the management extension installs is to behave on the PC (02 section 8.1)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from taxiway.management.errors import BadPolicy
from taxiway.store import Prop, Row

PROP: Final = Prop("install_experience", "json")
MAX_MINUTES: Final = 1_440
DEFAULT_MINUTES: Final = 60
_RESTARTS: Final = frozenset({"basedOnReturnCode", "allow", "suppress", "force"})


def told(row: Row, name: str) -> str:
    """A member of the install experience, empty where nothing is said."""
    return str((row["install_experience"] or {}).get(name) or "")


def minutes(row: Row) -> int:
    """How long an installer may run."""
    found = (row["install_experience"] or {}).get("maxRunTimeInMinutes")
    return DEFAULT_MINUTES if found is None else int(found)


def check(found: Mapping[str, Any] | None) -> None:
    """Refuse what no agent could obey."""
    said = found or {}
    if not one_of(said.get("runAsAccount", "system"), {"system", "user"}):
        raise BadPolicy("installExperience.runAsAccount is 'system' or 'user'.")
    if not one_of(said.get("deviceRestartBehavior") or "basedOnReturnCode", _RESTARTS):
        raise BadPolicy("installExperience.deviceRestartBehavior is not known.")
    limit = said.get("maxRunTimeInMinutes")
    if limit is not None and (type(limit) is not int or not 1 <= limit <= MAX_MINUTES):
        raise BadPolicy(f"installExperience.maxRunTimeInMinutes is a number from 1 to {MAX_MINUTES}.")


def one_of(value: Any, allowed: Collection[str]) -> bool:
    """Whether a member is one of these texts; JSON may hold anything there."""
    return isinstance(value, str) and value in allowed
