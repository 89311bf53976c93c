"""From the settings of a catalogue policy to the nodes it sets: choices, simple values, groups, collections.

What cannot be told is not refused, since the table of CSP facts is smaller than the original's catalogue: it is kept,
said, and not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.catalogue.definitions import Definition
from taxiway.management.configuration.catalogue.derived import templated
from taxiway.management.configuration.catalogue.lookup import find, part_of
from taxiway.management.configuration.catalogue.reading import Place, Reading
from taxiway.management.configuration.catalogue.secret_values import is_token, opened
from taxiway.management.errors import BadSetting
from taxiway.store import Row
from taxiway.wire.xml import escape

_PREFIX: Final = "#microsoft.graph.deviceManagementConfiguration"
_MOST: Final = 1000
_NAME: Final = "_name"
_BY_TENANT: Final = "_{tenantid}"
_SWITCH: Final = {"0": "<disabled/>", "1": "<enabled/>"}
_COLLECTION: Final = "simpleSettingCollectionValue"
#: In the id of every policy of a template that was brought along.
_INGESTED: Final = "~policy~"
#: The parts of a template that have a value to be written, and what stands between the items of a list there.
_PARTS: Final = frozenset({"ChoiceSettingInstance", "SimpleSettingInstance", "SimpleSettingCollectionInstance"})
_APART: Final = "\uf000"


def read(row: Row, tenant: str) -> Reading:
    """The settings of a policy; raises what saving refuses."""
    settings, hidden = opened(row)
    if len(settings) > _MOST:
        raise BadSetting(f"A policy has at most {_MOST} settings.")
    reading = Reading()
    for setting in settings:
        _instance(_object(setting, "settingInstance"), Place(reading, tenant))
    if hidden:
        reading.items = [replace(item, secret=any(one in item.data for one in hidden)) for item in reading.items]
    return reading


def _instance(instance: Mapping[str, Any], place: Place) -> None:
    kind, definition = _kind_of(instance), find(_id_of(instance))
    if definition is None:
        _without_definition(instance, kind, place)
        return
    if definition.data is not None:
        raise BadSetting(f"'{definition.id}' is a part of '{definition.group}' and stands among its children.")
    if definition.group is not None and not place.chosen:
        raise BadSetting(f"'{definition.id}' stands in the group '{definition.group}'.")
    if kind not in _READERS:
        raise NotImplementedHere(f"Setting instances of the type '{kind}' are not served here.")
    if not _readable(definition, kind):
        place.leave(instance, "how its values go together is not known here")
        return
    _READERS[kind](instance, definition, place)


def _readable(definition: Definition, kind: str) -> bool:
    """Whether it can be told how the values of an instance become the value of the node."""
    if kind in _GROUPS:
        return definition.kind == "group"
    return not definition.derived or kind in _DERIVED or definition.node.delimiter is not None


def _without_definition(instance: Mapping[str, Any], kind: str, place: Place) -> None:
    """A group by the tenant only holds settings together; of anything else nothing is known."""
    if kind != "GroupSettingCollectionInstance" or not _id_of(instance).lower().endswith(_BY_TENANT):
        place.leave(instance, "its node is not in the table of CSP facts, and its id does not tell it")
        return
    for value in _objects(instance, "groupSettingCollectionValue"):
        for child in _objects(value, "children"):
            _instance(child, place)


def _choice(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    given = _object(instance, "choiceSettingValue")
    children = _objects(given, "children")
    if definition.derived and any(_id_of(child).lower().startswith(f"{definition.id}_") for child in children):
        definition = templated(definition)
    value = _option(definition, given)
    if definition.node.admx:
        place.add(definition, value + "".join(_part(definition, child, place) for child in children))
        return
    place.add(definition, value, _format(definition, value))
    for child in children:
        _instance(child, place)


def _choices(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    values = [_option(definition, one) for one in _objects(instance, "choiceSettingCollectionValue")]
    place.add(definition, *_joined(definition, values))


def _simple(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    if is_token(instance.get("simpleSettingValue")):
        place.leave(instance, "its value is a secret that another tenant or policy holds")
        return
    value = _text(definition, _object(instance, "simpleSettingValue"))
    place.add(definition, value, _format(definition, value))


def _simples(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    values = [_text(definition, one) for one in _objects(instance, _COLLECTION)]
    place.add(definition, *_joined(definition, values))


def _group(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    _of_group(definition, _object(instance, "groupSettingValue"), place)


def _groups(instance: Mapping[str, Any], definition: Definition, place: Place) -> None:
    for value in _objects(instance, "groupSettingCollectionValue"):
        _of_group(definition, value, place)


_READERS: Final[dict[str, Callable[[Mapping[str, Any], Definition, Place], None]]] = {
    "ChoiceSettingInstance": _choice,
    "ChoiceSettingCollectionInstance": _choices,
    "SimpleSettingInstance": _simple,
    "SimpleSettingCollectionInstance": _simples,
    "GroupSettingInstance": _group,
    "GroupSettingCollectionInstance": _groups,
}
#: What can be read without the facts of the node.
_DERIVED: Final = frozenset({"ChoiceSettingInstance", "SimpleSettingInstance"})
_GROUPS: Final = frozenset({"GroupSettingInstance", "GroupSettingCollectionInstance"})


def _of_group(definition: Definition, value: Mapping[str, Any], place: Place) -> None:
    """The children of one group: one of them names it, the others are settings under that name."""
    children = _objects(value, "children")
    named = [child for child in children if _id_of(child).lower() == definition.id + _NAME]
    names = [str(_object(child, "simpleSettingValue").get("value") or "") for child in named]
    if len(names) != 1 or not names[0]:
        raise BadSetting(f"A group '{definition.id}' needs one child '{definition.id}{_NAME}' that names it.")
    for child in children:
        if child in named:
            continue
        inner = find(_id_of(child))
        if inner is not None and inner.group != definition.id:
            raise BadSetting(f"'{inner.id}' does not stand in the group '{definition.id}'.")
        _instance(child, replace(place, chosen=names[0]))


def _option(definition: Definition, given: Mapping[str, Any]) -> str:
    wanted = str(given.get("value") or "").lower()
    value = dict(definition.options).get(wanted) if definition.options else _behind_id(definition, wanted)
    if value is None:
        known = ", ".join(option for option, _ in definition.options[:20]) or "none: it is no choice"
        raise BadSetting(f"'{wanted[:300]}' is not an option of '{definition.id}'. Its options: {known}.")
    return value


def _behind_id(definition: Definition, wanted: str) -> str | None:
    """What follows the id, where no options are known; a policy of an administrative template is off or on."""
    value = wanted.removeprefix(f"{definition.id}_")
    if value == wanted or not value or definition.kind not in ("choice", "simple"):
        return None
    return _SWITCH.get(value) if definition.node.admx else value


def _format(definition: Definition, value: str) -> str:
    if not definition.derived:
        return definition.node.format
    return "int" if value.isascii() and value.isdigit() else "chr"


def _text(definition: Definition, given: Mapping[str, Any]) -> str:
    if definition.derived:
        return _scalar(definition, given)
    kind, value = _kind_of(given), given.get("value")
    number = definition.node.format == "int"
    fits = isinstance(value, int) and not isinstance(value, bool) if number else isinstance(value, str)
    if definition.kind != "simple" or not fits or kind != ("IntegerSettingValue" if number else "StringSettingValue"):
        raise BadSetting(f"'{definition.id}' does not take this value of the type '{kind}'.")
    return str(value)


def _joined(definition: Definition, values: Sequence[str]) -> tuple[str, str]:
    """The values as one, and the format of that."""
    delimiter = definition.node.delimiter
    if delimiter is None:
        raise BadSetting(f"'{definition.id}' takes one value, not a collection.")
    return delimiter.join(values), "chr" if definition.derived else definition.node.format


def _part(parent: Definition, child: Mapping[str, Any], place: Place) -> str:
    """A part of an administrative template: its value as the policy spells it (05 section 10.7)."""
    part = part_of(parent, _id_of(child))
    if part is None and _INGESTED in _id_of(child):
        # A policy of its own that only makes sense with this one.
        _instance(child, place)
        return ""
    if part is None or _kind_of(child) not in _PARTS:
        place.leave(child, f"it is not known how '{parent.id}' spells this part")
        return ""
    if part.derived:
        place.reading.derived[part.id] = parent.uri(place.tenant, place.chosen)
    if _COLLECTION in child:
        numbered = [f"{n}{_APART}{_scalar(part, one)}" for n, one in enumerate(_objects(child, _COLLECTION), 1)]
        return f'<data id="{part.data}" value="{escape(_APART.join(numbered))}"/>'
    text = _scalar(part, child.get("choiceSettingValue") or child.get("simpleSettingValue"))
    prefix = f"{part.id}_"
    if text.lower().startswith(prefix):
        text = text[len(prefix) :]
    return f'<data id="{part.data}" value="{escape(text)}"/>'


def _scalar(definition: Definition, given: Any) -> str:
    value = given.get("value") if isinstance(given, dict) else None
    if not isinstance(value, int | str):
        raise BadSetting(f"'{definition.id}' has no value.")
    return str(value)


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
