"""Assignment filters (02 section 9.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import reading
from taxiway.graph.protocol.writing import writing
from taxiway.store import Row, Tx

FILTERS: Final = Face(
    path="deviceManagement/assignmentFilters",
    repository=directory.ASSIGNMENT_FILTERS,
    family="intune",
    written=frozenset({"display_name", "description", "platform", "rule", "role_scope_tags"}),
)


def _create(tx: Tx, values: Mapping[str, Any], *, principal: directory.Principal) -> Row:
    if not values.get("display_name") or not values.get("rule"):
        raise BadRequest("An assignment filter needs its 'displayName' and its 'rule'.")
    return directory.create_filter(tx, principal=principal, **values)


_READ, _WRITE = scopes.CONFIGURATION_READ, scopes.CONFIGURATION_WRITE
OPERATIONS: Final = [
    *reading(FILTERS.path, FILTERS, _READ, beta=True),
    *writing(
        FILTERS, _WRITE, create=_create, update=directory.update_filter, delete=directory.delete_filter, beta=True
    ),
]
