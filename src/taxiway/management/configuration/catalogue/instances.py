"""From the settings of a catalogue policy to the nodes it sets: choices, simple values, groups, collections."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.catalogue.definitions import Definition, find
from taxiway.management.errors import BadSetting
from taxiway.management.model import Item
from taxiway.store import Row
from taxiway.wire.xml import escape

_PREFIX: Final = "#microsoft.graph.deviceManagementConfiguration"
_MOST: Final = 1000
_NAME: Final = "_name"


def items(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes, in the order of the settings; raises what saving refuses."""
    settings = row["settings"] or []
    if len(settings) > _MOST:
        raise BadSetting(f"A policy has at most {_MOST} settings.")
    found: list[Item] = []
    for setting in settings:
        found += _instance(_object(setting, "settingInstance"), tenant, "")
    return tuple(found)


def _instance(instance: Mapping[str, Any], tenant: str, chosen: str) -> list[Item]:
    kind, definition = _kind_of(instance), find(_id_of(instance))
    if definition.data is not None:
        raise BadSetting(f"'{definition.id}' is a part of '{definition.group}' and stands among its children.")
    if definition.group is not None and not chosen:
        raise BadSetting(f"'{definition.id}' stands in the group '{definition.group}'.")
    if kind not in _READERS:
        raise NotImplementedHere(f"Setting instances of the type '{kind}' are not served here.")
    return _READERS[kind](instance, definition, tenant, chosen)


def _choice(instance: Mapping[str, Any], definition: Definition, tenant: str, chosen: str) -> list[Item]:
    given = _object(instance, "choiceSettingValue")
    value = _option(definition, given)
    children = _objects(given, "children")
    uri = definition.uri(tenant, chosen)
    if not definition.node.admx:
        here = Item(uri, value, definition.node.format)
        return [here, *(item for child in children for item in _instance(child, tenant, chosen))]
    return [Item(uri, value + "".join(_part(definition, child) for child in children))]


def _choices(instance: Mapping[str, Any], definition: Definition, tenant: str, chosen: str) -> list[Item]:
    values = [_option(definition, one) for one in _objects(instance, "choiceSettingCollectionValue")]
    return [_joined(definition, values, tenant, chosen)]


def _simple(instance: Mapping[str, Any], definition: Definition, tenant: str, chosen: str) -> list[Item]:
    value = _text(definition, _object(instance, "simpleSettingValue"))
    return [Item(definition.uri(tenant, chosen), value, definition.node.format)]


def _simples(instance: Mapping[str, Any], definition: Definition, tenant: str, chosen: str) -> list[Item]:
    values = [_text(definition, one) for one in _objects(instance, "simpleSettingCollectionValue")]
    return [_joined(definition, values, tenant, chosen)]


def _group(instance: Mapping[str, Any], definition: Definition, tenant: str, _chosen: str) -> list[Item]:
    return _of_group(definition, _object(instance, "groupSettingValue"), tenant)


def _groups(instance: Mapping[str, Any], definition: Definition, tenant: str, _chosen: str) -> list[Item]:
    values = _objects(instance, "groupSettingCollectionValue")
    return [item for value in values for item in _of_group(definition, value, tenant)]


_READERS: Final[dict[str, Callable[[Mapping[str, Any], Definition, str, str], list[Item]]]] = {
    "ChoiceSettingInstance": _choice,
    "ChoiceSettingCollectionInstance": _choices,
    "SimpleSettingInstance": _simple,
    "SimpleSettingCollectionInstance": _simples,
    "GroupSettingInstance": _group,
    "GroupSettingCollectionInstance": _groups,
}


def _of_group(definition: Definition, value: Mapping[str, Any], tenant: str) -> list[Item]:
    """The children of one group: one of them names it, the others are settings under that name."""
    if definition.kind != "group":
        raise BadSetting(f"'{definition.id}' is no group.")
    children = _objects(value, "children")
    named = [child for child in children if _id_of(child).lower() == definition.id + _NAME]
    names = [str(_object(child, "simpleSettingValue").get("value") or "") for child in named]
    if len(names) != 1 or not names[0]:
        raise BadSetting(f"A group '{definition.id}' needs one child '{definition.id}{_NAME}' that names it.")
    found = []
    for child in children:
        if child in named:
            continue
        inner = find(_id_of(child))
        if inner.group != definition.id:
            raise BadSetting(f"'{inner.id}' does not stand in the group '{definition.id}'.")
        found += _instance(child, tenant, names[0])
    return found


def _option(definition: Definition, given: Mapping[str, Any]) -> str:
    wanted = str(given.get("value") or "").lower()
    value = dict(definition.options).get(wanted)
    if definition.kind != "choice" or value is None:
        known = ", ".join(option for option, _ in definition.options[:20]) or "none: it is no choice"
        raise BadSetting(f"'{wanted[:300]}' is not an option of '{definition.id}'. Its options: {known}.")
    return value


def _text(definition: Definition, given: Mapping[str, Any]) -> str:
    kind, value = _kind_of(given), given.get("value")
    number = definition.node.format == "int"
    fits = isinstance(value, int) and not isinstance(value, bool) if number else isinstance(value, str)
    if definition.kind != "simple" or not fits or kind != ("IntegerSettingValue" if number else "StringSettingValue"):
        raise BadSetting(f"'{definition.id}' does not take this value of the type '{kind}'.")
    return str(value)


def _joined(definition: Definition, values: Sequence[str], tenant: str, chosen: str) -> Item:
    delimiter = definition.node.delimiter
    if delimiter is None:
        raise BadSetting(f"'{definition.id}' takes one value, not a collection.")
    return Item(definition.uri(tenant, chosen), delimiter.join(values), definition.node.format)


def _part(parent: Definition, child: Mapping[str, Any]) -> str:
    """A part of an administrative template: its value as the policy spells it (05 section 10.7)."""
    part = find(_id_of(child))
    if part.data is None or part.group != parent.id:
        raise BadSetting(f"'{part.id}' is no part of '{parent.id}'.")
    given = child.get("choiceSettingValue") or child.get("simpleSettingValue")
    value = given.get("value") if isinstance(given, dict) else None
    if not isinstance(value, int | str):
        raise BadSetting(f"'{part.id}' has no value.")
    text = str(value)
    prefix = f"{part.id}_"
    if text.lower().startswith(prefix):
        text = text[len(prefix) :]
    return f'<data id="{part.data}" value="{escape(text)}"/>'


def _kind_of(instance: Mapping[str, Any]) -> str:
    return str(instance.get("@odata.type") or "").removeprefix(_PREFIX)


def _id_of(instance: Mapping[str, Any]) -> str:
    found = instance.get("settingDefinitionId")
    if not isinstance(found, str) or not found:
        raise BadSetting("A setting instance needs its 'settingDefinitionId'.")
    return found


def _object(content: Any, name: str) -> Mapping[str, Any]:
    value = content.get(name) if isinstance(content, dict) else None
    if not isinstance(value, dict):
        raise BadSetting(f"'{name}' is missing or no object.")
    return value


def _objects(content: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = content.get(name) or []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise BadSetting(f"'{name}' is no list of objects.")
    return value
