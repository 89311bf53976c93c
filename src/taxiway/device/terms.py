"""The terms of use page of the MDM application, accepted the way a person would (04 section 6)."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx

from taxiway.device.errors import EnrollmentRefused, ServerUnreachable
from taxiway.device.transport import Transport

RETURN_ADDRESS = "ms-aadj-redir://auth/mdm"

#: MDM is not configured in the tenant: what a missing or unreachable page ends with (01 R-08, 04 section 12.4).
NO_TERMS = "0x80180031"

_CLICKS = 3
_REJECTED = "0x80180030"


class _AcceptForm(HTMLParser):
    """The first form of a page: where it goes and what it carries, its first button included."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.fields: dict[str, str] = {}
        self._pressed = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the form's own fields."""
        found = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self.action = found.get("action", "")
        if tag not in {"input", "button"} or self.action is None or not found.get("name"):
            return
        if found.get("type", "submit" if tag == "button" else "text") in {"submit", "button"}:
            if self._pressed:
                return
            self._pressed = True
        self.fields[found["name"]] = found.get("value", "")


async def accept_terms(transport: Transport, url: str, token: str) -> str:
    """Show the page, accept, and return the blob that goes into the enrollment as ``EnrollmentData``."""
    query = {
        "redirect_uri": RETURN_ADDRESS,
        "client-request-id": transport.correlation,
        "api-version": "1.0",
        "mode": "azureadjoin",
    }
    headers = {"authorization": f"Bearer {token}", "cxh-host": "FRX"}
    try:
        response = await transport.send("GET", url, params=query, headers=headers)
    except ServerUnreachable as error:
        text = "Looks like we can't connect to the URL for your organization's MDM terms of use"
        raise EnrollmentRefused(NO_TERMS, text) from error
    for _ in range(_CLICKS):
        if response.is_redirect:
            return _blob(response.headers.get("location", ""))
        response = await _click(transport, response)
    raise EnrollmentRefused(_REJECTED, "the terms of use page leads nowhere")


async def _click(transport: Transport, page: httpx.Response) -> httpx.Response:
    form = _AcceptForm()
    form.feed(page.text if page.status_code == 200 else "")
    if form.action is None:
        raise EnrollmentRefused(NO_TERMS, f"the terms of use page answers HTTP {page.status_code} without a form")
    return await transport.send("POST", urljoin(str(page.url), form.action), data=form.fields)


def _blob(location: str) -> str:
    answer = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
    if not location.startswith(RETURN_ADDRESS):
        raise EnrollmentRefused("0x8018001A", "the terms of use page leads to another address")
    if "error" in answer:
        raise EnrollmentRefused(_REJECTED, f"terms of use: {answer['error']} {answer.get('error_description', '')}")
    if answer.get("IsAccepted", "").lower() != "true":
        raise EnrollmentRefused(_REJECTED, "rejectedTermsOfUse")
    return answer.get("OpaqueBlob", "")
