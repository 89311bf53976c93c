"""Values of policies that stand behind an administrative template (05 section 10.7)."""

from __future__ import annotations

from dataclasses import dataclass, field

from taxiway.wire.errors import WireError
from taxiway.wire.xml import local, parse_xml


@dataclass(frozen=True, slots=True)
class AdmxValue:
    """Whether the policy is enabled, and its data by id."""

    enabled: bool = False
    data: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, value: str | None) -> AdmxValue:
        """Read a value such as ``<enabled/><data id="X" value="1"/>``; one that is none counts as not set."""
        try:
            root = parse_xml(f"<policy>{value or ''}</policy>".encode())
        except WireError:
            return cls()
        names = {local(part).lower() for part in root}
        found = {part.get("id") or "": part.get("value") or "" for part in root if local(part).lower() == "data"}
        return cls("enabled" in names, found)

    def says_yes(self, name: str) -> bool:
        """Whether the policy is enabled and this part of it true."""
        return self.enabled and self.data.get(name, "").lower() in {"true", "1"}
