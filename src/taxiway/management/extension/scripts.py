"""PowerShell scripts: checked when they are saved, run once in each revision (02 section 9.4)."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.management.collection import Collection
from taxiway.management.errors import BadPolicy
from taxiway.management.extension import states
from taxiway.management.extension.entities import DEVICE_MANAGEMENT_SCRIPT, SCRIPT_KINDS
from taxiway.store import Repository, Row, Tx
from taxiway.wire.extension import Script

SCRIPTS = Repository(DEVICE_MANAGEMENT_SCRIPT)
OBJECT_KIND: Final = "device_management_script"
MAX_SCRIPT: Final = 200 * 1024
_ACTED_ON: Final = SCRIPT_KINDS["deviceManagementScript"]


def _check(tx: Tx, row: Row) -> None:  # noqa: ARG001 - the shape of a check
    try:
        content = base64.b64decode(row["script_content"] or "", validate=True)
    except ValueError as error:  # not ASCII, or not base64
        raise BadPolicy("scriptContent is not base64.") from error
    if not 0 < len(content) <= MAX_SCRIPT:
        raise BadPolicy(f"A script has at least one byte and at most {MAX_SCRIPT}.")
    if row["run_as_account"] not in {"system", "user"}:
        raise BadPolicy("runAsAccount is 'system' or 'user'.")
    if len(row["file_name"] or "") > 255:
        raise BadPolicy("fileName has at most 255 characters.")


scripts = Collection(SCRIPTS, OBJECT_KIND, "management.scripts", SCRIPT_KINDS, _check)
create_script = scripts.create
assign_script = scripts.assign


def delete_script(tx: Tx, script_id: str, *, principal: Principal) -> None:
    """Remove a script, its assignments and what was reported of it."""
    scripts.delete(tx, script_id, principal=principal)
    states.forget_object(tx, "script", script_id)


def update_script(tx: Tx, script_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change a script; one that says or does something else runs again."""
    before = SCRIPTS.require(tx, script_id)
    row = scripts.update(tx, script_id, changes, principal=principal)
    if any(before[name] != row[name] for name in _ACTED_ON):
        return SCRIPTS.update(tx, script_id, {"revision": int(before["revision"]) + 1})
    return row


@dataclass(frozen=True, slots=True)
class MeantScript:
    """A script that a device or its user is to run."""

    row: Row
    via: str

    @property
    def as_user(self) -> bool:
        """Whether it runs as the user: then only while that user is there."""
        return self.via == "user" or self.row["run_as_account"] == "user"

    def told(self, user_id: str) -> Script:
        """The script as an agent is told it."""
        return Script(
            id=self.row["id"],
            revision=int(self.row["revision"]),
            name=self.row["display_name"],
            content=self.row["script_content"],
            context="user" if self.row["run_as_account"] == "user" else "system",
            user=user_id,
            file_name=self.row["file_name"] or "",
            signed=bool(self.row["enforce_signature_check"]),
            in_32_bit=bool(self.row["run_as_32_bit"]),
        )


def meant_scripts(tx: Tx, *, device: Row | None, user: Row | None) -> list[MeantScript]:
    """Every script that reaches the device or the user, by name; through the device where through both."""
    via: dict[str, str] = {}
    for match in directory.meant(tx, OBJECT_KIND, device=device, user=user):
        if via.get(match.object_id) != "device":
            via[match.object_id] = match.via
    if not via:
        return []
    rows = SCRIPTS.of_ids(tx, via, by="display_name")
    return [MeantScript(row, via[row["id"]]) for row in rows]
