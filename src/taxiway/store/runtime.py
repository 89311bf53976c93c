"""What asynchronous code is handed: the store and everything that must not be reached for (design, rule 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from taxiway.kernel import Clock, Entropy, Keys, Urls, Workers
from taxiway.store.blobs import Blobs
from taxiway.store.engine import Store

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True, slots=True)
class Runtime:
    """One running instance, as flows and routes see it."""

    store: Store
    clock: Clock
    entropy: Entropy
    workers: Workers
    keys: Keys
    blobs: Blobs
    #: The family of addresses that answers carry. Another family is served by the same runtime with other ``urls``.
    urls: Urls
    #: The families of this instance besides: what they issued is good here too.
    others: tuple[Urls, ...] = ()
    #: The way to servers that are not ours; without one nothing is asked of any.
    outside: httpx.AsyncBaseTransport | None = None

    @property
    def families(self) -> tuple[Urls, ...]:
        """Every family of addresses of this instance, the one that answers first."""
        return (self.urls, *(urls for urls in self.others if urls != self.urls))
