"""Users and devices of an outside issuer, and the objects that stand for them in this tenant.

What the issuer calls them is never taken for an id of ours: each is kept under the issuer's name, so no issuer can
speak for a user or a device of the tenant, or of another issuer.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal

import sqlalchemy as sa

from taxiway import directory
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment.outside_tokens import Foreign
from taxiway.enrollment.tables import outside_identity
from taxiway.store import Row, Tx
from taxiway.wire.enroll import EnrollRequest

_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9'._-]")
_LICENSE: Final = "INTUNE_A"
Kind = Literal["user", "device"]

_i = outside_identity.c
_find = sa.select(_i.object_id).where(_i.tenant == sa.bindparam("t"), _i.hash == sa.bindparam("h"))
_forget = sa.delete(outside_identity).where(_i.tenant == sa.bindparam("t"), _i.object_id == sa.bindparam("o"))


def known_user(tx: Tx, foreign: Foreign) -> Row | None:
    """The user that stands for this one, if there is one yet."""
    object_id = _known(tx, "user", foreign.issuer, foreign.oid)
    return None if object_id is None else directory.find_user(tx, object_id)


def known_device(tx: Tx, foreign: Foreign) -> Row | None:
    """The Entra device that stands for this one, if there is one yet."""
    object_id = _known(tx, "device", foreign.issuer, foreign.device_id)
    return None if object_id is None else directory.find_device(tx, id=object_id)


def adopt_user(tx: Tx, foreign: Foreign) -> Row:
    """The user that stands for this one: a guest, licensed for Intune, who has no password here."""
    user = known_user(tx, foreign)
    if user is not None:
        return user
    tenant = directory.get_tenant(tx)
    user = directory.create_user(
        tx,
        principal=SYSTEM_PRINCIPAL,
        upn=_guest_name(tx, foreign, tenant["initial_domain"]),
        display_name=foreign.name.strip() or foreign.upn.strip() or "Guest",
        user_type="Guest",
        usage_location=tenant["country_letter_code"],
        mail=foreign.upn or None,
    )
    _keep(tx, "user", foreign.issuer, foreign.oid, user["id"])
    what = {"issuer": foreign.issuer, "oid": foreign.oid, "upn": foreign.upn}
    tx.log("outside.user_adopted", subject=f"user:{user['id']}", what=what)
    try:
        return directory.assign_licenses(tx, user["id"], [_LICENSE])
    except directory.LicenceRefused:
        return user  # the enrollment says so itself


def adopt_device(tx: Tx, foreign: Foreign, user: Row, request: EnrollRequest) -> Row:
    """The Entra device that stands for this one."""
    device = known_device(tx, foreign)
    if device is not None:
        return device
    device = directory.join_device(
        tx,
        display_name=(request.first("DeviceName") or "Windows device")[:256],
        os="Windows",
        os_version=(request.first("OSVersion") or "")[:60],
        trust_type="AzureAd",
        owner_id=user["id"],
    )
    _keep(tx, "device", foreign.issuer, foreign.device_id, device["id"])
    what = {"issuer": foreign.issuer, "device_id": foreign.device_id}
    tx.log("outside.device_adopted", subject=f"device:{device['id']}", what=what)
    return device


def forget_object(tx: Tx, object_id: str) -> None:
    """The user or device is gone; whoever comes again under that name is adopted anew."""
    tx.execute(_forget, {"t": tx.tenant, "o": object_id})


# ---------------------------------------------------------------------------------------------- inside


def _known(tx: Tx, kind: Kind, issuer: str, their_id: str | None) -> str | None:
    if their_id is None:
        return None
    found: str | None = tx.scalar(_find, {"t": tx.tenant, "h": _hash(kind, issuer, their_id)})
    return found


def _keep(tx: Tx, kind: Kind, issuer: str, their_id: str | None, object_id: str) -> None:
    values = {"hash": _hash(kind, issuer, their_id or ""), "object_id": object_id}
    tx.execute(sa.insert(outside_identity).values(tenant=tx.tenant, **values))


def _hash(kind: Kind, issuer: str, their_id: str) -> str:
    return hashlib.sha256(f"{kind}\n{issuer}\n{their_id}".encode()).hexdigest()


def _guest_name(tx: Tx, foreign: Foreign, domain: str) -> str:
    """The name of a guest as Entra makes it, told apart by the id where somebody has it already."""
    plain = _NOT_IN_NAMES.sub("_", foreign.upn or str(foreign.oid))[:48]
    name = f"{plain}#EXT#@{domain}"
    return name if directory.find_user(tx, name) is None else f"{plain}_{tx.entropy.below(10**6):06d}#EXT#@{domain}"
