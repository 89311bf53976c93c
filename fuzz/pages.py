"""The forms of the sign-in page, each behind the page that it belongs to."""

from __future__ import annotations

import json
from http.cookies import SimpleCookie
from typing import Any

from fuzz.common import UPN, Make
from fuzz.instance import PASSWORD, Answer, Instance
from fuzz.message import Message, render
from fuzz.targets import authorize


def _config(answer: Answer) -> dict[str, Any]:
    html = answer.body.decode()
    found: dict[str, Any] = json.loads(html[html.index("$Config=") + 8 : html.index("//]]>") - 2])
    return found


def _cookie(answer: Answer) -> str:
    jar = SimpleCookie()
    for name, value in answer.headers:
        if name == b"set-cookie":
            jar.load(value.decode("latin-1"))
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


async def _page(it: Instance) -> tuple[dict[str, Any], str]:
    message = await authorize(it)
    message.query = [pair for pair in message.query if pair[0] not in {"prompt", "amr_values"}]
    answer = await it.send(render(message), address="192.0.2.1")
    return _config(answer), _cookie(answer)


async def login(it: Instance) -> Message:
    """Name and password on the page."""
    config, cookie = await _page(it)
    form = [
        ("login", UPN),
        ("loginfmt", UPN),
        ("passwd", PASSWORD),
        ("ctx", config["sCtx"]),
        ("flowToken", config["sFT"]),
        ("canary", config["canary"]),
        ("session", ""),
    ]
    headers = [("cookie", cookie), ("origin", "https://localhost:8443")]
    return Message("POST", "/common/login", headers=headers, form=form)


async def second_factor(it: Instance) -> Message:
    """A Temporary Access Pass on the page: the JSON half."""
    config, cookie = await _page(it)
    form = [("login", UPN), ("passwd", ""), ("ctx", config["sCtx"]), ("flowToken", config["sFT"])]
    sent = Message("POST", "/common/login", headers=[("cookie", cookie)], form=[*form, ("canary", config["canary"])])
    answer = await it.send(render(sent), address="192.0.2.1")
    config = _config(answer)
    body = {
        "AuthMethodId": "AccessPass",
        "Method": "EndAuth",
        "SessionId": config["sessionId"],
        "FlowToken": config["sFT"],
        "Ctx": config["sCtx"],
        "AdditionalAuthData": "guess",
        "PollCount": 1,
    }
    headers = [("cookie", _cookie(answer)), ("canary", config["canary"]), ("content-type", "application/json")]
    return Message("POST", "/common/SAS/EndAuth", headers=headers, body=body)


PAGES: dict[str, Make] = {"login": login, "second_factor": second_factor}
