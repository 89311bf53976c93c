"""The Conditional Access policy, declared once (Graph ``conditionalAccessPolicy``)."""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

CONDITIONAL_ACCESS_POLICY = Entity(
    "conditional_access_policy",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("state", column=True, filterable=True, nullable=False, default="disabled"),
        Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True),
        Prop("modified_at", "datetime", graph="modifiedDateTime", column=True, filterable=True, sortable=True),
        Prop("template_id"),
        Prop("description"),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        Prop("conditions", "json"),
        Prop("grant_controls", "json"),
        Prop("session_controls", "json"),
    ],
)

CONDITIONAL_ACCESS_POLICIES = Repository(CONDITIONAL_ACCESS_POLICY)
