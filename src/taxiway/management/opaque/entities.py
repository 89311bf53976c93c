"""Objects of collections that nothing here acts on, declared once (02 section 9.4)."""

from __future__ import annotations

from taxiway.management.declare import moment
from taxiway.store import Entity, Prop

#: ``collection``: the shelf it stands on; ``display_name``: whatever its type calls the name; ``body``: all the rest,
#: in Graph's own shape, with the name in it too.
OPAQUE_OBJECT = Entity(
    "opaque_object",
    [
        Prop("collection", graph="taxiwayCollection", nullable=False, column=True, index=True),
        Prop("kind", graph="@odata.type", nullable=False, column=True, filterable=True, fold=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        moment("created_at", "createdDateTime"),
        moment("last_modified_at", "lastModifiedDateTime"),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
        Prop("body", "json", graph="taxiwayBody", default={}),
    ],
)
