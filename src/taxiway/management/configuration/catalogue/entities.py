"""Policies of the settings catalogue, declared once (02 section 9.2). Settings are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import FINDINGS, STAMP, base, names
from taxiway.store import Entity, Prop

KIND: Final = "deviceManagementConfigurationPolicy"
TEMPLATE: Final = {
    "templateId": "",
    "templateFamily": "none",
    "templateDisplayName": None,
    "templateDisplayVersion": None,
}

_POLICY = [
    Prop("platforms", default="windows10"),
    Prop("technologies", default="mdm"),
    Prop("template_reference", "json", default=TEMPLATE),
    Prop("settings", "json", default=[]),
    Prop("setting_secrets", secret=True),
]
CONFIGURATION_POLICY = Entity(
    "configuration_policy",
    [
        *base(name="name"),
        FINDINGS,
        Prop("disable_entra_group_policy_assignment", "bool", default=False),
        STAMP,
        *_POLICY,
        Prop("creation_source"),
        Prop("priority_meta_data", "json"),
        Prop("is_assigned", "bool", default=False, column=True, filterable=True),
    ],
)
POLICY_KINDS: Final = {KIND: names(_POLICY)}
