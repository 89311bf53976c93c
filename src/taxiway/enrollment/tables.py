"""Tables of enrollment that no entity covers."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from taxiway.store import Document, Instant, metadata

_HASH: Final = 64


def _tenant() -> sa.Column[str]:
    return sa.Column("tenant", sa.String(64), primary_key=True)


#: The tenant's enrollment switches and the issuers it trusts, as one document.
enrollment_policy = sa.Table(
    "enrollment_policy",
    metadata,
    _tenant(),
    sa.Column("doc", Document, nullable=False),
)

#: Users and devices that an outside issuer vouches for, and the objects that stand for them here.
#: ``hash``: of the kind, the issuer and the id that the issuer gave.
outside_identity = sa.Table(
    "outside_identity",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(_HASH), primary_key=True),
    sa.Column("object_id", sa.String(100), nullable=False),
    sa.Index("ix_outside_identity_object", "tenant", "object_id"),
)

#: What the sign-in page gives a client for its enrollment (``wresult``); ``key_hash``: of the key it was used for.
web_token = sa.Table(
    "web_token",
    metadata,
    _tenant(),
    sa.Column("hash", sa.String(_HASH), primary_key=True),
    sa.Column("user_id", sa.String(100), nullable=False),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("key_hash", sa.String(_HASH)),
)
