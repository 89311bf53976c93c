"""A custom configuration: OMA-URIs as an administrator writes them (02 section 9.1)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from taxiway.management.errors import BadOmaUri, BadPolicy
from taxiway.management.model import Item
from taxiway.store import Prop, Row

KIND: Final = "windows10CustomConfiguration"
PROPS: Final = (Prop("oma_settings", "json", default=[]),)

_OMA: Final = "#microsoft.graph.omaSetting"
_FORMATS: Final = {
    "Integer": "int",
    "Boolean": "bool",
    "Base64": "b64",
    "String": "chr",
    "FloatingPoint": "float",
    "DateTime": "time",
}


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The nodes, as the settings name them."""
    settings = row["oma_settings"] or []
    if not isinstance(settings, list):
        raise BadPolicy("omaSettings is not a list.")
    return tuple(_oma(setting) for setting in settings)


def _oma(setting: Mapping[str, Any]) -> Item:
    uri, kind, value = str(setting.get("omaUri") or ""), str(setting.get("@odata.type") or ""), setting.get("value")
    if not uri:
        raise BadOmaUri(f"The setting '{setting.get('displayName')}' has no OMA-URI.")
    if value is None:
        raise BadOmaUri(f"The setting for {uri} has no value.")
    name = kind.removeprefix(_OMA)
    if name == "StringXml":
        return Item(uri, _decoded(uri, str(value)), "chr")
    if name not in _FORMATS:
        raise BadPolicy(f"'{kind}' is not a kind of OMA setting.")
    text = str(value).lower() if name == "Boolean" else str(value)
    return Item(uri, text, _FORMATS[name])


def _decoded(uri: str, value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadOmaUri(f"The XML for {uri} is not base64 of UTF-8 text.") from error
