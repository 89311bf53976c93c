"""How a tenant's devices may enroll besides the usual way (04 sections 3.3, 4, 5.3 and 14.5)."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Meta, Struct

from taxiway import directory, signin
from taxiway.directory import Principal
from taxiway.enrollment.tables import enrollment_policy
from taxiway.store import Tx, UnknownProperty, router

_GUID = r"\A[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\Z"
_Text = Annotated[str, Meta(min_length=1, max_length=500)]


_doc = sa.select(enrollment_policy.c.doc).where(enrollment_policy.c.tenant == sa.bindparam("t"))


class TrustedIssuer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An issuer whose access tokens enroll devices here, such as a real Entra tenant.

    ``issuer``: exactly as its tokens have it; ``tenant_id``: the only ``tid`` that it may speak for; ``audiences``:
    what its tokens for this service are made out to; ``jwks_url``: where its keys are.
    """

    issuer: _Text
    tenant_id: Annotated[str, Meta(pattern=_GUID)]
    audiences: Annotated[list[_Text], Meta(min_length=1, max_length=10)]
    jwks_url: _Text


class EnrollmentPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Each default is the safe one.

    ``on_premise``: enrollment by user name and password, which can show no second factor (section 4.3).
    ``certificate``: enrollment by the certificate of a joined device alone, for its owner (section 4.4).
    ``recovery``: a joined device that lost its management key gets another one for its token (section 14.5).
    ``in_maintenance``: every request is told to come back later (section 12.3).
    ``highest_version``: of the protocol, offered to clients that ask for at least that (section 3.3).
    ``trusted_issuers``: whose tokens are believed besides our own.
    ``session_credentials``: what a management session asks for inside SyncML besides the certificate (05 section 4).
    """

    on_premise: bool = False
    certificate: bool = False
    recovery: bool = False
    in_maintenance: bool = False
    highest_version: Literal["3.0", "4.0", "5.0", "6.0", "7.0"] = "4.0"
    trusted_issuers: Annotated[list[TrustedIssuer], Meta(max_length=10)] = []
    session_credentials: Literal["none", "md5", "basic"] = "none"


def enrollment_policy_of(tx: Tx) -> EnrollmentPolicy:
    """The tenant's switches."""
    doc = tx.scalar(_doc, {"t": tx.tenant})
    return EnrollmentPolicy() if doc is None else msgspec.convert(doc, EnrollmentPolicy)


def update_enrollment_policy(tx: Tx, changes: Mapping[str, Any], *, principal: Principal) -> EnrollmentPolicy:
    """Change switches; takes the role that may change who enrolls. Raises ``UnknownProperty`` or ``ClaimedElsewhere``.

    An issuer with an audience leads to one tenant of the instance, so another tenant cannot trust the same pair.
    """
    directory.require(tx, principal, "policies.mdm.update")
    before = enrollment_policy_of(tx)
    try:
        policy = msgspec.convert({**msgspec.to_builtins(before), **changes}, EnrollmentPolicy)
    except msgspec.ValidationError as error:
        raise UnknownProperty(f"The enrollment policy does not take this: {error}.") from error
    _check_addresses(policy)
    _lead_here(tx, before, policy)
    doc = msgspec.to_builtins(policy)
    tx.execute(sa.delete(enrollment_policy).where(enrollment_policy.c.tenant == tx.tenant))
    tx.execute(sa.insert(enrollment_policy).values(tenant=tx.tenant, doc=doc))
    tx.log("enrollment_policy.changed", subject=f"tenant:{tx.tenant}", what=dict(changes))
    return policy


def issuer_key(issuer: str, audience: str) -> str:
    """Under which key the router leads from an issuer's token to the tenant that trusts it."""
    return hashlib.sha256(f"{issuer}\n{audience.rstrip('/')}".encode()).hexdigest()


def _check_addresses(policy: EnrollmentPolicy) -> None:
    for trusted in policy.trusted_issuers:
        if not signin.is_https(trusted.issuer) or not signin.is_https(trusted.jwks_url):
            raise UnknownProperty("The issuer and the address of its keys begin with https.")


def _lead_here(tx: Tx, before: EnrollmentPolicy, after: EnrollmentPolicy) -> None:
    old, new = _keys(before), _keys(after)
    for key in sorted(old - new):
        router.release(tx, "issuer", key)
    for key in sorted(new - old):
        router.claim(tx, "issuer", key)


def _keys(policy: EnrollmentPolicy) -> set[str]:
    trusted = policy.trusted_issuers
    return {issuer_key(each.issuer, audience) for each in trusted for audience in each.audiences}
