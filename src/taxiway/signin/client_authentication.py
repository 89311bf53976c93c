"""How a client proves itself at the endpoints of programs (03 section 15.7)."""

from __future__ import annotations

from dataclasses import dataclass

from taxiway.signin.client_assertions import BEARER, require_assertion
from taxiway.signin.client_secrets import has_secret, require_secret
from taxiway.signin.errors import ClientCredentialMissing, ClientIsPublic, Malformed
from taxiway.store import Row, Tx

#: ``appidacr`` and ``azpacr``: by nothing, a secret, a certificate.
NONE, SECRET, CERTIFICATE = "0", "1", "2"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a request bears. ``audiences``: what an assertion may be made out to."""

    secret: str = ""
    assertion: str = ""
    assertion_type: str = ""
    audiences: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.secret or self.assertion or self.assertion_type)


def prove(tx: Tx, client: Row, given: Credential) -> str:
    """How the client proved itself, as ``appidacr`` says it; one that has to and did not is refused."""
    if not given:
        if not client["public"]:
            raise ClientCredentialMissing(
                "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
            )
        return NONE
    account = client["service_principal"]
    certificates = [*client["key_credentials"], *(account["key_credentials"] if account is not None else ())]
    if client["public"] and not certificates and not has_secret(tx, client["app_id"]):
        raise ClientIsPublic("Client is public so neither 'client_assertion' nor 'client_secret' should be presented.")
    if given.secret and (given.assertion or given.assertion_type):
        raise Malformed("The request has two client credentials.", remedy="Send a secret or an assertion.")
    if given.secret:
        require_secret(tx, client["app_id"], given.secret)
        return SECRET
    if given.assertion_type != BEARER:
        raise Malformed(f"The 'client_assertion_type' must be '{BEARER}'.")
    require_assertion(tx, client, given.assertion, certificates, given.audiences)
    return CERTIFICATE
