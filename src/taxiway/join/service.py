"""May this user join this hardware, as which object, and what follows (03 sections 8.3, 8.6 and 8.10)."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from cryptography import x509

from taxiway import autopilot, directory, pki, signin
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.join.errors import DirectoryTrouble, MfaMissing, NotAllowed, QuotaReached, RegistrationError
from taxiway.join.model import Wanted
from taxiway.join.tables import joined_key
from taxiway.kernel import Reason
from taxiway.store import NotFound, Row, Tx, eq
from taxiway.wire.device_certificate import sid
from taxiway.wire.join import ENTRA_JOIN, LOCAL_ADMINISTRATORS, MembershipChange

_REFUSALS: dict[str, type[RegistrationError]] = {
    "join.not_allowed": NotAllowed,
    "join.mfa_required": MfaMissing,
    "join.quota": QuotaReached,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What a join will do. ``before``: the object it takes over; ``certificate``: of a join that is merely repeated.

    ``bulk``: a provisioning package joins, so the device is nobody's and counts against nobody's quota.
    """

    user: Row
    ztdid: str | None
    before: Row | None
    reasons: tuple[Reason, ...]
    certificate: x509.Certificate | None = None
    administrators: tuple[MembershipChange, ...] = field(default=())
    bulk: bool = False


def admit(tx: Tx, claims: signin.Claims, ticket: autopilot.Ticket | None) -> Plan:
    """Whether the user may join this hardware, in the order of the specification; raises the refusal."""
    user = directory.USERS.require(tx, claims.oid or "")
    ztdid = ticket.ztdid if ticket is not None and ticket.tenant == tx.tenant else None
    if ticket is not None and ticket.tenant not in {None, tx.tenant}:
        reason = Reason("join.other_tenant", "The hardware is registered in another tenant.")
        raise NotAllowed("This device belongs to another organization.", reasons=[reason])
    _check_assigned(tx, ztdid, user)
    before = _anchor(tx, ztdid) if ztdid is not None else None
    bulk = claims.app_id == signin.BULK_CLIENT
    mine = before is not None and before["registered_at"] is not None and before["owner_id"] == user["id"]
    if not bulk:
        _check_conditional_access(tx, user, had_mfa=claims.had_mfa)
    decision = directory.may_join(tx, user, had_mfa=claims.had_mfa, reuse=mine or bulk)
    if not decision.value:
        last = decision.reasons[-1]
        raise _REFUSALS.get(last.code, NotAllowed)(last.text, reasons=decision.reasons)
    return Plan(user, ztdid, before, decision.reasons, bulk=bulk)


def settle(tx: Tx, plan: Plan, wanted: Wanted) -> Plan:
    """Add what depends on the keys: a repeated join finds its own result again."""
    known = _joined(tx, wanted.key_hash)
    _check_unique(tx, plan, wanted)
    if known is not None:
        device = directory.find_device(tx, id=known["device"])
        if known["user_id"] != plan.user["id"] or (plan.before is not None and known["device"] != plan.before["id"]):
            raise _key_known()
        issued = pki.certificates_of(tx, f"device:{known['device']}", "device")
        live = [row for row in issued if row["revoked_at"] is None]
        if device is not None and device["account_enabled"] and live and _same_transport(known, wanted):
            certificate = x509.load_der_x509_certificate(b64decode(live[-1]["der"]))
            members = administrators(tx, plan, wanted)
            return replace(plan, before=device, certificate=certificate, administrators=members)
        if plan.before is None and device is not None:
            return replace(plan, before=device)
    return plan


def record(tx: Tx, plan: Plan, wanted: Wanted, certificate: x509.Certificate, claims: signin.Claims) -> Row:
    """Make or take over the object, keep the certificate, and end what rested on an earlier join."""
    names = [str(attribute.value) for attribute in certificate.subject]
    before = plan.before
    if before is not None:
        _forget(tx, before)
    try:
        device = directory.join_device(
            tx,
            device_id=before["device_id"] if before is not None else None,
            new_device_id=names[0],
            owner_id=None if plan.bulk else plan.user["id"],
            display_name=wanted.request.device_display_name or _name_of(before),
            os=wanted.request.device_type or "Windows",
            os_version=wanted.request.os_version,
            trust_type=wanted.trust_type,
            transport_key=wanted.transport_key,
            alternative_security_ids=[_security_id(certificate, wanted)],
            registration_auth_methods=list(claims.amr),
        )
    except NotFound as error:
        raise DirectoryTrouble("The device object was deleted.", remedy="Register the hardware again.") from error
    pki.record(tx, certificate, purpose="device", subject=f"device:{device['id']}")
    tx.execute(
        sa.insert(joined_key).values(
            tenant=tx.tenant,
            key_hash=wanted.key_hash,
            device=device["id"],
            user_id=plan.user["id"],
            transport_hash=wanted.transport_hash,
            joined_at=tx.now,
        )
    )
    subject = f"autopilot:{plan.ztdid}" if plan.ztdid else f"device:{device['id']}"
    what = {"device_id": device["device_id"], "upn": plan.user["user_principal_name"], "trust": wanted.trust_type}
    tx.log("join.completed", subject=subject, what=what, why=plan.reasons)
    return device


def administrators(tx: Tx, plan: Plan, wanted: Wanted) -> tuple[MembershipChange, ...]:
    """Who becomes local administrator: two roles, and the joining user unless the profile says standard (01 R-101).

    A package is no user.
    """
    if wanted.request.join_type != ENTRA_JOIN:
        return ()
    policy = directory.registration_policy(tx)
    members = [directory.LOCAL_ADMINISTRATOR_DEVICE]
    if policy["global_admins_are_local_admins"]:
        members.insert(0, directory.GLOBAL_ADMINISTRATOR)
    if not plan.bulk and not _standard_user(tx, plan.ztdid) and _registering_user(tx, policy, plan.user):
        members.append(plan.user["id"])
    return (MembershipChange(LOCAL_ADMINISTRATORS, tuple(sid(UUID(member)) for member in members)),)


