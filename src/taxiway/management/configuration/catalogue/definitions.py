"""The definitions of the settings catalogue, read off the CSP facts: ids as the original makes them from the URI.

``./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption`` is ``device_vendor_msft_bitlocker_requiredeviceencryption``;
a value of a choice is the id, ``_`` and the value. ``{TenantId}`` is filled in; the settings under any other segment
that a server chooses, such as one Wi-Fi profile, are children of a group, which a child ``..._name`` names.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from taxiway.wire import csp
from taxiway.wire.csp import Node, Scope

Kind = Literal["choice", "simple", "group", "data"]

#: What the server speaks of by itself, and what is no setting.
_INTERNAL: Final = frozenset(
    {
        "dmclient",
        "enrollmentstatustracking",
        "enterprisedesktopappmanagement",
        "enterprisemodernappmanagement",
        "nodecache",
        "devicemanageability",
        "office",
        "clientcertificateinstall",
        "accounts",
        "certificatestore",
        "diagnosticlog",
        "reboot",
        "remotewipe",
    }
)
_TENANT: Final = "{tenantid}"
_BOOLS: Final = ("false", "true")


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition. ``group``: the id of the group whose child it is; ``options``: id of a choice -> value.

    ``data``: it is not a node but a part of the administrative template behind the node. ``derived``: the table has
    no such node, it was read off the id.
    """

    id: str
    scope: Scope
    node: Node
    kind: Kind
    options: tuple[tuple[str, str], ...] = ()
    group: str | None = None
    data: str | None = None
    derived: bool = False

    @property
    def base_uri(self) -> str:
        """The root of the tree it is in."""
        return "./User" if self.scope == "user" else "./Device"

    @property
    def name(self) -> str:
        """The last segment, or the name of the part."""
        return self.data or self.node.path.rpartition("/")[2]

    def uri(self, tenant: str, chosen: str = "") -> str:
        """The OMA-URI for a tenant; ``chosen`` fills in the segment that the group names."""
        segments = []
        for segment in self.node.path.split("/"):
            if segment.lower() == _TENANT:
                segments.append(tenant)
            else:
                segments.append(chosen if segment.startswith("{") else segment)
        return csp.Location(self.scope, tuple(segments)).uri


def definitions() -> dict[str, Definition]:
    """All definitions by id."""
    return _all(csp.edition())


@lru_cache(maxsize=2)
def _all(_edition: int) -> dict[str, Definition]:
    found: dict[str, Definition] = {}
    for scope, node in csp.nodes():
        for definition in _of_node(scope, node):
            found.setdefault(definition.id, definition)
    return found


def _of_node(scope: Scope, node: Node) -> list[Definition]:
    segments = node.path.lower().split("/")
    chosen = [place for place, part in enumerate(segments) if part.startswith("{") and part != _TENANT]
    settable = node.allows("Replace") or node.allows("Add")
    if segments[:2] != ["vendor", "msft"] or segments[2] in _INTERNAL or len(chosen) > 1 or not settable:
        return []
    if node.secret or node.format == "any" or node.one_way is not None:
        return []
    made = "_".join([scope, *segments])
    if node.interior:
        grouped = chosen and chosen[-1] == len(segments) - 1 and segments[2] != "policy"
        name = Definition(f"{made}_name", scope, node, "data", (), made, "Name")
        return [Definition(made, scope, node, "group"), name] if grouped else []
    group = "_".join([scope, *segments[: chosen[0] + 1]]) if chosen else None
    if node.admx:
        onoff = ((f"{made}_0", "<disabled/>"), (f"{made}_1", "<enabled/>"))
        parts = [Definition(f"{made}_{name.lower()}", scope, node, "data", (), made, name) for name in node.data]
        return [Definition(made, scope, node, "choice", onoff, group), *parts]
    values = _BOOLS if node.format == "bool" else node.values
    options = tuple((f"{made}_{value.lower()}", value) for value in values)
    return [Definition(made, scope, node, "choice" if options else "simple", options, group)]
