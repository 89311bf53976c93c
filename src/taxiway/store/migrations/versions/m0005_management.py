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
        "scep_challenge",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("configuration_id", sa.String(length=100), nullable=False),
        sa.Column("terms", DOCUMENT, nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("key_hash", sa.String(length=64), nullable=True),
        sa.Column("transaction", sa.String(length=256), nullable=True),
        sa.Column("thumbprint", sa.String(length=40), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_scep_challenge")),
    )
    with op.batch_alter_table("scep_challenge", schema=None) as batch_op:
        batch_op.create_index("ix_scep_challenge_device", ["tenant", "managed_id", "configuration_id"], unique=False)

    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.add_column(sa.Column("profile", sa.Text(), nullable=True))
        batch_op.create_index("ix_certificate_profile", ["tenant", "profile"], unique=False)

    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.add_column(sa.Column("cause", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("delivered", sa.Boolean(), server_default=sa.text("(true)"), nullable=False))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("device_command", schema=None) as batch_op:
        batch_op.drop_column("delivered")
        batch_op.drop_column("cause")

    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index("ix_certificate_profile")
        batch_op.drop_column("profile")

    with op.batch_alter_table("scep_challenge", schema=None) as batch_op:
        batch_op.drop_index("ix_scep_challenge_device")

    op.drop_table("scep_challenge")
