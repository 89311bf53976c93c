"""From a configuration as Graph knows it to the nodes it sets (05 sections 10.8, 10.9, 10.14 and 10.15)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration import bitlocker, hello, wifi
from taxiway.management.configuration.entities import CUSTOM, ENDPOINT_PROTECTION, IDENTITY, TRUSTED_ROOT, WIFI
from taxiway.management.errors import BadOmaUri, BadPolicy
from taxiway.management.model import Item
from taxiway.store import Row
from taxiway.wire import csp

MAX_VALUE: Final = 256 * 1024
_OMA: Final = "#microsoft.graph.omaSetting"
_FORMATS: Final = {
    "Integer": "int",
    "Boolean": "bool",
    "Base64": "b64",
    "String": "chr",
    "FloatingPoint": "float",
    "DateTime": "time",
}
_STORES: Final = {"computerCertStoreRoot": "Root", "computerCertStoreIntermediate": "CA"}


def items_of(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes a configuration sets; pure. ``row`` carries secrets opened. Raises what saving would refuse."""
    items = _TRANSLATORS[row["kind"]](row, tenant)
    for item in items:
        problems = csp.check_write(item.uri, "Replace", item.format, item.data)
        if problems and not csp.check_write(item.uri, "Add", item.format, item.data):
            problems = []
        if problems:
            raise BadOmaUri(" ".join(problems), remedy="Check the OMA-URI and its value against the CSP's reference.")
        if len(item.data.encode()) > MAX_VALUE:
            raise BadOmaUri(f"The value for {item.uri} is larger than {MAX_VALUE} bytes.")
    return items


def _custom(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
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


def _trusted_root(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    store = _STORES.get(row["destination_store"] or "")
    if store is None:
        raise NotImplementedHere(f"Certificates for the store '{row['destination_store']}' are not served here.")
    try:
        der = base64.b64decode(row["trusted_root_certificate"] or "", validate=True)
    except binascii.Error as error:
        raise BadPolicy("trustedRootCertificate is not base64.") from error
    if not der.startswith(b"\x30"):
        raise BadPolicy("trustedRootCertificate is not a certificate in DER.")
    name = hashlib.sha1(der, usedforsecurity=False).hexdigest().upper()
    uri = f"./Device/Vendor/MSFT/RootCATrustedCertificates/{store}/{name}/EncodedCertificate"
    return (Item(uri, base64.b64encode(der).decode(), "b64"),)


_TRANSLATORS: Final[dict[str, Callable[[Row, str], tuple[Item, ...]]]] = {
    CUSTOM: _custom,
    ENDPOINT_PROTECTION: bitlocker.items,
    WIFI: wifi.items,
    IDENTITY: hello.items,
    TRUSTED_ROOT: _trusted_root,
}
