"""Engine, unit of work, migrations, the log, blobs, sealing and the neutral query tree."""

from taxiway.store import router
from taxiway.store.blobs import Blobs
from taxiway.store.engine import Store, open_engine
from taxiway.store.entity import Entity, Prop, merged
from taxiway.store.errors import AlreadyExists, BadToken, NotFilterable, NotFound, StoreError, UnknownProperty
from taxiway.store.journal import Sought, browse, correlations, entries, head, latest, since
from taxiway.store.memory import Memory
from taxiway.store.paging import Page, Row
from taxiway.store.query import And, Compare, Holds, In, Inside, Not, Or, Such, Where, any_of, both, eq, one_of
from taxiway.store.records import Records, zulu
from taxiway.store.repository import Repository
from taxiway.store.runtime import Runtime
from taxiway.store.schema import SYSTEM, Document, Instant, metadata
from taxiway.store.sealing import KeyRing
from taxiway.store.unit import Followers, Tx

__all__ = [
    "SYSTEM",
    "AlreadyExists",
    "And",
    "BadToken",
    "Blobs",
    "Compare",
    "Document",
    "Entity",
    "Followers",
    "Holds",
    "In",
    "Inside",
    "Instant",
    "KeyRing",
    "Memory",
    "Not",
    "NotFilterable",
    "NotFound",
    "Or",
    "Page",
    "Prop",
    "Records",
    "Repository",
    "Row",
    "Runtime",
    "Sought",
    "Store",
    "StoreError",
    "Such",
    "Tx",
    "UnknownProperty",
    "Where",
    "any_of",
    "both",
    "browse",
    "correlations",
    "entries",
    "eq",
    "head",
    "latest",
    "merged",
    "metadata",
    "one_of",
    "open_engine",
    "router",
    "since",
    "zulu",
]
