"""Single sign-on at the authorise endpoint: a PRT speaks for the person (03 section 7.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from taxiway.signin import broker, nonces
from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.errors import SignInError
from taxiway.signin.grants.common import require_standing
from taxiway.signin.model import Proof
from taxiway.store import Runtime, Tx

_HEADER = "x-ms-refreshtokencredential"


async def proof_of_header(
    rt: Runtime, headers: Mapping[str, str], request: AuthorizeRequest
) -> tuple[str, Proof] | None:
    """Tenant and proof of the credential in the header; one that is not good is ignored, as the protocol says."""
    token = headers.get(_HEADER, "")
    if not token:
        return None
    try:
        signed = await broker.session_signed(rt, token)
        if request.tenant not in {None, signed.tenant}:
            return None

        def use(tx: Tx) -> Proof:
            nonces.use_nonce(tx, signed.nonce)
            require_standing(tx, signed.proof)
            return replace(signed.proof, ztdid=request.ztdid or signed.proof.ztdid)

        return signed.tenant, await rt.store.write(signed.tenant, use, correlation=request.correlation)
    except SignInError:
        return None
