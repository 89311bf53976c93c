"""One policy as the decision reads it: whom and what it is meant for, and what it asks.

Graph's own shape is what is stored. Everything in it that would be evaluated by Entra and is not evaluated here is
refused when the policy is saved, so that no policy promises more than it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from taxiway.directory import Invalid
from taxiway.kernel import NotImplementedHere

REGISTER_DEVICE = "urn:user:registerdevice"

State = Literal["enabled", "disabled", "enabledForReportingButNotEnforced"]
Control = Literal["block", "mfa", "compliantDevice", "domainJoinedDevice"]

_CONTROLS = frozenset({"block", "mfa", "compliantDevice", "domainJoinedDevice"})
_UNIVERSAL = {"clientAppTypes": ["all"]}


class Users(Struct, frozen=True, rename="camel"):
    """Who is meant: ids, or ``All`` and ``None`` among the users."""

    include_users: tuple[str, ...] = ()
    exclude_users: tuple[str, ...] = ()
    include_groups: tuple[str, ...] = ()
    exclude_groups: tuple[str, ...] = ()
    include_roles: tuple[str, ...] = ()
    exclude_roles: tuple[str, ...] = ()


class Applications(Struct, frozen=True, rename="camel"):
    """What is meant: the app ids of resources, ``All`` or ``None``, or user actions."""

    include_applications: tuple[str, ...] = ()
    exclude_applications: tuple[str, ...] = ()
    include_user_actions: tuple[str, ...] = ()


class Conditions(Struct, frozen=True, rename="camel"):
    """The conditions that are evaluated here."""

    users: Users = Users()
    applications: Applications = Applications()


class Grant(Struct, frozen=True, rename="camel"):
    """What is asked: all of the controls, or one of them."""

    operator: Literal["AND", "OR"] = "OR"
    built_in_controls: tuple[Control, ...] = field(default=(), name="builtInControls")


class Rule(Struct, frozen=True):
    """A policy."""

    id: str
    name: str
    state: State
    conditions: Conditions
    grant: Grant

    @property
    def enforced(self) -> bool:
        """Whether it decides, or only reports what it would have decided."""
        return self.state == "enabled"


def read_rule(row: Mapping[str, Any]) -> Rule:
    """The rule of a row; raises ``Invalid`` for what is wrong and ``NotImplementedHere`` for what is not evaluated."""
    conditions, grant = row.get("conditions") or {}, row.get("grant_controls") or {}
    _check_supported(conditions, grant, row.get("session_controls"))
    try:
        rule = Rule(
            id=row.get("id", ""),
            name=row.get("display_name") or "",
            state=msgspec.convert(row["state"], State),
            conditions=msgspec.convert(_without_nulls(conditions), Conditions),
            grant=msgspec.convert(_without_nulls(grant), Grant),
        )
    except msgspec.ValidationError as error:
        raise Invalid(f"The Conditional Access policy cannot be read: {error}.") from error
    _check_complete(rule)
    return rule


def _check_supported(conditions: Mapping[str, Any], grant: Mapping[str, Any], session: object) -> None:
    universal = {name for name, value in _UNIVERSAL.items() if conditions.get(name) == value}
    _refuse_others(conditions, {"users", "applications"} | universal, "Conditional Access condition")
    for part, known in (("users", Users), ("applications", Applications)):
        _refuse_others(conditions.get(part), set(known.__struct_encode_fields__), f"condition on {part}")
    _refuse_others(grant, set(Grant.__struct_encode_fields__), "grant control")
    _refuse_others(session, set(), "session control")
    asked = grant.get("builtInControls")
    for control in asked if isinstance(asked, list) else ():
        if isinstance(control, str) and control not in _CONTROLS:
            raise NotImplementedHere(f"The grant control '{control[:100]}' is not evaluated here.")


def _refuse_others(part: object, known: set[str], what: str) -> None:
    """Whatever is said beyond the known members; unset ones and annotations say nothing."""
    for name, value in part.items() if isinstance(part, Mapping) else ():
        if value and name not in known and "@odata" not in name:
            raise NotImplementedHere(f"The {what} '{str(name)[:100]}' is not evaluated here.")


def _check_complete(rule: Rule) -> None:
    users, applications, controls = rule.conditions.users, rule.conditions.applications, rule.grant.built_in_controls
    if not rule.name.strip():
        raise Invalid("A Conditional Access policy needs a displayName.")
    if not (users.include_users or users.include_groups or users.include_roles):
        raise Invalid("The policy names no users: 'conditions/users' must include some.")
    if not (applications.include_applications or applications.include_user_actions):
        raise Invalid("The policy names neither applications nor user actions.")
    if applications.include_applications and applications.include_user_actions:
        raise Invalid("A policy is for applications or for user actions, not for both.")
    if not controls:
        raise Invalid("The policy asks for nothing: 'grantControls/builtInControls' is empty.")
    if "block" in controls and len(controls) > 1:
        raise Invalid("'block' stands alone among the grant controls.")
    for action in applications.include_user_actions:
        if action != REGISTER_DEVICE:
            raise NotImplementedHere(f"The user action '{action[:100]}' is not evaluated here.")
    if applications.include_user_actions and set(controls) - {"mfa", "block"}:
        raise Invalid("For the registration of devices only 'mfa' or 'block' can be asked: there is no device yet.")


def _without_nulls(value: object) -> object:
    """Clients send every member, most of them null."""
    if isinstance(value, Mapping):
        return {name: _without_nulls(item) for name, item in value.items() if item is not None}
    return value
