"""The rows behind sign-in. Secrets are hashed or sealed; nothing here lives in memory (03 section 16)."""

from __future__ import annotations

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(64), primary_key=True)


def _birth() -> list[sa.Column[object]]:
    """Who signed in, how and when: copied from a code to a refresh token, and from there to a PRT."""
    return [
        sa.Column("user_id", sa.String(100), nullable=False),
        sa.Column("device_id", sa.String(64)),
        sa.Column("amr", Document, nullable=False),
        sa.Column("auth_time", Instant, nullable=False),
        sa.Column("mfa_at", Instant),
        sa.Column("ztdid", sa.String(64)),
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

#: Failed attempts by account name, whether or not there is such an account (03 section 15.8).
lockout = sa.Table(
    "lockout",
    metadata,
    _tenant(),
    sa.Column("account", sa.String(320), primary_key=True),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("locked_until", Instant),
    sa.Column("changed_at", Instant, nullable=False),
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

prt = sa.Table(
    "prt",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(64), primary_key=True),
    sa.Column("family", sa.String(64), nullable=False),
    sa.Column("session_key", sa.Text, nullable=False),
    *_birth(),
    sa.Column("issued_at", Instant, nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("revoked_at", Instant),
    sa.Index("ix_prt_user", "tenant", "user_id"),
    sa.Index("ix_prt_device", "tenant", "device_id"),
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
