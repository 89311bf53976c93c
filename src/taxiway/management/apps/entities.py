"""Apps, declared once (02 section 8). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import base, names, of
from taxiway.store import Entity, Prop

MSI: Final = "windowsMobileMSI"

_LOB = [
    Prop("committed_content_version"),
    Prop("file_name"),
    Prop("size", "int", default=0),
]
_MSI = [
    *of("string", "command_line", "product_code", "product_version", "identity_version"),
    Prop("ignore_version_detection", "bool", default=False),
    Prop("use_device_context", "bool"),
]

MOBILE_APP = Entity(
    "mobile_app",
    [
        *base(),
        Prop("publisher", default="", column=True, filterable=True, sortable=True, fold=True),
        Prop("large_icon", "json"),
        Prop("is_featured", "bool", default=False),
        *of("string", "privacy_information_url", "information_url", "owner", "developer", "notes"),
        Prop("upload_state", "int", default=0),
        Prop("publishing_state", default="notPublished", column=True, filterable=True),
        Prop("is_assigned", "bool", default=False, column=True, filterable=True),
        Prop("dependent_app_count", "int", default=0),
        Prop("superseding_app_count", "int", default=0),
        Prop("superseded_app_count", "int", default=0),
        *_LOB,
        *_MSI,
        Prop("content_sha256", graph="taxiwayContentSha256"),
    ],
)

#: Per kind of app: its properties beside the base's.
APP_KINDS: Final[dict[str, frozenset[str]]] = {MSI: names(_LOB) | names(_MSI)}
