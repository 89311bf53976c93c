"""Made-up people and devices for a tenant whose backup has none: such as satisfy the rules of its groups (07).

A rule is not solved but read for what it asks: each comparison that wants something gives one property. Whether that
was enough the tenant tells, and a group that stays empty is named.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxiway.device import Firmware
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.kinds import GROUPS, USERS
from taxiway.rehearsal.backup.people import People, Progress, add_member, device_objects
from taxiway.rehearsal.backup.reading import Found
from taxiway.wire import registration_csv

_comparison = re.compile(
    r"user\.(?P<name>\w+)\s+-?(?P<operator>eq|in|startswith|contains|endswith|match)\s+"
    r'(?P<value>"(?:[^"`]|`.)*"|\'[^\']*\'|\[[^\]]*\]|true|false)',
    re.IGNORECASE,
)
_text = re.compile(r"\"((?:[^\"`]|`.)*)\"|'([^']*)'")
_tag = re.compile(r"\[OrderID\]:([^\"'\]]+)", re.IGNORECASE)
#: What rules call otherwise than Graph, and what nobody may choose.
_GRAPH: Final = {
    "physicaldeliveryofficename": "officeLocation",
    "mobile": "mobilePhone",
    "facsimiletelephonenumber": "faxNumber",
}
_GIVEN: Final = frozenset({"userprincipalname", "objectid", "mail", "displayname", "proxyaddresses", "assignedplans"})
_extension = re.compile(r"extensionattribute\d+\Z", re.IGNORECASE)
_PATIENCE: Final = 30.0
#: Users on their way at a time: their passwords are hashed side by side.
_AT_ONCE: Final = 10


@dataclass(slots=True)
class Population:
    """``count`` users, and as many devices; ``progress`` is told how many users there are of how many."""

    people: People
    count: int
    progress: Progress = lambda *_: None

    async def make(self) -> None:
        """Users, devices, and members of the groups that go by no rule."""
        admin, report = self.people.admin, self.people.report
        groups = await admin.values(GROUPS.address)
        rules = [str(one["membershipRule"]) for one in groups if one.get("membershipRule")]
        users = await self._users([asked for asked in map(asked_of_users, rules) if asked])
        serials = await self._devices(tags_of(rules))
        objects = await device_objects(admin)
        devices = [objects[serial.lower()] for serial in serials if serial.lower() in objects]
        assigned = [one for one in groups if not one.get("membershipRule")]
        for number, member in enumerate([*users, *devices]):
            if assigned:
                await add_member(admin, assigned[number % len(assigned)]["id"], member)
        for group in groups:
            if group.get("membershipRule") and not await _filled(admin, group["id"]):
                report.note(f"None of those made up satisfies the rule of '{group['displayName']}'.")

    async def _users(self, asked: Sequence[dict[str, Any]]) -> list[str]:
        made: list[str] = []
        for start in range(1, self.count + 1, _AT_ONCE):
            numbers = range(start, min(start + _AT_ONCE, self.count + 1))
            made += await asyncio.gather(*(self._user(number, asked) for number in numbers))
            self.progress(USERS.collection, len(made), self.count)
        return made

    async def _user(self, number: int, asked: Sequence[dict[str, Any]]) -> str:
        wanted = asked[number % len(asked)] if asked else {}
        body = {"displayName": f"Person {number}", **wanted, "userPrincipalName": f"person{number:05}"}
        made = await self.people.make_user(Found(USERS, body, [], body, "population"))
        self.people.report.made[USERS.path] += 1
        return str(made["id"])

    async def _devices(self, tags: Sequence[str]) -> list[str]:
        admin = self.people.admin
        rows = []
        for number in range(1, self.count + 1):
            firmware = Firmware.new(admin.entropy.child("population", str(number)))
            tag = tags[number % len(tags)] if tags else ""
            rows.append((firmware.serial, "", firmware.hardware_hash(admin.clock.now()).encode_base64(), tag))
        return await self.people.register(registration_csv.write(rows, 4), "population")


def asked_of_users(rule: str) -> dict[str, Any]:
    """Properties of a user that a rule asks for."""
    asked: dict[str, Any] = {}
    for match in _comparison.finditer(rule):
        name, operator, value = match["name"], match["operator"].lower(), match["value"]
        given = value.lower() == "true" if value.lower() in ("true", "false") else _value(value, operator)
        if name.lower() in _GIVEN or given is None:
            continue
        if _extension.match(name):
            asked.setdefault("onPremisesExtensionAttributes", {}).setdefault(name, given)
        else:
            asked.setdefault(_GRAPH.get(name.lower(), name), given)
    return asked


def tags_of(rules: Sequence[str]) -> list[str]:
    """The group tags that rules ask devices for."""
    return list(dict.fromkeys(match[1] for rule in rules for match in _tag.finditer(rule)))


def _value(text: str, operator: str) -> str | None:
    """A text that a comparison with this literal, or with the first of a list, accepts."""
    match = _text.search(text)
    if match is None:
        return None
    found = (match[1] if match[1] is not None else match[2]).replace("`", "")
    if operator == "match":
        found = found.removeprefix("^").removesuffix("$")
        return found if re.fullmatch(r"[\w @-]+", found) else None
    return found or None


async def _filled(admin: Administrator, group: str) -> bool:
    """Whether a group has a member, given the moment that its evaluation takes."""
    until = admin.clock.monotonic() + _PATIENCE
    while admin.clock.monotonic() < until:
        if (await admin.get(f"{GROUPS.address}/{group}/members", **{"$top": "1"}))["value"]:
            return True
        said = await admin.get(f"{GROUPS.address}/{group}", **{"$select": "membershipRuleProcessingStatus"})
        if (said.get("membershipRuleProcessingStatus") or {}).get("status") == "Succeeded":
            return False
        await admin.clock.sleep(0.2)
    return False
