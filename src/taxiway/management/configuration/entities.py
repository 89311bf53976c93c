"""Configurations, declared once (02 section 9.1). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.configuration.table import KINDS
from taxiway.management.declare import FINDINGS, OPAQUE, STAMP, base, names
from taxiway.store import Entity, Prop

#: Several kinds may share a property; it is declared once.
_OF_KINDS: Final = {prop.name: prop for kind in KINDS.values() for prop in kind.props}

DEVICE_CONFIGURATION = Entity(
    "device_configuration",
    [
        *base(),
        Prop("supports_scope_tags", "bool", default=True),
        Prop("device_management_applicability_rule_os_edition", "json"),
        Prop("device_management_applicability_rule_os_version", "json"),
        Prop("device_management_applicability_rule_device_mode", "json"),
        FINDINGS,
        STAMP,
        OPAQUE,
        *_OF_KINDS.values(),
    ],
)

#: Per kind of configuration: its properties beside the base's.
CONFIGURATION_KINDS: Final = {kind.name: names(kind.props) for kind in KINDS.values()}
