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
        "app_category",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=100), nullable=False),
        sa.Column("category_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "app_id", "category_id", name=op.f("pk_app_category")),
    )
    with op.batch_alter_table("app_category", schema=None) as batch_op:
        batch_op.create_index("ix_app_category_category", ["tenant", "category_id"], unique=False)

    op.create_table(
        "app_relationship",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=100), nullable=False),
        sa.Column("target_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("how", sa.String(length=20), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "app_id", "target_id", name=op.f("pk_app_relationship")),
    )
    with op.batch_alter_table("app_relationship", schema=None) as batch_op:
        batch_op.create_index("ix_app_relationship_target", ["tenant", "target_id"], unique=False)

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
        "device_management_script",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("file_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_management_script")),
    )
    op.create_table(
        "extension_agent",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("instance", sa.String(length=100), nullable=False),
        sa.Column("agent_version", sa.Text(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "managed_id", name=op.f("pk_extension_agent")),
    )
    op.create_table(
        "extension_state",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("error", sa.BigInteger(), nullable=False),
        sa.Column("exit_code", sa.BigInteger(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("restart", sa.String(length=10), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant", "managed_id", "kind", "object_id", "user_id", name=op.f("pk_extension_state")
        ),
    )
    with op.batch_alter_table("extension_state", schema=None) as batch_op:
        batch_op.create_index("ix_extension_state_object", ["tenant", "kind", "object_id"], unique=False)

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

    op.create_table(
        "mobile_app_category",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mobile_app_category")),
    )
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
    op.drop_table("mobile_app_category")
    with op.batch_alter_table("log_collection", schema=None) as batch_op:
        batch_op.drop_index("ix_log_collection_managed_id")

    op.drop_table("log_collection")
    op.drop_table("local_credential")
    with op.batch_alter_table("extension_state", schema=None) as batch_op:
        batch_op.drop_index("ix_extension_state_object")

    op.drop_table("extension_state")
    op.drop_table("extension_agent")
    op.drop_table("device_management_script")
    with op.batch_alter_table("device_action", schema=None) as batch_op:
        batch_op.drop_index("ix_device_action_managed_id")
        batch_op.drop_index("ix_device_action_entra_id")

    op.drop_table("device_action")
    op.drop_table("configuration_policy")
    op.drop_table("configuration_edition")
    with op.batch_alter_table("app_relationship", schema=None) as batch_op:
        batch_op.drop_index("ix_app_relationship_target")

    op.drop_table("app_relationship")
    with op.batch_alter_table("app_category", schema=None) as batch_op:
        batch_op.drop_index("ix_app_category_category")

    op.drop_table("app_category")
