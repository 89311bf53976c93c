"""What can go wrong in the store.

TaxiwayError
  StoreError
    NotFound            no such row in this tenant
    AlreadyExists       a unique key is taken
    UnknownProperty     a property that the entity does not declare
    NotFilterable       a filter or order on something that has no column
    BadToken            a paging token that this store did not make
    Unsealable          a sealed value that no key of the ring opens
    NoDatabase          the database cannot be reached, or its driver is not installed
    WriteFailed         the transaction could not be committed: nothing of it happened
  Busy                  the queue of writes is full
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class StoreError(TaxiwayError):
    """Base of the store's errors."""


class NotFound(StoreError):
    """No such row in this tenant."""


class AlreadyExists(StoreError):
    """A unique key is taken."""


class UnknownProperty(StoreError):
    """A property that the entity does not declare."""


class NotFilterable(StoreError):
    """A filter or an order on something that has no column."""


class BadToken(StoreError):
    """A paging token that this store did not make."""


class Unsealable(StoreError):
    """A sealed value that no key of the ring opens."""


class NoDatabase(StoreError):
    """The database cannot be reached, or its driver is not installed."""


class WriteFailed(StoreError):
    """The transaction could not be committed: nothing of it happened."""
