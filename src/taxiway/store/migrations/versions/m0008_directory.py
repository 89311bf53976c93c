"""directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "deleted_item",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("deleted_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_deleted_item")),
    )
    with op.batch_alter_table("deleted_item", schema=None) as batch_op:
        batch_op.create_index("ix_deleted_item_deleted_at", ["tenant", "deleted_at"], unique=False)

    op.create_table(
        "licence_wait",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("sku_id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sku_id", "user_id", name=op.f("pk_licence_wait")),
    )
    with op.batch_alter_table("licence_wait", schema=None) as batch_op:
        batch_op.create_index("ix_licence_wait_turn", ["tenant", "sku_id", "since", "user_id"], unique=False)

    op.create_table(
        "lost_membership",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("holder_id", sa.String(length=100), nullable=False),
        sa.Column("group_id", sa.String(length=100), nullable=False),
        sa.Column("object_kind", sa.String(length=10), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "holder_id", "group_id", "object_kind", "object_id", name=op.f("pk_lost_membership")
        ),
    )
    with op.batch_alter_table("directory_group", schema=None) as batch_op:
        batch_op.add_column(sa.Column("gives_licences", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("licensed_up_to", sa.Text(), nullable=True))
        batch_op.create_index("ix_directory_group_licensed_up_to", ["tenant", "licensed_up_to"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("directory_group", schema=None) as batch_op:
        batch_op.drop_index("ix_directory_group_licensed_up_to")
        batch_op.drop_column("licensed_up_to")
        batch_op.drop_column("gives_licences")

    op.drop_table("lost_membership")
    with op.batch_alter_table("licence_wait", schema=None) as batch_op:
        batch_op.drop_index("ix_licence_wait_turn")

    op.drop_table("licence_wait")
    with op.batch_alter_table("deleted_item", schema=None) as batch_op:
        batch_op.drop_index("ix_deleted_item_deleted_at")

    op.drop_table("deleted_item")
