"""Tenant policies that several stages read: the MDM user scope, and who may join.

(01 sections 2 and 3; 02 section 5)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from taxiway.directory import access, membership, tenants
from taxiway.directory.access import Principal
from taxiway.directory.catalogue import INTUNE_APP_ID
from taxiway.directory.devices import owned_devices
from taxiway.directory.entities import GROUPS, MAM_POLICIES, MDM_POLICIES, REGISTRATION_POLICIES
from taxiway.directory.errors import Invalid
from taxiway.directory.verdicts import no, yes
from taxiway.kernel import Decision, Reason, Urls
from taxiway.store import NotFound, Repository, Row, Tx

_POLICY = "deviceRegistrationPolicy"
_SCOPES = ("none", "selected", "all")
_URLS = ("discovery_url", "terms_of_use_url", "compliance_url")
_MOST = 100


def mdm_policy(tx: Tx, urls: Urls | None = None) -> Row:
    """The MDM user scope; URLs that nobody set are this instance's own, of the family ``urls`` (01 R-07)."""
    return with_own_mdm_urls(stated_mdm_policy(tx), urls or tenants.addresses(tx))


def stated_mdm_policy(tx: Tx) -> Row:
    """The MDM user scope as it was set: a URL that nobody set is None."""
    return MDM_POLICIES.require(tx, INTUNE_APP_ID)


def with_own_mdm_urls(row: Row, urls: Urls) -> Row:
    """The policy as devices are told it."""
    defaults = {
        "discovery_url": f"{urls.mdm}/EnrollmentServer/Discovery.svc",
        "terms_of_use_url": f"{urls.mdm}/TermsOfUse",
        "compliance_url": f"{urls.people}/?portalAction=Compliance",
    }
    return row | {name: defaults[name] if row[name] is None else row[name] for name in _URLS}


def update_mdm_policy(tx: Tx, principal: Principal, changed: Mapping[str, Any]) -> Row:
    """Change scope, groups or URLs; a URL of None is the instance's own again. Global Administrator only (01 R-10)."""
    access.require(tx, principal, "policies.mdm.update")
    _change_scope(tx, MDM_POLICIES, changed)
    return mdm_policy(tx)


def restore_default_mdm_urls(tx: Tx, principal: Principal) -> Row:
    """Put the three URLs back to this instance's own (01 R-07)."""
    return update_mdm_policy(tx, principal, dict.fromkeys(_URLS))


def update_wip_policy(tx: Tx, principal: Principal, changed: Mapping[str, Any]) -> Row:
    """Change the user scope of app management without enrollment (WIP, also MAM)."""
    access.require(tx, principal, "policies.mdm.update")
    return _change_scope(tx, MAM_POLICIES, changed)


def wip_policy(tx: Tx) -> Row:
    """The user scope of app management without enrollment."""
    return MAM_POLICIES.require(tx, INTUNE_APP_ID)


def in_mdm_scope(tx: Tx, user_id: str, *, personal: bool = False) -> Decision[bool]:
    """Whether a user's join enrolls; on a ``personal`` device the WIP scope wins over the MDM scope (01 R-05, R-06)."""
    decision = _in_scope(tx, MDM_POLICIES.require(tx, INTUNE_APP_ID), user_id, "MDM")
    if decision.value and personal:
        other = _in_scope(tx, wip_policy(tx), user_id, "WIP")
        if other.value:
            text = "On a personal device the WIP user scope comes before the MDM user scope."
            return no(*decision.reasons, *other.reasons, Reason("scope.wip", text))
    return decision


def registration_policy(tx: Tx) -> Row:
    """Who may join or register devices, and how many; ``quota`` None means unlimited."""
    return REGISTRATION_POLICIES.require(tx, _POLICY)


def update_registration_policy(tx: Tx, principal: Principal, changed: Mapping[str, Any]) -> Row:
    """Change who may join; a quota above 100 is kept as 100 (01 R-15, R-22)."""
    area = "policies.registration"
    access.require(tx, principal, f"{area}.recovery" if "recovery_keys_restricted" in changed else area)
    values = dict(changed)
    if values.get("quota") is not None:
        values["quota"] = _quota(values["quota"])
    for name in ("join_allowed", "registering_users_are_local_admins"):
        if name in values and values[name] not in _SCOPES:
            raise Invalid(f"'{values[name]}' is none of {', '.join(_SCOPES)}.")
    if values.get("registration_allowed", "all") != "all":
        raise Invalid("Registration is open to all while Intune is in use (01 section 3).")
    row = REGISTRATION_POLICIES.update(tx, _POLICY, values)
    tx.log("policy.changed", subject=f"policy:{_POLICY}", what={"changed": sorted(values)})
    return row


