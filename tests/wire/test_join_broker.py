"""The broker's JOSE pieces, against the vectors of 03 section 17."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given
from hypothesis import strategies as st

from taxiway.wire import broker
from taxiway.wire.broker import BadBrokerMessage

SESSION = bytes(range(32))
CONTEXT = bytes(range(24))
CLAIMS = {"request_nonce": "n1", "refresh_token": "r1"}
PAYLOAD = b'{"request_nonce":"n1","refresh_token":"r1"}'
V2 = (
    "eyJhbGciOiJIUzI1NiIsImN0eCI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYIiwia2RmX3ZlciI6MiwidHlwIjoiSldUIn0"
    ".eyJyZXF1ZXN0X25vbmNlIjoibjEiLCJyZWZyZXNoX3Rva2VuIjoicjEifQ"
    ".XOyUFK0Z9OMLVLzvziBkXVoQ-Bh9YKf42TDcc5mgdmQ"
)
V1 = (
    "eyJhbGciOiJIUzI1NiIsImN0eCI6IkFBRUNBd1FGQmdjSUNRb0xEQTBPRHhBUkVoTVVGUllYIn0"
    ".eyJyZXF1ZXN0X25vbmNlIjoibjEiLCJyZWZyZXNoX3Rva2VuIjoicjEifQ"
    ".ht9pqTDodw3ZgEg_UCdj7RdtaizRFOU_WPDlXhaYU04"
)
KEY = rsa.generate_private_key(65537, 2048)


def test_derived_keys():
    """17.1 and 17.2."""
    assert (
        broker.derive_key(SESSION, CONTEXT).hex() == "70296b4334bf08f7bc6953575e6b6c18959dbcad6adb263fb625939d099456b3"
    )
    assert (
        broker.derive_key(SESSION, CONTEXT, PAYLOAD).hex()
        == "a3746f26af6bb7ec37f31b4c521e4135b689583e44a94306f72a49232c431e06"
    )


@pytest.mark.parametrize(("version", "token"), [(2, V2), (1, V1)])
def test_signed_requests(version, token):
    """17.3 and 17.4: the token is made byte for byte and verifies with the session key alone."""
    assert broker.sign_request(SESSION, CONTEXT, CLAIMS, version) == token
    request = broker.parse_request(token)
    assert (request.claims, request.context, request.kdf_version) == (CLAIMS, CONTEXT, version)
    assert request.verify(SESSION)
    assert not request.verify(bytes(32))
    assert not broker.parse_request(token[:-4] + "AAAA").verify(SESSION)


def test_the_payload_is_part_of_the_version_two_key():
    """A version 2 signature does not verify as version 1."""
    header = broker.b64url(json.dumps({"alg": "HS256", "ctx": "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX"}).encode())
    assert not broker.parse_request(".".join([header, *V2.split(".")[1:]])).verify(SESSION)


def test_the_session_key_is_the_content_key():
    """The key comes back with the transport key and with no other."""
    token = broker.wrap_session_key(KEY.public_key(), SESSION, bytes(12))
    assert json.loads(broker.b64url_decode(token.split(".")[0])) == {"enc": "A256GCM", "alg": "RSA-OAEP"}
    assert broker.unwrap_session_key(KEY, token) == SESSION
    with pytest.raises(BadBrokerMessage):
        broker.unwrap_session_key(rsa.generate_private_key(65537, 2048), token)
    with pytest.raises(BadBrokerMessage):
        broker.unwrap_session_key(KEY, token.replace(token.split(".")[0], broker.b64url(b'{"alg":"dir"}')))


@pytest.mark.parametrize("iv", [bytes(16), bytes(12)])
def test_encrypted_replies_in_both_ciphers(iv):
    """A reply opens with the session key, whichever cipher the iv announces."""
    token = broker.encrypt_response(SESSION, CONTEXT, b'{"a":1}', iv)
    assert token.split(".")[1] == ""
    assert broker.decrypt_response(SESSION, token) == b'{"a":1}'
    if len(iv) == 12:
        with pytest.raises(BadBrokerMessage):
            broker.decrypt_response(bytes(32), token)


def test_standard_base64_is_read():
    """AADInternals sends the standard alphabet without padding."""
    assert broker.b64url_decode("+/8") == broker.b64url_decode("-_8") == b"\xfb\xff"


GOOD = b'{"alg":"HS256","ctx":"AAECAwQFBgcICQoLDA0ODw=="}'


def token(header, payload=b"{}"):
    return f"{broker.b64url(header)}.{broker.b64url(payload)}.AAAA"


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "a.b",
        "é.b.c",
        "a" * 70000,
        "!.b.c",
        token(b"[]"),
        token(b'{"alg":"none","ctx":"AAEC"}'),
        token(b'{"alg":"HS256"}'),
        token(b'{"alg":"HS256","ctx":7}'),
        token(b'{"alg":"HS256","ctx":"AAEC"}'),
        token(b'{"alg":"HS256","ctx":"%s"}' % (b"A" * 88)),
        token(GOOD[:-1] + b',"kdf_ver":3}'),
        token(GOOD[:-1] + b',"kdf_ver":true}'),
        token(GOOD[:-1] + b',"kdf_ver":"2"}'),
        token(GOOD[:-1] + b',"alg":"HS256"}'),
        token(GOOD, b"[]"),
        token(GOOD, b"[" * 9000),
        token(GOOD, b'{"a":1,"a":1}'),
        token(GOOD, b'{"a":{"b":1,"b":1}}'),
        token(GOOD, b'{"a":"\\u0000"}'),
        token(GOOD, b'{"a":"\\ud800"}'),
        token(GOOD, b'{"a":NaN}'),
        token(GOOD, b'{"a":"%s"}' % (b"x" * 16384)),
    ],
)
def test_bad_requests_are_named(bad):
    """A token that is not built as it should be is the named error."""
    with pytest.raises(BadBrokerMessage):
        broker.parse_request(bad)
    assert broker.parse_request(token(GOOD)).kdf_version == 1


@given(st.text(max_size=100), st.lists(st.binary(max_size=20), min_size=5, max_size=5))
def test_any_text_is_a_message_or_the_named_error(text, parts):
    """Hostile text never raises anything else."""
    header = broker.b64url(b'{"alg":"dir","ctx":"AAEC"}')
    built = ".".join([header, *(broker.b64url(part) for part in parts[1:])])
    for value in (text, built):
        for read in (
            broker.parse_request,
            lambda t: broker.decrypt_response(SESSION, t),
            lambda t: broker.unwrap_session_key(KEY, t),
        ):
            try:
                read(value)
            except BadBrokerMessage:
                continue
