"""When two values of a node are the same, though they are spelled differently (05 section 14, R13)."""

import re

from taxiway.wire.csp import Node
from taxiway.wire.errors import MalformedXml
from taxiway.wire.xml import Element, local, parse_xml

Shape = tuple[str, tuple[tuple[str, str], ...], str, tuple["Shape", ...]]


def same_value(node: Node | None, one: str, other: str) -> bool:
    """Whether the node would hold the same after either: numbers, booleans, base64 and documents by their meaning."""
    return one == other or (node is not None and _read(node, one) == _read(node, other))


def _read(node: Node, text: str) -> object:
    """What a text means to a node; the text itself where that is all."""
    match node:
        case Node(format="int") if re.fullmatch(r"-?[0-9]{1,19}", text):
            return int(text)
        case Node(format="bool"):
            return text.lower()
        case Node(format="b64" | "bin"):
            return "".join(text.split())
        case Node(admx=True):
            return _meaning(f"<policy>{text}</policy>", ordered=False)
        case Node(xml=True) | Node(format="xml"):
            return _meaning(text, ordered=True)
        case _:
            return text


def _meaning(text: str, *, ordered: bool) -> Shape | str:
    """A document without the space between its elements; the text itself where it is none."""
    try:
        return _shape(parse_xml(text.encode()), ordered=ordered)
    except (MalformedXml, UnicodeEncodeError):
        return text


def _shape(element: Element, *, ordered: bool) -> Shape:
    inner = tuple(_shape(child, ordered=ordered) for child in element)
    inner = inner if ordered else tuple(sorted(inner))
    attributes = tuple(sorted((str(name), str(value)) for name, value in element.attrib.items()))
    name = str(element.tag) if ordered else local(element).lower()
    return name, attributes, (element.text or "").strip(), inner
