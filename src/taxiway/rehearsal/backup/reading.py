"""From a folder of files to the objects in it, whatever tool wrote them; what cannot be read is listed with why."""

from __future__ import annotations

import codecs
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from taxiway.rehearsal.backup.kinds import CATALOGUE, Kind, by_content, by_context, by_folder
from taxiway.rehearsal.backup.report import Refused
from taxiway.rehearsal.errors import BadBackup

#: Larger files are no objects of Intune.
_MOST_BYTES: Final = 64 * 1024 * 1024
_MOST_DEPTH: Final = 60
#: How deep an object of a list stands in its file.
_ITEM_DEPTH: Final = 2
#: Copies of what the objects hold, which IntuneCD lays beside them; what tools keep for themselves.
_COPIES: Final = frozenset({"script data", "mobileconfig", "assignment report", ".git", ".github", "__archive__"})
_MIGRATION: Final = "migrationtable.json"
#: Set by the service; what is sent of it would be passed over, or kept as if it were content.
_READ_ONLY: Final = frozenset(
    {
        "@odata.context",
        "id",
        "assignments",
        "createdDateTime",
        "lastModifiedDateTime",
        "modifiedDateTime",
        "version",
        "isAssigned",
        "settingCount",
        "supportsScopeTags",
        "creationSource",
        "uploadState",
        "publishingState",
        "dependentAppCount",
        "supersedingAppCount",
        "supersededAppCount",
    }
)


@dataclass(frozen=True, slots=True)
class Found:
    """An object of a backup: what it is, what to send, how it is assigned, and where it stands.

    ``whole``: as it stood, with what only the service sets: its old id, the size of an app's content.
    """

    kind: Kind
    body: dict[str, Any]
    assignments: list[dict[str, Any]]
    whole: dict[str, Any]
    where: str

    @property
    def name(self) -> str:
        """What it is called."""
        return str(self.body.get(self.kind.name) or "")


@dataclass(slots=True)
class Reading:
    """Everything that a folder holds. ``groups``: old id of a group -> its name, as a migration table tells it."""

    found: list[Found] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)

    def of(self, kind: Kind) -> list[Found]:
        """The objects of one kind, in the order of their files."""
        return [one for one in self.found if one.kind is kind]


def read_folder(folder: Path) -> Reading:
    """Read all JSON files below a folder; BadBackup when there is none."""
    if not folder.is_dir():
        raise BadBackup(f"There is no folder {folder}.", remedy="Name the folder that the backup tool wrote.")
    reading, inside = Reading(), folder.resolve()
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not _is_copy(path.relative_to(folder)))
    for path in files:
        where = path.relative_to(folder).as_posix()
        if not path.resolve().is_relative_to(inside):
            reading.refused.append(Refused(where, "This is a link out of the folder: it is not followed."))
        elif path.suffix.lower() in (".yaml", ".yml"):
            reading.refused.append(Refused(where, "YAML is not read: let IntuneCD write JSON (--output json)."))
        elif path.suffix.lower() == ".json":
            _read_file(reading, path, where)
    if not (reading.found or reading.refused or reading.groups):
        raise BadBackup(f"There is no JSON file below {folder}.", remedy="Name the folder that the backup tool wrote.")
    return reading


def _read_file(reading: Reading, path: Path, where: str) -> None:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise BadBackup("The file is too large for an object of Intune.")  # noqa: TRY301 - one list of reasons
        content = plain(_content(path.read_bytes()))
    except BadBackup as error:
        reading.refused.append(Refused(where, error.message))
        return
    except OSError as error:
        reading.refused.append(Refused(where, f"The file cannot be read: {error.strerror}."))
        return
    if path.name.lower() == _MIGRATION:
        _read_migration(reading, content)
        return
    context = _context_of(content)
    for item in _items(content):
        _read_object(reading, item, _context_of(item) or context, where)


