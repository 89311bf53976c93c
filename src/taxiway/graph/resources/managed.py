"""Apps, configurations and compliance policies: what their three collections have in common (02 sections 8 and 9)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory, enrollment
from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face, Fit, Sharing
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.targets import PLAIN, Assignable, assigning, expansion, fit_assignment
from taxiway.store import Repository, Row, Tx, eq

_READ_ONLY = frozenset({"kind", "created_at", "last_modified_at", "findings", "stamp", "opaque"})
#: What is worked out here, whatever a client sends.
_SET_HERE: Final = (_READ_ONLY - {"kind"}) | {
    "is_assigned",
    "upload_state",
    "publishing_state",
    "dependent_app_count",
    "superseding_app_count",
    "superseded_app_count",
}
#: Longer than any name of Graph's, and short enough to stand in an id.
_type_name = re.compile(r"[A-Za-z]\w{0,60}\Z")


#: What the rooms' states of apps are called in ``resultantAppState``, where they have another name there.
INSTALL_STATES: Final = {"uninstalled": "notInstalled", "pendingUninstall": "unknown", "installing": "pendingInstall"}


@dataclass(frozen=True, slots=True)
class Services:
    """The owning room's functions for one collection.

    ``shared``: what objects of every type have, where those of types that nothing here acts on are kept.
    """

    create: Callable[..., Row]
    update: Callable[..., Row]
    delete: Callable[..., None]
    shared: frozenset[str] = frozenset()


def face_of(  # noqa: PLR0913 - the parts of a declaration, by name
    path: str,
    rows: Repository,
    object_kind: str,
    kinds: Mapping[str, frozenset[str]],
    *,
    hidden: frozenset[str] = frozenset(),
    beta: frozenset[str] = frozenset(),
    on_select: frozenset[str] = frozenset(),
    assigned: tuple[str, ...] = PLAIN,
    base: str = "",
    older: Mapping[str, frozenset[str]] | None = None,
    expansions: tuple[Expansion, ...] = (),
    versioned: bool = True,
    shown: Sharing | None = None,
    computed: frozenset[str] = frozenset(),
    fit: Fit | None = None,
) -> Face:
    """A collection of objects of several types, kept apart by ``kind``.

    ``shown`` and ``computed``: properties that are worked out for a page of rows. ``assigned``: what its assignments
    show. ``older``: the kinds that v1.0 knows, each with those of its properties that v1.0 lacks; it shows the others
    as their ``base``.
    """
    props, of_kinds = frozenset(rows.entity.props), frozenset[str]().union(*kinds.values())
    return Face(
        path=path,
        repository=rows,
        family="intune",
        type_of=lambda row: f"#microsoft.graph.{row['kind']}",
        properties_of=lambda row: (props - of_kinds) | kinds.get(row["kind"], frozenset()),
        hidden=hidden | {"kind", "stamp", "opaque"},
        beta=beta | {"role_scope_tag_ids"},
        on_select=on_select,
        written=props - _READ_ONLY,
        kinds=kinds,
        casts={kind.lower(): eq("kind", kind) for kind in kinds},
        expansions=(expansion(object_kind, assigned), *expansions),
        shown=_with_opaque(_with_version(shown) if versioned else shown) if "opaque" in props else shown,
        computed=computed | {"version"} if versioned else computed,
        fit=_fit(base, older or {}, kinds, frozenset(rows.entity.props[name].graph_name for name in of_kinds), fit),
        open="opaque" in props,
    )


def _fit(
    base: str,
    older: Mapping[str, frozenset[str]],
    kinds: Mapping[str, frozenset[str]],
    of_kinds: frozenset[str],
    more: Fit | None,
) -> Fit:
    """v1.0 shows an object of a kind that it does not know as one of the kind above it; what is kept stays as it is."""

    def fit(shown: dict[str, Any], version: str) -> None:
        for one in shown.get("assignments") or ():
            fit_assignment(one, version)
        if more is not None:
            more(shown, version)
        name = shown.get("@odata.type", "").rpartition(".")[2]
        if version != "v1.0" or not base or name not in kinds:
            return
        lacking = older.get(name)
        if lacking is None:
            shown["@odata.type"], lacking = f"#microsoft.graph.{base}", of_kinds
        for name in lacking:
            shown.pop(name, None)

    return fit


def _with_version(more: Sharing | None) -> Sharing:
    def shown(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
        computed = [{} for _ in rows] if more is None else more(tx, rows)
        return [{"version": row["version"], **each} for row, each in zip(rows, computed, strict=True)]

    return shown


def _with_opaque(more: Sharing | None) -> Sharing:
    """What an object of a type that nothing here acts on said when it was made or changed, as it said it."""

    def shown(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
        computed = [{} for _ in rows] if more is None else more(tx, rows)
        return [{**each, **(row["opaque"] or {})} for row, each in zip(rows, computed, strict=True)]

    return shown


def values_of(face: Face, content: Mapping[str, Any], *, known: bool, shared: frozenset[str]) -> dict[str, Any]:
    """What a body says of an object; ``known``: whether anything here acts on its type.

    Of all other objects only what every type has, ``shared``, is read; the rest is kept as it is.
    """
    if known:
        return body.incoming(face, content)
    ours = {face.props[name].graph_name.lower() for name in (shared | _SET_HERE) & face.props.keys()}
    ours |= {"id", "version", *(expansion.name.lower() for expansion in face.expansions)}
    rest = {name: value for name, value in content.items() if name.lower() not in ours and "@odata." not in name}
    return {**body.incoming(face, content, names=shared), "opaque": rest}


def collection(
    face: Face,
    services: Services,
    assignable: Assignable,
    read: frozenset[str],
    write: frozenset[str],
    *,
    kinds: Mapping[str, frozenset[str]],
    default_kind: str = "",
    changed_live: int = 204,
) -> list[Operation]:
    """List, item, create, change, delete, assign. ``changed_live``: what the real service answers to a PATCH."""

    async def create(call: Call) -> Answer:
        content = call.json
        kind = kind_of(content, kinds, default_kind, keeps=face.open)
        values = values_of(face, content, known=kind in kinds, shared=services.shared)

        def save(tx: Tx) -> dict[str, Any]:
            row = services.create(tx, kind, values, principal=call.principal)
            return item_body(tx, call, face, row)

        return created(call, face, await call.write(save), kept="" if kind in kinds else kind)

    def update(tx: Tx, row_id: str, content: Mapping[str, Any], *, principal: directory.Principal) -> Row:
        known = face.repository.require(tx, row_id)["kind"] in kinds
        changes = values_of(face, content, known=known, shared=services.shared)
        return services.update(tx, row_id, changes, principal=principal)

    return [
        *reading(face.path, face, read, beta=assignable.beta),
        Operation("POST", face.path, create, write, beta=assignable.beta),
        *writing(
            face,
            write,
            update=update,
            delete=services.delete,
            values=lambda call: call.json,
            beta=assignable.beta,
            patched=changed_live,
        ),
        *assigning(assignable, read, write),
    ]


def is_shown(tx: Tx, call: Call, device: Mapping[str, Any] | None) -> bool:
    """Whether a report tells the caller of a managed device: scope tags hide it there too, unless it is gone."""
    return not device or directory.sees(tx, call.principal, enrollment.MANAGED.entity, dict(device))


def kind_of(
    content: Mapping[str, Any], kinds: Mapping[str, frozenset[str]], default: str = "", *, keeps: bool = False
) -> str:
    """The kind a body's ``@odata.type`` names; one that is neither acted on nor kept is a named 501."""
    name = body.odata_type(content).rpartition(".")[2] or default
    if not name:
        raise BadRequest("The object needs its '@odata.type'.")
    found = next((kind for kind in kinds if kind.lower() == name.lower()), None)
    if found is None and keeps and _type_name.match(name):
        return name
    if found is None:
        raise NotServed(f"Objects of the type '#microsoft.graph.{name}' are not implemented here.")
    return found
