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
    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("delivered", sa.Boolean(), server_default=sa.text("(true)"), nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.drop_column("delivered")
        batch_op.drop_column("cause")
