"""Delta tokens: where a reader of the log stands, with the options it began with (02 section 1.9)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import quote

import msgspec

from taxiway.graph.errors import Malformed, SyncStateGone
from taxiway.graph.protocol.call import Call
from taxiway.graph.protocol.filter_parse import Both, Constant, Node, Path, Relation, parse_filter

#: How long a token is good for: as long as the original keeps those of directory objects.
KEPT = timedelta(days=7)
MAX_IDS = 50
_OPTIONS = frozenset({"select", "top", "filter", "expand"})
_IGNORED = frozenset({"count", "format", "skiptoken", "deltatoken"})
#: A token comes back from outside: texts that a database can be asked for, numbers that fit into its columns.
_Text = Annotated[str, msgspec.Meta(pattern=r"\A[^\x00-\x1f]*\Z")]
_Number = Annotated[int, msgspec.Meta(ge=0, le=2**62)]


class State(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a round stands.

    ``number``: the log is read up to here. While the first round pages through what there is: ``last``, the object
    shown last, and ``member``, the last one shown of its members where there are more.
    """

    tenant: str
    path: str
    number: _Number
    issued: _Number
    options: dict[str, _Text] = {}
    last: _Text | None = None
    member: tuple[_Text, _Text] | None = None

    @property
    def first(self) -> bool:
        """Whether this is the first round, which shows everything."""
        return self.last is not None


def begun(call: Call, number: int, now: datetime, *, latest: bool) -> State:
    """A first round; ``latest`` skips it."""
    for name in call.options:
        if name not in _OPTIONS | _IGNORED:
            raise Malformed(f"The query option '${name}' is not supported with delta.")
    return State(
        tenant=call.tenant,
        path=call.path,
        number=number,
        issued=int(now.timestamp()),
        options={name: value for name, value in call.options.items() if name in _OPTIONS},
        last=None if latest else "",
    )


def resumed(call: Call, token: str, head: int, now: datetime) -> State:
    """The state that a token holds; one that is no longer good is a 410 that says where to begin anew."""
    try:
        state = msgspec.json.decode(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)), type=State)
    except (msgspec.DecodeError, binascii.Error, ValueError) as error:
        raise Malformed("This is no token of a delta query.") from error
    if state.tenant != call.tenant or state.path != call.path:
        raise Malformed("This token was made for another delta query.")
    if state.number > head or now.timestamp() - state.issued > KEPT.total_seconds():
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in state.options.items())
        raise SyncStateGone(f"{call.root}/{call.path}" + (f"?{query}" if query else ""))
    return state


def link(call: Call, state: State, *, done: bool, now: datetime) -> dict[str, str]:
    """``@odata.deltaLink`` where the round is over, else ``@odata.nextLink``."""
    if done:
        state = msgspec.structs.replace(state, last=None, member=None, issued=int(now.timestamp()))
    token = base64.urlsafe_b64encode(msgspec.json.encode(state)).decode().rstrip("=")
    name, option = ("@odata.deltaLink", "deltatoken") if done else ("@odata.nextLink", "skiptoken")
    return {name: f"{call.root}/{call.path}?${option}={token}"}


def asked_ids(options: Mapping[str, str]) -> frozenset[str] | None:
    """``$filter=id eq 'a' or id eq 'b'``: the only filter that delta takes; None where there is none."""
    text = options.get("filter", "").strip()
    if not text:
        return None
    tree = parse_filter(text)
    parts = tree.parts if isinstance(tree, Both) and tree.word == "or" else (tree,)
    if len(parts) > MAX_IDS:
        raise Malformed(f"A delta query is filtered by at most {MAX_IDS} ids.")
    return frozenset(_asked_id(part) for part in parts)


def _asked_id(node: Node) -> str:
    match node:
        case Relation(Path((name,), _), "eq", Constant(str(value), _), _) if name.lower() == "id":
            return value.lower()
    raise Malformed("A delta query takes no filter but 'id eq', joined by 'or'.")
