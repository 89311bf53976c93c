"""Apps, declared once (02 section 8). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.apps.table import EXTENSION_KINDS, KINDS
from taxiway.management.declare import OPAQUE, base, moment, names, of
from taxiway.store import Entity, Prop

_LOB = [
    Prop("committed_content_version"),
    Prop("file_name"),
    Prop("size", "int", default=0),
]
#: Several kinds may share a property; it is declared once.
_OF_KINDS: Final = {prop.name: prop for kind in KINDS.values() for prop in kind.PROPS}

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
        OPAQUE,
        *_LOB,
        *_OF_KINDS.values(),
        Prop("content_sha256", graph="taxiwayContentSha256"),
        # What an agent goes by: it counts up with every change that an agent has to know of.
        Prop("revision", "int", graph="taxiwayRevision", default=1),
        # Graph's fileEncryptionInfo of content that is kept as it was uploaded.
        Prop("content_keys", graph="taxiwayContentKeys", secret=True),
    ],
)

#: What apps are sorted into in a Company Portal: kept, and shown with the app.
MOBILE_APP_CATEGORY = Entity(
    "mobile_app_category",
    [
        Prop("display_name", nullable=False, column=True, filterable=True, sortable=True, fold=True),
        moment("last_modified_at", "lastModifiedDateTime"),
    ],
)

#: Per kind of app: its properties beside the base's.
APP_KINDS: Final[dict[str, frozenset[str]]] = {
    name: names(kind.PROPS) | (names(_LOB) if kind.CONTENT else frozenset()) for name, kind in KINDS.items()
}
#: What an agent has to know of: a change of it is a new revision.
ACTED_ON: Final = {name: names(KINDS[name].PROPS) for name in EXTENSION_KINDS}
