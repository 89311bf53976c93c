"""The grammar of the provisioning document: nested characteristics with parms (04 section 11)."""

from collections.abc import Iterator
from typing import Final

import msgspec
from lxml import etree

from taxiway.wire.errors import BadProvisioning, Unrenderable
from taxiway.wire.xml import Element, child, local, parse_xml

VERSION: Final = "1.1"


class Parm(msgspec.Struct, frozen=True):
    """One parm; a parm without value only says by being there. `datatype` is string, integer or boolean."""

    name: str
    value: str | None = None
    datatype: str | None = None


class Characteristic(msgspec.Struct, frozen=True):
    """One characteristic: its type, its own parms, the characteristics under it."""

    type: str
    parms: tuple[Parm, ...] = ()
    children: tuple["Characteristic", ...] = ()

    def parm(self, name: str) -> str | None:
        """The value of a parm; empty for a parm without value, None when it is not there."""
        return next((parm.value or "" for parm in self.parms if parm.name == name), None)

    def at(self, *path: str) -> "Characteristic | None":
        """The characteristic reached by following types downwards."""
        if not path:
            return self
        found = next((part for part in self.children if part.type == path[0]), None)
        return None if found is None else found.at(*path[1:])

    def every(self, kind: str) -> "Iterator[Characteristic]":
        """All children of a type: APPAUTH repeats."""
        return (part for part in self.children if part.type == kind)


def parse_wap(data: bytes) -> tuple[Characteristic, ...]:
    """The top characteristics; MalformedXml or BadProvisioning when it is no provisioning document."""
    root = parse_xml(data)
    if local(root) != "wap-provisioningdoc":
        raise BadProvisioning(f"The root element is {root.tag}, not wap-provisioningdoc.")
    return tuple(_characteristic(part) for part in root if local(part) == "characteristic")


def render_wap(blocks: tuple[Characteristic, ...]) -> bytes:
    """The document as UTF-8. Names and secrets in it come from strangers, so a writer of XML puts it together."""
    root = etree.Element("wap-provisioningdoc", version=VERSION)
    try:
        for block in blocks:
            _append(root, block)
    except ValueError as error:
        raise Unrenderable("A value has a character that XML 1.0 cannot carry.") from error
    return etree.tostring(root, encoding="utf-8")


def _characteristic(element: Element) -> Characteristic:
    kind = element.get("type")
    if kind is None:
        raise BadProvisioning("A characteristic has no type.")
    if child(element, "parm") is None:
        parms: tuple[Parm, ...] = ()
    else:
        parms = tuple(_parm(part) for part in element if local(part) == "parm")
    return Characteristic(
        kind, parms, tuple(_characteristic(part) for part in element if local(part) == "characteristic")
    )


def _parm(element: Element) -> Parm:
    name = element.get("name")
    if name is None:
        raise BadProvisioning("A parm has no name.")
    return Parm(name, element.get("value"), element.get("datatype"))


def _append(parent: Element, block: Characteristic) -> None:
    element = etree.SubElement(parent, "characteristic", type=block.type)
    for parm in block.parms:
        attributes = {"name": parm.name, "value": parm.value, "datatype": parm.datatype}
        etree.SubElement(element, "parm", {key: value for key, value in attributes.items() if value is not None})
    for part in block.children:
        _append(element, part)
