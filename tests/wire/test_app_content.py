"""Uploaded app content."""

import pytest

from taxiway.wire.app_content import BadContent, decrypt_content, encrypt_content, read_encryption_info


def _uploaded(plain=b"MSI" * 1000):
    return encrypt_content(plain, encryption_key=b"k" * 32, mac_key=b"m" * 32, vector=b"v" * 16)


def test_content_comes_back():
    """What was encrypted decrypts to the same bytes, through the JSON of the commit."""
    uploaded, info = _uploaded()
    assert b"MSIMSI" not in uploaded
    assert decrypt_content(uploaded, read_encryption_info(info.as_graph())) == b"MSI" * 1000


@pytest.mark.parametrize("position", [0, 40, -1])
def test_a_changed_byte_is_refused(position):
    """A bit flipped in mac, vector or ciphertext is noticed before anything is decrypted."""
    uploaded, info = _uploaded()
    broken = bytearray(uploaded)
    broken[position] ^= 1
    with pytest.raises(BadContent, match="mac"):
        decrypt_content(bytes(broken), info)


def test_a_wrong_member_is_named():
    """The refusal names the member of fileEncryptionInfo that is at fault."""
    _, info = _uploaded()
    with pytest.raises(BadContent, match="macKey"):
        read_encryption_info({**info.as_graph(), "macKey": "AAAA"})
