"""Who may do what: role and custom role -> yes or no with reasons (design, rule 7; 01 sections 2 and 3).

An action is ``<area>.<verb>``; the longest area that is listed decides. A face checks that a token carries the scope
its route needs; services call ``require`` here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa

from taxiway.directory import roles
from taxiway.directory.entities import ROLE_DEFINITIONS
from taxiway.directory.errors import Forbidden
from taxiway.directory.tables import role_assignment
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import SYSTEM, NotFound, Tx

PrincipalKind = Literal["user", "app", "device", "system"]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who acts: what a verified token (or the program itself) proves."""

    kind: PrincipalKind
    id: str
    tenant: str
    roles: frozenset[str] = frozenset()
    scopes: frozenset[str] = frozenset()
    name: str = ""


SYSTEM_PRINCIPAL = Principal("system", "taxiway", SYSTEM, name="taxiway")

_INTUNE = frozenset({roles.INTUNE_ADMINISTRATOR})
_DEVICES = frozenset({roles.INTUNE_ADMINISTRATOR, roles.CLOUD_DEVICE_ADMINISTRATOR})
_USERS = frozenset({roles.USER_ADMINISTRATOR})
_APPLICATIONS = frozenset({roles.APPLICATION_ADMINISTRATOR, roles.CLOUD_APPLICATION_ADMINISTRATOR})
_AUTHENTICATION = frozenset({roles.AUTHENTICATION_ADMINISTRATOR, roles.PRIVILEGED_AUTHENTICATION_ADMINISTRATOR})

#: Which roles, besides Global Administrator, may act in an area.
AREAS: dict[str, frozenset[str]] = {
    "policies.mdm": frozenset(),
    "policies.registration": _DEVICES | {roles.WINDOWS_365_ADMINISTRATOR},
    "policies.registration.recovery": frozenset({roles.PRIVILEGED_ROLE_ADMINISTRATOR}),
    "organization": frozenset(),
    "organization.branding": frozenset({roles.ORGANIZATIONAL_BRANDING_ADMINISTRATOR}),
    "domains": frozenset(),
    "roles": frozenset({roles.PRIVILEGED_ROLE_ADMINISTRATOR}),
    "users": _USERS,
    "users.license": _USERS | {roles.LICENSE_ADMINISTRATOR},
    "users.password": _USERS | _AUTHENTICATION | {roles.HELPDESK_ADMINISTRATOR, roles.PASSWORD_ADMINISTRATOR},
    "users.access_pass": _AUTHENTICATION,
    "groups": frozenset({roles.GROUPS_ADMINISTRATOR, roles.USER_ADMINISTRATOR, roles.INTUNE_ADMINISTRATOR}),
    "groups.evaluate": frozenset({roles.GROUPS_ADMINISTRATOR, roles.INTUNE_ADMINISTRATOR}),
    "devices": _DEVICES,
    "devices.delete": _DEVICES | {roles.WINDOWS_365_ADMINISTRATOR},
    "recovery_keys": _DEVICES | {roles.SECURITY_ADMINISTRATOR, roles.HELPDESK_ADMINISTRATOR},
    "local_credentials": _DEVICES | {roles.SECURITY_ADMINISTRATOR, roles.HELPDESK_ADMINISTRATOR, roles.GLOBAL_READER},
    "local_credentials.reveal": _DEVICES,
    "conditional_access": frozenset({roles.CONDITIONAL_ACCESS_ADMINISTRATOR, roles.SECURITY_ADMINISTRATOR}),
    "policies.signin": frozenset({roles.SECURITY_ADMINISTRATOR}),
    "applications": _APPLICATIONS,
    "applications.consent.graph": frozenset({roles.PRIVILEGED_ROLE_ADMINISTRATOR}),
    "assignments": _INTUNE,
    "filters": _INTUNE,
    "scope_tags": _INTUNE,
    "audit": frozenset({roles.SECURITY_ADMINISTRATOR, roles.GLOBAL_READER}),
    "audit.intune": _INTUNE | {roles.GLOBAL_READER},
    "autopilot": _INTUNE,
    "enrollment": _INTUNE,
    "management": _INTUNE,
    "apps": _INTUNE,
}

#: Areas where only a signed-in person may act: the original has no application permission for them (02 section 5.1).
PEOPLE_ONLY = frozenset({"policies.mdm"})


