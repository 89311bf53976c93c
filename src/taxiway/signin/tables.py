"""The rows behind sign-in. Secrets are hashed or sealed; nothing here lives in memory (03 section 16)."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(64), primary_key=True)


def _birth() -> list[sa.Column[object]]:
    """Who signed in, how and when: copied from a code to a refresh token, and from there to a PRT.

    ``rests_on``: the credential whose change ends it: ``password``, the id of a Windows Hello key or of a passkey, or
    nothing.
    """
    return [
        sa.Column("user_id", sa.String(100), nullable=False),
        sa.Column("device_id", sa.String(64)),
        sa.Column("amr", Document, nullable=False),
        sa.Column("auth_time", Instant, nullable=False),
        sa.Column("mfa_at", Instant),
        sa.Column("mfa_until", Instant),
        sa.Column("ztdid", sa.String(64)),
        sa.Column("rests_on", sa.String(64)),
    ]


#: Token signing keys; of the instance, so that one key set serves every tenant segment (03 section 2.3).
signing_key = sa.Table(
    "signing_key",
    metadata,
    _tenant(),
    sa.Column("kid", sa.String(64), primary_key=True),
    sa.Column("private_key", sa.Text, nullable=False),
    sa.Column("certificate", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("active_from", Instant, nullable=False),
    sa.Column("retire_at", Instant, nullable=False),
)

#: The tenant's switches, as one document (03 section 16).
signin_policy = sa.Table(
    "signin_policy",
    metadata,
    _tenant(),
    sa.Column("doc", Document, nullable=False),
)

password = sa.Table(
    "password",
    metadata,
    _tenant(),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("one_time", sa.Boolean, nullable=False),
    sa.Column("changed_at", Instant, nullable=False),
)

#: Failed attempts by account name, whether or not there is such an account, and by address (03 section 15.8).
#: ``place``: ``familiar`` or ``new`` for an account, with ``factor`` before it for its second factors; the network for
#: an address, whose account is empty; ``flow`` for one sign-in.
failed_attempt = sa.Table(
    "failed_attempt",
    metadata,
    _tenant(),
    sa.Column("account", sa.String(320), primary_key=True),
    sa.Column("place", sa.String(64), primary_key=True),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("locked_until", Instant),
    sa.Column("changed_at", Instant, nullable=False),
)

#: Networks from which an account has signed in: failures from elsewhere do not lock its owner out (03 section 15.8).
familiar_place = sa.Table(
    "familiar_place",
    metadata,
    _tenant(),
    sa.Column("account", sa.String(320), primary_key=True),
    sa.Column("place", sa.String(64), primary_key=True),
    sa.Column("seen_at", Instant, nullable=False),
)

access_pass = sa.Table(
    "access_pass",
    metadata,
    _tenant(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("hash", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("once", sa.Boolean, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index("ix_access_pass_user", "tenant", "user_id"),
)

totp = sa.Table(
    "totp",
    metadata,
    _tenant(),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("secret", sa.Text, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)

#: Recovery codes: 80 random bits each, shown once, good once.
recovery_code = sa.Table(
    "recovery_code",
    metadata,
    _tenant(),
    sa.Column("user_id", sa.String(100), primary_key=True),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("used_at", Instant),
)

#: Secrets of confidential applications: 256 random bits each, shown once, kept as SHA-256 (03 section 15.7).
#: ``object_id``: the application or the service principal that lists it; either proves the same client.
client_secret = sa.Table(
    "client_secret",
    metadata,
    _tenant(),
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("app_id", sa.String(64), nullable=False),
    sa.Column("object_id", sa.String(64), nullable=False),
    sa.Column("display_name", sa.Text),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("hint", sa.String(8), nullable=False),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_client_secret_app", "tenant", "app_id"),
    sa.Index("ix_client_secret_object", "tenant", "object_id"),
)

#: Tokens issued before ``not_before`` to ``user:<id>`` or ``device:<id>`` are no longer honoured.
revocation = sa.Table(
    "revocation",
    metadata,
    _tenant(),
    sa.Column("subject", sa.String(120), primary_key=True),
    sa.Column("not_before", Instant, nullable=False),
)

#: Nonces that were used; an unused one is a sealed value and needs no row (03 section 7.2). ``jti`` of client
#: assertions are kept beside them (03 section 15.7).
used_nonce = sa.Table(
    "used_nonce",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_used_nonce_expires", "tenant", "expires_at"),
)

auth_code = sa.Table(
    "auth_code",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("redirect_uri", sa.Text, nullable=False),
    sa.Column("challenge", sa.String(64), nullable=False),
    sa.Column("nonce", sa.Text, nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("family", sa.String(64), nullable=False),
    *_birth(),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Index("ix_auth_code_expires", "tenant", "expires_at"),
)

refresh_token = sa.Table(
    "refresh_token",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(64), nullable=False),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    #: Whether the client proved itself when it got the first of the family: then it has to at each use.
    sa.Column("confidential", sa.Boolean),
    *_birth(),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("absolute_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    sa.Column("revoked_at", Instant),
    sa.Index("ix_refresh_token_family", "tenant", "family"),
    sa.Index("ix_refresh_token_user", "tenant", "user_id"),
    sa.Index("ix_refresh_token_device", "tenant", "device_id"),
)

#: ``previous``: the PRT that this one renewed, which ends at this one's first use (03 section 7.9).
prt = sa.Table(
    "prt",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(64), nullable=False),
    sa.Column("session_key", sa.Text, nullable=False),
    sa.Column("previous", sa.String(64)),
    *_birth(),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Index("ix_prt_user", "tenant", "user_id"),
    sa.Index("ix_prt_device", "tenant", "device_id"),
)

browser_session = sa.Table(
    "browser_session",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    *_birth(),
    sa.Column("seen_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_browser_session_user", "tenant", "user_id"),
    sa.Index("ix_browser_session_expires", "tenant", "expires_at"),
)

#: Device codes that wait for their person. Whose they will be is not known yet, so these rows are the instance's and
#: hold nobody's data; ``tenant_id`` says where the approval is once there is one (03 section 4.3).
device_code = sa.Table(
    "device_code",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("user_code", sa.String(64), nullable=False),
    sa.Column("client_id", sa.String(64), nullable=False),
    sa.Column("resource", sa.Text, nullable=False),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("version", sa.String(8), nullable=False),
    sa.Column("asked_from", sa.String(64), nullable=False),
    sa.Column("asked_tenant", sa.String(64)),
    sa.Column("state", sa.String(16), nullable=False),
    sa.Column("tenant_id", sa.String(64)),
    sa.Column("polled_at", Instant),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_device_code_user_code", "tenant", "user_code", unique=True),
    sa.Index("ix_device_code_expires", "tenant", "expires_at"),
)

#: What a person approved for a device code, until the device fetches its tokens.
device_grant = sa.Table(
    "device_grant",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    *_birth(),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_device_grant_expires", "tenant", "expires_at"),
)

#: Bulk tokens of provisioning packages. Until it was shown, the token itself is kept sealed under the flow that waits
#: for it; afterwards only its hash is left (03 section 8.12).
bulk_token = sa.Table(
    "bulk_token",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("flow", sa.String(64), nullable=False),
    sa.Column("unseen", sa.Text),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Index("ix_bulk_token_flow", "tenant", "flow"),
    sa.Index("ix_bulk_token_user", "tenant", "user_id"),
)

hello_key = sa.Table(
    "hello_key",
    metadata,
    _tenant(),
    sa.Column("key_id", sa.String(64), primary_key=True),
    sa.Column("id", sa.String(64), nullable=False),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("device_id", sa.String(64), nullable=False),
    sa.Column("blob", sa.Text, nullable=False),
    sa.Column("created_at", Instant, nullable=False),
    sa.Index("ix_hello_key_device", "tenant", "device_id"),
)
