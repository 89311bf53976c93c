"""Who and what no backup of a configuration holds: users, members of groups, Autopilot devices.

They come from files of their own: what Graph lists, as JSON, or CSV with Graph's names of properties as its header.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.kinds import DEVICES, GROUPS, USERS, Kind
from taxiway.rehearsal.backup.reading import Found, Reading, objects, objects_in, text_of
from taxiway.rehearsal.backup.references import References
from taxiway.rehearsal.backup.report import Refused, Report
from taxiway.rehearsal.errors import BadBackup, GraphRefused
from taxiway.rehearsal.registration import register

#: Called with the collection, how many of its objects are done, and how many there are.
Progress = Callable[[str, int, int], None]

#: The admin centre's own CSV spells its columns ``Name [displayName] Required``.
_bracketed = re.compile(r"\[(\w+)\]")
_HASH: Final = "Hardware Hash"
_OBJECT: Final = "/beta/directoryObjects/"
_ADDED_BY_OTHERS: Final = frozenset({"id", "passwordProfile", "assignedLicenses", "members", "memberOf"})


@dataclass(frozen=True, slots=True)
class Membership:
    """One member of one group, each by its name, user principal name, serial number or old id."""

    group: str
    member: str
    where: str


@dataclass(slots=True)
class People:
    """Users and devices made at Graph. ``passwords``: of the users made, which nobody else knows."""

    admin: Administrator
    report: Report
    passwords: dict[str, str] = field(default_factory=dict)
    _domains: list[dict[str, Any]] = field(default_factory=list)
    _licences: list[dict[str, Any]] | None = None

    async def make_user(self, found: Found) -> dict[str, Any]:
        """A user with a password of its own and the tenant's first licence; in a domain of this tenant."""
        upn = await self.local_upn(found.name)
        password = f"Tw-{self.admin.entropy.token(12)}-7a"
        told = {name: value for name, value in found.body.items() if value is not None and name not in _ADDED_BY_OTHERS}
        body = {
            "usageLocation": "US",
            **told,
            "userPrincipalName": upn,
            "displayName": found.body.get("displayName") or upn.partition("@")[0],
            "mailNickname": found.body.get("mailNickname") or upn.partition("@")[0],
            "accountEnabled": found.body.get("accountEnabled") is not False,
            "passwordProfile": {"password": password, "forceChangePasswordNextSignIn": False},
        }
        made: dict[str, Any] = await self.admin.call("POST", USERS.address, body)
        self.passwords[upn] = password
        await self._license(upn)
        return made

    async def make_device(self, found: Found) -> dict[str, Any]:
        """An Autopilot device without its hardware hash, as Graph lists it: known by its serial number."""
        kept = ("serialNumber", "manufacturer", "model", "groupTag", "userPrincipalName", "addressableUserName")
        body = {name: found.body[name] for name in kept if found.body.get(name)}
        made: dict[str, Any] = await self.admin.call("POST", DEVICES.address, body)
        return made

    async def register(self, content: bytes, where: str) -> list[str]:
        """Register the devices of a CSV of hardware hashes; their serial numbers. A row that is refused is listed."""
        done = await register(self.admin, [content])
        self.report.made[DEVICES.path] += len(done.registered)
        self.report.there[DEVICES.path] += len(done.known)
        self.report.refused += [Refused(f"{where}, line {row.line}", f"{row.code} {row.text}") for row in done.failed]
        return done.registered

    async def local_upn(self, upn: str) -> str:
        """The same name in a domain that this tenant has; without a domain, in its default one."""
        self._domains = self._domains or await self.admin.values("/v1.0/domains")
        name, _, domain = upn.partition("@")
        if any(one["id"].lower() == domain.lower() for one in self._domains):
            return upn
        default = next(str(one["id"]) for one in self._domains if one["isDefault"])
        if domain:
            self.report.note(f"The domain '{domain}' is not this tenant's: its users are in '{default}'.")
        return f"{name}@{default}"

    async def _license(self, upn: str) -> None:
        if self._licences is None:
            self._licences = await self.admin.values("/v1.0/subscribedSkus")
        added = [{"skuId": sku["skuId"], "disabledPlans": []} for sku in self._licences[:1]]
        try:
            await self.admin.call(
                "POST", f"/v1.0/users/{upn}/assignLicense", {"addLicenses": added, "removeLicenses": []}
            )
        except GraphRefused as error:
            self.report.note(f"Some users have no licence: {error.message}")


