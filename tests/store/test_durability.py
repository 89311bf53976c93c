"""What was acknowledged survives a kill, and no secret lies in clear on the disk."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization

from taxiway import app, directory, signin
from taxiway.kernel import SystemClock, SystemEntropy
from taxiway.pki import authority
from taxiway.settings import DoorSettings, Settings
from taxiway.store import SYSTEM, Entity, KeyRing, Prop, Repository, Store, entries, metadata, open_engine

pytestmark = pytest.mark.anyio

#: What the child and the test both declare: one small entity.
DECLARED = """
from taxiway.store import Entity, Prop, Repository
KEPT = Repository(Entity("test_kept", [Prop("name", column=True)]))
"""
CHILD = DECLARED + textwrap.dedent("""
    import asyncio, itertools, pathlib, sys
    from taxiway.kernel import SystemClock, SystemEntropy
    from taxiway.store import KeyRing, Store, metadata, open_engine

    async def main(folder):
        entropy = SystemEntropy()
        engine = open_engine(f"sqlite:///{folder}/kept.db")
        metadata.create_all(engine)
        ring = KeyRing.open(folder / "ring.json", entropy)
        store = Store(engine, clock=SystemClock(), entropy=entropy, ring=ring)

        async def writer(lane):
            for number in itertools.count():
                def write(tx):
                    row = KEPT.insert(tx, {"name": f"{lane}-{number}"})
                    tx.log("kept.made", subject=f"kept:{row['id']}")
                    return row["id"]
                print(await store.write("a", write), flush=True)

        await asyncio.gather(*(writer(lane) for lane in range(4)))

    asyncio.run(main(pathlib.Path(sys.argv[1])))
    """)
KEPT = Repository(Entity("test_kept", [Prop("name", column=True)]))
PASSWORD = "Correct-horse-7-battery"
POSIX = os.name == "posix"


def acknowledged_before_the_kill(folder: Path, count: int) -> set[str]:
    """Run the child until it acknowledged ``count`` writes, kill it, and return all that it had acknowledged."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    said = []
    while len(said) < count:
        line = child.stdout.readline()
        assert line, child.stderr.read()
        said.append(line)
    child.kill()
    # Not communicate(): it reads past what readline() has buffered, and begins in the middle of a line.
    said += child.stdout.readlines()
    child.stdout.close()
    child.stderr.close()
    returned = child.wait(timeout=20)
    if POSIX:
        assert returned == -signal.SIGKILL
    return {line.strip() for line in said if line.endswith("\n")}


async def test_an_acknowledged_write_survives_a_kill(tmp_path):
    """After SIGKILL in the middle of writing, every acknowledged row has its log entry, and the log has no gap."""
    acknowledged = acknowledged_before_the_kill(tmp_path, 100)
    entropy = SystemEntropy()
    engine = open_engine(f"sqlite:///{tmp_path}/kept.db")
    store = Store(engine, clock=SystemClock(), entropy=entropy, ring=KeyRing.open(tmp_path / "ring.json", entropy))
    try:
        rows, log = await store.read("a", lambda tx: (KEPT.select(tx), entries(tx)))
        assert len(acknowledged) >= 100
        assert acknowledged <= {row["id"] for row in rows}
        assert [entry.number for entry in log] == list(range(1, len(log) + 1))
        assert {entry.subject for entry in log} == {f"kept:{row['id']}" for row in rows}
        await store.write("a", lambda tx: tx.log("kept.again", subject="kept:x"))
        assert (await store.read("a", entries))[-1].number == len(log) + 1
    finally:
        store.close()


async def _lived_in(files: app.Files) -> tuple[list[bytes], bytes]:
    """Start an instance, set a password, write the listeners' files; the private numbers and keys it now holds."""
    settings = Settings(doors=DoorSettings(people_port=1, devices_port=2))
    async with app.open_runtime(files, settings) as rt:
        one_time = await app.first_start(rt, organization="Contoso", domain="contoso.example")
        tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, "contoso.example"))
        user = await rt.store.read(tenant, lambda tx: directory.find_user(tx, "admin@contoso.example"))
        await signin.set_password(rt, tenant, user["id"], PASSWORD)
        await app._certificate_files(rt, files, "localhost")
        await app._microsoft_certificate_files(rt, files, ["login.microsoftonline.com"])
        rt.blobs.put([b"an installer"])
        secrets = [PASSWORD.encode(), one_time.encode()]
        for role in ("root", "tls", "device", "management", "microsoft"):
            key = (await authority(rt, role)).key
            secrets.append(
                key.private_bytes(
                    serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
                )
            )
            secrets += [number.to_bytes(256) for number in (key.private_numbers().d,)]
            secrets += [number.to_bytes(128) for number in (key.private_numbers().p, key.private_numbers().q)]
        return secrets, b"".join(path.read_bytes() for path in sorted(files.folder.glob("taxiway.db*")))


async def test_no_secret_lies_in_clear_in_the_database(tmp_path):
    """Neither a password nor a private key, as bytes, base64 or PEM, is found in the SQLite file and its journal."""

    secrets, content = await _lived_in(app.Files(tmp_path / "data"))
    assert b"contoso.example" in content
    for secret in secrets:
        assert secret not in content
        for encoded in (base64.b64encode(secret), base64.urlsafe_b64encode(secret), secret.hex().encode()):
            assert encoded.rstrip(b"=")[:40] not in content
    assert b"PRIVATE KEY" not in content
    # The algorithm identifier at the head of an RSA key in PKCS#8, in DER and in base64.
    assert bytes.fromhex("020100300d06092a864886f70d0101010500") not in content
    assert b"AgEAMA0GCSqGSIb3DQEBAQUABIIE" not in content


@pytest.mark.skipif(not POSIX, reason="file modes are POSIX's")
async def test_the_data_folder_is_its_owners_alone(tmp_path):
    """Every file is 0600 and every folder 0700, also where the umask would give more."""
    before = os.umask(0o022)
    try:
        files = app.Files(tmp_path / "data")
        settings = Settings(doors=DoorSettings(people_port=1, devices_port=2))
        async with app.open_runtime(files, settings) as rt:
            await app._certificate_files(rt, files, "localhost")
            await app._microsoft_certificate_files(rt, files, ["login.microsoftonline.com"])
            rt.blobs.put([b"an installer"])
            found = [files.folder, *files.folder.rglob("*")]
            modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in found}
    finally:
        os.umask(before)
    assert len(modes) > 8
    wrong = {name: oct(mode) for name, mode in modes.items() if mode not in (0o600, 0o700)}
    assert wrong == {}
    assert all(mode == (0o700 if (tmp_path / name).is_dir() else 0o600) for name, mode in modes.items())


async def test_checkpoints_run_beside_the_writer_and_keep_the_log_small(tmp_path):
    """What was committed reaches the database while others write, so the log that a restart has to read stays small."""
    entropy = SystemEntropy()
    engine = open_engine(f"sqlite:///{tmp_path}/kept.db")
    metadata.create_all(engine)
    store = Store(engine, clock=SystemClock(), entropy=entropy, ring=KeyRing.open(tmp_path / "ring.json", entropy))
    try:
        for _ in range(24):
            await store.write("a", lambda tx: KEPT.insert_all(tx, [{"name": "x" * 1000} for _ in range(1000)]))
    finally:
        store.close()
    assert (tmp_path / "kept.db").stat().st_size > 24_000_000
    log = tmp_path / "kept.db-wal"
    assert not log.exists() or log.stat().st_size < 24_000_000
