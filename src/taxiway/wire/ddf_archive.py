"""The archive of device descriptions an administrator downloads, made into the compact form we keep (05 section 13.4).

The archive comes from outside: its size, the number and the size of its files and of the nodes in them are bounded, and
nothing is written under a name it gives.
"""

import hashlib
import io
import zipfile
import zlib
from typing import Any, Final

import msgspec

from taxiway.wire.csp import Node, Scope
from taxiway.wire.ddf import Fact, read_ddf
from taxiway.wire.errors import BadDdf

MAX_ARCHIVE: Final = 64 * 1024 * 1024
MAX_FILES: Final = 2000
MAX_FILE: Final = 4 * 1024 * 1024
MAX_TOTAL: Final = 128 * 1024 * 1024
MAX_NODES: Final = 50_000


class Facts(msgspec.Struct, frozen=True):
    """What came of an archive. ``sha256`` names it; a node is its scope and its facts."""

    name: str
    sha256: str
    files: int
    nodes: list[tuple[Scope, Node]]


def read_archive(name: str, data: bytes) -> Facts:
    """The facts of a zip of DDF files, or of a single one; BadDdf names the file that cannot be read."""
    if len(data) > MAX_ARCHIVE:
        raise BadDdf(f"The archive has {len(data)} bytes; at most {MAX_ARCHIVE} are read.")
    documents = _unpacked(data) if data[:2] == b"PK" else [(name, data)]
    found: dict[tuple[Scope, str], Node] = {}
    for file, content in documents:
        try:
            for scope, node in read_ddf(content):
                found.setdefault((scope, node.path.casefold()), node)
        except BadDdf as error:
            raise BadDdf(f"{file[:200]}: {error.message}") from error
        if len(found) > MAX_NODES:
            raise BadDdf(f"The archive has more than {MAX_NODES} nodes.")
    if not found:
        raise BadDdf("The archive has no device description (*.xml).")
    nodes: list[Fact] = [(scope, node) for (scope, _), node in found.items()]
    return Facts(name, hashlib.sha256(data).hexdigest(), len(documents), nodes)


def encode(facts: Facts) -> bytes:
    """The compact form: only what differs from a node without facts."""
    return msgspec.json.encode(
        {
            "name": facts.name,
            "sha256": facts.sha256,
            "files": facts.files,
            "nodes": [[scope, _compact(node)] for scope, node in facts.nodes],
        }
    )


def decode(data: bytes) -> Facts:
    """Read the compact form."""
    try:
        return msgspec.json.decode(data, type=Facts)
    except msgspec.MsgspecError as error:
        raise BadDdf(f"The imported facts cannot be read: {error}.", remedy="Import the archive again.") from error


def _compact(node: Node) -> dict[str, Any]:
    blank = Node(path="", format="", access="")
    values = {field: getattr(node, field) for field in node.__struct_fields__}
    kept = {name: value for name, value in values.items() if value != getattr(blank, name)}
    return {**kept, "format": node.format, "access": node.access, "path": node.path}


def _unpacked(data: bytes) -> list[tuple[str, bytes]]:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [one for one in archive.infolist() if one.filename.lower().endswith(".xml")]
            if len(members) > MAX_FILES:
                raise BadDdf(f"The archive has {len(members)} files; at most {MAX_FILES} are read.")
            total, found = 0, []
            for member in members:
                content = _read(archive, member)
                total += len(content)
                if total > MAX_TOTAL:
                    raise BadDdf(f"The archive unpacks to more than {MAX_TOTAL} bytes.")
                found.append((member.filename, content))
            return found
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise BadDdf(f"The file is not a zip archive that can be read: {error}.") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """A member, never more of it than is allowed, whatever size it claims."""
    with archive.open(member) as file:
        content = file.read(MAX_FILE + 1)
    if len(content) > MAX_FILE:
        raise BadDdf(f"{member.filename[:200]}: it unpacks to more than {MAX_FILE} bytes.")
    return content
