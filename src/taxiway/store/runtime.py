"""What asynchronous code is handed: the store and everything that must not be reached for (design, rule 1)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway.kernel import Clock, Entropy, Keys, Urls, Workers
from taxiway.store.blobs import Blobs
from taxiway.store.engine import Store


@dataclass(frozen=True, slots=True)
class Runtime:
    """One running instance, as flows and routes see it."""

    store: Store
    clock: Clock
    entropy: Entropy
    workers: Workers
    keys: Keys
    blobs: Blobs
    urls: Urls
