"""The branding of the sign-in page: in HTML, and for machines (03 sections 2.7 and 3.4)."""

from __future__ import annotations

import re
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from taxiway import directory
from taxiway.directory import Branding
from taxiway.doors.request import json_response
from taxiway.signin.credentials import tenant_of_segment
from taxiway.signin.errors import TenantUnknown
from taxiway.store import Runtime

_NAME = re.compile(r"[0-9a-f]{64}")
#: An address names its content by its hash, so whoever has it has it for good.
_FOREVER = {"cache-control": "public, max-age=31536000, immutable"}


def image_path(tenant: str, branding: Branding, name: str) -> str:
    """Where an image of a tenant's page is, on the host of the page; empty when it has none."""
    sha256 = branding.images.get(name)
    return f"/{tenant}/branding/{sha256}" if sha256 else ""


def user_tenant_branding(rt: Runtime, tenant: str, branding: Branding) -> list[dict[str, Any]] | None:
    """``UserTenantBranding``: what OOBE and other clients draw the page from; None without a branding."""
    if not branding:
        return None

    def address(name: str) -> str | None:
        path = image_path(tenant, branding, name)
        return f"{rt.urls.login}{path}" if path else None

    return [
        {
            "Locale": 0,
            "BannerLogo": address("bannerLogo"),
            "TileLogo": address("squareLogo"),
            "Illustration": address("backgroundImage"),
            "BackgroundColor": branding.texts.get("backgroundColor"),
            "BoilerPlateText": branding.texts.get("signInPageText"),
            "UserIdLabel": branding.texts.get("usernameHintText"),
            "KeepMeSignedInDisabled": False,
            "UseTransparentLightBox": False,
        }
    ]


async def branding_for(rt: Runtime, tenant: str | None) -> list[dict[str, Any]] | None:
    """The same, read for a tenant; None when none is known."""
    if tenant is None:
        return None
    return user_tenant_branding(rt, tenant, await rt.store.read(tenant, directory.branding_of))


async def image(rt: Runtime, request: Request) -> Response:
    """An image by its hash. Public, as the page is."""
    sha256 = request.path_params["sha256"]
    try:
        tenant = await tenant_of_segment(rt, request.path_params["tenant"])
    except TenantUnknown:
        tenant = None
    found = (
        await rt.store.read(tenant, lambda tx: directory.find_brand_image(tx, sha256=sha256))
        if tenant is not None and _NAME.fullmatch(sha256)
        else None
    )
    if found is None:
        return json_response({"error": {"code": "NotFound", "message": "There is no such image."}}, 404)
    return Response(found.content, 200, _FOREVER, media_type=found.media_type)
