"""The evaluation of compliance: rules, grace, the tenant's switch (R-123 to R-125)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from taxiway.management.compliance import evaluation
from taxiway.management.compliance.entities import COMPLIANCE_POLICY
from taxiway.management.compliance.evaluation import ENCRYPTION, OS_VERSION, SECURE_BOOT, combine, evaluate

NOW = datetime(2026, 1, 5, 8, tzinfo=UTC)


def policy(grace=0, **values):
    actions = [{"scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": grace}]}]
    defaults = {name: prop.default for name, prop in COMPLIANCE_POLICY.props.items()}
    return {**defaults, "id": "p", "display_name": "P", "scheduled_actions_for_rule": actions, **values}


def test_r123_a_rule_that_is_met_makes_compliant_and_one_that_is_not_says_which():
    """The reason names the rule that decided."""
    encrypted = policy(storage_require_encryption=True)
    assert evaluate(encrypted, {ENCRYPTION: "1"}, now=NOW, since=None).state == "compliant"
    found = evaluate(encrypted, {ENCRYPTION: "0"}, now=NOW, since=None)
    assert found.state == "noncompliant"
    assert [reason.code for reason in found.reasons] == ["compliance.storage_require_encryption"]


def test_r123_without_the_fact_the_state_is_unknown():
    """A device that has not reported is neither compliant nor not."""
    assert evaluate(policy(secure_boot_enabled=True), {}, now=NOW, since=None).state == "unknown"


def test_r123_the_grace_period_runs_from_the_first_failure():
    """Within it inGracePeriod, after it noncompliant."""
    wanted = policy(grace=6, secure_boot_enabled=True)
    facts = {SECURE_BOOT: "2"}
    assert evaluate(wanted, facts, now=NOW, since=None).state == "inGracePeriod"
    assert evaluate(wanted, facts, now=NOW, since=NOW - timedelta(hours=5)).state == "inGracePeriod"
    assert evaluate(wanted, facts, now=NOW, since=NOW - timedelta(hours=6)).state == "noncompliant"


@pytest.mark.parametrize(
    ("version", "state"),
    [("10.0.26100.1742", "compliant"), ("10.0.9.1", "noncompliant"), ("11.0", "noncompliant"), ("new", "unknown")],
)
def test_versions_compare_as_numbers(version, state):
    """10.0.9 is older than 10.0.22000 although its text is greater."""
    wanted = policy(os_minimum_version="10.0.22000", os_maximum_version="10.0.99999")
    assert evaluate(wanted, {OS_VERSION: version}, now=NOW, since=None).state == state


def test_r125_without_a_policy_the_switch_decides_both_ways():
    """The tenant says what a device without a policy is."""
    assert combine([], secure_by_default=True).state == "noncompliant"
    assert combine([], secure_by_default=False).state == "compliant"


def test_r123_the_worst_policy_wins():
    """One policy that is not met decides over one that is."""
    good = evaluate(policy(), {}, now=NOW, since=None)
    bad = evaluate(policy(secure_boot_enabled=True), {SECURE_BOOT: "2"}, now=NOW, since=None)
    assert combine([good, bad], secure_by_default=False).state == "noncompliant"


def test_every_rule_reads_only_facts_that_are_asked_for():
    """A rule on a fact that no session reads would be unknown for ever."""
    read = {*evaluation.FACTS, *evaluation.ON_DEMAND, *evaluation.ATTESTED}
    assert {uri for rule in evaluation.RULES.values() for uri in rule.needs} <= read
