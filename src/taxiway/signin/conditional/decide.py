"""Whether Conditional Access lets an attempt pass, and which policy says so (01 P-27; AADSTS 53000, 53003, 50076).

The order: a policy that blocks, then one that asks for a device the attempt has not, then one that asks for a second
factor, since that alone can still be shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from taxiway import directory
from taxiway.kernel import Decision, Reason
from taxiway.signin.conditional.rule import Control, Rule, read_rule
from taxiway.signin.entities import CONDITIONAL_ACCESS_POLICIES
from taxiway.signin.errors import AccessBlocked, DeviceNotCompliant, DeviceNotJoined, MfaRequired, SignInError
from taxiway.signin.model import DRS_APP, ENROLLMENT_APP
from taxiway.store import Compare, Tx

Outcome = Literal["allowed", "mfa", "compliantDevice", "domainJoinedDevice", "block"]

#: What a device needs in order to become compliant is never refused for not being compliant (P-27).
_BEFORE_COMPLIANCE = frozenset({DRS_APP, ENROLLMENT_APP})
_IN_USE = Compare("state", "ne", "disabled")
_DEVICE_CONTROLS: frozenset[Control] = frozenset({"compliantDevice", "domainJoinedDevice"})
_ORDER: tuple[Outcome, ...] = ("block", "compliantDevice", "domainJoinedDevice", "mfa")


@dataclass(frozen=True, slots=True)
class Attempt:
    """A token for the resource ``app_id``, or a user action. ``device_id`` is proved, not claimed."""

    user_id: str
    app_id: str = ""
    action: str = ""
    had_mfa: bool = False
    device_id: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is missing, and the policies (id, name) that ask for it."""

    outcome: Outcome = "allowed"
    policies: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Facts:
    attempt: Attempt
    groups: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    met: frozenset[str] = field(default=frozenset())


def decide(tx: Tx, attempt: Attempt) -> Decision[Verdict]:
    """Load the policies and the facts, and judge."""
    rows = CONDITIONAL_ACCESS_POLICIES.select(tx, _IN_USE, order=[("display_name", False)])
    return judge([read_rule(row) for row in rows], _load(tx, attempt)) if rows else Decision(Verdict())


def require(tx: Tx, attempt: Attempt) -> tuple[Reason, ...]:
    """Raise what Entra answers when something is missing; the reasons when nothing is."""
    decision = decide(tx, attempt)
    if decision.value.outcome != "allowed":
        raise refusal(decision)
    return decision.reasons


def refusal(decision: Decision[Verdict]) -> SignInError:
    """The error that names the policy."""
    verdict = decision.value
    names = ", ".join(f"'{name}'" for _, name in verdict.policies)
    error: SignInError
    match verdict.outcome:
        case "mfa":
            error = MfaRequired(
                f"The Conditional Access policy {names} asks for a second factor.",
                reasons=decision.reasons,
                remedy="Sign in interactively and show a second factor.",
            )
        case "compliantDevice":
            error = DeviceNotCompliant(
                f"The Conditional Access policy {names} asks for a compliant device.",
                reasons=decision.reasons,
                remedy="Enroll the device and meet its compliance policies.",
            )
        case "domainJoinedDevice":
            error = DeviceNotJoined(
                f"The Conditional Access policy {names} asks for a hybrid joined device.", reasons=decision.reasons
            )
        case _:
            error = AccessBlocked(
                f"Access has been blocked by the Conditional Access policy {names}.",
                reasons=decision.reasons,
                remedy="Ask an administrator to change the policy or to exclude you.",
            )
    error.policies = tuple(policy_id for policy_id, _ in verdict.policies)
    return error


def judge(rules: Sequence[Rule], facts: _Facts) -> Decision[Verdict]:
    """The verdict of every policy that is meant for the attempt; those that only report are told and do not count."""
    reasons: list[Reason] = []
    found: dict[Outcome, list[tuple[str, str]]] = {}
    for rule in rules:
        if not (_meant_for_user(rule, facts) and _meant_for_target(rule, facts.attempt)):
            continue
        missing = _missing(rule, facts)
        reasons.append(_reason(rule, missing))
        if rule.enforced and missing != "allowed":
            found.setdefault(missing, []).append((rule.id, rule.name))
    outcome = next((name for name in _ORDER if name in found), None)
    verdict = Verdict() if outcome is None else Verdict(outcome, tuple(found[outcome]))
    return Decision(verdict, tuple(reasons))


# ---------------------------------------------------------------------------------------------- inside


def _load(tx: Tx, attempt: Attempt) -> _Facts:
    met = {"mfa"} if attempt.had_mfa else set()
    device = directory.find_device(tx, device_id=attempt.device_id) if attempt.device_id else None
    if device is not None and device["account_enabled"]:
        if device["is_compliant"]:
            met.add("compliantDevice")
        if device["trust_type"] == "ServerAd":
            met.add("domainJoinedDevice")
    groups = directory.groups_of(tx, "user", attempt.user_id)
    return _Facts(attempt, frozenset(groups), directory.roles_of(tx, attempt.user_id), frozenset(met))


def _meant_for_user(rule: Rule, facts: _Facts) -> bool:
    users, user_id = rule.conditions.users, facts.attempt.user_id
    excluded = (
        user_id in users.exclude_users
        or facts.groups & set(users.exclude_groups)
        or facts.roles & set(users.exclude_roles)
    )
    included = (
        {"All", user_id} & set(users.include_users)
        or facts.groups & set(users.include_groups)
        or facts.roles & set(users.include_roles)
    )
    return bool(included) and not excluded


def _meant_for_target(rule: Rule, attempt: Attempt) -> bool:
    applications = rule.conditions.applications
    if attempt.action:
        return attempt.action in applications.include_user_actions
    excluded = attempt.app_id in applications.exclude_applications
    return bool({"All", attempt.app_id} & set(applications.include_applications)) and not excluded


def _missing(rule: Rule, facts: _Facts) -> Outcome:
    controls = rule.grant.built_in_controls
    if "block" in controls:
        return "block"
    asked = [c for c in controls if not (c in _DEVICE_CONTROLS and facts.attempt.app_id in _BEFORE_COMPLIANCE)]
    open_ = [control for control in asked if control not in facts.met]
    if not open_ or (rule.grant.operator == "OR" and len(open_) < len(asked)):
        return "allowed"
    # Of several that would do, the second factor is the one that can be shown now.
    wanted = reversed(_ORDER) if rule.grant.operator == "OR" else _ORDER
    return next(name for name in wanted if name in open_)


def _reason(rule: Rule, missing: Outcome) -> Reason:
    asked = f" {rule.grant.operator.lower()} ".join(rule.grant.built_in_controls)
    facts = {"policy": rule.id, "name": rule.name, "asks": list(rule.grant.built_in_controls)}
    if not rule.enforced:
        text = f"The policy '{rule.name}' only reports; it would have " + (
            "let this pass." if missing == "allowed" else f"stopped this for want of: {missing}."
        )
        return Reason("conditional_access.report_only", text, {**facts, "missing": missing})
    if missing == "allowed":
        return Reason("conditional_access.met", f"The policy '{rule.name}' asks for {asked}, which is met.", facts)
    text = (
        f"The policy '{rule.name}' blocks access."
        if missing == "block"
        else f"The policy '{rule.name}' asks for {asked}; {missing} is missing."
    )
    return Reason("conditional_access.missing", text, {**facts, "missing": missing})
