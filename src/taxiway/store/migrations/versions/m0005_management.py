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
        "configuration_edition",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("word", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_configuration_edition")),
    )
    op.create_table(
        "configuration_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("is_assigned", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_configuration_policy")),
    )
    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("delivered", sa.Boolean(), server_default=sa.text("(true)"), nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.drop_column("delivered")
        batch_op.drop_column("cause")

    op.drop_table("configuration_policy")
    op.drop_table("configuration_edition")
