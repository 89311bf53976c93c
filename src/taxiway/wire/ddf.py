"""A device description (DDF v2) of a CSP, read into facts like our own (05 section 13.3, with the quirks of 13.4)."""

import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from taxiway.wire.csp import Access, Node, Scope
from taxiway.wire.errors import BadDdf, WireError
from taxiway.wire.xml import Element, local, parse_xml

_VERBS: Final[dict[str, Access]] = {"Add": "A", "Delete": "D", "Get": "G", "Replace": "R", "Exec": "X"}
_FORMATS: Final = frozenset({"b64", "bin", "bool", "chr", "int", "node", "null", "xml", "date", "time", "float"})
_ROOTS: Final = re.compile(r"\./(?:(?P<user>User)/|Device/)?(?P<below>[^/].*)?", re.IGNORECASE)
_RANGE: Final = re.compile(r"\[?\s*(-?\d{1,18})\s*-\s*(-?\d{1,18})\s*\]?")
_NAME: Final = re.compile(r"[^A-Za-z0-9]")
_UNRELEASED: Final = "99.9."
_MOST_VALUES: Final = 500
_DOCTYPE: Final = b"<!DOCTYPE"

Fact = tuple[Scope, Node]


def read_ddf(data: bytes) -> list[Fact]:
    """The nodes of one file; BadDdf says what is wrong with any other bytes."""
    try:
        root = parse_xml(_without_doctype(data))
    except WireError as error:
        raise BadDdf(error.message) from error
    if local(root) != "MgmtTree":
        raise BadDdf(f"The document is '{local(root)}', not 'MgmtTree'.")
    return [fact for node in _children(root, "Node") for fact in _root(node)]


def _root(node: Element) -> Iterator[Fact]:
    path = _text(node, "Path").rstrip("/")
    place = _ROOTS.fullmatch(f"{path}/" if path == "." else path)
    if place is None:
        raise BadDdf(f"'{path[:100]}' is not the path of a root node.")
    scope: Scope = "user" if place["user"] else "device"
    yield from _walk(node, scope, place["below"] or "")


def _walk(node: Element, scope: Scope, above: str) -> Iterator[Fact]:
    properties = next(iter(_children(node, "DFProperties")), None)
    inner = _children(node, "Node")
    if properties is None:
        raise BadDdf(f"A node under '{above}' has no DFProperties.")
    if _unreleased(properties):
        return
    path = "/".join(filter(None, (above, _segment(node, properties))))
    yield scope, _node(path, properties, interior=bool(inner))
    for child in inner:
        yield from _walk(child, scope, path)


def _segment(node: Element, properties: Element) -> str:
    """The name; of a node that is named by others, a placeholder."""
    name = _text(node, "NodeName")
    if "/" in name or name in {".", "*"}:
        raise BadDdf(f"'{name[:100]}' is not the name of a node.")
    if name and not name.startswith("{"):
        return name
    return "{" + (_NAME.sub("", name or _text(properties, "DFTitle"))[:40] or "Name") + "}"


def _node(path: str, properties: Element, *, interior: bool) -> Node:
    access = "".join(_VERBS[verb] for verb in _names(properties, "AccessType") if verb in _VERBS)
    form = next((one for one in _names(properties, "DFFormat") if one in _FORMATS), "chr")
    facts: dict[str, Any] = {"path": path, "access": access}
    if form == "node" or (form == "null" and interior) or interior:
        facts["format"] = "node"
    else:
        facts |= _values(form, properties)
    facts["reboot"] = _text(properties, "RebootBehavior") == "Automatic"
    facts["atomic"] = bool(_children(properties, "AtomicRequired"))
    facts["build"] = _build(properties) or None
    try:
        return msgspec.convert(facts, Node)
    except msgspec.ValidationError as error:
        raise BadDdf(f"The node '{path[:200]}' does not fit: {error}.") from error


def _values(form: str, properties: Element) -> dict[str, Any]:
    """Format, default and allowed values: those that contradict each other are left out."""
    facts: dict[str, Any] = {"format": form}
    allowed = next(iter(_children(properties, "AllowedValues")), None)
    if allowed is not None:
        facts |= _allowed(allowed, form)
    values = facts.get("values", ())
    if form == "bool" and values and not {value.lower() for value in values} <= {"true", "false"}:
        form = facts["format"] = "int"  # declared bool, with numbers for values
    if form == "bool":
        facts.pop("values", None)
    if form == "int" and not all(re.fullmatch(r"-?\d{1,19}", value) for value in values):
        facts.pop("values", None)
    default = _text(properties, "DefaultValue").replace("\\0", "").strip().strip('"')
    if default and _is(form, default):
        facts["default"] = default.lower() if form == "bool" else default
    return facts


def _allowed(allowed: Element, form: str) -> dict[str, Any]:
    kind = allowed.get("ValueType") or "None"
    texts = [_text(one, "Value") for one in _children(allowed, "Enum")] or [
        (one.text or "").strip() for one in _children(allowed, "Value")
    ]
    delimiter = next((one.get("Delimiter") for one in _children(allowed, "List")), None)
    if delimiter:
        return {"delimiter": delimiter[:4]}
    numbers = [int(text) for text in texts if re.fullmatch(r"\d{1,18}", text)]
    if kind == "Flag" and form == "int" and numbers:
        mask = 0
        for number in numbers:
            mask |= number
        return {"mask": mask}
    if kind == "ENUM" and 0 < len(texts) <= _MOST_VALUES:
        return {"values": texts}
    found = _RANGE.fullmatch(texts[0]) if kind == "Range" and form == "int" and len(texts) == 1 else None
    if found is not None:
        return {"range": (int(found[1]), int(found[2]))}
    return {"admx": kind == "ADMX", "xml": kind == "XSD"}


def _is(form: str, value: str) -> bool:
    if form == "int":
        return re.fullmatch(r"-?\d{1,19}", value) is not None
    return value.lower() in {"true", "false"} if form == "bool" else form in {"chr", "xml"}


def _build(properties: Element) -> str:
    """The first build of Windows that has the node; several may stand in one text."""
    applicability = next(iter(_children(properties, "Applicability")), None)
    text = "" if applicability is None else _text(applicability, "OsBuildVersion")
    return text.partition(",")[0].strip()[:40]


def _unreleased(properties: Element) -> bool:
    return _build(properties).startswith(_UNRELEASED)


def _children(element: Element, name: str) -> list[Element]:
    return [child for child in element if local(child) == name]


def _names(element: Element, name: str) -> list[str]:
    return [local(child) for one in _children(element, name) for child in one]


def _text(element: Element, name: str) -> str:
    found = _children(element, name)
    return (found[0].text or "").strip() if found else ""


def _without_doctype(data: bytes) -> bytes:
    """The document without its DOCTYPE, which these files have; one that declares anything is refused."""
    start = data.upper().find(_DOCTYPE)
    if start < 0:
        return data
    place, inside = start + len(_DOCTYPE), False
    while place < len(data):
        byte = data[place : place + 1]
        if byte in {b'"', b"'"}:
            place = data.find(byte, place + 1)
        elif data[place : place + 2] == b"<?":
            place = data.find(b"?>", place)
        elif byte == b"<":
            raise BadDdf("The document type declares entities or elements; they are refused.")
        elif byte in {b"[", b"]"}:
            inside = byte == b"["
        elif byte == b">" and not inside:
            return data[:start] + data[place + 1 :]
        if place < 0:
            break
        place += 1
    raise BadDdf("The document type does not end.")
