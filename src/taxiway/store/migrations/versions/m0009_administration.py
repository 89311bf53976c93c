"""administration."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "administrative_unit",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_administrative_unit")),
    )
    op.create_table(
        "autopilot_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_policy")),
    )
    op.create_table(
        "intune_role",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("is_built_in", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_intune_role")),
    )
    op.create_table(
        "intune_role_assignment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("role_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_intune_role_assignment")),
    )
    with op.batch_alter_table("intune_role_assignment", schema=None) as batch_op:
        batch_op.create_index("ix_intune_role_assignment_role_id", ["tenant", "role_id"], unique=False)

    op.create_table(
        "unit_member",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=100), nullable=False),
        sa.Column("object_kind", sa.String(length=10), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "unit_id", "object_kind", "object_id", name=op.f("pk_unit_member")),
    )
    with op.batch_alter_table("unit_member", schema=None) as batch_op:
        batch_op.create_index("ix_unit_member_object", ["tenant", "object_id"], unique=False)

    op.create_table(
        "unit_role",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("unit_id", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("role_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "unit_id", "user_id", "role_id", name=op.f("pk_unit_role")),
    )
    with op.batch_alter_table("unit_role", schema=None) as batch_op:
        batch_op.create_index("ix_unit_role_user", ["tenant", "user_id"], unique=False)


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("unit_role", schema=None) as batch_op:
        batch_op.drop_index("ix_unit_role_user")

    op.drop_table("unit_role")
    with op.batch_alter_table("unit_member", schema=None) as batch_op:
        batch_op.drop_index("ix_unit_member_object")

    op.drop_table("unit_member")
    with op.batch_alter_table("intune_role_assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_intune_role_assignment_role_id")

    op.drop_table("intune_role_assignment")
    op.drop_table("intune_role")
    op.drop_table("autopilot_policy")
    op.drop_table("administrative_unit")
