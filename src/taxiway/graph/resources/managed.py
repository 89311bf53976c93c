"""Apps, configurations and compliance policies: what their three collections have in common (02 sections 8 and 9)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face, Fit, Sharing
from taxiway.graph.protocol.lists import created, item_body, reading
from taxiway.graph.resources.targets import PLAIN, Assignable, assigning, expansion, fit_assignment
from taxiway.store import Repository, Row, Tx, eq

_READ_ONLY = frozenset({"kind", "created_at", "last_modified_at", "findings", "stamp"})


#: What the rooms' states of apps are called in ``resultantAppState``, where they have another name there.
INSTALL_STATES: Final = {"uninstalled": "notInstalled", "pendingUninstall": "unknown", "installing": "pendingInstall"}


@dataclass(frozen=True, slots=True)
class Services:
    """The owning room's functions for one collection."""

    create: Callable[..., Row]
    update: Callable[..., Row]
    delete: Callable[..., None]
    assign: Callable[..., Any]


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
        hidden=hidden | {"kind", "stamp"},
        beta=beta | {"role_scope_tag_ids"},
        on_select=on_select,
        written=props - _READ_ONLY,
        kinds=kinds,
        casts={kind.lower(): eq("kind", kind) for kind in kinds},
        expansions=(expansion(object_kind, assigned), *expansions),
        shown=_with_version(shown) if versioned else shown,
        computed=computed | {"version"} if versioned else computed,
        fit=_fit(base, older or {}, frozenset(rows.entity.props[name].graph_name for name in of_kinds)),
    )


def _fit(base: str, older: Mapping[str, frozenset[str]], of_kinds: frozenset[str]) -> Fit:
    """v1.0 shows an object of a kind that it does not know as one of the kind above it."""

    def fit(shown: dict[str, Any], version: str) -> None:
        for one in shown.get("assignments") or ():
            fit_assignment(one, version)
        if version != "v1.0" or not base:
            return
        lacking = older.get(shown["@odata.type"].rpartition(".")[2])
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
        kind = kind_of(content, kinds, default_kind)
        values = body.incoming(face, content)

        def save(tx: Tx) -> dict[str, Any]:
            row = services.create(tx, kind, values, principal=call.principal)
            return item_body(tx, call, face, row)

        return created(call, face, await call.write(save))

    async def update(call: Call) -> Answer:
        changes = body.incoming(face, call.json)

        def save(tx: Tx) -> dict[str, Any]:
            row = services.update(tx, call.keys["id"], changes, principal=call.principal)
            return item_body(tx, call, face, row)

        return call.done(live=changed_live, docs=200, body=await call.write(save))

    async def delete(call: Call) -> Answer:
        await call.write(lambda tx: services.delete(tx, call.keys["id"], principal=call.principal))
        return call.done(live=200, docs=204)

    return [
        *reading(face.path, face, read, beta=assignable.beta),
        Operation("POST", face.path, create, write, beta=assignable.beta),
        Operation("PATCH", f"{face.path}/{{id}}", update, write, beta=assignable.beta),
        Operation("DELETE", f"{face.path}/{{id}}", delete, write, beta=assignable.beta),
        *assigning(assignable, read, write),
    ]


def kind_of(content: Mapping[str, Any], kinds: Mapping[str, frozenset[str]], default: str = "") -> str:
    """The kind a body's ``@odata.type`` names; one that is not served is a named 501."""
    name = body.odata_type(content).rpartition(".")[2] or default
    if not name:
        raise BadRequest("The object needs its '@odata.type'.")
    found = next((kind for kind in kinds if kind.lower() == name.lower()), None)
    if found is None:
        raise NotServed(f"Objects of the type '#microsoft.graph.{name}' are not implemented here.")
    return found
