"""enrollment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "enrollment_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_enrollment_policy")),
    )
    op.create_table(
        "outside_identity",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_outside_identity")),
    )
    with op.batch_alter_table("outside_identity", schema=None) as batch_op:
        batch_op.create_index("ix_outside_identity_object", ["tenant", "object_id"], unique=False)

    op.create_table(
        "web_token",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_web_token")),
    )


def downgrade() -> None:
    """Take back."""
    op.drop_table("web_token")
    with op.batch_alter_table("outside_identity", schema=None) as batch_op:
        batch_op.drop_index("ix_outside_identity_object")

    op.drop_table("outside_identity")
    op.drop_table("enrollment_policy")
