"""POST, PATCH and DELETE, as most collections of Intune answer them (02 section 1.6); ``lists`` has the GETs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body
from taxiway.store import Row, Tx

Values = Callable[[Call], Mapping[str, Any]]


def writing(  # noqa: PLR0913 - the parts of a declaration, by name
    face: Face,
    scopes: frozenset[str],
    *,
    create: Callable[..., Row] | None = None,
    update: Callable[..., Row] | None = None,
    delete: Callable[..., None] | None = None,
    values: Values | None = None,
    beta: bool = False,
    posted: int = 201,
    patched: int = 200,
    removed: int = 200,
) -> list[Operation]:
    """An operation for each of the room's functions that is given.

    ``create(tx, values, *, principal)``, ``update(tx, id, changes, *, principal)``, ``delete(tx, id, *, principal)``.
    ``values``: what a body says, where it is more than properties. ``posted``, ``patched``, ``removed``: what the real
    service answers.
    """
    read = values or (lambda call: body.incoming(face, call.json))
    item = f"{face.path}/{{id}}"
    return [
        *([Operation("POST", face.path, _posting(face, create, read, posted), scopes, beta=beta)] if create else []),
        *([Operation("PATCH", item, _patching(face, update, read, patched), scopes, beta=beta)] if update else []),
        *([Operation("DELETE", item, _removing(delete, removed), scopes, beta=beta)] if delete else []),
    ]


def _posting(face: Face, create: Callable[..., Row], read: Values, live: int) -> Handler:
    async def post(call: Call) -> Answer:
        values = read(call)

        def write(tx: Tx) -> dict[str, Any]:
            return item_body(tx, call, face, create(tx, values, principal=call.principal))

        return created(call, face, await call.write(write), live=live)

    return post


def _patching(face: Face, update: Callable[..., Row], read: Values, live: int) -> Handler:
    async def patch(call: Call) -> Answer:
        changes = read(call)

        def write(tx: Tx) -> dict[str, Any]:
            return item_body(tx, call, face, update(tx, call.keys["id"], changes, principal=call.principal))

        return call.done(live=live, docs=200, body=await call.write(write))

    return patch


def _removing(delete: Callable[..., None], live: int) -> Handler:
    async def remove(call: Call) -> Answer:
        await call.write(lambda tx: delete(tx, call.keys["id"], principal=call.principal))
        return call.done(live=live, docs=204)

    return remove
