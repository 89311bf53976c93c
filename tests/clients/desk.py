"""Somebody who works with roadtx: a folder, its commands, a browser."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from clients import environment
from clients.tenant import PASSWORD, upn
from clients.world import SCRIPTS, World, claims_of

DRS = "urn:ms-drs:enterpriseregistration.windows.net"
CERTIFICATE = ("-c", "dev.pem", "-k", "dev.key")
TOKENS = ".roadtools_auth"


@dataclass
class Desk:
    """A folder in which somebody works with roadtx: it keeps tokens, keys and the PRT there."""

    world: World
    folder: Path
    person: str = "ada"

    def run(self, *arguments: str, said: str = "") -> str:
        """One command; everything it printed. ``said``: what the person types."""
        done = subprocess.run(
            [environment.PYTHON.with_name("roadtx"), *arguments],
            env=self.world.environment(self.person),
            cwd=self.folder,
            input=said,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        return done.stdout + done.stderr

    def start(self, *arguments: str) -> subprocess.Popen:
        """A command that waits for the person."""
        return subprocess.Popen(
            [environment.PYTHON.with_name("roadtx"), *arguments],
            env=self.world.environment(self.person) | {"PYTHONUNBUFFERED": "1"},
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def browse(self, *arguments: str, **person: str) -> str:
        """What the person's browser shows at the end. ``factor``, ``cookie``: as the browser takes them."""
        more = {f"PERSON_{name.upper()}": value for name, value in person.items()}
        program = [environment.PYTHON, SCRIPTS / "browser.py", *arguments]
        surroundings = self.world.environment(self.person) | more
        done = subprocess.run(program, env=surroundings, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def cookie(self) -> str:
        """A PRT cookie, for the browser."""
        return self.run("prtcookie").partition("PRT cookie: ")[2].split()[0]

    def sign_in(self, *more: str, password: str = PASSWORD) -> str:
        """With name and password; for device registration unless it says something else."""
        return self.run("gettokens", "-u", upn(self.person), "-p", password, *(more or ("-r", DRS)))

    def token(self, file: str = TOKENS) -> dict:
        """The claims of the access token that the last command kept."""
        return claims_of(json.loads((self.folder / file).read_text("utf-8"))["accessToken"])

    def join(self, *more: str) -> str:
        """Sign in for device registration and join."""
        self.sign_in()
        return self.run("device", "-a", "join", "-n", "DESKTOP-1", *CERTIFICATE, *more)

    def forget(self) -> None:
        """Drop the kept tokens, so that the next command's are its own."""
        (self.folder / TOKENS).unlink(missing_ok=True)
