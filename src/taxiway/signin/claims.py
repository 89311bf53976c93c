"""What goes into a token: pure functions of the facts loaded for it (03 sections 5.1, 5.2 and 9.3)."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from taxiway import directory
from taxiway.kernel import Reason, Urls
from taxiway.signin.model import BROKER, DRS_APP, Proof
from taxiway.signin.resources import Target
from taxiway.signin.tokens import issuer
from taxiway.store import Row, Runtime, Tx

_ID_TOKEN = timedelta(hours=1)
_SHORTEST, _SPREAD = timedelta(minutes=60), 15 * 60
_PLAIN_USER = "b79fbf4d-3ef9-4689-8143-76b194e85509"

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything a token reply says of its user, read in one transaction."""

    tenant: Row
    user: Row
    roles: frozenset[str]
    now: datetime
    lifetime: timedelta
    uti: str
    mdm: Row | None = None
    why: tuple[Reason, ...] = field(default=())


def load(tx: Tx, proof: Proof, client_id: str, target: Target | None) -> Facts:
    """Read the facts. The MDM addresses go to the broker alone, with DRS tokens and PRTs (03 sections 5.2, 9.3)."""
    user = directory.USERS.require(tx, proof.user_id)
    broker = client_id == BROKER and (target is None or target.app_id == DRS_APP)
    scope = directory.in_mdm_scope(tx, user["id"]) if broker else None
    return Facts(
        tenant=directory.get_tenant(tx),
        user=user,
        roles=directory.roles_of(tx, user["id"]),
        now=tx.now,
        lifetime=_SHORTEST + timedelta(seconds=tx.entropy.below(_SPREAD)),
        uti=tx.entropy.token(16),
        mdm=directory.stated_mdm_policy(tx) if scope is not None and scope.value else None,
        why=scope.reasons if scope is not None else (),
    )


def access_claims(rt: Runtime, facts: Facts, proof: Proof, client_id: str, target: Target, *, acr: str = "0") -> Body:
    """An access token; its version is the resource's, not the endpoint's. ``acr``: how the client proved itself."""
    tid, version = facts.tenant["id"], target.version
    upn = facts.user["user_principal_name"]
    body: Body = {
        "aud": target.aud,
        "iss": issuer(rt.urls.issuer, tid, version),
        **_times(facts.now, facts.lifetime),
        "amr": proof.methods(facts.now),
        **_asker(client_id, acr, version),
        **_person(facts, client_id),
        "scp": target.scp,
        "idtyp": "user",
        "tenant_region_scope": "EU",
        "uti": facts.uti,
        "ver": version,
        "wids": sorted(facts.roles) or [_PLAIN_USER],
    }
    body |= {"acr": "1", "unique_name": upn} if version == "1.0" else {"preferred_username": upn}
    if target.roles:
        body["roles"] = sorted(target.roles)
    return {**body, "deviceid": proof.device_id} if proof.device_id else body


def id_claims(rt: Runtime, facts: Facts, proof: Proof, client_id: str, *, version: str, nonce: str = "") -> Body:
    """An id_token; the broker's one tells an in-scope user's device where to enroll."""
    tid = facts.tenant["id"]
    body: Body = {
        "aud": client_id,
        "iss": issuer(rt.urls.issuer, tid, version),
        **_times(facts.now, _ID_TOKEN),
        "amr": proof.methods(facts.now),
        "auth_time": int(proof.auth_time.timestamp()),
        **_person(facts, client_id),
        "tenant_display_name": facts.tenant["display_name"],
        "tenant_region_scope": "EU",
        "unique_name": facts.user["user_principal_name"],
        "uti": facts.uti,
        "ver": version,
        **_mdm(rt.urls, facts.mdm),
    }
    if version == "2.0":
        body["preferred_username"] = facts.user["user_principal_name"]
    return {**body, "nonce": nonce} if nonce else body


def app_claims(rt: Runtime, client: Row, target: Target, *, tenant: str, now: datetime, uti: str) -> Body:
    """The token of an application that acts for itself: ``roles`` instead of ``scp``."""
    principal = client["service_principal"]["id"]
    body: Body = {
        "aud": target.aud,
        "iss": issuer(rt.urls.issuer, tenant, target.version),
        **_times(now, _SHORTEST),
        **_asker(client["app_id"], client["acr"], target.version),
        "app_displayname": client["display_name"],
        "idtyp": "app",
        "oid": principal,
        "sub": principal,
        "tid": tenant,
        "uti": uti,
        "ver": target.version,
    }
    return {**body, "roles": sorted(target.roles)} if target.roles else body


def device_claims(
    rt: Runtime, device: Row, target: Target, client_id: str, *, tenant: str, now: datetime, uti: str
) -> Body:
    """The token of a device for which nobody signed in."""
    names = ("appid", "appidacr") if target.version == "1.0" else ("azp", "azpacr")
    return {
        "aud": target.aud,
        "iss": issuer(rt.urls.issuer, tenant, target.version),
        **_times(now, _SHORTEST),
        "amr": ["rsa"],
        names[0]: client_id,
        names[1]: "0",
        "deviceid": device["device_id"],
        "idtyp": "device",
        "oid": device["id"],
        "sub": device["id"],
        "tid": tenant,
        "uti": uti,
        "ver": target.version,
    }


def client_info(facts: Facts) -> str:
    """``client_info``, from which MSAL makes its account id."""
    body = json.dumps({"uid": facts.user["id"], "utid": facts.tenant["id"]}, separators=(",", ":"))
    return base64.urlsafe_b64encode(body.encode()).rstrip(b"=").decode()


def _asker(client_id: str, acr: str, version: str) -> Body:
    """The client, and how it proved itself, as each version names them."""
    names = ("appid", "appidacr") if version == "1.0" else ("azp", "azpacr")
    return dict(zip(names, (client_id, acr), strict=True))


def _times(now: datetime, lifetime: timedelta) -> Body:
    issued = int(now.timestamp())
    return {"iat": issued, "nbf": issued, "exp": issued + int(lifetime.total_seconds())}


def _person(facts: Facts, client_id: str) -> Body:
    user, tid = facts.user, facts.tenant["id"]
    pairwise = hashlib.sha256(f"{tid}\0{user['id']}\0{client_id}".encode()).digest()
    names = {"given_name": user["given_name"], "family_name": user["surname"]}
    return {
        "oid": user["id"],
        "sub": base64.urlsafe_b64encode(pairwise).rstrip(b"=").decode(),
        "tid": tid,
        "upn": user["user_principal_name"],
        "name": user["display_name"] or user["user_principal_name"],
        **{name: value for name, value in names.items() if value},
    }


def _mdm(urls: Urls, stated: Row | None) -> Body:
    """The addresses under both spellings that are documented (03 section 9.3)."""
    if stated is None:
        return {}
    policy = directory.with_own_mdm_urls(stated, urls)
    claims = {
        "mdm_enrollment_url": policy["discovery_url"],
        "mdm_terms_of_use_url": policy["terms_of_use_url"],
        "mdm_tou_url": policy["terms_of_use_url"],
        "mdm_compliance_url": policy["compliance_url"],
    }
    return {name: value for name, value in claims.items() if value is not None}
