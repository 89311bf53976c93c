"""registration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "device_claim",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_claim")),
    )
    op.create_table(
        "partner_batch",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_partner_batch")),
    )
    op.create_table(
        "partner_job",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("partner_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_partner_job")),
    )
    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("enrolled_at", sa.BigInteger(), nullable=True))

    op.execute(
        "UPDATE autopilot_device SET enrolled_at = (SELECT managed_device.enrolled_at FROM managed_device "
        "WHERE managed_device.tenant = autopilot_device.tenant "
        "AND managed_device.id = autopilot_device.managed_device_id)"
    )
    with op.batch_alter_table("autopilot_hardware", schema=None) as batch_op:
        batch_op.add_column(sa.Column("product_key", sa.Text(), nullable=True))
        batch_op.create_index("ix_autopilot_hardware_product_key", ["tenant", "product_key"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("autopilot_hardware", schema=None) as batch_op:
        batch_op.drop_index("ix_autopilot_hardware_product_key")
        batch_op.drop_column("product_key")

    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.drop_column("enrolled_at")

    op.drop_table("partner_job")
    op.drop_table("partner_batch")
    op.drop_table("device_claim")
