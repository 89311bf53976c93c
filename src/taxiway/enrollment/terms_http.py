"""The page of the terms of use (04 section 6)."""

from __future__ import annotations

import html
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from taxiway import directory
from taxiway.doors.request import bearer, correlation, read_form
from taxiway.enrollment import terms
from taxiway.enrollment.credentials import authenticate_visitor
from taxiway.enrollment.errors import BadTermsRequest, NotAuthenticated
from taxiway.kernel import TaxiwayError
from taxiway.store import Runtime


def terms_routes(rt: Runtime) -> list[Route]:
    """``/TermsOfUse``."""
    page = _TermsPage(rt)
    return [
        Route("/termsofuse", page.show, methods=["GET"]),
        Route("/termsofuse", page.answer, methods=["POST"]),
    ]


class _TermsPage:
    """The handlers, bound to a runtime."""

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt

    async def show(self, request: Request) -> Response:
        """The terms, or at once the answer where a tenant has none (04 section 6)."""
        query = request.query_params
        try:
            redirect = terms.checked_redirect(query.get("redirect_uri", ""))
        except BadTermsRequest as error:
            return Response(error.message, 400, media_type="text/plain")
        if query.get("api-version", "1.0") != "1.0":
            return _error(redirect, "invalid_request", "unsupported version")
        try:
            claims = await authenticate_visitor(self._rt, bearer(request))
        except NotAuthenticated as error:
            return _error(redirect, "unauthorized_client", error.message)
        if claims.oid is None:
            return _error(redirect, "unauthorized_client", "The token names no user.")
        asked = await self._rt.store.read(claims.tenant, terms.terms_of)
        if asked is None:
            return await self._accept(claims.tenant, claims.oid, redirect, correlation(request))
        proof = await self._rt.store.read(
            claims.tenant, lambda tx: tx.seal(str(claims.oid).encode(), "terms_of_use", "proof", redirect)
        )
        return HTMLResponse(_page(asked["title"], asked["text"], f"{claims.tenant}:{proof}"), headers=_PAGE_HEADERS)

    async def answer(self, request: Request) -> Response:
        """The accept button: the sealed proof stands in for the token, which only the first request carries."""
        form = await read_form(request)
        try:
            redirect = terms.checked_redirect(request.query_params.get("redirect_uri", ""))
        except BadTermsRequest as error:
            return Response(error.message, 400, media_type="text/plain")
        tenant, _, proof = form.get("proof", "").partition(":")
        try:
            oid = await self._rt.store.read(
                tenant, lambda tx: tx.unseal(proof, "terms_of_use", "proof", redirect).decode()
            )
        except (TaxiwayError, ValueError):
            return _error(redirect, "unauthorized_client", "The page was not made for this answer.")
        return await self._accept(tenant, oid, redirect, correlation(request))

    async def _accept(self, tenant: str, oid: str, redirect: str, cid: str) -> Response:
        user = await self._rt.store.read(tenant, lambda tx: directory.find_user(tx, oid))
        if user is None:
            return _error(redirect, "unauthorized_client", "The user does not exist any more.")
        blob = await self._rt.store.write(
            tenant, lambda tx: terms.accept(tx, oid), actor=f"user:{oid}", correlation=cid
        )
        answer = {"IsAccepted": "true", "OpaqueBlob": blob, "client-request-id": cid}
        return RedirectResponse(_answer_uri(redirect, **answer), 302)


#: The page has neither script nor style nor image, and leads back to whatever its checked redirect URI names.
_PAGE_HEADERS: Final = {
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "cross-origin-opener-policy": "same-origin",
}


def _error(redirect: str, error: str, text: str) -> Response:
    return RedirectResponse(_answer_uri(redirect, error=error, error_description=text), 302)


def _answer_uri(redirect: str, **parameters: str) -> str:
    """The redirect with the page's answer in its query."""
    return f"{redirect}{'&' if '?' in redirect else '?'}{urlencode(parameters)}"


def _page(title: str, text: str, proof: str) -> str:
    """The terms as a page without script; its form posts back to its own address."""
    paragraphs = "".join(f"<p>{html.escape(part)}</p>" for part in text.split("\n\n"))
    return (
        f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
        f'<body><main><h1>{html.escape(title)}</h1>{paragraphs}<form method="post">'
        f'<input type="hidden" name="proof" value="{html.escape(proof)}"><button type="submit">Accept</button>'
        "</form></main></body></html>"
    )