def may_join(tx: Tx, user: Row, *, had_mfa: bool, reuse: bool = False) -> Decision[bool]:
    """Whether a user may join one more device; ``reuse``: an object of theirs is taken over, so none is counted.

    The last reason's code says why not: ``join.not_allowed``, ``join.mfa_required`` or ``join.quota``; in that order
    (03 section 8.10).
    """
    policy = registration_policy(tx)
    allowed = _may(tx, user["id"], policy)
    if not allowed.value:
        return allowed
    if policy["mfa_required"] and not had_mfa:
        text = "Joining needs multifactor authentication, and the sign-in had none."
        return no(*allowed.reasons, Reason("join.mfa_required", text))
    if policy["quota"] is None or reuse:
        return allowed
    count = len(owned_devices(tx, user["id"]))
    facts = {"count": count, "quota": policy["quota"]}
    if count >= policy["quota"]:
        text = f"The user has {count} joined or registered devices and the limit (device quota) is {policy['quota']}."
        return no(*allowed.reasons, Reason("join.quota", text, facts))
    text = f"The user has {count} of at most {policy['quota']} devices."
    return yes(*allowed.reasons, Reason("join.within_quota", text, facts))


def _may(tx: Tx, user_id: str, policy: Row) -> Decision[bool]:
    allowed = policy["join_allowed"]
    if allowed == "all":
        return yes(Reason("join.all", "Every user may join devices."))
    if allowed == "none":
        text = "Users may join devices is set to None: nobody may join."
        return no(Reason("join.not_allowed", text))
    named = user_id in policy["join_users"]
    groups = membership.groups_of(tx, "user", user_id) & set(policy["join_groups"])
    if named or groups:
        text = "The user is among those selected to join devices."
        return yes(Reason("join.selected", text, {"groups": sorted(groups)}))
    text = "Users may join devices is set to Selected, and the user is not among them."
    return no(Reason("join.not_allowed", text))


def _in_scope(tx: Tx, policy: Row, user_id: str, name: str) -> Decision[bool]:
    applies = policy["applies_to"]
    if applies == "all":
        return yes(Reason("scope.all", f"The {name} user scope is All."))
    if applies == "none":
        return no(Reason("scope.none", f"The {name} user scope is None."))
    groups = sorted(membership.groups_of(tx, "user", user_id) & set(policy["group_ids"]))
    if groups:
        text = f"The {name} user scope is Some, and a selected group holds the user."
        return yes(Reason("scope.some", text, {"groups": groups}))
    text = f"The {name} user scope is Some, and no selected group holds the user."
    return no(Reason("scope.outside", text, {"groups": policy["group_ids"]}))


def _change_scope(tx: Tx, policies: Repository, changed: Mapping[str, Any]) -> Row:
    values = dict(changed)
    for name in values.keys() & set(_URLS):
        _check_url(name, values[name])
    if "applies_to" in values:
        if values["applies_to"] not in _SCOPES:
            raise Invalid(f"'{values['applies_to']}' is none of {', '.join(_SCOPES)}.")
        if values["applies_to"] != "selected":
            values["group_ids"] = []
    _check_groups(tx, values.get("group_ids", ()))
    row = policies.update(tx, INTUNE_APP_ID, values)
    subject = f"policy:{policies.entity.name}"
    tx.log("policy.changed", subject=subject, what={"changed": sorted(values), "applies_to": row["applies_to"]})
    return row


def _check_groups(tx: Tx, group_ids: Sequence[str]) -> None:
    for group_id in group_ids:
        if GROUPS.get(tx, group_id) is None:
            raise NotFound(f"There is no group '{group_id}'.")


def _check_url(name: str, value: Any) -> None:
    """None restores the default; an empty text is a choice whose consequence the device shows (01 R-08)."""
    if value is None or value == "":
        return
    try:
        parts = urlsplit(str(value))
    except ValueError as error:
        raise Invalid(f"'{name}' is not a URL.") from error
    if parts.scheme != "https" or not parts.hostname:
        raise Invalid(f"'{name}' must be an https URL.")


def _quota(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Invalid("The device quota is a number that is not negative, or unlimited.")
    return min(value, _MOST)
