"""A tenant's configuration written to files, in the forms that ``load`` reads (02 section 10, C2 and C5).

``graph``: each object as Graph shows it, in a folder for its collection. ``intunemanagement``: the same in that tool's
folders, with its table of groups. ``intunecd``: without ids, groups and filters by their names.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.kinds import (
    CATALOGUE,
    COMPLIANCE,
    DEVICES,
    ENROLLMENT,
    GROUPS,
    KINDS,
    SCOPE_TAGS,
    USERS,
    Kind,
)
from taxiway.rehearsal.backup.named import Names, without_ids

Form = Literal["graph", "intunecd", "intunemanagement"]
FORMS: Final[tuple[Form, ...]] = ("graph", "intunecd", "intunemanagement")
#: Called with the collection and how many of its objects were written.
Written = Callable[[str, int], None]

_forbidden = re.compile(r'[/\\:*?<>"|\x00-\x1f\x7f]')
#: Bytes: file systems take 255, of which a number and the ending need some.
_LONGEST: Final = 200
_EXPANDED: Final = {
    CATALOGUE: ("settings",),
    COMPLIANCE: ("scheduledActionsForRule($expand=scheduledActionConfigurations)",),
}
#: Folders of IntuneCD that hold two kinds.
_SHARED: Final = {
    "compliancePolicies": "Compliance Policies/Policies",
    "reusablePolicySettings": "Compliance Policies/Scripts",
}
_ESP: Final = "EnrollmentCompletionPageConfiguration"


async def export(admin: Administrator, folder: Path, form: Form, written: Written) -> Counter[str]:
    """Write everything but people and devices; how many objects of each collection."""
    work = _Export(admin, folder, form)
    await work.names.know(admin)
    for kind in KINDS:
        if kind not in (GROUPS, USERS, DEVICES):
            await (work.collection(kind) if kind.name else work.singleton(kind))
            written(kind.collection, work.done[kind.collection])
    await work.groups()
    return work.done


@dataclass(slots=True)
class _Export:
    """One export."""

    admin: Administrator
    folder: Path
    form: Form
    names: Names = field(default_factory=Names)
    done: Counter[str] = field(default_factory=Counter)
    taken: set[str] = field(default_factory=set)

    async def collection(self, kind: Kind) -> None:
        for listed in await self.admin.values(kind.address):
            if listed.get("isBuiltIn"):
                continue
            item = await self._whole(kind, listed)
            self._write(self._folder_of(kind, item), self._name_of(kind, item), self._shown(item))
            self.done[kind.collection] += 1

    async def singleton(self, kind: Kind) -> None:
        item = await self.admin.get(kind.address)
        self._write(self._folder_of(kind, item), "settings", self._shown(item))
        self.done[kind.collection] += 1

    async def groups(self) -> None:
        """The groups that assignments name, where the form tells them by id."""
        if self.form == "intunecd":
            return
        used = [self.names.groups[one] for one in sorted(self.names.used)]
        for group in used:
            self._write("Groups" if self.form == "intunemanagement" else "groups", group["displayName"], group)
            self.done["groups"] += 1
        if self.form == "intunemanagement":
            organization = (await self.admin.values("/v1.0/organization"))[0]
            objects = [{"Id": one["id"], "DisplayName": one["displayName"], "Type": "Group"} for one in used]
            told = {"TenantId": organization["id"], "Organization": organization["displayName"], "Objects": objects}
            self._write("", "MigrationTable", told)

    async def _whole(self, kind: Kind, listed: dict[str, Any]) -> dict[str, Any]:
        """An object with what lists leave out, and its assignments."""
        expanded = _EXPANDED.get(kind, ())
        address = f"{kind.address}/{listed['id']}"
        item: dict[str, Any] = await self.admin.get(address, **({"$expand": ",".join(expanded)} if expanded else {}))
        if kind.assignable and kind is not SCOPE_TAGS:
            item["assignments"] = await self.admin.values(f"{address}/assignments")
            self.names.note_groups(item["assignments"])
        return item

    def _shown(self, item: dict[str, Any]) -> dict[str, Any]:
        return without_ids(item, self.names) if self.form == "intunecd" else item

    def _folder_of(self, kind: Kind, item: dict[str, Any]) -> str:
        if self.form == "intunecd" and kind.collection in _SHARED:
            return _SHARED[kind.collection]
        folders = {"intunecd": kind.cd, "intunemanagement": kind.im}.get(self.form, ())
        if not folders:
            return kind.collection
        return folders[1 if kind is ENROLLMENT and _ESP not in str(item.get("@odata.type")) else 0]

    def _name_of(self, kind: Kind, item: dict[str, Any]) -> str:
        name = str(item.get(kind.name) or item["id"])
        kind_name = str(item.get("@odata.type") or "").rpartition(".")[2]
        return f"{name}_{kind_name}" if self.form == "intunecd" and kind_name else name

    def _write(self, folder: str, name: str, content: dict[str, Any]) -> None:
        """One file; a second object of the same name gets a number."""
        plain = _forbidden.sub("_", name).encode()[:_LONGEST].decode(errors="ignore").strip(". ") or "object"
        chosen, number = f"{folder}/{plain}", 1
        while chosen.lower() in self.taken:
            number += 1
            chosen = f"{folder}/{plain} ({number})"
        self.taken.add(chosen.lower())
        path = self.folder / f"{chosen.lstrip('/')}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False), "utf-8")
