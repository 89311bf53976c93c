"""What the Graph SDKs know of Graph, read from the source of their models: that is quicker than importing them.

A property of an entity type is a navigation: OData knows no other way to hold one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from clients import environment

#: The package of each version of Graph.
PACKAGES = {"v1.0": "msgraph", "beta": "msgraph_beta"}
_FIELD = re.compile(
    r'^            "([^"]+)": lambda n : setattr\(self, \'\w+\', n\.get_(\w+)_value(s?)\((\w*)\)\),$', re.MULTILINE
)
_CLASS = re.compile(r"^class (\w+)\((\w+)(?:, \w+)*\):$", re.MULTILINE)
_IMPORT = re.compile(r"from (\.+[\w.]*) import (\w+)$", re.MULTILINE)
_MEMBER = re.compile(r'^    (\w+) = "[^"]*",?$', re.MULTILINE)
_ANSWER = re.compile(r"async def get\(.*?send_async\(request_info, (\w+), error_mapping\)", re.DOTALL)


@dataclass(frozen=True)
class Field:
    """One property. ``kind``: as kiota reads it (``str``, ``enum``, ``object`` ...); ``of``: the type that it names."""

    kind: str
    many: bool
    of: Path | None


@dataclass(frozen=True)
class Model:
    """One type with all its properties, inherited ones included."""

    name: str
    entity: bool
    fields: dict[str, Field]

    @property
    def plain(self) -> dict[str, Field]:
        """The properties that are no navigations."""
        return {n: f for n, f in self.fields.items() if not (f.kind == "object" and f.of and model(f.of).entity)}


def _root(version: str) -> Path:
    return environment.packages() / PACKAGES[version] / "generated"


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?<!_)([A-Z])", r"_\1", name).lower()


def named(version: str, name: str) -> Model | None:
    """The type with a name such as ``win32LobApp``."""
    file = _root(version) / "models" / f"{_snake(name)}.py"
    return model(file) if file.exists() else None


def answered(version: str, pattern: str) -> Model | None:
    """What a GET of an address answers; None where the SDK does not know the address.

    It knows none of properties that are no navigations, though each has one: what they are is in the model above.
    """
    found = _built(version, pattern)
    above, _, name = pattern.rpartition("/")
    holder = _built(version, above) if found is None and above else None
    held = holder.plain.get(name) if holder else None
    if held is None or held.kind != "object":
        return found
    return Model(name, entity=False, fields={"value": held}) if held.many else model(held.of)


def _built(version: str, pattern: str) -> Model | None:
    folders = [_root(version)]
    for segment in pattern.split("/"):
        step = "item" if segment.startswith("{") else _snake(segment).replace(".", "_")
        near = [each / step for each in folders]
        folders = [each for each in near if each.is_dir()] or [
            each for folder in folders for each in sorted(folder.glob(f"graph_*/{step}")) if each.is_dir()
        ]
    found = [file for folder in folders for file in sorted(folder.glob("*_request_builder.py"))]
    for file in found:
        text = file.read_text("utf-8")
        answer = _ANSWER.search(text)
        if answer is not None:
            return model(_imports(text, file)[answer[1]])
    return None


@cache
def model(file: Path) -> Model:
    """Of one file."""
    text = file.read_text("utf-8")
    name, base = _CLASS.search(text).groups()
    imports = {name: file, **_imports(text, file)}
    own = {
        match[1]: Field(
            match[2].removeprefix("collection_of_").removesuffix("_value"),
            "collection" in match[2],
            imports.get(match[4]),
        )
        for match in _FIELD.finditer(text)
    }
    above = model(imports[base]) if base in imports else None
    return Model(
        name=name,
        entity=name == "Entity" or (above is not None and above.entity),
        fields=own if above is None else {**above.fields, **own},
    )


@cache
def _members(file: Path) -> frozenset[str]:
    return frozenset(_MEMBER.findall(file.read_text("utf-8")))


def is_member(enum: Path, value: str) -> bool:
    """Whether kiota finds a value: it looks for a member by name, and takes None for what it does not find."""
    name = "None_" if value.lower() == "none" else value[:1].upper() + value[1:]
    return name in _members(enum)


def example(one: Model, depth: int = 2) -> dict:
    """An object that has every property of its type that is no navigation; objects inside as deep as ``depth``."""
    kept = {name: field for name, field in one.plain.items() if name not in ("id", "@odata.type")}
    return {name: _value(name, field, depth) for name, field in kept.items() if field.kind != "object" or depth}


def _value(name: str, field: Field, depth: int):
    if name.lower().startswith("rolescopetag"):
        return ["0"]  # the tag that every tenant has
    if field.kind == "enum":
        member = min(_members(field.of)).removesuffix("_")
        return member[:1].lower() + member[1:]
    made = example(model(field.of), depth - 1) if field.kind == "object" else _EXAMPLES.get(field.kind, TEXT)
    return [made] if field.many else made


#: What an example says where any text will do.
TEXT = "text"
_EXAMPLES = {
    "bool": True,
    "int": 7,
    "float": 7.5,
    "datetime": "2026-01-31T12:34:56Z",
    "date": "2026-01-31",
    "time": "12:34:56",
    "timedelta": "PT1H",
    "uuid": "6f9f3a52-0000-4000-8000-00000000aaaa",
    "bytes": "aGVsbG8=",
}


def _imports(text: str, file: Path) -> dict[str, Path]:
    found = {}
    for where, name in _IMPORT.findall(text):
        dots = len(where) - len(where.lstrip("."))
        folder = file.parents[dots - 1]
        found[name] = folder.joinpath(*where.lstrip(".").split(".")).with_suffix(".py")
    return found
