"""A small collection that the tests of the Graph protocol filter, sort and page."""

from __future__ import annotations

from taxiway.graph.protocol.face import Face
from taxiway.store import Compare, Entity, Prop, Repository, eq

WIDGET = Entity(
    "graph_test_widget",
    [
        Prop("kind", column=True, filterable=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("serial_number", column=True, filterable=True, fold=True),
        Prop("is_assigned", "bool", column=True, filterable=True),
        Prop("priority", "int", column=True, filterable=True, sortable=True),
        Prop("enrolled_at", "datetime", graph="enrolledDateTime", column=True, filterable=True),
        Prop("note"),
        Prop("secret_word", column=True, filterable=True),
        Prop("ztdid", column=True),
    ],
)
WIDGETS = Repository(WIDGET)


def _ids(operator, value):
    return Compare("ztdid", "ne", None) if operator == "startswith" else eq("ztdid", value)


FACE = Face(
    path="deviceManagement/widgets",
    repository=WIDGETS,
    family="intune",
    hidden=frozenset({"secret_word"}),
    casts={"win32lobapp": eq("kind", "win32LobApp")},
    lambdas={"physicalids": _ids},
)
