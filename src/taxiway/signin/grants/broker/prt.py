"""A PRT, and what its reply says (03 sections 7.5 and 7.9)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from taxiway.signin import claims, issued
from taxiway.signin.grants.common import Issue, admit
from taxiway.signin.model import Proof
from taxiway.store import Row, Runtime, Tx


def issue_prt(
    tx: Tx, proof: Proof, client: Row, session_key: bytes, *, by: str, scope: str, before: Row | None = None
) -> Issue:
    """A PRT; ``before``: the one that it renews."""
    issue = admit(tx, proof, client, "", by=by, scope=scope)
    token = issued.new_prt(tx, proof, session_key, before=before)
    upn = issue.facts.user["user_principal_name"]
    what = {"upn": upn, "device_id": proof.device_id, "amr": list(proof.amr), "renewed": before is not None}
    tx.log("prt.issued", subject=proof.subject, what=what)
    return replace(issue, refresh_token=token)


def prt_members(rt: Runtime, issue: Issue) -> dict[str, Any]:
    """What only the reply with a PRT has; the lifetime of the PRT is a number, the other times are text.

    Where an access token comes along, the other times are its own.
    """
    members: dict[str, Any] = {
        "refresh_token": issue.refresh_token,
        "refresh_token_expires_in": issued.PRT_SECONDS,
        "client_info": claims.client_info(issue.facts),
        "device_tenant_id": issue.facts.tenant["id"],
    }
    if issue.target is None:
        expires = int(rt.clock.now().timestamp()) + issued.PRT_SECONDS
        times = {"expires_in": str(issued.PRT_SECONDS), "ext_expires_in": "0", "expires_on": str(expires)}
        return {**times, **members}
    return members
