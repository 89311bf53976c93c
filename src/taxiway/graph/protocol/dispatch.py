"""One request to one answer, whether it came over the wire or out of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote

import structlog

from taxiway.directory import Principal
from taxiway.graph.errors import BadRequest, Malformed
from taxiway.graph.protocol.call import Answer, Call
from taxiway.graph.protocol.caller import check_scopes
from taxiway.graph.protocol.face import Family
from taxiway.graph.protocol.refusals import refusal
from taxiway.graph.protocol.throttle import Throttle
from taxiway.graph.protocol.tree import Tree
from taxiway.graph.protocol.url import Address, Part, read_path, read_query
from taxiway.graph.settings import GraphSettings
from taxiway.kernel import TaxiwayError
from taxiway.store import Runtime

_log = structlog.get_logger("taxiway.graph")
_INTUNE = frozenset({"devicemanagement", "deviceappmanagement"})


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request without its transport: ``target`` is the raw path and query after the origin."""

    method: str
    target: str
    headers: Mapping[str, str]
    raw: bytes
    principal: Principal
    origin: str
    request_id: str
    correlation: str


@dataclass(frozen=True, slots=True)
class Service:
    """What every request needs: the operations, and how they answer."""

    rt: Runtime
    tree: Tree
    settings: GraphSettings
    throttle: Throttle


async def answer(service: Service, incoming: Incoming) -> Answer:
    """Every request gets an answer in Graph's shape."""
    rt = service.rt
    family: Family = "directory"
    try:
        address = read_path(_path(incoming.target))
        family = _family(address)
        options = read_query(incoming.target.partition("?")[2])
        paid = service.throttle.take(incoming.principal, family, incoming.method, options)
        call = _call(service, incoming, address, options)
        made = await call.operation.handler(call)
        return replace(made, headers={**_location(call, made), **made.headers, **paid})
    except TaxiwayError as error:
        return refusal(
            error,
            family,
            now=rt.clock.now(),
            request_id=incoming.request_id,
            client_id=incoming.correlation,
            url=f"{incoming.origin}{_path(incoming.target)}",
        )
    except Exception:  # noqa: BLE001 - the last word: logged, and answered in Graph's shape
        _log.exception("graph request failed", path=_path(incoming.target), request_id=incoming.request_id)
        error_body = {"error": {"code": "InternalServerError", "message": f"Quote {incoming.request_id}."}}
        return Answer(500, error_body)


def _call(service: Service, incoming: Incoming, address: Address, options: Mapping[str, str]) -> Call:
    match = service.tree.match(incoming.method, _own(address.parts, incoming.principal), address.version)
    check_scopes(incoming.principal, match.operation.scopes, delegated=match.operation.delegated)
    return Call(
        rt=service.rt,
        operation=match.operation,
        principal=incoming.principal,
        version=address.version,
        path=_canonical(match.operation.pattern, match.keys),
        origin=incoming.origin,
        keys=match.keys,
        cast=match.cast,
        options=options,
        headers=incoming.headers,
        raw=incoming.raw,
        request_id=incoming.request_id,
        correlation=incoming.correlation,
        settings=service.settings,
    )


def _location(call: Call, made: Answer) -> dict[str, str]:
    """Where what was made can be read, for every 201 that does not say so itself (02 section 1.2)."""
    row_id = made.body.get("id") if made.status == 201 and isinstance(made.body, dict) else None
    return {} if row_id is None else {"Location": f"{call.root}/{quote(call.path)}/{quote(str(row_id))}"}


def _own(parts: tuple[Part, ...], principal: Principal) -> tuple[Part, ...]:
    """What lies below ``me`` lies below the user who signed in."""
    if len(parts) < 2 or parts[0].name.lower() != "me":
        return parts
    if principal.kind != "user":
        raise BadRequest("/me request is only valid with delegated authentication flow.")
    return (Part("users", "users"), Part(principal.id, principal.id), *parts[1:])


def _path(target: str) -> str:
    return target.partition("?")[0]


def _family(address: Address) -> Family:
    if not address.parts:
        raise Malformed("The address names no resource.")
    return "intune" if address.parts[0].name.lower() in _INTUNE else "directory"


def _canonical(pattern: str, keys: Mapping[str, str]) -> str:
    """The path of an operation in Graph's own spelling."""
    pieces = [keys[piece.strip("{=}")] if piece.startswith("{") else piece for piece in pattern.split("/")]
    return "/".join(pieces)
