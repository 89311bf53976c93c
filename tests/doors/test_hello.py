"""The name in a ClientHello, from real clients and from hostile ones."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taxiway.doors.hello import LONGEST, is_whole, server_name


def hello(name, **settings):
    """What Python's TLS library sends first."""
    context = ssl.create_default_context()
    for key, value in settings.items():
        setattr(context, key, value)
    outgoing = ssl.MemoryBIO()
    session = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=name)
    with pytest.raises(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_name_of_a_real_hello_is_read(version):
    """In lower case, by both versions; an address is no name (RFC 6066)."""
    data = hello("Login.Example", minimum_version=version, maximum_version=version)
    assert is_whole(data)
    assert server_name(data) == "login.example"
    assert server_name(hello("127.0.0.1", minimum_version=version, maximum_version=version)) is None


def test_every_cut_of_a_hello_is_incomplete_and_harmless():
    """However the bytes arrive: no name too early, no error."""
    data = hello("login.example")
    for end in range(len(data)):
        assert not is_whole(data[:end])
        assert server_name(data[:end]) in {None, "login.example"}


def test_what_is_no_handshake_is_not_waited_for():
    """Plain HTTP, an alert, and a record that claims to be longer than records are."""
    assert is_whole(b"G")
    assert is_whole(b"\x15")
    assert is_whole(b"\x16\x03\x01\xff\xff" + bytes(LONGEST - 5))
    assert server_name(b"GET / HTTP/1.1\r\n") is None


@given(st.binary(max_size=600))
def test_hostile_bytes_name_nobody(data):
    """Random bytes are no error."""
    server_name(data)
    server_name(b"\x16\x03\x01\x02\x00\x01" + data)


@given(st.data())
def test_a_hello_with_a_changed_byte_is_harmless(data):
    """One byte changed anywhere: a name or none, never an error."""
    made = bytearray(hello("login.example"))
    made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    assert server_name(bytes(made)) is None or isinstance(server_name(bytes(made)), str)
