"""Lists of directory objects of mixed types: members, groups an object is in, ``directoryObjects`` (02 section 6.1)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any, Final
from urllib.parse import quote

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.options import Selection, number
from taxiway.graph.protocol.render import render
from taxiway.graph.resources.devices import DEVICES
from taxiway.graph.resources.references import require_object
from taxiway.graph.resources.users import USERS
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
#: How the objects of a mixed list are shown.
OBJECTS: Final[dict[str, Face]] = {"user": USERS, "device": DEVICES, "group": _GROUP}

Members = Sequence[tuple[str, str]]
_EVERYTHING: Final = Selection(frozenset(), (), ())


def object_json(
    tx: Tx, kind: str, object_id: str, selection: Selection = _EVERYTHING, *, version: str = "v1.0"
) -> dict[str, Any]:
    """One directory object with its type."""
    face = OBJECTS[kind]
    shown = render(tx, face, [face.repository.require(tx, object_id)], selection, version=version, root="")
    return {"@odata.type": f"#microsoft.graph.{kind}", **shown[0]}


async def members_answer(call: Call, members: Callable[[Tx], Members]) -> Answer:
    """A page of objects; a cast segment keeps those of its type."""
    limit, start, selection = number(call.options, "top", _PAGE, least=1, most=_LARGEST), _start(call), _selection(call)

    def read(tx: Tx) -> tuple[list[dict[str, Any]], int]:
        found = _cast(call, members(tx))
        page = found[start : start + limit]
        return [object_json(tx, kind, name, selection, version=call.version) for kind, name in page], len(found)

    shown, total = await call.read(read)
    body: dict[str, Any] = {"@odata.context": f"{call.root}/$metadata#directoryObjects"}
    if call.advanced and call.options.get("count", "").lower() == "true" and not start:
        body["@odata.count"] = total
    if start + limit < total:
        token = base64.urlsafe_b64encode(str(start + limit).encode()).decode()
        kept = {name: value for name, value in call.options.items() if name != "skiptoken"} | {"skiptoken": token}
        query = "&".join(f"${name}={quote(value, safe='')}" for name, value in kept.items())
        cast = f"/microsoft.graph.{quote(call.cast)}" if call.cast else ""
        body["@odata.nextLink"] = f"{call.root}/{quote(call.path)}{cast}?{query}"
    return Answer(200, {**body, "value": shown})


async def members_count(call: Call, members: Callable[[Tx], Members]) -> Answer:
    """How many, as plain text; only in the advanced mode."""
    if not call.advanced:
        raise BadRequest("$count is not currently supported without the header ConsistencyLevel: eventual.")
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
        raise BadRequest(f"'{call.cast}' is no type of a directory object.")
    return [member for member in members if not wanted or member[0] == wanted]


def _selection(call: Call) -> Selection:
    spelled = tuple(name.strip() for name in call.options.get("select", "").split(",") if name.strip())
    return Selection(frozenset(name.lower() for name in spelled), spelled, ())


def _start(call: Call) -> int:
    token = call.options.get("skiptoken")
    if not token:
        return 0
    try:
        return min(abs(int(base64.urlsafe_b64decode(token.encode()).decode()[:12])), 2**40)
    except ValueError as error:
        raise BadRequest("This paging token was not made by this list.") from error


OPERATIONS: Final = [
    Operation("GET", "directoryObjects/{id}", _get_object, scopes.MEMBERS_READ, "directory"),
]
