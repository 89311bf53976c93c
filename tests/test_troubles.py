"""What a person reads when something is wrong at the start: a sentence and what to do next, never a traceback."""

import socket
import subprocess
import sys


def _taxiway(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "taxiway", *arguments], check=False, capture_output=True, timeout=60, text=True
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_a_port_in_use_is_named(tmp_path):
    """The message names address and port, and the options that choose others."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        status, text = _taxiway("up", "--data", str(tmp_path), "--people-port", port)
    assert status == 1
    assert port in text
    assert "--people-port" in text


def test_a_database_that_is_not_there_is_named(tmp_path):
    """The message names the database without its password, and the setting to check."""
    address = "postgresql+psycopg://me:secret@127.0.0.1:1/nothing"
    status, text = _taxiway("up", "--data", str(tmp_path), "--database", address)
    assert status == 1
    assert "127.0.0.1:1/nothing" in text
    assert "secret" not in text


def test_a_misspelt_setting_is_named(tmp_path):
    """The message names the section and the unknown name, and where the right ones are listed."""
    (tmp_path / "taxiway.toml").write_text("[doors]\nhots = 'x'\n")
    status, text = _taxiway("up", "--data", str(tmp_path))
    assert status == 1
    assert "hots" in text
    assert "docs/settings.md" in text


def test_no_server_and_no_answer_are_told_apart(tmp_path):
    """Without a data folder: start one. With an address where nothing listens: no answer from there."""
    status, text = _taxiway("status", "--data", str(tmp_path), "--password", "x")
    assert (status, "taxiway up" in text) == (1, True)
    made = tmp_path / "ca.pem"
    made.write_text(_certificate())
    options = ("--server", "https://localhost:1", "--ca", str(made), "--admin", "a@b.example", "--password", "x")
    status, text = _taxiway("status", *options)
    assert status == 1
    assert "localhost:1 gives no answer" in text


def _certificate():
    """Some root certificate: nothing is ever checked against it."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "root")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()
