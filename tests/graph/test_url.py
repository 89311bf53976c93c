"""Addresses as clients really send them (02 section 1.1)."""

import pytest

from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol.url import read_path, read_query


def names(path):
    return [part.name if part.key is None else (part.name, part.key) for part in read_path(path).parts]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1.0//groups", ["groups"]),
        ("/Beta/groups/", ["groups"]),
        ("/v1.0/myorganization/applications", ["applications"]),
        ("/beta/deviceConfigurations('a-b')", ["deviceConfigurations", ("", "a-b")]),
        ("/beta/devices(deviceId='x')", ["devices", ("deviceId", "x")]),
        ("/beta/users('o''neill@c.example')", ["users", ("", "o'neill@c.example")]),
        ("/beta/groups/delta()", ["groups", "delta"]),
        ("/v1.0/servicePrincipals/appId=0000000a/endpoints", ["servicePrincipals", ("appId", "0000000a"), "endpoints"]),
        ("/v1.0/users/a%40b.example", ["users", "a@b.example"]),
        ("/v1.0/groups/x/members/%24ref", ["groups", "x", "members", "$ref"]),
        ("/beta/devices(%2527x%2527)", ["devices", ("", "x")]),
    ],
)
def test_a_path_is_read_as_every_client_writes_it(path, expected):
    """Double slashes, any case of the version, keys in parentheses or as segments, percent-encoding."""
    assert names(path) == expected


@pytest.mark.parametrize("path", ["/", "/v2.0/users", "/v1.0/%00", "/v1.0/" + "a/" * 40, "/v1.0/%ff"])
def test_an_address_that_is_none_is_refused(path):
    """Unknown versions, control characters and endless paths are a named error."""
    with pytest.raises(BadRequest):
        read_path(path)


def test_query_options_lose_their_dollar_and_case():
    """``$`` is optional, ``%24`` counts as one, a second ``?`` and an empty parameter are passed over."""
    assert read_query("?$expand=a&top=5&%24orderBy=displayName+desc&") == {
        "expand": "a",
        "top": "5",
        "orderby": "displayName desc",
    }
    assert read_query("&top=1000") == {"top": "1000"}


def test_a_repeated_option_is_refused():
    """The same option twice is ambiguous."""
    with pytest.raises(BadRequest):
        read_query("$top=1&top=2")
