"""``$filter``: every form that clients send, and the errors for the rest (02 sections 1.7 and 12)."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.graph_face import FACE
from taxiway.graph.errors import FilterRefused
from taxiway.graph.protocol.filter_parse import parse_filter
from taxiway.graph.protocol.filter_tree import NEVER, filter_tree
from taxiway.store import And, Compare, In, Not, Or

CORPUS = [
    "serialNumber eq 'X'",
    "contains(serialNumber,'X')",
    "startsWith(serialNumber, 'X')",
    "startswith(displayName,'X')",
    "endsWith(mail,'x')",
    "displayName eq 'It''s'",
    "displayname eq 'X'",
    "deviceId eq 'a'",
    "deviceID eq 5f0c6d1e-0000-4000-8000-2f6a3c1d9e01",
    "id in ('a','b')",
    "userPrincipalName eq 'a@b'",
    "isBuiltIn eq false",
    "isAssigned eq true",
    "operatingSystem eq 'Windows' and complianceState eq 'compliant'",
    "enrolledDateTime gt 2026-01-01T00:00:00Z",
    "activityDateTime gt 2026-01-01T00:00:00.1234567Z and activityOperationType ne 'Get'",
    "isof('microsoft.graph.win32LobApp')",
    "(isof('microsoft.graph.win32LobApp'))",
    " or ".join(["isof('microsoft.graph.win32LobApp')"] * 8),
    "(microsoft.graph.managedApp/appAvailability) eq null or isAssigned eq true",
    "(microsoft.graph.managedApp/appAvailability eq null or microsoft.graph.managedApp/appAvailability eq 'a')",
    "targetType eq microsoft.graph.mobileAppRelationshipType'child'",
    "resources/any(s:s/resourceId eq 'guid')",
    "physicalIds/any(p:startswith(p,'[ZTDId]'))",
    "groupTypes/any(c:c eq 'DynamicMembership')",
    "membershipRuleProcessingState eq 'On'",
    "not(startswith(displayName,'A'))",
    "NOT (isAssigned eq true)",
    "templateReference/templateFamily eq 'endpointSecurityAntivirus'",
    "technologies has 'mdm'",
    "platforms eq 'windows10' and technologies eq 'mdm'",
    "contains(importedDeviceIdentifier,'X')",
    "members/$count eq 0",
]


@pytest.mark.parametrize("text", CORPUS)
def test_every_form_of_the_corpus_parses(text):
    """Whatever a surveyed client sends is understood, evaluated or not."""
    assert parse_filter(text) is not None


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("serialNumber eq 'X'", Compare("serial_number", "eq", "X")),
        ("SERIALNUMBER EQ 'X'", Compare("serial_number", "eq", "X")),
        ("'X' eq serialNumber", Compare("serial_number", "eq", "X")),
        ("1 lt priority", Compare("priority", "gt", 1)),
        ("tolower(displayName) eq 'x'", Compare("display_name", "eq", "x")),
        ("displayName eq 'It''s'", Compare("display_name", "eq", "It's")),
        ("displayName ne null", Compare("display_name", "ne", None)),
        ("startsWith(serialNumber, 'X')", Compare("serial_number", "startswith", "X")),
        ("contains(serialNumber,'x') eq true", Compare("serial_number", "contains", "x")),
        ("id in ('a','b')", In("id", ("a", "b"))),
        ("isAssigned", Compare("is_assigned", "eq", value=True)),
        ("not isAssigned eq true", Not(Compare("is_assigned", "eq", value=True))),
        ("isof('microsoft.graph.win32LobApp')", Compare("kind", "eq", "win32LobApp")),
        ("isof('#microsoft.graph.unheardOf')", NEVER),
        ("physicalIds/any(p:p eq '1')", Compare("ztdid", "eq", "1")),
        (
            "priority ge 2 and (serialNumber eq 'a' or serialNumber eq 'b')",
            And(
                (
                    Compare("priority", "ge", 2),
                    Or((Compare("serial_number", "eq", "a"), Compare("serial_number", "eq", "b"))),
                )
            ),
        ),
    ],
)
def test_a_filter_becomes_the_stores_tree(text, tree):
    """Names in any case, mirrored comparisons, casts, lambdas and precedence come out as one neutral tree."""
    assert filter_tree(text, FACE) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("serialNumber", 0),
        ("serialNumber eq", 15),
        ("serialNumber eq 'X", 16),
        ("serialNumber == 'X'", 13),
        ("serialNumber eq 'X' and", 23),
        ("(serialNumber eq 'X'", 20),
        ("serialNumber eq 'X')", 19),
        ("nobody eq 'X'", 0),
        ("note eq 'X'", 0),
        ("secretWord eq 'X'", 0),
        ("priority eq 'one'", 12),
        ("priority eq 99999999999999999999999", 12),
        ("priority gt null", 9),
        ("startswith(priority,'1')", 11),
        ("matches(displayName,'X')", 0),
        ("contains(displayName)", 0),
        ("enrolledDateTime gt 2026-13-01", 20),
        ("'a'", 0),
        ("physicalIds/all(p:p eq '1')", 12),
        ("members/$count eq 0", 0),
        ("isAssigned gt true", 11),
    ],
)
def test_what_does_not_hold_is_refused_at_its_place(text, position):
    """The error names the position, so that a person finds the mistake."""
    with pytest.raises(FilterRefused) as refused:
        filter_tree(text, FACE)
    assert refused.value.position == position
    assert f"position {position}" in refused.value.message


def test_nesting_has_a_limit():
    """Ten thousand parentheses are refused, not followed."""
    with pytest.raises(FilterRefused):
        filter_tree("(" * 2_000, FACE)
    with pytest.raises(FilterRefused):
        filter_tree("not " * 1_000 + "isAssigned", FACE)


WORDS = ["serialNumber", "priority", "eq", "ne", "and", "or", "not", "in", "(", ")", ",", "'a'", "1", "null", "true"]
WORDS += ["any(", "x:", "/", "isof(", "contains(", "2026-01-01", "id", "isAssigned", "physicalIds/any(p:", "ns.t'x'"]


@settings(max_examples=400, deadline=500)
@given(st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=14).map(" ".join)))
def test_any_text_is_a_tree_or_a_named_refusal(text):
    """No text makes the parser fail in any other way, and every tree compiles to SQL."""
    try:
        tree = filter_tree(text, FACE)
    except FilterRefused:
        return
    FACE.repository.entity.where(tree)
