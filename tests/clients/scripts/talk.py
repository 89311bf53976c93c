"""What the driver scripts share: a JSON object comes in, one JSON line goes out for the call that it names."""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys

#: What a row of the table or a test wants to know of a token.
_CLAIMS = (
    "aud",
    "iss",
    "ver",
    "appid",
    "azp",
    "upn",
    "tid",
    "oid",
    "scp",
    "roles",
    "idtyp",
    "amr",
    "deviceid",
    "nonce",
)


def claims(token: str) -> dict:
    """The claims of a JWT, as a client may read them: without a check."""
    body = token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return {name: found[name] for name in _CLAIMS if name in found}


def browser_command() -> list[str]:
    """The browser of the person, as BROWSER names it."""
    return [part for part in shlex.split(os.environ["BROWSER"]) if part not in {"%s", "&"}]


def open_browser(url: str, *more: str) -> None:
    """A person follows a link, with a code to type perhaps."""
    subprocess.run([*browser_command(), url, *more], check=True, stdout=sys.stderr)


def serve(calls: dict) -> None:
    """Carry out the call that standard input names and print what came of it."""
    given = json.load(sys.stdin)
    name = given.pop("call")
    print(json.dumps({"call": name, **calls[name](**given)}), flush=True)
