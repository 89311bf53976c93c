"""Bodies as clients send them, and hostile ones (02 section 1.4)."""

from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.graph_face import FACE
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol.body import incoming, read_json, read_object

ALL = frozenset(FACE.props)


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        (b"", {}),
        (b"  {} ", {}),
        (b'\xef\xbb\xbf{"a": 1}', {"a": 1}),
        (b'{ groupTag: "X" }', {"groupTag": "X"}),
        (b'{"a": [1, 2,], "b": "x,}",}', {"a": [1, 2], "b": "x,}"}),
        (b'{"a": "{bare: 1,}"}', {"a": "{bare: 1,}"}),
        (b'{@odata.type: "x", "target": {groupId: "y",},}', {"@odata.type": "x", "target": {"groupId": "y"}}),
        (b'{"a": [{"@odata.type": "microsoft.graph.x"}]}', {"a": [{"@odata.type": "#microsoft.graph.x"}]}),
    ],
)
def test_lenient_bodies_are_read(raw, value):
    """Bare keys, trailing commas, a byte order mark and nothing at all are read as what they mean."""
    assert read_json(raw) == value


@pytest.mark.parametrize(
    "raw", [b"{", b'{"a"', b"nonsense", b"\xff\xfe", b'{"a": "\\u0000"}', b"[" * 100 + b"]" * 100, b"[1]"]
)
def test_what_is_no_object_is_refused(raw):
    """Broken JSON, characters no database keeps, endless nesting and other types are a named error."""
    with pytest.raises(BadRequest):
        read_object(raw)


def test_texts_become_the_declared_type():
    """Booleans and numbers arrive as texts; names in any case; what is unknown or read-only is passed over."""
    body = {"ISASSIGNED": "True", "priority": "60", "enrolledDateTime": "2026-01-31T10:00:00.1234567Z", "x": 1}
    found = incoming(FACE, body, names=ALL - {"priority"})
    assert found["is_assigned"] is True
    assert found["enrolled_at"].year == 2026
    assert "priority" not in found
    assert incoming(FACE, body, names=ALL)["priority"] == 60


@pytest.mark.parametrize(
    "body", [{"isAssigned": "maybe"}, {"priority": 1.5}, {"displayName": 5}, {"enrolledDateTime": "now"}]
)
def test_a_value_of_another_type_is_refused_by_name(body):
    """The error names the property as Graph spells it."""
    with pytest.raises(BadRequest, match=next(iter(body))):
        incoming(FACE, body, names=ALL)


@settings(max_examples=200, deadline=500)
@given(st.one_of(st.binary(max_size=80), st.text('{}[]"\\:,a1 @', max_size=60).map(str.encode)))
def test_any_bytes_are_json_or_a_named_refusal(raw):
    """No bytes make the reader fail in any other way."""
    with suppress(BadRequest):
        read_json(raw)


def test_the_relaxed_reader_is_linear():
    """A megabyte of quotes, braces or commas is refused in no time."""
    for piece in (b'"\\', b"{", b'{"', b", ", b"{a"):
        with pytest.raises(BadRequest):
            read_json(piece * (1_000_000 // len(piece)))
