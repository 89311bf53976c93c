"""One call as its handler sees it, and the answer a handler gives."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from taxiway.directory import Principal, sees
from taxiway.graph.errors import NoSuchItem, PreconditionFailed, UnsupportedMediaType
from taxiway.graph.protocol import body
from taxiway.graph.protocol.etag import is_stale
from taxiway.graph.protocol.face import Face, Family
from taxiway.graph.settings import GraphSettings
from taxiway.store import Repository, Row, Runtime, Tx

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and where there is any: JSON, plain text, or bytes with their media type."""

    status: int
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None
    content: bytes | None = None
    media_type: str = ""


@dataclass(frozen=True, slots=True)
class Operation:
    """A method on an address: who answers, and which permissions (one suffices) the token must carry.

    ``pattern`` is written as Graph spells it, keys as ``{name}``, named keys as ``{=name}``.
    ``item``: whose rows ``{id}`` names, where scope tags decide who sees them. ``face``: what a list shows.
    ``delegated``: only for a person, whatever an application holds. ``find``: how ``{id}`` leads to the row that the
    address itself names, to compare its version.
    """

    method: str
    pattern: str
    handler: Handler
    scopes: frozenset[str]
    family: Family = "intune"
    beta: bool = False
    delegated: bool = False
    item: Repository | None = None
    face: Face | None = None
    find: Callable[[Tx, str], Row | None] | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One operation being called."""

    rt: Runtime
    operation: Operation
    principal: Principal
    version: str
    path: str
    origin: str
    keys: Mapping[str, str]
    cast: str
    options: Mapping[str, str]
    headers: Mapping[str, str]
    raw: bytes
    request_id: str
    correlation: str
    settings: GraphSettings

    @property
    def root(self) -> str:
        """The address that links in the answer begin with."""
        return f"{self.origin}/{self.version}"

    @property
    def tenant(self) -> str:
        """The caller's tenant: the only one this call can see."""
        return self.principal.tenant

    @property
    def advanced(self) -> bool:
        """Whether a directory query is in the advanced mode (02 section 1.8)."""
        return self.headers.get("consistencylevel", "").lower() == "eventual"

    @property
    def json(self) -> dict[str, Any]:
        """The body as an object; a body without a type is taken as JSON."""
        media = self.headers.get("content-type", "")
        if self.raw and media and "json" not in media.lower():
            raise UnsupportedMediaType(f"A body of the type '{media[:60]}' is not supported: send application/json.")
        return body.read_object(self.raw)

    async def read(self, function: Callable[[Tx], T]) -> T:
        """Read in the caller's tenant."""
        return await self.rt.store.read(self.tenant, lambda tx: self._seen(tx, function))

    async def write(self, function: Callable[[Tx], T]) -> T:
        """Write in the caller's tenant, as the caller."""
        actor = f"{self.principal.kind}:{self.principal.id}"
        return await self.rt.store.write(
            self.tenant, lambda tx: self._seen(tx, function), actor=actor, correlation=self.correlation
        )

    def _seen(self, tx: Tx, function: Callable[[Tx], T]) -> T:
        """Run ``function`` unless the address names an object that scope tags hide from the caller (01 R-85)."""
        rows = self.operation.item
        row = None if rows is None else rows.get(tx, self.keys.get("id", ""))
        if rows is not None and row is not None and not sees(tx, self.principal, rows.entity, row):
            raise NoSuchItem(row["id"])
        self._check_version(tx)
        return function(tx)

    def _check_version(self, tx: Tx) -> None:
        """A change that names the version it was made from is refused when there is a newer one."""
        asked, find = self.headers.get("if-match", ""), self.operation.find
        row = find(tx, self.keys["id"]) if asked and find is not None and tx.writable else None
        if row is not None and is_stale(asked, row):
            raise PreconditionFailed

    def done(self, *, live: int, docs: int | None = None, body: Any = None) -> Answer:
        """The status that the real service or its reference pages give (02 section 1.6); no body with 204."""
        status = docs if self.settings.status_codes == "docs" and docs is not None else live
        return Answer(status, None if status == 204 else body)


Handler = Callable[[Call], Awaitable[Answer]]
