"""Who may do what: role, scope tag, administrative unit -> yes or no with reasons (design, rule 7; 01 sections 2, 3).

An action is ``<area>.<verb>``; the longest area that is listed decides. A face checks that a token carries the scope
its route needs; services call ``require`` here, with the object where it is one that a unit or a scope can hold.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa

from taxiway.directory import roles, unit_members
from taxiway.directory.entities import ROLE_DEFINITIONS, ROLE_SCOPE_TAGS
from taxiway.directory.errors import Forbidden, Invalid
from taxiway.directory.grants import Grant, Object, intune_grants
from taxiway.directory.tables import role_assignment
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason
from taxiway.store import SYSTEM, Entity, Holds, NotFound, Row, Tx, Where

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
    #: The application that asks, for itself or for a person.
    app: str = ""


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
    "intune_roles": _INTUNE,
    "units": frozenset({roles.PRIVILEGED_ROLE_ADMINISTRATOR}),
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


#: Who sees all of Intune whatever other roles say.
_UNRESTRICTED = frozenset({roles.GLOBAL_ADMINISTRATOR, roles.GLOBAL_READER, roles.INTUNE_ADMINISTRATOR})
#: Under which names an entity keeps its scope tags.
_TAGS = ("role_scope_tag_ids", "role_scope_tags")


def decide(tx: Tx, principal: Principal, action: str, on: Object | None = None) -> Decision[bool]:
    """Whether ``principal`` may do ``action`` in the transaction's tenant, and why; ``on``: to which object."""
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
    return _decide_user(tx, principal, action, area, on)


def require(tx: Tx, principal: Principal, action: str, on: Object | None = None) -> None:
    """Raise ``Forbidden`` with the reasons unless ``principal`` may do ``action``."""
    decision = decide(tx, principal, action, on)
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


def visible(tx: Tx, principal: Principal, entity: Entity) -> Where | None:
    """Which rows of an entity a principal may see: None for all of them, else those with one of its scope tags."""
    name, tags = tags_property(entity), _tags_of(tx, principal)
    return None if name is None or tags is None else Holds(name, tuple(sorted(tags)))


def sees(tx: Tx, principal: Principal, entity: Entity, row: Row) -> bool:
    """Whether a principal may see one row."""
    name, tags = tags_property(entity), _tags_of(tx, principal)
    return name is None or tags is None or bool(tags & set(row[name] or ()))


def tagged(
    tx: Tx, principal: Principal, entity: Entity, values: Mapping[str, Any], before: Row | None = None
) -> dict[str, Any]:
    """``values`` of a row with the scope tags that it may have: a new one takes its maker's, none is given away."""
    made = dict(values)
    name, tags = tags_property(entity), _tags_of(tx, principal)
    if name is None:
        return made
    if before is None and tags is not None and not made.get(name):
        made[name] = sorted(tags)
    kept = set(before[name] or ()) if before else set()
    new = set(made.get(name) or ()) - kept
    _require_tags(tx, new)
    if tags is not None and new - tags:
        raise Forbidden(f"The scope tag '{min(new - tags)}' is not yours to give.")
    if tags is not None and name in made and not tags & set(made[name]):
        raise Forbidden("This would take the object out of your sight: keep one of your own scope tags on it.")
    return made


def require_scope(tx: Tx, principal: Principal, group_ids: Iterable[str | None]) -> None:
    """Raise ``Forbidden`` unless whom an assignment names lies in the scope groups of the principal's roles.

    None stands for everybody, which only a role without scope groups reaches.
    """
    if principal.kind != "user" or principal.roles & _UNRESTRICTED:
        return
    grants = intune_grants(tx, principal.id)
    within = frozenset[str]().union(*(grant.groups for grant in grants))
    if grants and not any(grant.devices or grant.users for grant in grants) and not within.issuperset(group_ids):
        raise Forbidden("The assignment names groups outside the scope of your roles.")


def tags_property(entity: Entity) -> str | None:
    """Where an entity keeps its scope tags, if it has any."""
    return next((name for name in _TAGS if name in entity.props), None)


def _tags_of(tx: Tx, principal: Principal) -> frozenset[str] | None:
    """The scope tags that limit a principal; None where nothing does."""
    if principal.kind != "user" or principal.roles & _UNRESTRICTED:
        return None
    grants = intune_grants(tx, principal.id)
    return frozenset[str]().union(*(grant.tags for grant in grants)) if grants else None


def _require_tags(tx: Tx, tags: set[str]) -> None:
    for tag in sorted(tags - {"0"}):
        if ROLE_SCOPE_TAGS.get(tx, tag) is None:
            raise Invalid(f"There is no scope tag '{tag[:60]}'.")


def _decide_user(tx: Tx, principal: Principal, action: str, area: str, on: Object | None) -> Decision[bool]:
    permitted = AREAS.get(area, frozenset()) | {roles.GLOBAL_ADMINISTRATOR}
    held = principal.roles & permitted
    if held:
        names = sorted(roles.NAMES[role] for role in held)
        return yes(Reason("role", f"The role {names[0]} permits this.", {"roles": names}))
    for role_id in sorted(principal.roles - roles.NAMES.keys()):
        definition = ROLE_DEFINITIONS.get(tx, role_id)
        if definition is not None and _covers(definition["actions"], action):
            return yes(Reason("custom_role", f"The custom role {definition['display_name']} permits this."))
    granted = [grant for grant in intune_grants(tx, principal.id) if action in grant.actions]
    within = next((grant for grant in granted if grant.reaches(tx, on)), None)
    if within is not None:
        return yes(Reason("intune_role", f"The Intune role {within.role} permits this."))
    unit = _unit_over(tx, principal, action, permitted, on)
    if unit is not None:
        return yes(Reason("unit_role", "A role for an administrative unit that holds the object permits this."))
    return no(*_out_of_scope(granted), _missing(permitted))


def _unit_over(tx: Tx, principal: Principal, action: str, permitted: frozenset[str], on: Object | None) -> str | None:
    """The administrative unit for which the principal holds a role that permits the action, and that has the object."""
    if on is None:
        return None
    for row in unit_members.roles_over_units(tx, principal.id):
        custom = None if row["role_id"] in roles.NAMES else ROLE_DEFINITIONS.get(tx, row["role_id"])
        permits = row["role_id"] in permitted or (custom is not None and _covers(custom["actions"], action))
        if permits and unit_members.holds(tx, row["unit_id"], *on):
            return str(row["unit_id"])
    return None


def _out_of_scope(granted: list[Grant]) -> list[Reason]:
    return [Reason("out_of_scope", f"The Intune role {grant.role} does not reach this object.") for grant in granted]


def _missing(permitted: frozenset[str]) -> Reason:
    names = sorted(roles.NAMES[role] for role in permitted)
    return Reason("role_missing", f"This needs one of these roles: {', '.join(names)}.", {"roles": names})


def _covers(patterns: Iterable[str], action: str) -> bool:
    """Whether one of the actions of a custom role is this one, or an area (``autopilot.*``) that it lies in."""
    return any(action == name or (name.endswith(".*") and action.startswith(name[:-1])) for name in patterns)


def _area(action: str) -> str:
    """The longest listed area the action begins with; an action in no area is Global Administrator's alone."""
    parts = action.split(".")
    for length in range(len(parts), 0, -1):
        area = ".".join(parts[:length])
        if area in AREAS:
            return area
    return action
