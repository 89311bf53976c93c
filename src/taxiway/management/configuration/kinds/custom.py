"""A custom configuration: OMA-URIs as an administrator writes them (02 section 9.1)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from taxiway.management.errors import BadOmaUri, BadPolicy
from taxiway.management.model import Item, key_of
from taxiway.store import Prop, Row
from taxiway.wire.csp import lookup

KIND: Final = "windows10CustomConfiguration"
PROPS: Final = (Prop("oma_settings", "json", default=[]), Prop("oma_secrets", secret=True))

_MASK: Final = "****"
_OMA: Final = "#microsoft.graph.omaSetting"
#: What this server says of a sealed value; a client does not.
_OURS: Final = frozenset({"isEncrypted", "secretReferenceValueId"})
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
    secrets = json.loads(row.get("oma_secrets") or "{}")
    return tuple(_oma(setting, secrets) for setting in settings)


def conceal(values: Mapping[str, Any], current: Row) -> dict[str, Any]:
    """The values to save: what goes to a node that nobody may read is sealed apart, and masked where it stood."""
    made = {name: value for name, value in values.items() if name != "oma_secrets"}
    if "oma_settings" not in made:
        return made
    known, secrets, settings = json.loads(current.get("oma_secrets") or "{}"), {}, []
    for setting in made["oma_settings"] or []:
        uri = str(setting.get("omaUri") or "")
        node = lookup(uri)
        if node is None or not node.secret or setting.get("value") is None:
            settings.append({key: value for key, value in setting.items() if key not in _OURS})
            continue
        name = hashlib.sha256("|".join(key_of(uri)).encode()).hexdigest()[:32]
        secrets[name] = known.get(name, "") if setting["value"] == _MASK else str(setting["value"])
        settings.append({**setting, "value": _MASK, "isEncrypted": True, "secretReferenceValueId": name})
    return {**made, "oma_settings": settings, "oma_secrets": json.dumps(secrets)}


def _oma(setting: Mapping[str, Any], secrets: Mapping[str, str]) -> Item:
    uri, kind, value = str(setting.get("omaUri") or ""), str(setting.get("@odata.type") or ""), setting.get("value")
    if not uri:
        raise BadOmaUri(f"The setting '{setting.get('displayName')}' has no OMA-URI.")
    if value is None:
        raise BadOmaUri(f"The setting for {uri} has no value.")
    hidden = secrets.get(str(setting.get("secretReferenceValueId") or ""))
    value = value if hidden is None else hidden
    name = kind.removeprefix(_OMA)
    if name == "StringXml":
        return Item(uri, _decoded(uri, str(value)), "chr")
    if name not in _FORMATS:
        raise BadPolicy(f"'{kind}' is not a kind of OMA setting.")
    text = str(value).lower() if name == "Boolean" else str(value)
    return Item(uri, text, _FORMATS[name], secret=hidden is not None)


def _decoded(uri: str, value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise BadOmaUri(f"The XML for {uri} is not base64 of UTF-8 text.") from error
