"""status page."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "app_install",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=100), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("milliseconds", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "app_id", "managed_id", name=op.f("pk_app_install")),
    )
    with op.batch_alter_table("app_install", schema=None) as batch_op:
        batch_op.create_index("ix_app_install_device", ["tenant", "managed_id", "ended_at"], unique=False)

    op.create_table(
        "deployment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=True),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("user_principal_name", sa.Text(), nullable=True),
        sa.Column("device_serial_number", sa.Text(), nullable=True),
        sa.Column("event_at", sa.BigInteger(), nullable=True),
        sa.Column("deployment_state", sa.Text(), nullable=True),
        sa.Column("deployment_started_at", sa.BigInteger(), nullable=True),
        sa.Column("deployment_ended_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_deployment")),
    )
    with op.batch_alter_table("device_run", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_device_run_esp"))
        batch_op.create_index("ix_device_run_esp", ["tenant", "esp_deadline"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("device_run", schema=None) as batch_op:
        batch_op.drop_index("ix_device_run_esp")
        batch_op.create_index(batch_op.f("ix_device_run_esp"), ["tenant", "esp_state", "esp_deadline"], unique=False)

    op.drop_table("deployment")
    with op.batch_alter_table("app_install", schema=None) as batch_op:
        batch_op.drop_index("ix_app_install_device")

    op.drop_table("app_install")