def leave(tx: Tx, device: Row) -> None:
    """The device takes itself out: the object goes, or turns back into the anchor of registered hardware."""
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
    tx.log("device.left", subject=subject, what={"device_id": device["device_id"]})
    if not device["ztdid"]:
        directory.delete_device(tx, device["id"], principal=SYSTEM_PRINCIPAL)
        return
    _forget(tx, device)
    unjoined: dict[str, Any] = {
        "registered_at": None,
        "owner_id": None,
        "registered_user_ids": [],
        "transport_key": None,
    }
    directory.update_device(tx, device["id"], {**unjoined, "is_managed": None, "is_compliant": None})


def forget_keys(tx: Tx, device: str) -> None:
    """No key joins as this object any more, and its certificates no longer open a door."""
    pki.revoke(tx, subject=f"device:{device}", purpose="device")
    tx.execute(sa.delete(joined_key).where(joined_key.c.tenant == tx.tenant, joined_key.c.device == device))


# ---------------------------------------------------------------------------------------------- inside


def _check_assigned(tx: Tx, ztdid: str | None, user: Row) -> None:
    """The page enforced this already; a token from elsewhere does not get around it (01 R-106, P-31)."""
    assigned = autopilot.assigned_user(tx, ztdid) if ztdid is not None else None
    if assigned is not None and assigned["id"] != user["id"]:
        reason = Reason("join.assigned_user", f"The device is assigned to {assigned['user_principal_name']}.")
        raise NotAllowed("This device is assigned to somebody else.", reasons=[reason])


def _check_conditional_access(tx: Tx, user: Row, *, had_mfa: bool) -> None:
    """Policies for the user action 'register or join devices'."""
    decision = signin.decide(tx, signin.Attempt(user["id"], action=signin.REGISTER_DEVICE, had_mfa=had_mfa))
    if decision.value.outcome != "allowed":
        error = signin.refusal(decision)
        kind = MfaMissing if decision.value.outcome == "mfa" else NotAllowed
        raise kind(error.message, reasons=decision.reasons, remedy=error.remedy)


def _anchor(tx: Tx, ztdid: str) -> Row:
    found = directory.DEVICES.find(tx, eq("ztdid", ztdid))
    if found is None:
        reason = Reason("join.no_anchor", "The device object that the registration reserved was deleted.")
        raise DirectoryTrouble(
            "The device object of this hardware was not found.", reasons=[reason], remedy="Register the hardware again."
        )
    return found


def _joined(tx: Tx, key_hash: str) -> Row | None:
    mine = (joined_key.c.tenant == tx.tenant) & (joined_key.c.key_hash == key_hash)
    return tx.one(sa.select(joined_key).where(mine))


def _check_unique(tx: Tx, plan: Plan, wanted: Wanted) -> None:
    """Neither key is one of another device, as whichever of its two (03 section 15.16)."""
    hashes = (wanted.key_hash, wanted.transport_hash)
    same = joined_key.c.key_hash.in_(hashes) | joined_key.c.transport_hash.in_(hashes)
    others = (joined_key.c.tenant == tx.tenant) & (joined_key.c.key_hash != wanted.key_hash)
    before = plan.before["id"] if plan.before is not None else None
    if any(row["device"] != before for row in tx.all(sa.select(joined_key.c.device).where(others, same))):
        raise _key_known()


def _key_known() -> NotAllowed:
    reason = Reason("join.key_known", "Another device or user joined with this key.")
    return NotAllowed("The key is already in use.", reasons=[reason])


def _same_transport(known: Row, wanted: Wanted) -> bool:
    return bool(known["transport_hash"] == wanted.transport_hash)


def _forget(tx: Tx, device: Row) -> None:
    """An earlier join of the object ends: certificates, sign-ins, Hello keys (03 section 7.9)."""
    forget_keys(tx, device["id"])
    signin.revoke_for_device(tx, device["device_id"])
    signin.forget_hello_keys(tx, device["device_id"])


def _name_of(before: Row | None) -> str:
    return str(before["display_name"]) if before is not None else "Windows"


def _security_id(certificate: x509.Certificate, wanted: Wanted) -> dict[str, Any]:
    """Which certificate and key the object answers to, as the directory writes it (03 section 8.6)."""
    digest = b64encode(bytes.fromhex(wanted.key_hash)).decode()
    text = f"X509:<SHA1-TP-PUBKEY>{pki.thumbprint(certificate)}{digest}"
    return {"type": 2, "identityProvider": None, "key": b64encode(text.encode("utf-16-le")).decode()}


def _standard_user(tx: Tx, ztdid: str | None) -> bool:
    record_ = autopilot.record_of(tx, ztdid) if ztdid is not None else None
    profile = autopilot.effective_profile(tx, record_["id"]).value if record_ is not None else None
    return profile is not None and autopilot.switches(profile)["user_type"] == "standard"


def _registering_user(tx: Tx, policy: Row, user: Row) -> bool:
    match policy["registering_users_are_local_admins"]:
        case "none":
            return False
        case "selected":
            groups = directory.groups_of(tx, "user", user["id"])
            return user["id"] in policy["registering_admin_users"] or bool(
                groups & set(policy["registering_admin_groups"])
            )
        case _:
            return True