def read_people(reading: Reading, kind: Kind, path: Path) -> bytes:
    """Put the users or devices of a file into a reading; a CSV of hardware hashes is given back as it is."""
    raw = path.read_bytes()
    if path.suffix.lower() == ".json":
        rows = objects_in(raw)
    else:
        rows = _rows(raw)
        if kind is DEVICES and rows and _HASH in rows[0]:
            return raw
    for row in rows:
        name = row.get(kind.name)
        if isinstance(name, str) and name:
            reading.found.append(Found(kind, row, [], row, path.name))
        else:
            reading.refused.append(Refused(path.name, f"A row has no '{kind.name}'."))
    return b""


def read_memberships(path: Path) -> list[Membership]:
    """A CSV with the columns ``group`` and ``member``."""
    rows = _rows(path.read_bytes())
    found = [row for row in rows if {"group", "member"} <= row.keys()]
    if rows and not found:
        raise BadBackup(f"{path} needs the columns 'group' and 'member'.", remedy="Write a header with these names.")
    return [Membership(row["group"], row["member"], path.name) for row in found]


def expanded_memberships(reading: Reading) -> list[Membership]:
    """What groups say that were exported with their members."""
    return [
        Membership(found.name, str(member.get("id") or ""), found.where)
        for found in reading.of(GROUPS)
        if not found.body.get("membershipRule")
        for member in objects(found.body.get("members"))
    ]


async def add_members(people: People, references: References, wanted: Sequence[Membership]) -> None:
    """Add members to groups; who is one already is left, and who is not known is listed."""
    users = {str(one[USERS.name]).lower(): one["id"] for one in await people.admin.values(USERS.address)}
    devices = await device_objects(people.admin)
    for one in wanted:
        group = references.id_of(GROUPS, one.group)
        local = await people.local_upn(one.member) if "@" in one.member else one.member
        member = references.id_of(USERS, one.member) or users.get(local.lower()) or devices.get(local.lower())
        member = member or references.id_of(DEVICES, one.member)
        if group is None or member is None:
            missing = f"group '{one.group}'" if group is None else f"member '{one.member}'"
            people.report.refused.append(Refused(one.where, f"The {missing} is not in the backup."))
            continue
        await add_member(people.admin, group, member)


async def add_member(admin: Administrator, group: str, member: str) -> None:
    """Add one member by its object id, unless it is one."""
    try:
        reference = {"@odata.id": f"{admin.origin}{_OBJECT}{member}"}
        await admin.call("POST", f"{GROUPS.address}/{group}/members/$ref", reference)
    except GraphRefused as error:
        if error.status != 400 or "already" not in error.message:
            raise


async def device_objects(admin: Administrator) -> dict[str, str]:
    """Serial number in small letters -> the directory object of a registered device."""
    ids = {one["deviceId"]: one["id"] for one in await admin.values("/beta/devices")}
    listed = await admin.values(DEVICES.address)
    known = ((one["serialNumber"], ids.get(one["azureActiveDirectoryDeviceId"])) for one in listed)
    return {serial.lower(): object_id for serial, object_id in known if object_id}


def _rows(raw: bytes) -> list[dict[str, Any]]:
    """The rows of a CSV; the admin centre's own puts the names of properties into brackets, under a line of its own."""
    text = text_of(raw)
    lines = text.splitlines()
    if lines and lines[0].lower().startswith("version:"):
        text = "\n".join(lines[1:])
    found = []
    for row in csv.DictReader(io.StringIO(text)):
        named = {_property(str(name)): value for name, value in row.items() if name and isinstance(value, str)}
        found.append({name: value.strip() for name, value in named.items() if value.strip()})
    return [row for row in found if row]


def _property(column: str) -> str:
    match = _bracketed.search(column)
    return match[1] if match else column.strip()