_roles_of = sa.select(role_assignment.c.role_id).where(
    role_assignment.c.tenant == sa.bindparam("t"), role_assignment.c.user_id == sa.bindparam("u")
)


def decide(tx: Tx, principal: Principal, action: str) -> Decision[bool]:
    """Whether ``principal`` may do ``action`` in the transaction's tenant, and why."""
    if principal.kind == "system":
        return yes(Reason("system", "The program itself acts."))
    if principal.tenant != tx.tenant:
        return no(Reason("other_tenant", "The caller belongs to another tenant."))
    area = _area(action)
    if principal.kind == "app":
        if area in PEOPLE_ONLY:
            return no(Reason("people_only", "Only a signed-in administrator may do this, not an application."))
        return yes(Reason("app_permission", "The application acts by its own permissions, which the face has checked."))
    if principal.kind == "device":
        return no(Reason("device", "A device may not administer the tenant."))
    return _decide_user(tx, principal, action, area)


def require(tx: Tx, principal: Principal, action: str) -> None:
    """Raise ``Forbidden`` with the reasons unless ``principal`` may do ``action``."""
    decision = decide(tx, principal, action)
    if not decision.value:
        raise Forbidden(
            f"Insufficient privileges for '{action}'.",
            reasons=decision.reasons,
            remedy="Ask a Global Administrator for one of the roles named in the reasons.",
        )


def roles_of(tx: Tx, user_id: str) -> frozenset[str]:
    """The role template ids (and custom role ids) a user holds."""
    return frozenset(row["role_id"] for row in tx.all(_roles_of, {"t": tx.tenant, "u": user_id}))


def holders_of(tx: Tx, role_id: str) -> frozenset[str]:
    """The users who hold a role."""
    held = sa.select(role_assignment.c.user_id).where(
        role_assignment.c.tenant == tx.tenant, role_assignment.c.role_id == role_id
    )
    return frozenset(row["user_id"] for row in tx.all(held))


def assign_role(tx: Tx, user_id: str, template_id: str, *, principal: Principal) -> None:
    """Give a user a built-in or custom role; repeatable."""
    require(tx, principal, "roles.assign")
    if template_id not in roles.NAMES and ROLE_DEFINITIONS.get(tx, template_id) is None:
        raise NotFound(f"There is no role '{template_id}'.")
    if template_id in roles_of(tx, user_id):
        return
    tx.execute(sa.insert(role_assignment).values(tenant=tx.tenant, user_id=user_id, role_id=template_id))
    tx.log("role.assigned", subject=f"user:{user_id}", what={"role": template_id, "name": roles.NAMES.get(template_id)})


def remove_role(tx: Tx, user_id: str, template_id: str, *, principal: Principal) -> None:
    """Take a role from a user."""
    require(tx, principal, "roles.assign")
    mine = (role_assignment.c.tenant == tx.tenant) & (role_assignment.c.user_id == user_id)
    if tx.execute(sa.delete(role_assignment).where(mine, role_assignment.c.role_id == template_id)).rowcount:
        tx.log("role.removed", subject=f"user:{user_id}", what={"role": template_id})


def _decide_user(tx: Tx, principal: Principal, action: str, area: str) -> Decision[bool]:
    permitted = AREAS.get(area, frozenset()) | {roles.GLOBAL_ADMINISTRATOR}
    held = principal.roles & permitted
    if held:
        names = sorted(roles.NAMES[role] for role in held)
        return yes(Reason("role", f"The role {names[0]} permits this.", {"roles": names}))
    for role_id in sorted(principal.roles - roles.NAMES.keys()):
        definition = ROLE_DEFINITIONS.get(tx, role_id)
        if definition is not None and {action, f"{area}.*"} & set(definition["actions"]):
            return yes(Reason("custom_role", f"The custom role {definition['display_name']} permits this."))
    names = sorted(roles.NAMES[role] for role in permitted)
    return no(Reason("role_missing", f"This needs one of these roles: {', '.join(names)}.", {"roles": names}))


def _area(action: str) -> str:
    """The longest listed area the action begins with; an action in no area is Global Administrator's alone."""
    parts = action.split(".")
    for length in range(len(parts), 0, -1):
        area = ".".join(parts[:length])
        if area in AREAS:
            return area
    return action
