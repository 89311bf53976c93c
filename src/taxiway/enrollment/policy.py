"""How a tenant's devices may enroll besides the usual way (04 sections 3.3, 4 and 14.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
import sqlalchemy as sa
from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.tables import enrollment_policy
from taxiway.store import Tx, UnknownProperty


class EnrollmentPolicy(Struct, frozen=True, forbid_unknown_fields=True):
    """Each default is the safe one.

    ``on_premise``: enrollment by user name and password, which can show no second factor (section 4.3).
    ``certificate``: enrollment by the certificate of a joined device alone, for its owner (section 4.4).
    ``in_maintenance``: every request is told to come back later (section 12.3).
    ``highest_version``: of the protocol, offered to clients that ask for at least that (section 3.3).
    """

    on_premise: bool = False
    certificate: bool = False
    in_maintenance: bool = False
    highest_version: Literal["3.0", "4.0", "5.0", "6.0", "7.0"] = "4.0"


def enrollment_policy_of(tx: Tx) -> EnrollmentPolicy:
    """The tenant's switches."""
    doc = tx.scalar(sa.select(enrollment_policy.c.doc).where(enrollment_policy.c.tenant == tx.tenant))
    return EnrollmentPolicy() if doc is None else msgspec.convert(doc, EnrollmentPolicy)


def update_enrollment_policy(tx: Tx, changes: Mapping[str, Any], *, principal: Principal) -> EnrollmentPolicy:
    """Change switches; takes the role that may change who enrolls."""
    directory.require(tx, principal, "policies.mdm.update")
    try:
        policy = msgspec.convert({**msgspec.to_builtins(enrollment_policy_of(tx)), **changes}, EnrollmentPolicy)
    except msgspec.ValidationError as error:
        raise UnknownProperty(f"The enrollment policy does not take this: {error}.") from error
    doc = msgspec.to_builtins(policy)
    tx.execute(sa.delete(enrollment_policy).where(enrollment_policy.c.tenant == tx.tenant))
    tx.execute(sa.insert(enrollment_policy).values(tenant=tx.tenant, doc=doc))
    tx.log("enrollment_policy.changed", subject=f"tenant:{tx.tenant}", what=dict(changes))
    return policy
