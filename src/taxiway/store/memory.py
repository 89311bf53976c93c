"""What is worked out from rows and remembered by what it rests on: never more than the database can say again."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from taxiway.store.sealing import KeyRing
from taxiway.store.unit import Tx

_T = TypeVar("_T")


class Memory(Generic[_T]):
    """Results by key, apart for each store: one that is closed takes what was remembered of it, and its secrets, along.

    A store is told by its key ring. Two runs of one seed in one process have equal words and different stores.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._stores: WeakKeyDictionary[KeyRing, dict[Hashable, _T]] = WeakKeyDictionary()

    def recall(self, tx: Tx, key: Hashable, make: Callable[[], _T]) -> _T:
        """What is remembered under the key, made when nothing is; when there is too much, all of it goes."""
        kept = self._stores.setdefault(tx.ring, {})
        found = kept.get(key)
        if found is None:
            found = make()
            if len(kept) >= self._most:
                kept.clear()
            kept[key] = found
        return found
