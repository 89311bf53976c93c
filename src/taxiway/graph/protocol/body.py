"""Reading a JSON body as leniently as clients need, and no more (02 section 1.4)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from taxiway.graph.errors import BadRequest, Malformed, NotServed
from taxiway.graph.protocol.face import Face
from taxiway.store import Prop

MAX_DEPTH = 64
#: A longer text has no place in an index.
MAX_INDEXED = 2_000

# A string without its end runs to the end of the text, so that neither pattern ever has to look twice.
_string_or_bare_key = re.compile(r'("(?:[^"\\]|\\.?)*(?:"|\Z))|([{,]\s*)([A-Za-z_@][\w@.]*)(\s*:)', re.DOTALL)
_string_or_trailing_comma = re.compile(r'("(?:[^"\\]|\\.?)*(?:"|\Z))|,(\s*[}\]])', re.DOTALL)
_forbidden = re.compile("[\x00\ud800-\udfff]")


def read_json(raw: bytes) -> Any:
    """Strict JSON first, then with bare keys and trailing commas; an empty body is an empty object."""
    text = raw.removeprefix(b"\xef\xbb\xbf").strip()
    if not text:
        return {}
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        value = _relaxed(text)
    _check(value, 0)
    return value


def read_object(raw: bytes) -> dict[str, Any]:
    """A body that must be a JSON object."""
    value = read_json(raw)
    if not isinstance(value, dict):
        raise Malformed("The body must be a JSON object.")
    return value


def field(body: Mapping[str, Any], name: str, default: Any = None) -> Any:
    """A member by its name in any case."""
    if name in body:
        return body[name]
    lower = name.lower()
    return next((value for key, value in body.items() if key.lower() == lower), default)


def text_field(body: Mapping[str, Any], name: str, default: str = "") -> str:
    """A text member; null counts as absent."""
    value = field(body, name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise BadRequest(f"'{name}' must be a text.")
    return value


def flag_field(body: Mapping[str, Any], name: str) -> bool:
    """A member that is true or false, also as a text; absent or null is false."""
    value = field(body, name)
    if value is None:
        return False
    made = _boolean(value)
    if made is None:
        raise BadRequest(f"'{name}' must be true or false.")
    return made


def list_field(body: Mapping[str, Any], name: str, *, most: int = 10_000) -> list[Any]:
    """A list member; absent or null is an empty one."""
    value = field(body, name)
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > most:
        raise BadRequest(f"'{name}' must be a list of at most {most} items.")
    return value


def objects_field(body: Mapping[str, Any], name: str, *, most: int = 10_000) -> list[dict[str, Any]]:
    """A list of objects."""
    found = list_field(body, name, most=most)
    if not all(isinstance(item, dict) for item in found):
        raise BadRequest(f"'{name}' must be a list of objects.")
    return found


def odata_type(body: Mapping[str, Any], default: str = "") -> str:
    """``@odata.type`` with its leading ``#``, as the face spells it."""
    given = text_field(body, "@odata.type", default)
    return f"#{given.removeprefix('#')}" if given else ""


def refuse_switches(body: Mapping[str, Any], *names: str) -> None:
    """Switches of Graph that no service here acts on: nobody is told that one is on while it does nothing."""
    for name in names:
        if field(body, name) not in (None, False, "false", "False"):
            raise NotServed(f"'{name}' is not implemented here: it can only be false.")


def incoming(face: Face, body: Mapping[str, Any], *, names: frozenset[str] | None = None) -> dict[str, Any]:
    """What a client may write, by snake_case name and of the declared type; all else is ignored."""
    allowed = face.written if names is None else names
    found: dict[str, Any] = {}
    for key, value in body.items():
        prop = face.repository.entity.by_graph.get(key.lower())
        if prop is not None and prop.name in allowed:
            found[prop.name] = converted(prop, value)
    return found


def converted(prop: Prop, value: Any) -> Any:
    """A value of the property's type; texts such as ``"True"`` and ``"60"`` are taken."""
    if value is None:
        return [] if prop.kind in ("strings", "json") and isinstance(prop.default, list) else None
    made = _READERS[prop.kind](value)
    if prop.kind == "json" and not _shaped(prop, value):
        made = None
    if (prop.index or prop.unique) and isinstance(made, str) and len(made.encode()) > MAX_INDEXED:
        raise BadRequest(f"The value of the property '{prop.graph_name}' is too long.")
    if made is None:
        raise BadRequest(f"Invalid value specified for property '{prop.graph_name}'.")
    return made


def _shaped(prop: Prop, value: Any) -> bool:
    """A complex property is an object; one whose default is a list is a list of objects."""
    if isinstance(prop.default, list):
        return isinstance(value, list) and all(isinstance(item, dict) for item in value)
    return isinstance(value, dict)


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _texts(value: Any) -> list[str] | None:
    return value if isinstance(value, list) and all(isinstance(item, str) for item in value) else None


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return value if isinstance(value, bool) else None


def _integer(value: Any) -> int | None:
    if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value.strip()):
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**62 else None


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        made = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return made.replace(tzinfo=UTC) if made.tzinfo is None else made.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _base64(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    try:
        base64.b64decode(value + "=" * (-len(value) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "string": _text,
    "bool": _boolean,
    "int": _integer,
    "float": _number,
    "datetime": _moment,
    "strings": _texts,
    "binary": _base64,
    "json": lambda value: value,
}


def _relaxed(raw: bytes) -> Any:
    try:
        text = raw.decode("utf-8")
        text = _string_or_bare_key.sub(lambda m: m[1] or f'{m[2]}"{m[3]}"{m[4]}', text)
        text = _string_or_trailing_comma.sub(lambda m: m[1] or m[2], text)
        return msgspec.json.decode(text.encode())
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise Malformed("Unable to read JSON request payload. The body is not JSON.") from error


def _check(value: Any, depth: int) -> None:
    """Neither nested too deeply nor with characters that no database keeps; types are spelled as Graph shows them."""
    if depth > MAX_DEPTH:
        raise Malformed(f"The body is nested more than {MAX_DEPTH} deep.")
    if isinstance(value, str):
        if "\x00" in value if value.isascii() else _forbidden.search(value):
            raise Malformed("The body has a character that cannot be stored.")
    elif isinstance(value, dict):
        for key, item in value.items():
            _check(key, depth + 1)
            _check(item, depth + 1)
        kind = value.get("@odata.type")
        if isinstance(kind, str) and kind.startswith("microsoft.graph."):
            value["@odata.type"] = f"#{kind}"  # some clients leave the sign away, also deep inside
    elif isinstance(value, list):
        for item in value:
            _check(item, depth + 1)
