"""registration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("enrolled_at", sa.BigInteger(), nullable=True))

    op.execute(
        "UPDATE autopilot_device SET enrolled_at = (SELECT managed_device.enrolled_at FROM managed_device "
        "WHERE managed_device.tenant = autopilot_device.tenant "
        "AND managed_device.id = autopilot_device.managed_device_id)"
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.drop_column("enrolled_at")
