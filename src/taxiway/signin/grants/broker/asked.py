"""What a signed request asks for, read from its payload (03 sections 7.3, 7.4 and 7.7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taxiway.signin import resources
from taxiway.signin.authorize import registered
from taxiway.signin.errors import GrantUnsupported, RedirectMismatch
from taxiway.store import Row, Tx

#: How version 3 asks for a new PRT, where versions 1 and 2 say ``aza``.
_RENEWAL = "urn:aad:tb:update:prt/.default"

_NOT_OFFERED = {
    "device_auth": "Certificates for remote desktop between devices are not offered.",
    "urn:ietf:params:oauth:grant-type:saml1_1-bearer": "SAML assertions are not offered: every domain is managed.",
}


@dataclass(frozen=True, slots=True)
class Asked:
    """Client, resource and scope of a payload. ``prt``: whether a PRT is asked for; ``resource``: empty for none."""

    client_id: str
    resource: str
    scope: str
    prt: bool

    @classmethod
    def of(cls, payload: Mapping[str, Any], *, client: str) -> Asked:
        """What a payload asks for; ``client``: who asks when it does not say."""
        if "cert_token_use" in payload:
            raise GrantUnsupported("Certificates in the place of tokens are not offered.")
        words = text(payload, "scope").split()
        scope = " ".join(word for word in words if word.lower() != _RENEWAL)
        prt = resources.wants(scope, "aza") or _RENEWAL in map(str.lower, words)
        resource = resources.asked(text(payload, "resource"), scope)
        return cls((text(payload, "client_id") or client).lower(), resource, scope, prt)


def text(payload: Mapping[str, Any], name: str) -> str:
    """A member of the payload as text; what is no text counts as absent."""
    value = payload.get(name)
    return value if isinstance(value, str) else ""


def client_of(tx: Tx, asked: Asked, payload: Mapping[str, Any]) -> Row:
    """The client; a redirect URI in the payload must be one of its own, or its address at the broker plugin."""
    client = resources.client_of(tx, asked.client_id)
    uri = text(payload, "redirect_uri")
    own = f"ms-appx-web://Microsoft.AAD.BrokerPlugin/{asked.client_id}"
    if uri and not registered({**client, "redirect_uris": [*client["redirect_uris"], own]}, uri):
        raise RedirectMismatch(
            f"The redirect URI '{uri[:200]}' is not one of those registered for the application '{asked.client_id}'."
        )
    return client


def not_offered(grant: object) -> GrantUnsupported:
    """The refusal of a grant that signed requests do not carry here."""
    return GrantUnsupported(_NOT_OFFERED.get(str(grant), f"The grant '{str(grant)[:80]}' is not offered here."))
