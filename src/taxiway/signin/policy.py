"""The tenant's sign-in switches (03 section 16)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.signin.tables import signin_policy
from taxiway.store import Tx, UnknownProperty


class Policy(Struct, frozen=True, forbid_unknown_fields=True):
    """Each default is the safe one.

    ``ropc_enabled``: the password grant, for seeded first-party clients only (03 section 15.2).
    ``seeded_without_challenge``: seeded first-party clients may go without PKCE, as Windows itself, himmelblau and
    AADInternals do (03 section 15.3).
    ``broker_device_code``: the device code flow also for the broker and for device registration (03 section 15.9).
    ``allow_kdf_v1``: the older key derivation, which himmelblau and AADInternals still use (03 section 7.4).
    ``gcm_replies``: authenticated encryption of broker replies instead of the historic one.
    ``foci``: a refresh token of one client of the family is good for the others (03 section 5.4).
    """

    ropc_enabled: bool = False
    seeded_without_challenge: bool = False
    broker_device_code: bool = False
    allow_kdf_v1: bool = False
    gcm_replies: bool = False
    foci: bool = False


def signin_policy_of(tx: Tx) -> Policy:
    """The tenant's switches."""
    doc = tx.scalar(sa.select(signin_policy.c.doc).where(signin_policy.c.tenant == tx.tenant))
    return Policy() if doc is None else msgspec.convert(doc, Policy)


def update_signin_policy(tx: Tx, changes: Mapping[str, Any], *, principal: Principal) -> Policy:
    """Change switches; takes the role that may change authentication."""
    directory.require(tx, principal, "policies.signin.update")
    try:
        policy = msgspec.convert({**msgspec.structs.asdict(signin_policy_of(tx)), **changes}, Policy)
    except msgspec.ValidationError as error:
        raise UnknownProperty(f"The sign-in policy does not take this: {error}.") from error
    doc = msgspec.structs.asdict(policy)
    mine = signin_policy.c.tenant == tx.tenant
    if tx.execute(sa.update(signin_policy).where(mine).values(doc=doc)).rowcount == 0:
        tx.execute(sa.insert(signin_policy).values(tenant=tx.tenant, doc=doc))
    tx.log("signin_policy.changed", subject=f"tenant:{tx.tenant}", what=dict(changes))
    return policy
