"""Corporate device identifiers, device categories."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "imported_device_identity",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("key", sa.Text(), nullable=True),
        sa.Column("imported_device_identifier", sa.Text(), nullable=True),
        sa.Column("imported_device_identity_type", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("enrollment_state", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_imported_device_identity")),
    )
    with op.batch_alter_table("imported_device_identity", schema=None) as batch_op:
        batch_op.create_index("ix_imported_device_identity_key", ["tenant", "key"], unique=True)
    op.create_table(
        "device_category",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_category")),
    )
    with op.batch_alter_table("managed_device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("device_category_display_name", sa.Text(), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("managed_device", schema=None) as batch_op:
        batch_op.drop_column("device_category_display_name")
    op.drop_table("device_category")
    with op.batch_alter_table("imported_device_identity", schema=None) as batch_op:
        batch_op.drop_index("ix_imported_device_identity_key")
    op.drop_table("imported_device_identity")
