"""Switches of the tenant's device management."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.directory import Principal, require
from taxiway.management.tables import management_settings
from taxiway.store import Tx

_secure_by_default = sa.select(management_settings.c.secure_by_default).where(
    management_settings.c.tenant == sa.bindparam("t")
)


def secure_by_default(tx: Tx) -> bool:
    """Whether a device without a compliance policy counts as not compliant (R-125)."""
    return bool(tx.scalar(_secure_by_default, {"t": tx.tenant}))


def set_secure_by_default(tx: Tx, value: bool, *, principal: Principal) -> None:
    """Set the switch; devices follow at their next check-in."""
    require(tx, principal, "management.write")
    tx.execute(sa.delete(management_settings).where(management_settings.c.tenant == tx.tenant))
    tx.execute(sa.insert(management_settings).values(tenant=tx.tenant, secure_by_default=value))
    tx.log("management_settings.changed", subject=f"tenant:{tx.tenant}", what={"secure_by_default": value})