def objects_in(raw: bytes) -> list[dict[str, Any]]:
    """The objects of a file that Graph's answer, a list or one object was written to."""
    return [item for item in _items(plain(_content(raw))) if isinstance(item, dict)]


def objects(value: Any) -> list[dict[str, Any]]:
    """The objects of a list, where a file may hold anything in its place."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def mapping(value: Any) -> dict[str, Any]:
    """An object, where a file may hold anything in its place."""
    return value if isinstance(value, dict) else {}


def _items(content: Any) -> list[Any]:
    listed = content.get("value") if isinstance(content, dict) else content
    return listed if isinstance(listed, list) else [content]


def _context_of(content: Any) -> str:
    return str(content.get("@odata.context") or "") if isinstance(content, dict) else ""


def _read_object(reading: Reading, item: Any, context: str, where: str) -> None:
    if not isinstance(item, dict):
        reading.refused.append(Refused(where, "This is no object of Graph."))
        return
    kind = _kind(item, context, where)
    if not isinstance(kind, Kind):
        reading.refused.append(
            Refused(where, f"taxiway has no collection '{kind}'." if kind else "It cannot be told what this is.")
        )
        return
    body = {name: value for name, value in item.items() if name not in _READ_ONLY}
    if kind.name and not isinstance(body.get(kind.name), str):
        reading.refused.append(Refused(where, f"The object has no '{kind.name}'."))
        return
    reading.found.append(Found(kind, body, objects(item.get("assignments")), item, where))


def _kind(item: dict[str, Any], context: str, where: str) -> Kind | str | None:
    """By its context, by the folder it lies in, or by what it is."""
    told = by_context(context) if context else None
    if isinstance(told, Kind):
        return told
    content = by_content(item)
    folder = by_folder(where.rpartition("/")[0])
    if folder is None:
        return content or told
    # Two folders of IntuneCD hold two kinds each; what has no type tells by its form.
    mixed = content is not None and "@odata.type" not in item and folder.cd and folder is not CATALOGUE
    return content if mixed else folder


def plain(value: Any, depth: int = 0) -> Any:
    """Without what Graph only annotates: contexts, types of plain values, links, actions."""
    if depth > _MOST_DEPTH:
        raise BadBackup("The file is nested too deeply.")
    if isinstance(value, list):
        return [plain(one, depth + 1) for one in value]
    if not isinstance(value, dict):
        return _sendable(value)
    return {_sendable(name): plain(one, depth + 1) for name, one in value.items() if _tells(name, depth)}


def _sendable(value: Any) -> Any:
    """JSON's files can hold numbers and halves of characters that no request can."""
    if isinstance(value, float) and not math.isfinite(value):
        raise BadBackup("The file has a number that is none.")
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError as error:
            raise BadBackup("The file has a text with half a character in it.") from error
    return value


def _tells(name: str, depth: int) -> bool:
    """The type of everything, and the context of what a file or a list in it holds."""
    if name == "@odata.context":
        return depth <= _ITEM_DEPTH
    return name == "@odata.type" or ("@odata." not in name and not name.startswith(("#", "@")))


def _content(raw: bytes) -> Any:
    try:
        return json.loads(text_of(raw))
    except (ValueError, RecursionError) as error:
        raise BadBackup(f"The file is not JSON: {error}") from error


def text_of(raw: bytes) -> str:
    """The text of a file in UTF-8 or UTF-16, with or without a mark in front."""
    encoding = "utf-16" if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        return raw.decode(encoding)
    except ValueError as error:
        raise BadBackup(f"The file is neither UTF-8 nor UTF-16: {error}") from error


def _read_migration(reading: Reading, content: Any) -> None:
    for one in objects(mapping(content).get("Objects")):
        if isinstance(one.get("Id"), str) and isinstance(one.get("DisplayName"), str):
            reading.groups[one["Id"].lower()] = one["DisplayName"]


def _is_copy(path: Path) -> bool:
    return any(part.lower() in _COPIES for part in path.parts[:-1])
