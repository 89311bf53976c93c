"""A backup taken into a tenant through Microsoft Graph, as an administrator would type it in.

What is there under the same name and type is left as it is, so that a load that broke off is simply repeated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from taxiway.rehearsal.backup import apps
from taxiway.rehearsal.backup.kinds import CATALOGUE, ENROLLMENT, KINDS, Kind
from taxiway.rehearsal.backup.makers import Work, change, make
from taxiway.rehearsal.backup.people import Membership, People, Progress, add_members, expanded_memberships
from taxiway.rehearsal.backup.reading import Found, Reading
from taxiway.rehearsal.backup.references import References
from taxiway.rehearsal.backup.report import Refused
from taxiway.rehearsal.errors import GraphRefused

#: The configurations that every tenant has, and what their ids have in them.
_DEFAULT: Final = "_default"
_ALL: Final = "All users and all devices"
_FINDINGS: Final = "@taxiway.findings"
_KEPT: Final = "notActedOn"
#: Findings that the report sums up.
_COUNTED: Final = frozenset({_KEPT, "derived", "unresolved"})


async def load(
    people: People,
    reading: Reading,
    progress: Progress,
    *,
    members: Sequence[Membership] = (),
    content_limit: int = apps.LIMIT,
) -> None:
    """Make everything that was read, as ``people.admin``; what became of it is in ``people.report``.

    ``members``: of groups, beside those that the groups name; ``content_limit``: bytes of stand-in content of one app
    at most.
    """
    people.report.refused += reading.refused
    references = References(people.admin, people.report)
    await references.know(reading)
    loader = _Loader(Work(people, references, content_limit), reading)
    for kind in KINDS:
        found = loader.in_order(kind)
        for number, one in enumerate(found):
            progress(kind.collection, number, len(found))
            await loader.take(one)
        if found:
            progress(kind.collection, len(found), len(found))
    wanted = [*expanded_memberships(reading), *members]
    if wanted:
        await add_members(people, references, wanted)


@dataclass(slots=True)
class _Loader:
    """One load.

    ``here``: per collection, what is in the tenant by name and type; ``builtin``: by type, what every tenant has.
    """

    work: Work
    reading: Reading
    here: dict[Kind, dict[tuple[str, str], dict[str, Any]]] = field(default_factory=dict)
    builtin: dict[str, dict[str, Any]] = field(default_factory=dict)

    def in_order(self, kind: Kind) -> list[Found]:
        """The objects of a kind in the order in which they are made: priorities are given out one after the other."""
        found = self.reading.of(kind)
        if kind is ENROLLMENT:
            found.sort(key=_priority)
        return found

    async def take(self, found: Found) -> None:
        """Make one object; a refusal is listed and the next one follows."""
        try:
            await self._take(found)
        except GraphRefused as error:
            self._refuse(found, error.message)

    async def _take(self, found: Found) -> None:
        if not found.kind.name:
            await change(self.work, found)
            return
        there = await self._there(found.kind)
        known = there.get(_key(found.kind, found.body))
        if known is not None:
            self.work.report.there[found.kind.path] += 1
            self.work.references.learn(found.kind, known, found)
            return
        if _is_builtin(found):
            await self._change_builtin(found)
            return
        made = await make(self.work, found)
        there[_key(found.kind, made)] = made
        self.work.report.made[found.kind.path] += 1
        self.work.references.learn(found.kind, made, found)
        self._say(found, made)
        await self._assign(found, made)

    async def _there(self, kind: Kind) -> dict[tuple[str, str], dict[str, Any]]:
        if kind not in self.here:
            listed = await self.work.admin.values(kind.address)
            self.here[kind] = {_key(kind, one): one for one in listed if not _is_default(one)}
            self.builtin |= {str(one.get("@odata.type")).lower(): one for one in listed if _is_default(one)}
        return self.here[kind]

    async def _change_builtin(self, found: Found) -> None:
        """What every tenant has is changed to what the backup says of it."""
        if found.kind is not ENROLLMENT:
            self.work.report.there[found.kind.path] += 1
            return
        wanted = str(found.body.get("@odata.type")).lower()
        own = self.builtin.get(wanted)
        if own is None:
            self._refuse(found, f"this tenant has no built-in '{wanted}'")
            return
        body = self.work.translated(found)
        body.pop("priority", None)
        if all(own.get(name, value) == value for name, value in body.items()):
            self.work.report.there[found.kind.path] += 1
            return
        await self.work.admin.call("PATCH", f"{ENROLLMENT.address}/{own['id']}", body)
        self.work.report.made[found.kind.path] += 1

    def _refuse(self, found: Found, why: str) -> None:
        self.work.report.refused.append(Refused(found.where, f"'{found.name}': {why}"))

    def _say(self, found: Found, made: dict[str, Any]) -> None:
        """What the tenant says of an object: kept without a model, settings without an OMA-URI."""
        findings = made.get(_FINDINGS) or ()
        if any(one["code"] == _KEPT for one in findings):
            kind = str(found.body.get("@odata.type") or found.kind.collection).rpartition(".")[2]
            self.work.report.opaque.setdefault(kind, []).append(found.name)
        if found.kind is CATALOGUE:
            self._say_settings(found, findings)
        told = [one for one in findings if one["code"] not in _COUNTED]
        self.work.report.findings += [(found.name, str(one["text"])) for one in told]

    def _say_settings(self, found: Found, findings: Sequence[dict[str, Any]]) -> None:
        settings = self.work.report.settings
        ids = _settings(found.body.get("settings"))
        settings.all += len(ids)
        for finding in findings:
            match finding["code"]:
                case "derived":
                    settings.derived += [
                        (found.name, one["settingDefinitionId"], one["omaUri"]) for one in finding["settings"]
                    ]
                case "unresolved":
                    settings.unresolved += [
                        (found.name, one["settingDefinitionId"], one["reason"]) for one in finding["settings"]
                    ]
                case _ if finding["code"] == _KEPT:
                    settings.unresolved += [(found.name, one, finding["text"]) for one in ids]

    async def _assign(self, found: Found, made: dict[str, Any]) -> None:
        if not found.kind.assignable or not found.assignments:
            return
        told = [await self.work.references.assignment(one, found.where) for one in found.assignments]
        wanted = [one for one in told if one is not None]
        item = f"{found.kind.address}/{made['id']}"
        if found.kind.each:
            for one in wanted:
                await self.work.post(f"{item}/assignments", one)
        elif wanted:
            await self.work.post(f"{item}/assign", {found.kind.member: wanted})


def _key(kind: Kind, content: dict[str, Any]) -> tuple[str, str]:
    """By which an object counts as the same: its name, and its type where there are several."""
    return str(content.get(kind.name) or "").lower(), str((kind.mixed and content.get("@odata.type")) or "").lower()


def _priority(found: Found) -> int:
    given = found.whole.get("priority")
    return given if isinstance(given, int) else 0


def _is_builtin(found: Found) -> bool:
    if found.kind is ENROLLMENT:
        return _is_default(found.whole) or (found.name == _ALL and not found.whole.get("priority"))
    return bool(found.whole.get("isBuiltIn"))


def _is_default(content: dict[str, Any]) -> bool:
    return _DEFAULT in str(content.get("id") or "").lower()


def _settings(given: Any) -> list[str]:
    """The definitions of all settings, with those within others."""
    if isinstance(given, list):
        return [one for each in given for one in _settings(each)]
    if not isinstance(given, dict):
        return []
    own = given.get("settingDefinitionId")
    return ([str(own)] if own else []) + [one for each in given.values() for one in _settings(each)]
