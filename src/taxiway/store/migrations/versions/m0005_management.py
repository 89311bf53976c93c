"""management."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_action",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("managed_id", sa.Text(), nullable=False),
        sa.Column("entra_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_action")),
    )
    with op.batch_alter_table("device_action", schema=None) as batch_op:
        batch_op.create_index("ix_device_action_entra_id", ["tenant", "entra_id"], unique=False)
        batch_op.create_index("ix_device_action_managed_id", ["tenant", "managed_id"], unique=False)

    op.create_table(
        "local_credential",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("backed_up_at", sa.BigInteger(), nullable=True),
        sa.Column("refresh_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_local_credential")),
    )
    op.create_table(
        "log_collection",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("managed_id", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("content_sha256", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_log_collection")),
    )
    with op.batch_alter_table("log_collection", schema=None) as batch_op:
        batch_op.create_index("ix_log_collection_managed_id", ["tenant", "managed_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("log_collection", schema=None) as batch_op:
        batch_op.drop_index("ix_log_collection_managed_id")

    op.drop_table("log_collection")
    op.drop_table("local_credential")
    with op.batch_alter_table("device_action", schema=None) as batch_op:
        batch_op.drop_index("ix_device_action_managed_id")
        batch_op.drop_index("ix_device_action_entra_id")

    op.drop_table("device_action")
