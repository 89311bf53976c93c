"""One entry of the one log: what happened to whom, and why (design, rule 4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Entry:
    """A log entry as readers get it.

    ``subject`` is ``<type>:<id>`` (``device:...``, ``autopilot:...``, ``user:...``), ``kind`` is
    ``<noun>.<past participle>``, ``what`` holds facts and never a secret, ``why`` the reasons behind it.
    """

    tenant: str
    number: int
    time: datetime
    actor: str
    correlation: str
    subject: str
    kind: str
    what: Mapping[str, Any] = field(default_factory=dict)
    why: tuple[Mapping[str, Any], ...] = ()
