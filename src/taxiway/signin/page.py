"""The sign-in page: HTML for people, without JavaScript, and ``$Config`` for machines (03 section 3.4)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader
from starlette.responses import HTMLResponse, Response

_pages = Environment(loader=PackageLoader("taxiway.signin", "templates"), autoescape=True)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}\Z")
_PLAIN = "#e9eef3"
#: A host and port as they stand in a policy; anything else might end the directive.
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]+\Z")

#: What a script inside HTML must not contain literally.
_ESCAPES = {"&": "\\u0026", "<": "\\u003c", ">": "\\u003e", "\u2028": "\\u2028", "\u2029": "\\u2029"}


@dataclass(frozen=True, slots=True)
class Field:
    """One line of the form."""

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    autocomplete: str = "off"
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """A further button of the form, with the field that it sets."""

    name: str
    value: str
    label: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """What the page asks of an authenticator: ``get`` an answer or ``create`` a passkey; ``name``: where it goes."""

    ceremony: Literal["get", "create"]
    action: str
    name: str
    label: str


@dataclass(frozen=True, slots=True)
class Brand:
    """How a tenant's page looks. ``logo``, ``background``, ``icon``: paths on our own host, empty where it has none."""

    company: str = ""
    text: str = ""
    colour: str = ""
    logo: str = ""
    background: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """Everything the template shows.

    ``account``: who signs in, once that is known; ``lines``: facts, one below the other; ``codes``: to be copied;
    ``link``: an address to open; ``qr``: the same as an SVG image; ``leave``: where the browser goes on to by itself.
    ``leads_to``: where the form may end, for the
    content security policy.
    """

    title: str
    config: Mapping[str, Any]
    brand: Brand = Brand()
    account: str = ""
    greeting: str = ""
    error: str = ""
    action: str = ""
    verb: str = "Next"
    fields: tuple[Field, ...] = ()
    hidden: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[Button, ...] = ()
    lines: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    link: str = ""
    qr: str = ""
    passkey: Passkey | None = None
    leave: str = ""
    leads_to: str = ""


def render(view: View, *, nonce: str, status: int = 200) -> Response:
    """The page. Status 200 also for a wrong password."""
    colour = view.brand.colour
    html = _pages.get_template("page.html").render(
        view=view,
        nonce=nonce,
        colour=colour if _COLOUR.match(colour) else _PLAIN,
        config=script_json(view.config),
    )
    return HTMLResponse(html, status, _headers(nonce, view.leads_to))


def render_post(action: str, fields: Mapping[str, str], *, nonce: str) -> Response:
    """``response_mode=form_post``: a form that sends itself, with a button for browsers without scripts."""
    html = _pages.get_template("post.html").render(action=action, fields=fields, nonce=nonce)
    return HTMLResponse(html, headers=_headers(nonce, action))


def redirect(url: str) -> Response:
    """302 with the address in the body too: a broker client reads it there (03 section 3.2)."""
    shown = url.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    body = f'<html><body><h2>Object moved to <a href="{shown}">here</a>.</h2></body></html>'
    return HTMLResponse(body, 302, {"location": url, **_BASE})


def script_json(value: Mapping[str, Any]) -> str:
    """JSON that is safe between script tags, whatever branding strings hold."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return "".join(_ESCAPES.get(sign, sign) for sign in text)


_BASE = {
    "cache-control": "no-store, no-cache",
    "pragma": "no-cache",
    "expires": "-1",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}


def _headers(nonce: str, leads_to: str) -> dict[str, str]:
    form_action = " ".join(filter(None, ("'self'", _source(leads_to))))
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src 'self'; "
        f"form-action {form_action}; frame-ancestors 'none'; base-uri 'none'"
    )
    return {**_BASE, "content-security-policy": policy}


def _source(url: str) -> str:
    """The redirect target as a source: browsers hold redirects after a form to this list too."""
    parts = urlsplit(url)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}" if _HOST.match(parts.netloc) else ""
    return f"{parts.scheme}:" if re.fullmatch(r"[a-z][a-z0-9+.-]*", parts.scheme) else ""
