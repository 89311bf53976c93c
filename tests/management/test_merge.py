"""Several configurations become one: agreement, conflict, order."""

from __future__ import annotations

import pytest

from taxiway.management.model import Item, Source, merge

A = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"


def source(name, *items):
    return Source(f"device_configuration:{name}", name, items)


def test_the_same_value_twice_is_sent_once_for_both():
    """Two configurations that agree share one item, and both are named as its origins."""
    merged = merge([source("one", Item(A, "0", "int")), source("two", Item(A, "0", "int"))])
    assert [(item.data, origins) for item, origins in merged.items] == [
        ("0", ("device_configuration:one", "device_configuration:two"))
    ]
    assert merged.conflicts == ()


def test_two_values_for_one_node_are_a_conflict_and_neither_is_sent():
    """The node may be spelled differently: with or without its scope, in another case."""
    other = "./Vendor/MSFT/policy/Config/Experience/AllowCortana"
    merged = merge([source("one", Item(A, "0", "int")), source("two", Item(other, "1", "int"))])
    assert merged.items == ()
    assert [conflict.names for conflict in merged.conflicts] == [("one", "two")]


WIFI = "./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml"
ADMX = "./Device/Vendor/MSFT/BitLocker/EncryptionMethodByDriveType"
BOTH = '<enabled/><data id="A" value="1"/><data id="B" value="2"/>'


@pytest.mark.parametrize(
    ("uri", "one", "other", "agree"),
    [
        (A, "1", "01", True),
        (A, "1", "2", False),
        ("./Device/Vendor/MSFT/PassportForWork/t/Policies/UsePassportForWork", "true", "True", True),
        (ADMX, BOTH, '<Enabled/> <data value="2" id="B"/>\n<data id="A" value="1"/>', True),
        (ADMX, BOTH, "<disabled/>", False),
        (WIFI, "<a><b>1</b></a>", '<?xml version="1.0"?>\n<a>\n  <b>1</b>\n</a>', True),
        (WIFI, "<a><b/><c/></a>", "<a><c/><b/></a>", False),
        (WIFI, "<a>", "<a >", False),
        ("./Device/Vendor/MSFT/Policy/Config/Area/Unknown", "1", "01", False),
    ],
)
def test_r13_values_are_compared_by_what_they_mean(uri, one, other, agree):
    """Two spellings of one value are no conflict; two values are, and text stays text."""
    merged = merge([source("one", Item(uri, one)), source("two", Item(uri, other))])
    assert bool(merged.items) is agree
    assert bool(merged.conflicts) is not agree
