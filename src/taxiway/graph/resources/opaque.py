"""Collections whose objects are kept as they came and decide nothing: how Graph shows them (02 section 9.4).

An object is stored as the client sent it and shown again unchanged; only what Graph itself sets is ours: the id, the
moments, the version, the type where it is not the declared one. ``opaque_table`` lists the collections.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from taxiway import directory, management
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import Narrow, created, item_body, reading
from taxiway.graph.protocol.render import moment
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.managed import kind_of
from taxiway.graph.resources.targets import PLAIN, Assignable, assigning, expansion, fit_assignment
from taxiway.management import Shelf
from taxiway.store import Not, Row, Tx, Where, one_of

#: What Graph sets itself, and what is a collection beside the object.
_OURS: Final = frozenset({"id", "createddatetime", "lastmodifieddatetime", "assignments"})
#: Whether anybody is assigned: of those that say it, whatever they said when they were made.
_ASSIGNED: Final = "isAssigned"
#: How most types call their scope tags.
_TAGS: Final = "roleScopeTagIds"


@dataclass(frozen=True, slots=True)
class Kept:
    """One collection.

    ``declared``: the type of its objects where all have the same, without a namespace. ``title``: what they call their
    name. ``tags``: their scope tags; ``tags_beta``: whether only beta has them. ``moments``: which of created and
    modified they have. ``beta_kinds``: types that v1.0's list leaves out. ``on_item``: members that lists leave out.
    ``assigned``: the member in the body of ``assign``, empty where they are not assigned; ``sourced``: whether an
    assignment says where it comes from. ``posted``, ``patched``, ``removed``, ``put``, ``assigning``: the live
    statuses (02 section 1.6).
    """

    path: str
    shelf: Shelf
    read: frozenset[str]
    write: frozenset[str]
    declared: str = ""
    title: str = "displayName"
    tags: str = _TAGS
    tags_beta: bool = False
    moments: tuple[str, ...] = ("createdDateTime", "lastModifiedDateTime")
    versioned: bool = False
    beta: bool = True
    beta_kinds: tuple[str, ...] = ()
    on_item: frozenset[str] = frozenset()
    assigned: str = "assignments"
    sourced: bool = False
    posted: int = 201
    patched: int = 200
    removed: int = 200
    put: int = 0
    assigning: int = 200


def face_of(kept: Kept, *, listed: bool = False) -> Face:
    """The face of an item, or of a list."""
    title = kept.title.lower()
    properties = frozenset({"role_scope_tag_ids"}) if kept.tags == _TAGS else frozenset[str]()
    return Face(
        path=kept.path,
        repository=kept.shelf,
        family="intune",
        type_of=lambda row: "" if row["kind"] == kept.declared else f"#microsoft.graph.{row['kind']}",
        properties_of=lambda _row: properties,
        beta=properties if kept.tags_beta else frozenset(),
        shown=lambda tx, rows: [_shown(tx, kept, row, listed=listed) for row in rows],
        aliases={} if title == "displayname" else {title: "displayname"},
        expansions=(
            *((expansion(management.OPAQUE_OBJECT_KIND, _names(kept), kept=True),) if kept.assigned else ()),
            *(Expansion(name, partial(_child, name)) for name in kept.shelf.children),
        ),
        open=True,
        fit=_fit,
    )


def _names(kept: Kept) -> tuple[str, ...]:
    return PLAIN if kept.sourced else ()


def _fit(shown: dict[str, Any], version: str) -> None:
    for one in shown.get("assignments") or ():
        fit_assignment(one, version)


def _child(name: str, _tx: Tx, row: Row) -> list[dict[str, Any]]:
    return list(row["body"].get(name) or [])


def _shown(tx: Tx, kept: Kept, row: Row, *, listed: bool) -> dict[str, Any]:
    stamps = {"createdDateTime": row["created_at"], "lastModifiedDateTime": row["last_modified_at"]}
    shown: dict[str, Any] = {name: moment(stamps[name]) for name in kept.moments}
    if kept.versioned:
        shown["version"] = row["version"]
    if kept.tags not in ("", _TAGS):
        shown[kept.tags] = row["role_scope_tag_ids"]
    for name, value in row["body"].items():
        if name not in kept.shelf.children:
            shown[name] = None if listed and name in kept.on_item else value
    if _ASSIGNED in shown:
        shown[_ASSIGNED] = bool(directory.assignments_of(tx, management.OPAQUE_OBJECT_KIND, row["id"]))
    return shown


def incoming(kept: Kept, content: Mapping[str, Any], *, names: bool = True) -> dict[str, Any]:
    """What a body says of an object; ``names``: whether it has to say its name."""
    ours = _OURS | {kept.tags.lower()} | ({"version"} if kept.versioned else set())
    found: dict[str, Any] = {
        "body": {name: value for name, value in content.items() if name.lower() not in ours and "@odata." not in name}
    }
    if names or body.field(content, kept.title) is not None:
        found["display_name"] = body.text_field(content, kept.title)
    tags = body.field(content, kept.tags) if kept.tags else None
    if tags is not None:
        found["role_scope_tag_ids"] = body.converted(kept.shelf.entity.props["role_scope_tag_ids"], tags)
    return found


def operations_of(kept: Kept) -> list[Operation]:
    """List, item, create, change, replace, delete, assign."""
    face, shelf = face_of(kept), kept.shelf

    async def create(call: Call) -> Answer:
        values, kind = incoming(kept, call.json), shelf.kind or kind_of(call.json, {}, kept.declared, keeps=True)

        def write(tx: Tx) -> dict[str, Any]:
            made = management.create_object(tx, shelf, kind, values, principal=call.principal)
            return item_body(tx, call, face, made)

        return created(call, face, await call.write(write), live=kept.posted, kept=kind)

    async def replace(call: Call) -> Answer:
        values = incoming(kept, call.json)

        def write(tx: Tx) -> dict[str, Any]:
            row = management.replace_object(tx, shelf, call.keys["id"], values, principal=call.principal)
            return item_body(tx, call, face, row)

        return call.done(live=kept.put, docs=200, body=await call.write(write))

    return [
        *reading(
            kept.path, face, kept.read, beta=kept.beta, listed=face_of(kept, listed=True), narrow=_of_version(kept)
        ),
        Operation("POST", kept.path, create, kept.write, beta=kept.beta),
        *writing(
            face,
            kept.write,
            update=lambda tx, row_id, changes, **by: management.update_object(tx, shelf, row_id, changes, **by),
            delete=lambda tx, row_id, **by: management.delete_object(tx, shelf, row_id, **by),
            values=lambda call: incoming(kept, call.json, names=False),
            beta=kept.beta,
            patched=kept.patched,
            removed=kept.removed,
        ),
        *([Operation("PUT", f"{kept.path}/{{id}}", replace, kept.write, beta=kept.beta)] if kept.put else []),
        *(assigning(_assignable(kept, face), kept.read, kept.write) if kept.assigned else []),
    ]


def _of_version(kept: Kept) -> Narrow | None:
    def narrow(_tx: Tx, call: Call) -> Where | None:
        return None if call.version == "beta" else Not(one_of("kind", kept.beta_kinds))

    return narrow if kept.beta_kinds else None


def _assignable(kept: Kept, face: Face) -> Assignable:
    return Assignable(
        face,
        management.OPAQUE_OBJECT_KIND,
        lambda tx, row_id, targets, *, principal: management.assign_object(
            tx, kept.shelf, row_id, targets, principal=principal
        ),
        kept.assigned,
        live=kept.assigning,
        docs=204 if kept.assigning == 204 else 200,
        names=_names(kept),
        beta=kept.beta,
        kept=True,
    )
