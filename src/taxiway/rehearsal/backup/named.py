"""Ids of a tenant as names, for the form of backup that has no ids (02 section 10, C2)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.kinds import APPS, FILTERS, GROUPS, SCOPE_TAGS, TEMPLATES

_DYNAMIC: Final = "DynamicMembership"
_FILTER: Final = "deviceAndAppManagementAssignmentFilterId"
#: What IntuneCD takes away of every object.
_REMOVED: Final = frozenset(
    {
        "@odata.context",
        "id",
        "version",
        "createdDateTime",
        "lastModifiedDateTime",
        "modifiedDateTime",
        "isAssigned",
        "supportsScopeTags",
        "isGlobalScript",
        "settingCount",
        "isReadOnly",
        "isEncrypted",
        "secretReferenceValueId",
    }
)
_OF_ASSIGNMENT: Final = frozenset({"id", "sourceId"})


@dataclass(slots=True)
class Names:
    """Groups whole, by id; names of filters, scope tags, apps and message templates. ``used``: groups assigned to."""

    groups: dict[str, dict[str, Any]] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    filters: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    apps: dict[str, dict[str, str]] = field(default_factory=dict)

    async def know(self, admin: Administrator) -> None:
        """Ask the tenant."""
        self.groups = {one["id"]: one for one in await admin.values(GROUPS.address)}
        self.filters = {one["id"]: one["displayName"] for one in await admin.values(FILTERS.address)}
        self.tags = {one["id"]: one["displayName"] for one in await admin.values(SCOPE_TAGS.address)}
        self.templates = {one["id"]: one["displayName"] for one in await admin.values(TEMPLATES.address)}
        apps = await admin.values(APPS.address)
        self.apps = {one["id"]: {"name": one["displayName"], "type": one["@odata.type"]} for one in apps}

    def note_groups(self, assignments: list[dict[str, Any]]) -> None:
        """Take down which groups are assigned to."""
        ids = {one["target"].get("groupId") for one in assignments}
        self.used |= {one for one in ids if one in self.groups}

    def target(self, target: dict[str, Any]) -> dict[str, Any]:
        """A target by names."""
        shown = {name: value for name, value in target.items() if name != "groupId"}
        shown[_FILTER] = self.filters.get(target.get(_FILTER) or "")
        group = self.groups.get(target.get("groupId") or "")
        if group is None:
            return shown
        if _DYNAMIC not in group["groupTypes"]:
            return {**shown, "groupName": group["displayName"], "groupType": "StaticMembership"}
        rule = {"groupType": _DYNAMIC, "membershipRule": group["membershipRule"]}
        return {**shown, "groupName": group["displayName"], **rule}


def without_ids(item: dict[str, Any], names: Names) -> dict[str, Any]:
    """An object as IntuneCD writes it."""
    shown = {name: value for name, value in item.items() if name not in _REMOVED and "@odata.context" not in name}
    for name in ("roleScopeTagIds", "roleScopeTags"):
        if isinstance(shown.get(name), list):
            shown[name] = [names.tags.get(one, one) for one in shown[name]]
    if shown.get("selectedMobileAppIds"):
        apps = [names.apps[one] for one in shown.pop("selectedMobileAppIds") if one in names.apps]
        shown["selectedMobileAppNames"] = apps
    for rule in shown.get("scheduledActionsForRule") or ():
        rule.pop("id", None)
        for action in rule.get("scheduledActionConfigurations") or ():
            action.pop("id", None)
            template = names.templates.get(action.get("notificationTemplateId") or "")
            if template is not None:
                action["notificationTemplateName"] = template
    assignments = shown.pop("assignments", None)
    if assignments:
        shown["assignments"] = [
            {
                name: names.target(value) if name == "target" else value
                for name, value in one.items()
                if name not in _OF_ASSIGNMENT
            }
            for one in assignments
        ]
    return shown
