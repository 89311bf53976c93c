"""What objects of a backup refer to, by the ids of its own tenant or by names, as ids of this one.

Groups that only an assignment names are made: with the rule that stands beside the name, or without members.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.kinds import APPS, FILTERS, GROUPS, SCOPE_TAGS, TEMPLATES, Kind
from taxiway.rehearsal.backup.reading import Found, Reading, mapping, objects
from taxiway.rehearsal.backup.report import Report

_GROUP_KEYS: Final = ("groupName", "groupType", "membershipRule")
_FILTER: Final = "deviceAndAppManagementAssignmentFilterId"
_FILTER_TYPE: Final = "deviceAndAppManagementAssignmentFilterType"
#: Of an assignment: what the service sets, and its target.
_SET_THERE: Final = frozenset({"id", "source", "sourceId", "target"})
_NO_GUID: Final = "00000000-0000-0000-0000-000000000000"
_not_plain = re.compile(r"[^a-z0-9]")


@dataclass(slots=True)
class References:
    """Ids here by old id and by name (in small letters), per kind of what is referred to."""

    admin: Administrator
    report: Report
    _ids: dict[Kind, dict[str, str]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    async def know(self, reading: Reading) -> None:
        """What is in the tenant already, and how the backup calls its own groups."""
        for kind in (SCOPE_TAGS, FILTERS, GROUPS, TEMPLATES, APPS):
            for one in await self.admin.values(kind.address):
                self.learn(kind, one)
        self._names = dict(reading.groups)
        for found in reading.of(GROUPS):
            if isinstance(found.whole.get("id"), str):
                self._names[found.whole["id"].lower()] = found.name

    def learn(self, kind: Kind, here: dict[str, Any], found: Found | None = None) -> None:
        """An object that is here, and the one of the backup that it stands for."""
        ids = self._ids.setdefault(kind, {})
        ids[str(here.get(kind.name) or "").lower()] = here["id"]
        ids[f"{here.get(kind.name)}|{here.get('@odata.type')}".lower()] = here["id"]
        ids[here["id"].lower()] = here["id"]
        if found is not None and isinstance(found.whole.get("id"), str):
            ids[found.whole["id"].lower()] = here["id"]

    def id_of(self, kind: Kind, said: Any) -> str | None:
        """The id here of what the backup calls by its id or name."""
        return self._ids.get(kind, {}).get(str(said or "").lower())

    # ------------------------------------------------------------------------------------------ assignments

    async def assignment(self, given: dict[str, Any], where: str) -> dict[str, Any] | None:
        """An assignment with ids of this tenant; None when it is to something that is not known."""
        target = dict(mapping(given.get("target")))
        kept = {name: value for name, value in given.items() if name not in _SET_THERE}
        if "roup" in str(target.get("@odata.type") or ""):
            said = {name: target.pop(name, None) for name in (*_GROUP_KEYS, "groupId")}
            group = await self._group(said, where)
            if group is None:
                return None
            target["groupId"] = group
        if not self._filter(target, where):
            return None
        return {**kept, "target": target}

    async def _group(self, said: dict[str, Any], where: str) -> str | None:
        old = str(said["groupId"] or "")
        name = str(said["groupName"] or "") or self._names.get(old.lower()) or old
        if not name:
            self.report.note(f"{where}: an assignment names no group and is left out.")
            return None
        found = self.id_of(GROUPS, old) or self.id_of(GROUPS, name)
        if found is not None:
            return found
        if name == old:
            self.report.note(f"The group {old} is known by its id only: an empty one of that name stands for it.")
        body = group_body(name, str(said["membershipRule"] or ""))
        made = await self.admin.call("POST", GROUPS.address, body)
        self.report.made[GROUPS.path] += 1
        self.learn(GROUPS, made)
        return str(made["id"])

    def _filter(self, target: dict[str, Any], where: str) -> bool:
        said = target.get(_FILTER)
        if said in (None, "", _NO_GUID):
            target.pop(_FILTER, None)
            target.pop(_FILTER_TYPE, None)
            return True
        found = self.id_of(FILTERS, said)
        if found is None:
            self.report.note(f"{where}: the filter '{said}' is not in the backup; the assignment is left out.")
            return False
        target[_FILTER] = found
        return True

    # ------------------------------------------------------------------------------------------ within objects

    def translate(self, body: dict[str, Any], where: str) -> dict[str, Any]:
        """The content of an object with ids of this tenant."""
        made = dict(body)
        for name in ("roleScopeTagIds", "roleScopeTags"):
            if isinstance(made.get(name), list):
                made[name] = self._tags(made[name], where)
        apps = made.pop("selectedMobileAppNames", None) or made.get("selectedMobileAppIds")
        if isinstance(apps, list):
            made["selectedMobileAppIds"] = self._apps(apps, where)
        targeted = made.get("targetedMobileApps")
        if targeted:
            made["targetedMobileApps"] = self._apps(targeted if isinstance(targeted, list) else [targeted], where)
        if isinstance(made.get("omaSettings"), list):
            made["omaSettings"] = [_plain_oma(one) for one in made["omaSettings"]]
        for rule in objects(made.get("scheduledActionsForRule")):
            for action in objects(rule.get("scheduledActionConfigurations")):
                self._template(action, where)
        return made

    def _tags(self, said: list[Any], where: str) -> list[str]:
        found = [self.id_of(SCOPE_TAGS, one) for one in said]
        if None in found:
            missing = ", ".join(str(one) for one, tag in zip(said, found, strict=True) if tag is None)
            self.report.note(f"{where}: the scope tags {missing} are not in the backup and are left out.")
        return [tag for tag in found if tag is not None] or ["0"]

    def _apps(self, said: list[Any], where: str) -> list[str]:
        found = []
        for one in said:
            name = (one.get("name") or one.get("appName")) if isinstance(one, dict) else one
            typed = f"{name}|{one.get('type')}" if isinstance(one, dict) else ""
            app = self.id_of(APPS, typed) or self.id_of(APPS, name)
            if app is None:
                self.report.note(f"{where}: the app '{name}' is not in the backup and is left out.")
            else:
                found.append(app)
        return found

    def _template(self, action: dict[str, Any], where: str) -> None:
        name = action.pop("notificationTemplateName", None)
        old = action.get("notificationTemplateId")
        if not name and old in (None, "", _NO_GUID):
            return
        found = self.id_of(TEMPLATES, name) or self.id_of(TEMPLATES, old)
        if found is None:
            self.report.note(f"{where}: the message template '{name or old}' is not in the backup and is left out.")
        action["notificationTemplateId"] = found or ""


def _plain_oma(setting: Any) -> Any:
    """A value that IntuneCD asked the service for stands in a backup as the whole answer."""
    value = setting.get("value") if isinstance(setting, dict) else None
    return {**setting, "value": value["value"]} if isinstance(value, dict) and "value" in value else setting


def group_body(name: str, rule: str = "", **more: Any) -> dict[str, Any]:
    """A security group as Graph takes it, by rule or without members."""
    nickname = _not_plain.sub("", name.lower())[:60] or "group"
    body = {"displayName": name, "mailEnabled": False, "mailNickname": nickname, "securityEnabled": True, **more}
    if not rule:
        return {**body, "groupTypes": []}
    ruled = {"membershipRule": rule, "membershipRuleProcessingState": "On"}
    return {**body, "groupTypes": ["DynamicMembership"], **ruled}
