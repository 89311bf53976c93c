"""Applications of a tenant with what they were granted, and certificates by which they prove themselves."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.x509.oid import NameOID

from taxiway import directory, signin
from taxiway.directory import SYSTEM_PRINCIPAL

GRAPH_APP = "00000003-0000-0000-c000-000000000000"


@dataclass(frozen=True)
class App:
    """An application: its client id, its objects and a secret."""

    id: str
    row: dict[str, Any]
    principal: dict[str, Any]
    secret: str


async def make_application(rt, tenant, *, name="App", roles=(), scopes="", resource=GRAPH_APP, user_id=None, **props):
    """An application with its service principal, a secret, and what it holds at ``resource``."""

    def write(tx):
        row = directory.create_application(tx, principal=SYSTEM_PRINCIPAL, display_name=name, **props)
        account = directory.create_service_principal(tx, row["app_id"], principal=SYSTEM_PRINCIPAL)
        for role in roles:
            assign(tx, account["id"], resource, role)
        if scopes:
            grant(tx, account["id"], resource, scopes, user_id)
        secret = signin.add_client_secret(tx, row["app_id"], principal=SYSTEM_PRINCIPAL)
        return App(row["app_id"], row, account, secret)

    return await rt.store.write(tenant, write)


def assign(tx, holder_id, resource_app, value):
    """Give somebody the role of this name."""
    role = next(one for one in directory.offer_of(tx, resource_app).roles if one["value"] == value)
    return directory.assign_app_role(
        tx,
        holder_id=holder_id,
        resource_id=directory.principal_of(tx, resource_app)["id"],
        role_id=role["id"],
        principal=SYSTEM_PRINCIPAL,
    )


def grant(tx, client_principal_id, resource_app, scopes, user_id=None):
    """Grant delegated permissions."""
    return directory.grant_permissions(
        tx,
        client_id=client_principal_id,
        resource_id=directory.principal_of(tx, resource_app)["id"],
        scope=scopes,
        user_id=user_id,
        principal=SYSTEM_PRINCIPAL,
    )


def api(*scopes, version=None):
    """The ``api`` property of a resource with these delegated permissions."""
    return {
        "requestedAccessTokenVersion": version,
        "oauth2PermissionScopes": [
            {"id": f"11111111-1111-4111-8111-{number:012d}", "value": value, "type": "User"}
            for number, value in enumerate(scopes)
        ],
    }


def role(value, number=1, members=("User", "Application")):
    """One entry of ``appRoles``."""
    return {
        "id": f"22222222-2222-4222-8222-{number:012d}",
        "value": value,
        "displayName": value,
        "allowedMemberTypes": list(members),
    }


class Certificate:
    """A self-signed certificate and its key."""

    def __init__(self, key, now, *, days=365):
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "automation")])
        self.key = key
        self.certificate = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(7)
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .sign(key, hashes.SHA256())
        )

    @property
    def credential(self):
        """As ``keyCredentials`` takes it."""
        der = self.certificate.public_bytes(serialization.Encoding.DER)
        return {"type": "AsymmetricX509Cert", "usage": "Verify", "key": base64.b64encode(der).decode()}

    def thumbprint(self, algorithm=None):
        """SHA-1, or another."""
        return self.certificate.fingerprint(algorithm or hashes.SHA1())

    def sign(self, claims, *, alg="RS256", header=None):
        """A JWT; ``header`` replaces the name of the key."""
        named = header if header is not None else {"x5t": b64url(self.thumbprint())}
        text = ".".join(b64url(json.dumps(part).encode()) for part in ({"alg": alg, "typ": "JWT", **named}, claims))
        return f"{text}.{b64url(self._signature(text.encode(), alg))}"

    def _signature(self, data, alg):
        if alg == "none":
            return b""
        if isinstance(self.key, rsa.RSAPrivateKey):
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), hashes.SHA256().digest_size)
            return self.key.sign(data, pss if alg == "PS256" else padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def b64url(raw):
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
