"""Who administers what part: Intune roles and their assignments, administrative units, each declared once."""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

INTUNE_ROLE = Entity(
    "intune_role",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        Prop("is_built_in", "bool", column=True, filterable=True, default=False),
        Prop("resource_actions", "strings", default=[]),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
    ],
)

#: ``members``: groups of administrators. ``resource_scopes``: groups of users and devices they may act on.
INTUNE_ROLE_ASSIGNMENT = Entity(
    "intune_role_assignment",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("role_id", column=True, index=True, nullable=False),
        Prop("description", default=""),
        Prop("scope_type", default="resourceScope"),
        Prop("members", "strings", default=[]),
        Prop("resource_scopes", "strings", default=[]),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
    ],
)

ADMINISTRATIVE_UNIT = Entity(
    "administrative_unit",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description"),
        Prop("visibility"),
        Prop("membership_type"),
        Prop("membership_rule"),
        Prop("membership_rule_processing_state"),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        Prop("is_member_management_restricted", "bool", default=False),
    ],
)

INTUNE_ROLES = Repository(INTUNE_ROLE)
INTUNE_ROLE_ASSIGNMENTS = Repository(INTUNE_ROLE_ASSIGNMENT)
ADMINISTRATIVE_UNITS = Repository(ADMINISTRATIVE_UNIT)
