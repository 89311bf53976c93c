"""The one XML reader for bytes from strangers, and the escaping for bytes we write.

UTF-8 only; no DOCTYPE, so no entities but the five of XML itself; comments and processing instructions are dropped; the
size and the depth are limited before anything walks the tree.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from lxml import etree

from taxiway.wire.errors import MalformedXml, Unrenderable

MAX_BYTES: Final = 4 * 1024 * 1024
MAX_DEPTH: Final = 64

Element = etree._Element  # noqa: SLF001 - lxml publishes its element class under no other name

# Everything that may stand before the root element. Atomic groups: no input makes this backtrack.
_PROLOG = re.compile(rb"(?>(?:\xef\xbb\xbf)?(?:\s++|<\?(?>.*?\?>)|<!--(?>.*?-->))*+)", re.DOTALL)
_TOO_DEEP = etree.XPath("boolean(" + "/*" * (MAX_DEPTH + 1) + ")")
_SPECIAL = re.compile('[&<>"\r]')
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def parse_xml(data: bytes, *, limit: int = MAX_BYTES) -> Element:
    """The root element of a document; MalformedXml says what is wrong with any other bytes."""
    if len(data) > limit:
        raise MalformedXml(f"The document has {len(data)} bytes; at most {limit} are read.")
    prolog = _PROLOG.match(data)
    if prolog and data[prolog.end() : prolog.end() + 9].upper() == b"<!DOCTYPE":
        raise MalformedXml("The document has a DOCTYPE; document types and entities are refused.")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise MalformedXml(f"The document is not well-formed: {error}.") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise MalformedXml("The document has a DOCTYPE; document types and entities are refused.")
    if _TOO_DEEP(root):
        raise MalformedXml(f"The document nests deeper than {MAX_DEPTH} elements.")
    return root


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return _bare(element.tag)


@lru_cache(1024)
def _bare(tag: object) -> str:
    return str(tag).rpartition("}")[2]


def namespace(element: Element) -> str:
    """The element's namespace, empty when it has none."""
    head = str(element.tag).rpartition("}")[0]
    return head[1:]


def child(element: Element, name: str) -> Element | None:
    """The first child of that local name, whatever its namespace prefix."""
    for found in element:
        if local(found) == name:
            return found
    return None


def children(element: Element, name: str) -> Iterator[Element]:
    """All children of that local name, in order."""
    return (found for found in element if local(found) == name)


def descend(element: Element, *names: str) -> Element | None:
    """The element reached by following local names downwards, or None."""
    found: Element | None = element
    for name in names:
        if found is None:
            return None
        found = child(found, name)
    return found


def text(element: Element | None) -> str | None:
    """The element's text with white space trimmed; None without the element."""
    return None if element is None else (element.text or "").strip()


def escape(value: str) -> str:
    """Text ready for element content or a double-quoted attribute."""
    if _FORBIDDEN.search(value):
        raise Unrenderable("The value has a character that XML 1.0 cannot carry.")
    if not _SPECIAL.search(value):
        return value
    value = value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return value.replace('"', "&quot;").replace("\r", "&#13;")
