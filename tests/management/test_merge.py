"""Several configurations become one: agreement, conflict, order."""

from __future__ import annotations

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
