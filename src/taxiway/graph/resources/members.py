"""Lists of directory objects of mixed types: members, groups an object is in, ``directoryObjects`` (02 section 6.1)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, Malformed
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import next_link
from taxiway.graph.protocol.options import Selection, number
from taxiway.graph.resources.objects import OBJECTS, object_json
from taxiway.graph.resources.references import require_object
from taxiway.store import Tx

_PAGE: Final = 100
_LARGEST: Final = 999
#: What of a group is ours; what v1.0 lacks; what is shown when it is asked for.
GROUP_HIDDEN: Final = frozenset({"kind", "membership_rule_progress", "gives_licences", "licensed_up_to"})
GROUP_BETA: Final = frozenset(
    {
        "membership_rule_processing_status",
        "cloud_licensing",
        "created_by_app_id",
        "disable_nesting",
        "writeback_configuration",
    }
)
GROUP_ON_SELECT: Final = frozenset(
    {
        "access_type",
        "allow_external_senders",
        "assigned_labels",
        "assigned_licenses",
        "auto_subscribe_new_members",
        "cloud_licensing",
        "creation_options",
        "has_members_with_license_errors",
        "hide_from_address_lists",
        "hide_from_outlook_clients",
        "is_archived",
        "is_favorite",
        "is_subscribed_by_mail",
        "membership_rule_processing_status",
        "unseen_conversations_count",
        "unseen_count",
        "unseen_messages_count",
        "welcome_message_enabled",
    }
)
_GROUP: Final = Face(
    path="groups",
    repository=directory.GROUPS,
    family="directory",
    hidden=GROUP_HIDDEN,
    beta=GROUP_BETA,
    on_select=GROUP_ON_SELECT,
)
OBJECTS["group"] = _GROUP

#: What a list of objects of one type can do, and one of mixed types cannot.
NARROWING: Final = frozenset({"filter", "search", "orderby", "expand"})

Members = Sequence[tuple[str, str]]


async def members_answer(call: Call, members: Callable[[Tx], Members]) -> Answer:
    """A page of objects in the order of type and id; a cast segment keeps those of its type.

    The token names the object shown last, so that those who come and go between two pages shift nobody.
    """
    _check(call)
    limit, after = number(call.options, "top", _PAGE, least=1, most=_LARGEST), _after(call)
    selection = _selection(call)

    def read(tx: Tx) -> tuple[list[dict[str, Any]], Members, int]:
        found = sorted(_cast(call, members(tx)))
        rest = [one for one in found if after is None or one > after]
        shown = [object_json(tx, kind, name, selection, version=call.version) for kind, name in rest[:limit]]
        return shown, rest, len(found)

    shown, rest, total = await call.read(read)
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#directoryObjects"}
    if call.advanced and call.options.get("count", "").lower() == "true" and after is None:
        body["@odata.count"] = total
    if len(rest) > limit:
        token = base64.urlsafe_b64encode(":".join(rest[limit - 1]).encode()).decode().rstrip("=")
        body["@odata.nextLink"] = next_link(call, token)
    return Answer(200, {**body, "value": shown})


async def members_count(call: Call, members: Callable[[Tx], Members]) -> Answer:
    """How many, as plain text; only in the advanced mode."""
    if not call.advanced:
        raise BadRequest("$count is not currently supported without the header ConsistencyLevel: eventual.")
    _check(call)
    return Answer(200, text=str(await call.read(lambda tx: len(_cast(call, members(tx))))))


async def _get_object(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        kind, row = require_object(tx, call.keys["id"].lower())
        return object_json(tx, kind, row["id"], _selection(call), version=call.version)

    shown = await call.read(read)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#directoryObjects/$entity", **shown})


def _cast(call: Call, members: Members) -> Members:
    wanted = call.cast.lower()
    if wanted and wanted not in OBJECTS:
        raise Malformed(f"'{call.cast}' is no type of a directory object.")
    return [member for member in members if not wanted or member[0] == wanted]


def _selection(call: Call) -> Selection:
    spelled = tuple(name.strip() for name in call.options.get("select", "").split(",") if name.strip())
    return Selection(frozenset(name.lower() for name in spelled), spelled, ())


def _after(call: Call) -> tuple[str, str] | None:
    token = call.options.get("skiptoken")
    if not token:
        return None
    try:
        kind, _, object_id = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode().partition(":")
    except ValueError as error:
        raise Malformed("This paging token was not made by this list.") from error
    if kind not in OBJECTS or not object_id:
        raise Malformed("This paging token was not made by this list.")
    return kind, object_id


def _check(call: Call) -> None:
    """What such a list does not honour is refused and not dropped."""
    for name in sorted(NARROWING | {"skip"}):
        if name in call.options:
            raise Malformed(f"The query option '${name}' is not supported by a list of mixed objects here.")


OPERATIONS: Final = [
    Operation("GET", "directoryObjects/{id}", _get_object, scopes.MEMBERS_READ, "directory"),
]
