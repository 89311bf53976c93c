"""The router: from a name to the tenant that holds it, and nothing else (design, rule 3).

The one place that looks across tenants. A key is a verified domain, a host name, a hardware claim, a certificate
thumbprint, the hash of an opaque credential or of an outside issuer with an audience; its value is a tenant id and
nothing more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sqlalchemy as sa

from taxiway.store.errors import AlreadyExists
from taxiway.store.schema import metadata
from taxiway.store.unit import Tx

RouterKind = Literal["domain", "host", "hardware", "certificate", "credential", "issuer", "tenant"]

router = sa.Table(
    "router",
    metadata,
    sa.Column("kind", sa.String(20), primary_key=True),
    sa.Column("key", sa.String(300), primary_key=True),
    sa.Column("tenant", sa.String(64), nullable=False),
)

_find = sa.select(router.c.tenant).where(router.c.kind == sa.bindparam("k"), router.c.key == sa.bindparam("v"))


#: Up to so many keys are looked up by a statement that is kept; no key is the empty text.
_FEW = 4
_find_few = sa.select(router.c.key, router.c.tenant).where(
    router.c.kind == sa.bindparam("k"), sa.or_(*(router.c.key == sa.bindparam(f"v{n}") for n in range(_FEW)))
)
_tenants = sa.select(router.c.key).where(router.c.kind == "tenant").order_by(router.c.key)


class ClaimedElsewhere(AlreadyExists):
    """Another tenant holds this key."""


_claim = sa.insert(router)


def claim(tx: Tx, kind: RouterKind, key: str) -> None:
    """Let ``key`` lead to the transaction's tenant; repeatable, refused when another tenant holds it."""
    holder = tenant_of(tx, kind, key)
    if holder is None:
        try:
            tx.attempt(_claim, [{"kind": kind, "key": key, "tenant": tx.tenant}])
        except sa.exc.IntegrityError as error:
            raise ClaimedElsewhere(f"This {kind} belongs to another tenant.") from error
    elif holder != tx.tenant:
        raise ClaimedElsewhere(f"This {kind} belongs to another tenant.")


def claim_all(tx: Tx, kind: RouterKind, keys: Sequence[str]) -> None:
    """Let every key lead to the transaction's tenant, or none when another tenant holds one of them."""
    held = holders(tx, kind, keys)
    if any(tenant != tx.tenant for tenant in held.values()):
        raise ClaimedElsewhere(f"This {kind} belongs to another tenant.")
    missing = [{"kind": kind, "key": key, "tenant": tx.tenant} for key in keys if key not in held]
    try:
        if missing:
            tx.attempt(_claim, missing)
    except sa.exc.IntegrityError as error:
        raise ClaimedElsewhere(f"This {kind} belongs to another tenant.") from error


def claim_for(tx: Tx, kind: RouterKind, keys: Sequence[str], tenant: str) -> None:
    """Let keys that nobody holds lead to another tenant: what this one has just given up in its favour."""
    if keys:
        try:
            tx.attempt(_claim, [{"kind": kind, "key": key, "tenant": tenant} for key in keys])
        except sa.exc.IntegrityError as error:
            raise ClaimedElsewhere(f"This {kind} belongs to another tenant.") from error


def release(tx: Tx, kind: RouterKind, key: str) -> None:
    """Forget ``key``, if the transaction's tenant holds it."""
    tx.execute(
        sa.delete(router).where(router.c.kind == kind, router.c.key == key, router.c.tenant == tx.tenant),
    )


def tenants(tx: Tx) -> list[str]:
    """Every tenant of the instance, for what runs on the clock in each of them."""
    return [row["key"] for row in tx.all(_tenants)]


def tenant_of(tx: Tx, kind: RouterKind, key: str) -> str | None:
    """The tenant that holds ``key``, or None."""
    found = tx.scalar(_find, {"k": kind, "v": key})
    return None if found is None else str(found)


def holders(tx: Tx, kind: RouterKind, keys: Sequence[str]) -> dict[str, str]:
    """Who holds which of these keys; keys that nobody holds are absent."""
    if len(keys) <= _FEW:
        padded = {f"v{number}": key for number, key in enumerate([*keys, *[""] * (_FEW - len(keys))])}
        return {row["key"]: row["tenant"] for row in tx.all(_find_few, {"k": kind, **padded})}
    found = sa.select(router.c.key, router.c.tenant).where(router.c.kind == kind, router.c.key.in_(keys))
    return {row["key"]: row["tenant"] for row in tx.all(found)}
