"""A browser without scripts and the person in front of it: follows redirects, fills in forms, presses buttons.

python browser.py ADDRESS [CODE]; the person's name, password, second factor and the PRT cookie of the machine come from
PERSON_NAME, PERSON_PASSWORD, PERSON_FACTOR and PERSON_COOKIE.
"""

from __future__ import annotations

import os
import sys
from urllib.parse import urljoin, urlsplit

import httpx
from lxml import html

_MOST_PAGES = 15
_LOCAL = {"localhost", "127.0.0.1"}


class Browser:
    """One window. Loopback addresses are of programs on this machine and go round the proxy."""

    def __init__(self) -> None:
        cookie = os.environ.get("PERSON_COOKIE", "")
        self._far = httpx.Client(timeout=30, headers={"x-ms-RefreshTokenCredential": cookie} if cookie else None)
        self._near = httpx.Client(timeout=30, trust_env=False)

    def _client(self, url: str) -> httpx.Client:
        return self._near if urlsplit(url).hostname in _LOCAL else self._far

    def send(self, method: str, url: str, data: dict | None = None, origin: str = "") -> httpx.Response:
        """One request; a form tells where it comes from."""
        headers = {"origin": origin} if origin else {}
        return self._client(url).request(method, url, data=data, headers=headers)


def filled(form: html.FormElement, code: str) -> dict:
    """What the person types and presses: always the button that agrees."""
    known = {
        "login": os.environ["PERSON_NAME"],
        "loginfmt": os.environ["PERSON_NAME"],
        "passwd": os.environ["PERSON_PASSWORD"],
        "user_code": code,
        "otc": os.environ.get("PERSON_FACTOR", ""),
    }
    data = dict(form.form_values())
    data.update({name: value for name, value in known.items() if name in form.fields and value})
    if form.xpath('.//button[@name="approve"]'):
        data["approve"] = "yes"
    return data


def visit(url: str, code: str) -> None:
    """From the first address until nothing is left to do."""
    window = Browser()
    answer = window.send("GET", url)
    for _ in range(_MOST_PAGES):
        here = str(answer.url)
        if answer.is_redirect:
            target = urljoin(here, answer.headers["location"])
            if urlsplit(target).scheme not in {"http", "https"}:
                print(target)  # of a program on this machine, which a person would have to copy
                return
            answer = window.send("GET", target)
            continue
        forms = html.fromstring(answer.content).forms if answer.content.strip() else []
        if not forms:
            print(answer.text)
            return
        target = urljoin(here, forms[0].action or here)
        parts = urlsplit(here)
        answer = window.send(forms[0].method, target, filled(forms[0], code), f"{parts.scheme}://{parts.netloc}")
    sys.exit(f"The pages lead nowhere: {answer.text}")


visit(sys.argv[1], "".join(sys.argv[2:]))
