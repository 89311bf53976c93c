"""The index of a tenant's rules: it may leave out only groups that cannot match, however it came about."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from taxiway.directory.rule_index import Facts, RuleSet, compiled
from taxiway.directory.rules import Context

TAGS = st.sampled_from(["A", "AB", "ABC", "B", "BA", "a"])
RULES = st.one_of(
    st.builds('(device.devicePhysicalIds -any (_ -eq "[OrderID]:{}"))'.format, TAGS),
    st.builds('(device.devicePhysicalIds -any (_ -startsWith "[OrderID]:{}"))'.format, TAGS),
    st.builds('(device.displayName -in ["{}", "{}"])'.format, TAGS, TAGS),
    st.builds('(device.displayName -startsWith "{}") -and (device.deviceModel -eq "{}")'.format, TAGS, TAGS),
    st.builds('(device.displayName -ne "{}") -or (device.deviceModel -eq "{}")'.format, TAGS, TAGS),
    st.builds('-not (device.devicePhysicalIds -any (_ -contains "{}"))'.format, TAGS),
)
STEPS = st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | RULES), max_size=12)
DEVICES = st.fixed_dictionaries(
    {},
    optional={
        "displayname": TAGS,
        "devicemodel": TAGS,
        "devicephysicalids": st.lists(TAGS.map("[OrderID]:{}".format), max_size=3),
    },
)


def rule_of(text):
    """A rule for devices."""
    return compiled(text, "device")


@given(STEPS, DEVICES)
def test_no_group_that_matches_is_left_out(steps, device):
    """Rules come, change and go one by one: the index has every group that matches, and no group that is gone."""
    rules, index = {}, RuleSet({})
    for group, text in steps:
        index = index.changed(group, None if text is None else rule_of(text))
        rules.pop(group, None)
        if text is not None:
            rules[group] = rule_of(text)
    facts = Facts(device, frozenset(), None)
    context = Context(datetime(2026, 11, 23, tzinfo=UTC))
    matching = {group for group, rule in rules.items() if rule.matches(device, context)}
    for each in (index, RuleSet(rules)):
        assert matching <= each.possible(facts) <= rules.keys()
        assert set(each.rules) == set(rules)
        for key in ("displayname", "devicemodel", "devicephysicalids"):
            assert set(each.reading((key,))) == {group for group, rule in rules.items() if key in rule.attributes}
    assert index.possible(facts) == RuleSet(rules).possible(facts)
