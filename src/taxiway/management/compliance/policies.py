"""Compliance policies, and the verdict as it is written down (02 section 9.3, R-123)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from taxiway import directory, enrollment
from taxiway.directory import Principal
from taxiway.kernel import Reason
from taxiway.management.collection import Collection
from taxiway.management.compliance import evaluation
from taxiway.management.compliance.entities import COMPLIANCE_KINDS, COMPLIANCE_POLICY
from taxiway.management.errors import BadPolicy
from taxiway.management.settings import secure_by_default
from taxiway.store import Repository, Row, Tx

COMPLIANCE_POLICIES = Repository(COMPLIANCE_POLICY)
OBJECT_KIND: Final = "compliance_policy"
#: What policies of every kind have.
COMPLIANCE_BASE: Final = frozenset({"display_name", "description", "role_scope_tag_ids", "scheduled_actions_for_rule"})
#: What is carried out; of any other action a finding says that it is not.
_ACTIONS: Final = frozenset({"block", "noAction"})
#: Values of a policy's other properties that ask for nothing.
_QUIET: Final[tuple[Any, ...]] = (None, False, 0, "", [], "deviceDefault", "unavailable", "notSet")
_JUDGED: Final = frozenset(
    {*evaluation.RULES, "os_minimum_version", "os_maximum_version", "valid_operating_system_build_ranges"}
)


def _check(tx: Tx, row: Row) -> None:  # noqa: ARG001 - the shape of a check
    blocks = evaluation.block_actions(row)
    if len(blocks) != 1:
        raise BadPolicy("A compliance policy needs exactly one scheduled action of the type 'block'.")
    grace = blocks[0].get("gracePeriodHours") or 0
    if not isinstance(grace, int | float) or not 0 <= grace <= 8760:
        raise BadPolicy("gracePeriodHours must be between 0 and 8760.")
    for name in ("os_minimum_version", "os_maximum_version"):
        if row[name] and enrollment.version_key(row[name]) is None:
            raise BadPolicy(f"'{row[name]}' is not a version.")


def _findings(_tx: Tx, row: Row, _targets: Sequence[directory.Target]) -> list[dict[str, Any]]:
    """What of a policy has no effect: a policy of a real tenant is kept whole all the same."""
    props = COMPLIANCE_POLICY.props
    asked = [name for name in sorted(COMPLIANCE_KINDS[row["kind"]] - _JUDGED) if row[name] not in _QUIET]
    found = [
        _finding("notJudged", f"'{props[name].graph_name}' is not judged here: no device fails it.") for name in asked
    ]
    actions = (
        str(action.get("actionType"))
        for rule in row["scheduled_actions_for_rule"]
        for action in rule.get("scheduledActionConfigurations") or ()
    )
    left = sorted(set(actions) - _ACTIONS)
    return found + [_finding("notCarriedOut", f"The action '{name}' is not carried out here.") for name in left]


def _finding(code: str, text: str) -> dict[str, Any]:
    return {"code": code, "text": text, "omaUri": ""}


policies = Collection(
    COMPLIANCE_POLICIES,
    OBJECT_KIND,
    "management.compliance",
    COMPLIANCE_KINDS,
    _check,
    COMPLIANCE_BASE,
    _findings,
    keeps=True,
)
create_policy = policies.create
update_policy = policies.update
delete_policy = policies.delete
assign_policy = policies.assign


def judge(
    tx: Tx,
    *,
    device: Row | None,
    user: Row | None,
    facts: Mapping[str, str],
    since: Mapping[str, datetime],
) -> evaluation.Verdict:
    """Evaluate every policy that is meant for the device or its user; ``since`` by policy id."""
    ids = [match.object_id for match in directory.meant(tx, OBJECT_KIND, device=device, user=user)]
    found = COMPLIANCE_POLICIES.of_ids(tx, ids, by="display_name")
    rows = [row for row in found if policies.acts_on(row)]
    states = [evaluation.evaluate(row, facts, now=tx.now, since=since.get(row["id"])) for row in rows]
    return replace(evaluation.combine(states, secure_by_default=secure_by_default(tx)), needs=evaluation.needs(rows))


def write_verdict(tx: Tx, managed: Row, device: Row | None, verdict: evaluation.Verdict) -> None:
    """Managed device and Entra device change together, and the log says which rule decided (R-123)."""
    verdict = _overruled(tx, managed["id"], verdict)
    before: Any = managed["compliance_state"]
    enrollment.update_inventory(
        tx,
        managed["id"],
        {"compliance_state": verdict.state, "compliance_grace_period_expires_at": verdict.grace_until},
    )
    if verdict.state == "unknown" and before == "unknown":
        return
    if device is not None:
        # A device in its grace period still passes conditional access.
        is_compliant = verdict.state in {"compliant", "inGracePeriod"}
        directory.update_device(tx, device["id"], {"is_compliant": is_compliant})
    if before != verdict.state:
        tx.log(
            "compliance.changed",
            subject=enrollment.subject_of(tx, managed["id"]),
            what={"from": before, "to": verdict.state, "managed_device": managed["id"]},
            why=verdict.reasons,
        )


def override_compliance(tx: Tx, managed_id: str, state: str, *, principal: Principal) -> None:
    """Say that a device is ``nonCompliant`` whatever its policies find, or let them decide again, in its next session.

    ``state``: as Graph has it; the latter is ``basedOnDeviceComplianceState``.
    """
    directory.require(tx, principal, "management.devices.overrideComplianceState", enrollment.object_of(tx, managed_id))
    managed = enrollment.MANAGED.require(tx, managed_id)
    if enrollment.ENROLLMENTS.get(tx, managed_id) is None or state not in (_BAD, _BY_POLICIES):
        raise BadPolicy(f"Only an enrolled device can be overruled, and only to be {_BAD} or {_BY_POLICIES}.")
    enrollment.ENROLLMENTS.update(tx, managed_id, {"compliance_override": state if state == _BAD else None})
    what = {"managed_device": managed_id, "state": state}
    tx.log("compliance.overridden", subject=enrollment.subject_of(tx, managed_id), what=what)
    if state == _BAD:
        device = directory.find_device(tx, device_id=managed["azure_ad_device_id"] or "")
        write_verdict(tx, managed, device, evaluation.Verdict("noncompliant", (), ()))


_BAD: Final = "nonCompliant"
_BY_POLICIES: Final = "basedOnDeviceComplianceState"


def _overruled(tx: Tx, managed_id: str, verdict: evaluation.Verdict) -> evaluation.Verdict:
    """What an administrator said of the device comes before its policies."""
    enrolled = enrollment.ENROLLMENTS.get(tx, managed_id)
    if enrolled is None or not enrolled["compliance_override"]:
        return verdict
    why = Reason("compliance.overridden", "An administrator has said that this device is not compliant.")
    return replace(verdict, state="noncompliant", reasons=(why, *verdict.reasons))
