"""What the SDK's models made of an answer, held against the answer: nothing left over, nothing lost."""

from __future__ import annotations

import json

from kiota_abstractions.serialization import Parsable, ParseNodeFactory


class Recording(ParseNodeFactory):
    """Makes the nodes as before and keeps the text of the last answer."""

    def __init__(self, inner: ParseNodeFactory) -> None:
        self._inner, self.last = inner, None

    def get_valid_content_type(self) -> str:
        return self._inner.get_valid_content_type()

    def get_root_parse_node(self, content_type: str, content: bytes):
        self.last = json.loads(content)
        return self._inner.get_root_parse_node(content_type, content)


def remainder(model: Parsable, answer: dict, where: str = "") -> list[str]:
    """What the model does not know of the answer, and what it knows and lost; annotations aside."""
    found = [f"{where}: {name} is left over" for name in model.additional_data if "@" not in name]
    for name, read in model.get_field_deserializers().items():
        if name in answer and answer[name] is not None and "@" not in name:
            [attribute] = [text for text in read.__code__.co_consts if isinstance(text, str)]
            found += _held(getattr(model, attribute), answer[name], f"{where}.{name}")
    return found


def _held(value, given, where: str) -> list[str]:
    if isinstance(given, dict):
        return remainder(value, given, where) if isinstance(value, Parsable) else [f"{where} is lost"]
    if isinstance(given, list):
        if value is None or len(value) != len(given):
            return [f"{where} has lost items"]
        return [one for place, item in enumerate(given) for one in _held(value[place], item, f"{where}[{place}]")]
    return [f"{where}: {given!r} is lost"] if value is None else []
