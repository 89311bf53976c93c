"""``$batch``: up to twenty requests in one, some waiting for others (02 section 1.8)."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from taxiway.graph.errors import Malformed
from taxiway.graph.protocol import body
from taxiway.graph.protocol.call import Answer
from taxiway.graph.protocol.dispatch import Incoming

MAX_REQUESTS = 20
_whole = re.compile(r"\Ahttps?://[^/]+/(?:v1\.0|beta)(?=[/?]|\Z)", re.IGNORECASE)
METHODS = frozenset({"GET", "POST", "PATCH", "PUT", "DELETE"})
Serve = Callable[[Incoming], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Item:
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: Mapping[str, str]
    raw: bytes
    depends_on: tuple[str, ...]


async def answer_batch(outer: Incoming, version: str, serve: Serve) -> Answer:
    """Each request in turn; one whose dependency failed is answered 424."""
    items = read_items(outer.raw)
    answers: dict[str, Answer] = {}
    for item in _in_order(items):
        if any(answers[name].status >= 400 for name in item.depends_on):
            answers[item.id] = _failed_dependency()
        else:
            answers[item.id] = await serve(_incoming(outer, version, item))
    return Answer(200, {"responses": [_response(item.id, answers[item.id]) for item in items]})


def read_items(raw: bytes) -> list[Item]:
    """The requests, with their ids as texts."""
    found = body.objects_field(body.read_object(raw), "requests", most=MAX_REQUESTS)
    if not found:
        raise Malformed(f"A batch has from 1 to {MAX_REQUESTS} requests.")
    items = [_item(one) for one in found]
    spelled = {item.id.lower(): item.id for item in items}
    if len(spelled) != len(items):
        raise Malformed("The ids of a batch must differ.")
    for item in items:
        if any(name.lower() not in spelled for name in item.depends_on):
            raise Malformed(f"Request '{item.id}' depends on one that is not in the batch.")
    return [replace(item, depends_on=tuple(spelled[name.lower()] for name in item.depends_on)) for item in items]


def _item(one: Mapping[str, Any]) -> Item:
    number = body.field(one, "id")
    if not isinstance(number, str | int) or isinstance(number, bool) or str(number) == "":
        raise Malformed("Every request of a batch needs an id.")
    method, url = body.text_field(one, "method").upper(), body.text_field(one, "url")
    if method not in METHODS or not url:
        raise Malformed(f"Request '{number}' needs a method and a url.")
    if "$batch" in url.lower():
        raise Malformed("A batch cannot contain a batch.")
    headers = body.field(one, "headers") or {}
    if not isinstance(headers, dict):
        raise Malformed(f"The headers of request '{number}' must be an object.")
    return Item(
        id=str(number),
        method=method,
        url=url,
        headers={str(name).lower(): str(value) for name, value in headers.items()},
        raw=_raw(body.field(one, "body")),
        depends_on=tuple(str(name) for name in body.list_field(one, "dependsOn", most=MAX_REQUESTS)),
    )


def _raw(value: Any) -> bytes:
    """The body of an item: an object, or base64 where its content type is not JSON."""
    if value is None:
        return b""
    if isinstance(value, str):
        try:
            return base64.b64decode(value, validate=True)
        except ValueError:
            return value.encode()
    return json.dumps(value).encode()


def _in_order(items: list[Item]) -> list[Item]:
    """Every request behind those it depends on."""
    waiting, ordered, done = list(items), list[Item](), set[str]()
    while waiting:
        ready = [item for item in waiting if all(name in done for name in item.depends_on)]
        if not ready:
            raise Malformed("The requests of the batch depend on each other in a circle.")
        ordered.extend(ready)
        done.update(item.id for item in ready)
        waiting = [item for item in waiting if item.id not in done]
    return ordered


def _incoming(outer: Incoming, version: str, item: Item) -> Incoming:
    return replace(
        outer, method=item.method, target=f"/{version}/{_relative(item.url)}", headers=item.headers, raw=item.raw
    )


def _relative(url: str) -> str:
    """The address below the version: msgraph-core for Python sends whole ones."""
    return _whole.sub("", url, count=1).lstrip("/")


def _response(name: str, answer: Answer) -> dict[str, Any]:
    made: dict[str, Any] = {"id": name, "status": answer.status, "headers": dict(answer.headers)}
    if answer.text is not None:
        made["body"] = answer.text
    elif answer.content is not None:
        made["headers"]["Content-Type"] = answer.media_type
        made["body"] = base64.b64encode(answer.content).decode()
    elif answer.body is not None:
        made["headers"]["Content-Type"] = "application/json"
        made["body"] = answer.body
    return made


def _failed_dependency() -> Answer:
    return Answer(424, {"error": {"code": "FailedDependency", "message": "A request this one depends on failed."}})
