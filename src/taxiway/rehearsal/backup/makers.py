"""How the objects of a backup are made at Graph, for the kinds that want more than their content sent."""

from __future__ import annotations

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
    PROTECTION,
    ROLES,
    USERS,
    Kind,
)
from taxiway.rehearsal.backup.people import People
from taxiway.rehearsal.backup.reading import Found
from taxiway.rehearsal.backup.references import References, group_body
from taxiway.rehearsal.backup.report import Report

_GROUP: Final = ("description", "isAssignableToRole")


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


async def _group(work: Work, found: Found) -> dict[str, Any]:
    kept = {name: found.body[name] for name in _GROUP if found.body.get(name) is not None}
    if "Unified" in (found.body.get("groupTypes") or ()) or found.body.get("mailEnabled"):
        work.report.note(f"{found.where}: '{found.name}' is a security group here, without a mailbox.")
    return await work.post(GROUPS.address, group_body(found.name, found.body.get("membershipRule") or "", **kept))


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
        given = body.get("deviceCompliancePolicyScript") or {}
        known = work.references.id_of(COMPLIANCE_SCRIPTS, script)
        body["deviceCompliancePolicyScript"] = {**given, "deviceComplianceScriptId": known}
    return await work.post(COMPLIANCE.address, body)


async def _protection(work: Work, found: Found) -> dict[str, Any]:
    """Graph lists all of them in one collection and takes each in that of its type."""
    kind = str(found.body.get("@odata.type") or "").rpartition(".")[2]
    plural = f"{kind.removesuffix('y')}ies" if kind.endswith("Policy") else f"{kind}s"
    return await work.post(f"/beta/deviceAppManagement/{plural}", work.translated(found))


async def _role(work: Work, found: Found) -> dict[str, Any]:
    body = work.translated(found)
    given = body.pop("roleAssignments", None) or []
    made = await work.post(ROLES.address, body)
    for one in given:
        told = {name: one[name] for name in ("displayName", "description", "scopeType") if one.get(name)}
        members, scope = (_groups(work, one.get(name)) for name in ("members", "scopeMembers"))
        body = {**told, "members": members, "scopeMembers": scope, "resourceScopes": scope}
        await work.post(f"{ROLES.address}/{made['id']}/roleAssignments", body)
    return made


def _groups(work: Work, said: Any) -> list[str]:
    found = [work.references.id_of(GROUPS, one) for one in said or ()]
    return [group for group in found if group is not None]


_MAKERS: Final[dict[Kind, Callable[[Work, Found], Awaitable[dict[str, Any]]]]] = {
    GROUPS: _group,
    USERS: _user,
    DEVICES: _device,
    APPS: _app,
    COMPLIANCE: _compliance,
    PROTECTION: _protection,
    ROLES: _role,
}
