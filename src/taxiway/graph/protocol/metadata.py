"""``$metadata``: the operations and the declared entities as CSDL, one document for each version (02 section 1.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

from taxiway.graph.protocol.call import Operation
from taxiway.graph.protocol.face import Face
from taxiway.store import Prop

NAMESPACE = "microsoft.graph"
_EDMX = "http://docs.oasis-open.org/odata/ns/edmx"
_EDM = "http://docs.oasis-open.org/odata/ns/edm"
_TYPES = {
    "string": "Edm.String",
    "int": "Edm.Int64",
    "float": "Edm.Double",
    "bool": "Edm.Boolean",
    "datetime": "Edm.DateTimeOffset",
    "strings": "Collection(Edm.String)",
    "binary": "Edm.Binary",
}
_JSON = f"{NAMESPACE}.Json"
_OBJECT = "directoryObject"
#: What these navigations lead to, whatever they are called.
_OBJECTS = frozenset(
    {
        "members",
        "transitiveMembers",
        "memberOf",
        "transitiveMemberOf",
        "owners",
        "registeredOwners",
        "registeredUsers",
        "ownedDevices",
        "registeredDevices",
        "manager",
        "directReports",
    }
)
_DIRECTORY = frozenset({"user", "group", "device", "application", "servicePrincipal", "organization", _OBJECT})
_SINGULARS = (("ies", "y"), ("sses", "ss"), ("tatuses", "tatus"), ("s", ""))


@dataclass(slots=True)
class _Node:
    """One segment: what is below it, and what can be done with it."""

    name: str
    below: dict[str, _Node] = field(default_factory=dict)
    key: _Node | None = None
    methods: set[str] = field(default_factory=set)
    face: Face | None = None


def csdl(operations: Sequence[Operation], version: str) -> bytes:
    """The document; what only beta has is left out of v1.0."""
    root = _Node("")
    for operation in operations:
        if version == "beta" or not operation.beta:
            _place(root, operation)
    return _Document(version).of(root)


def _place(root: _Node, operation: Operation) -> None:
    node = root
    for piece in operation.pattern.split("/"):
        if piece.startswith("{="):
            return  # another key of the same entity
        if piece.startswith("{"):
            node.key = node = node.key or _Node(node.name)
        else:
            node = node.below.setdefault(piece, _Node(piece))
    node.methods.add(operation.method)
    node.face = operation.face or node.face


class _Document:
    """The schema being written; types appear in the order in which they are met."""

    def __init__(self, version: str) -> None:
        self._version = version
        self._types: dict[str, ET.Element] = {}
        self._schema = ET.Element("Schema", xmlns=_EDM, Namespace=NAMESPACE, Alias="graph")
        self._actions: dict[tuple[str, str], ET.Element] = {}

    def of(self, root: _Node) -> bytes:
        container = ET.Element("EntityContainer", Name="GraphService")
        self._entity(_OBJECT, None, "")
        for node in root.below.values():
            if node.name == "me":
                ET.SubElement(container, "Singleton", Name="me", Type=f"{NAMESPACE}.user")
            elif node.key is not None or node.face is not None:
                kind = self._type_of(node, "")
                ET.SubElement(container, "EntitySet", Name=node.name, EntityType=f"{NAMESPACE}.{kind}")
            else:
                self._filled(node.name, node)
                ET.SubElement(container, "Singleton", Name=node.name, Type=f"{NAMESPACE}.{node.name}")
        ET.SubElement(self._schema, "ComplexType", Name="Json", OpenType="true")
        self._schema.extend([*self._types.values(), *self._actions.values(), container])
        top = ET.Element("edmx:Edmx", {"Version": "4.0", "xmlns:edmx": _EDMX})
        ET.SubElement(top, "edmx:DataServices").append(self._schema)
        written: bytes = ET.tostring(top, encoding="utf-8", xml_declaration=True)
        return written

    def _type_of(self, node: _Node, owner: str) -> str:
        """The name of the type of a collection's items, which is declared if it was not."""
        if node.name in _OBJECTS:
            return _OBJECT
        one = _singular(node.name)
        name = one if node.face is not None or not owner else f"{owner}{one[:1].upper()}{one[1:]}"
        base = _OBJECT if name in _DIRECTORY and name != _OBJECT else ""
        self._entity(name, node.face, base)
        self._bind(node, f"Collection({NAMESPACE}.{name})")
        if node.key is not None:
            self._filled(name, node.key)
        return name

    def _filled(self, name: str, node: _Node) -> None:
        """The navigations and actions below an entity."""
        entity = self._entity(name, node.face, "")
        known = {str(child.get("Name")) for child in entity}
        for child in node.below.values():
            if child.name.startswith("$") or child.name in known:
                continue
            if child.methods == {"POST"} and not child.below and child.key is None:
                self._action(child.name, f"{NAMESPACE}.{name}")
                continue
            many = child.key is not None or child.face is not None or child.name in _OBJECTS - {"manager"}
            if many or _plural(child.name):
                kind = f"Collection({NAMESPACE}.{self._type_of(child, '' if _is_root(name) else name)})"
            else:
                self._filled(child.name, child)
                kind = f"{NAMESPACE}.{child.name}"
            ET.SubElement(entity, "NavigationProperty", Name=child.name, Type=kind, ContainsTarget="true")

    def _bind(self, node: _Node, kind: str) -> None:
        """What is done with a whole collection: actions, and ``delta``."""
        for child in node.below.values():
            if child.methods == {"POST"} and not child.below and child.key is None and child.name[0] != "$":
                self._action(child.name, kind)
            elif child.name == "delta":
                self._action(child.name, kind, element="Function")

    def _action(self, name: str, kind: str, *, element: str = "Action") -> None:
        if (name, kind) not in self._actions:
            made = self._actions[name, kind] = ET.Element(element, Name=name, IsBound="true")
            ET.SubElement(made, "Parameter", Name="bindingParameter", Type=kind)
            if element == "Function":
                ET.SubElement(made, "ReturnType", Type=kind)

    def _entity(self, name: str, face: Face | None, base: str) -> ET.Element:
        """The entity type of this name; the first that declares its properties wins."""
        known = self._types.get(name)
        if known is None:
            known = self._types[name] = ET.Element("EntityType", Name=name, OpenType="true")
            if base:
                known.set("BaseType", f"{NAMESPACE}.{base}")
            else:
                key = ET.SubElement(known, "Key")
                ET.SubElement(key, "PropertyRef", Name="id")
                ET.SubElement(known, "Property", Name="id", Type="Edm.String", Nullable="false")
            if face is not None:
                self._declare(known, name, face)
        return known

    def _declare(self, entity: ET.Element, name: str, face: Face) -> None:
        derived = frozenset[str]().union(*face.kinds.values())
        self._properties(entity, face, frozenset(face.props) - derived)
        for expansion in face.expansions:
            if self._version == "beta" or not expansion.beta:
                self._navigation(entity, name, expansion.name, many=expansion.many)
        for kind, names in face.kinds.items():
            if kind not in self._types:
                made = ET.Element("EntityType", Name=kind, BaseType=f"{NAMESPACE}.{name}", OpenType="true")
                self._types[kind] = made
                self._properties(made, face, names)

    def _navigation(self, entity: ET.Element, owner: str, name: str, *, many: bool) -> None:
        one = _OBJECT if name in _OBJECTS else f"{owner}{_singular(name)[:1].upper()}{_singular(name)[1:]}"
        self._entity(one, None, "")
        kind = f"Collection({NAMESPACE}.{one})" if many else f"{NAMESPACE}.{one}"
        ET.SubElement(entity, "NavigationProperty", Name=name, Type=kind, ContainsTarget="true")

    def _properties(self, entity: ET.Element, face: Face, names: frozenset[str]) -> None:
        taken = {expansion.name for expansion in face.expansions} | {"id"}
        for name, prop in face.props.items():
            unseen = prop.secret or name in face.hidden or (name in face.beta and self._version == "v1.0")
            if name in names and not unseen and prop.graph_name not in taken:
                ET.SubElement(entity, "Property", Name=prop.graph_name, Type=_edm(prop))


def _edm(prop: Prop) -> str:
    if prop.kind == "json":
        return f"Collection({_JSON})" if isinstance(prop.default, list) else _JSON
    return _TYPES[prop.kind]


def _singular(name: str) -> str:
    for plural, one in _SINGULARS:
        if name.endswith(plural) and len(name) > len(plural):
            return name.removesuffix(plural) + one
    return name


def _plural(name: str) -> bool:
    """Whether a name without keys below it is a list; ``windowsAutopilotSettings`` and the like are single."""
    return name.endswith("s") and not name.endswith(("Settings", "Status", "ss"))


def _is_root(name: str) -> bool:
    return name in ("deviceManagement", "deviceAppManagement", "policies", "directory", "identity", "auditLogs")
