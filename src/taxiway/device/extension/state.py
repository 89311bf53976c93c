"""What the agent and the software of the PC remember over a power cut."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class File(Struct):
    """A file or folder that an installer left; ``size`` in bytes, the moments as ISO 8601."""

    version: str = "1.0.0.0"
    size: int = 1
    modified: str = ""
    created: str = ""


class Record(Struct):
    """How far the agent is with one app or script, in one revision."""

    revision: int
    state: str = ""
    error: int = 0
    attempt: int = 0


class AgentState(Struct):
    """The agent. ``instance``: the name of this installation; ``outbox``: reports without a receipt, oldest first."""

    instance: str = ""
    number: int = 0
    outbox: list[dict[str, Any]] = field(default_factory=list)
    records: dict[str, Record] = field(default_factory=dict)


class SoftwareState(Struct):
    """Files by path, Store packages by identifier with their version, detection scripts that would find something."""

    files: dict[str, File] = field(default_factory=dict)
    packages: dict[str, str] = field(default_factory=dict)
    satisfied: list[str] = field(default_factory=list)
