"""An entry of the log as an item of an audit log."""

from __future__ import annotations

import json
from typing import Any, Final

from taxiway import directory
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.audit_meanings import Meaning
from taxiway.kernel import Entry
from taxiway.store import Row, Tx

_SERVICE: Final = "taxiway"
_REMOVED: Final = "Remove member from group"
_TYPES: Final = {
    "user": "User",
    "group": "Group",
    "device": "Device",
    "autopilot": "Device",
    "application": "ServicePrincipal",
    "conditional_access_policy": "Policy",
    "tenant": "Directory",
}
_REPOSITORIES: Final = {"user": directory.USERS, "group": directory.GROUPS, "device": directory.DEVICES}
#: Facts that are shown as what was changed.
_DIFFERENCE: Final = frozenset({"changed", "old", "new", "added", "removed", "member"})


def directory_audit(tx: Tx, entry: Entry, meaning: Meaning) -> dict[str, Any]:
    """``directoryAudit``."""
    suffix = "r" if meaning.activity == _REMOVED else ""
    return {
        "id": f"Directory_{entry.number}{suffix}",
        "category": meaning.category,
        "correlationId": entry.correlation or None,
        "result": "success",
        "resultReason": " ".join(why["text"] for why in entry.why),
        "activityDisplayName": meaning.activity,
        "activityDateTime": moment(entry.time),
        "loggedByService": "Core Directory",
        "operationType": "Unassign" if suffix else meaning.operation,
        "initiatedBy": _initiated_by(tx, entry.actor),
        "performedBy": None,
        "userAgent": None,
        "targetResources": _targets(tx, entry, removed=bool(suffix)),
        "additionalDetails": [
            {"key": name, "value": _text(value)} for name, value in entry.what.items() if name not in _DIFFERENCE
        ],
    }


def intune_event(tx: Tx, entry: Entry, meaning: Meaning) -> dict[str, Any]:
    """``auditEvent``."""
    _, _, object_id = entry.subject.partition(":")
    name = entry.what.get("name")
    return {
        "id": f"00000000-0000-0000-0000-{entry.number:012d}",
        "displayName": meaning.activity,
        "componentName": meaning.category,
        "activity": meaning.activity,
        "activityDateTime": moment(entry.time),
        "activityType": meaning.activity,
        "activityOperationType": meaning.operation,
        "activityResult": "Success",
        "correlationId": entry.correlation or None,
        "category": meaning.category,
        "actor": _actor(tx, entry.actor),
        "resources": [
            {
                "displayName": name,
                "auditResourceType": f"Microsoft.Management.Services.Api.{meaning.resource}",
                "resourceId": object_id,
                "modifiedProperties": _modified(entry),
            }
        ],
    }


def _initiated_by(tx: Tx, actor: str) -> dict[str, Any]:
    kind, _, actor_id = actor.partition(":")
    if kind == "user":
        user = _user(tx, actor_id)
        return {
            "user": {
                "id": actor_id,
                "displayName": user.get("display_name"),
                "userPrincipalName": user.get("user_principal_name"),
                "ipAddress": None,
            },
            "app": None,
        }
    principal = directory.SERVICE_PRINCIPALS.get(tx, actor_id) if kind == "app" else None
    return {
        "user": None,
        "app": {
            "appId": principal["app_id"] if principal else None,
            "displayName": principal["display_name"] if principal else actor if actor_id else _SERVICE,
            "servicePrincipalId": principal["id"] if principal else None,
            "servicePrincipalName": None,
        },
    }


def _actor(tx: Tx, actor: str) -> dict[str, Any]:
    by = _initiated_by(tx, actor)
    user, app = by["user"] or {}, by["app"] or {}
    return {
        "auditActorType": "ItPro" if by["user"] else "Application",
        "userPermissions": [],
        "applicationId": app.get("appId"),
        "applicationDisplayName": app.get("displayName"),
        "userPrincipalName": user.get("userPrincipalName"),
        "servicePrincipalName": app.get("servicePrincipalId"),
        "ipAddress": None,
        "userId": user.get("id"),
    }


def _targets(tx: Tx, entry: Entry, *, removed: bool) -> list[dict[str, Any]]:
    """The object, and beside it the groups it came into or left, the owner or the role that was given."""
    kind, _, object_id = entry.subject.partition(":")
    if kind == "autopilot":
        _, _, member_id = str(entry.what.get("member", "")).partition(":")
        kind, object_id = "device", str(entry.what.get("device") or member_id)
    found = [_target(tx, kind, object_id) | {"modifiedProperties": _modified(entry)}]
    groups = entry.what.get("removed" if removed else "added") if entry.kind == "membership.changed" else None
    found += [_target(tx, "group", group_id) for group_id in groups or ()]
    owner = str(entry.what.get("owner") or "")
    if owner.startswith("user:"):
        found.append(_target(tx, "user", owner.removeprefix("user:")))
    return found


def _target(tx: Tx, kind: str, object_id: str) -> dict[str, Any]:
    row = _row(tx, kind, object_id)
    return {
        "id": object_id,
        "displayName": row.get("display_name"),
        "type": _TYPES.get(kind, "Other"),
        "userPrincipalName": row.get("user_principal_name"),
        "groupType": "azureAD" if kind == "group" else None,
        "modifiedProperties": [],
    }


def _modified(entry: Entry) -> list[dict[str, Any]]:
    old, new = entry.what.get("old") or {}, entry.what.get("new") or {}
    return [
        {"displayName": name, "oldValue": _text(old.get(name)), "newValue": _text(new.get(name))}
        for name in entry.what.get("changed") or ()
    ]


def _row(tx: Tx, kind: str, object_id: str) -> Row:
    """The object as it is, or as it was when it was deleted."""
    rows = _REPOSITORIES.get(kind)
    row = None if rows is None else rows.get(tx, object_id)
    if row is None and kind in ("user", "group"):
        item = directory.DELETED_ITEMS.get(tx, object_id)
        row = None if item is None else directory.kept_row(item)
    return row or {}


def _user(tx: Tx, user_id: str) -> Row:
    return _row(tx, "user", user_id)


def _text(value: Any) -> str | None:
    return None if value is None else value if isinstance(value, str) else json.dumps(value)
