"""How the objects of a backup are made at Graph, for the kinds that want more than their content sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup import apps
from taxiway.rehearsal.backup.kinds import (
    APPS,
    COMPLIANCE,
    COMPLIANCE_SCRIPTS,
    DEVICES,
    GROUPS,
    INTENTS,
    PROTECTION,
    ROLES,
    SETTINGS,
    USERS,
    Kind,
)
from taxiway.rehearsal.backup.people import People
from taxiway.rehearsal.backup.reading import Found, mapping, objects
from taxiway.rehearsal.backup.references import References, group_body
from taxiway.rehearsal.backup.report import Report
from taxiway.rehearsal.errors import GraphRefused

_TEMPLATE: Final = "#microsoft.graph.securityBaselineTemplate"
_TEMPLATES: Final = "/beta/deviceManagement/templates"
_GROUP: Final = ("description", "isAssignableToRole")
_type_name = re.compile(r"[A-Za-z]\w*")


@dataclass(slots=True)
class Work:
    """What making an object needs. ``content_limit``: bytes of stand-in content of one app at most."""

    people: People
    references: References
    content_limit: int

    @property
    def admin(self) -> Administrator:
        """Who makes it."""
        return self.people.admin

    @property
    def report(self) -> Report:
        """What became of it."""
        return self.people.report

    def translated(self, found: Found) -> dict[str, Any]:
        """What to send, with ids of this tenant."""
        return self.references.translate(found.body, found.where)

    async def post(self, address: str, body: dict[str, Any]) -> dict[str, Any]:
        """Make it."""
        made: dict[str, Any] = await self.admin.call("POST", address, body)
        return made


async def make(work: Work, found: Found) -> dict[str, Any]:
    """Make one object, or GraphRefused."""
    maker = _MAKERS.get(found.kind)
    return await (maker(work, found) if maker else work.post(found.kind.address, work.translated(found)))


async def change(work: Work, found: Found) -> None:
    """What every tenant has once becomes what the backup says of it."""
    if found.kind is SETTINGS:
        await work.admin.call("PATCH", "/beta/deviceManagement", {"settings": found.body})
    else:
        await work.admin.call("PUT", found.kind.address, _with_groups(work, found.body, found.where))
    work.report.made[found.kind.path] += 1


def _with_groups(work: Work, value: Any, where: str) -> Any:
    """The same with the groups of this tenant; people are no part of a backup."""
    if not isinstance(value, dict):
        return value
    made = {name: _with_groups(work, one, where) for name, one in value.items()}
    if isinstance(made.get("groups"), list):
        made |= {"groups": _groups(work, made["groups"], where), "users": []}
    return made


async def _group(work: Work, found: Found) -> dict[str, Any]:
    kept = {name: found.body[name] for name in _GROUP if found.body.get(name) is not None}
    if "Unified" in str(found.body.get("groupTypes")) or found.body.get("mailEnabled"):
        work.report.note(f"{found.where}: '{found.name}' is a security group here, without a mailbox.")
    return await work.post(GROUPS.address, group_body(found.name, str(found.body.get("membershipRule") or ""), **kept))


async def _user(work: Work, found: Found) -> dict[str, Any]:
    return await work.people.make_user(found)


async def _device(work: Work, found: Found) -> dict[str, Any]:
    return await work.people.make_device(found)


async def _app(work: Work, found: Found) -> dict[str, Any]:
    made = await work.post(APPS.address, apps.without_content(work.translated(found)))
    await apps.stand_in(work.admin, made, found, work.content_limit, work.report)
    return made


async def _compliance(work: Work, found: Found) -> dict[str, Any]:
    body = work.translated(found)
    script = body.pop("deviceComplianceScriptName", None)
    if script:
        given = mapping(body.get("deviceCompliancePolicyScript"))
        known = work.references.id_of(COMPLIANCE_SCRIPTS, script)
        body["deviceCompliancePolicyScript"] = {**given, "deviceComplianceScriptId": known}
    return await work.post(COMPLIANCE.address, body)


async def _protection(work: Work, found: Found) -> dict[str, Any]:
    """Graph lists all of them in one collection and takes each in that of its type."""
    kind = str(found.body.get("@odata.type") or "").rpartition(".")[2]
    if not _type_name.fullmatch(kind):  # it becomes part of an address
        raise GraphRefused("the object has no type that could be one of Graph's", status=400, code="BadRequest")
    plural = f"{kind.removesuffix('y')}ies" if kind.endswith("Policy") else f"{kind}s"
    return await work.post(f"/beta/deviceAppManagement/{plural}", work.translated(found))


async def _role(work: Work, found: Found) -> dict[str, Any]:
    body = work.translated(found)
    given = objects(body.pop("roleAssignments", None))
    made = await work.post(ROLES.address, body)
    for one in given:
        told = {name: one[name] for name in ("displayName", "description", "scopeType") if one.get(name)}
        members, scope = (_groups(work, one.get(name), found.where) for name in ("members", "scopeMembers"))
        body = {**told, "members": members, "scopeMembers": scope, "resourceScopes": scope}
        await work.post(f"{ROLES.address}/{made['id']}/roleAssignments", body)
    return made


async def _intent(work: Work, found: Found) -> dict[str, Any]:
    """An intent is made of a template, of which a backup only holds the name, as that of a folder, or the id."""
    body = work.translated(found)
    template = str(body.pop("templateId", None) or "")
    folders = found.where.split("/")[:-1]
    name = folders[-1] if len(folders) > 1 and folders[-2] in INTENTS.cd else template
    listed = await work.admin.values(_TEMPLATES)
    known = next((one["id"] for one in listed if template == one["id"] or one["displayName"] == name), None)
    if known is None:
        settings = {"id": "settings", "displayName": "Settings"}
        made = await work.post(_TEMPLATES, {"@odata.type": _TEMPLATE, "displayName": name, "categories": [settings]})
        known = made["id"]
        work.report.note(f"The template '{name}' is not in the backup: one without definitions stands for it.")
    return await work.post(f"{_TEMPLATES}/{known}/createInstance", body)


def _groups(work: Work, said: Any, where: str) -> list[str]:
    found = []
    for one in said if isinstance(said, list) else ():
        group = work.references.id_of(GROUPS, one)
        if group is None:
            work.report.note(f"{where}: the group '{one}' is not in the backup and is left out.")
        else:
            found.append(group)
    return found


_MAKERS: Final[dict[Kind, Callable[[Work, Found], Awaitable[dict[str, Any]]]]] = {
    GROUPS: _group,
    USERS: _user,
    DEVICES: _device,
    APPS: _app,
    COMPLIANCE: _compliance,
    INTENTS: _intent,
    PROTECTION: _protection,
    ROLES: _role,
}
