"""sign in and join."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply. Nothing could make an application or a secret before, so there is nothing of either to carry over."""
    op.execute("DELETE FROM client_secret")
    op.execute("DELETE FROM application")
    op.create_table(
        "app_role_assignment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=False),
        sa.Column("principal_type", sa.Text(), nullable=False),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("app_role_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_app_role_assignment")),
    )
    with op.batch_alter_table("app_role_assignment", schema=None) as batch_op:
        batch_op.create_index("ix_app_role_assignment_principal_id", ["tenant", "principal_id"], unique=False)
        batch_op.create_index("ix_app_role_assignment_resource_id", ["tenant", "resource_id"], unique=False)

    op.create_table(
        "brand_image",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=40), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", name=op.f("pk_brand_image")),
    )
    op.create_table(
        "browser_session",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("mfa_until", sa.BigInteger(), nullable=True),
        sa.Column("ztdid", sa.String(length=64), nullable=True),
        sa.Column("rests_on", sa.String(length=64), nullable=True),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_browser_session")),
    )
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.create_index("ix_browser_session_expires", ["tenant", "expires_at"], unique=False)
        batch_op.create_index("ix_browser_session_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "bulk_token",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("unseen", sa.Text(), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_bulk_token")),
    )
    with op.batch_alter_table("bulk_token", schema=None) as batch_op:
        batch_op.create_index("ix_bulk_token_flow", ["tenant", "flow"], unique=False)
        batch_op.create_index("ix_bulk_token_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "conditional_access_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("modified_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_conditional_access_policy")),
    )
    op.create_table(
        "device_code",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_code", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("version", sa.String(length=8), nullable=False),
        sa.Column("asked_from", sa.String(length=64), nullable=False),
        sa.Column("asked_tenant", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("tenant_id", sa.String(length=64), nullable=True),
        sa.Column("polled_at", sa.BigInteger(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_device_code")),
    )
    with op.batch_alter_table("device_code", schema=None) as batch_op:
        batch_op.create_index("ix_device_code_expires", ["tenant", "expires_at"], unique=False)
        batch_op.create_index("ix_device_code_user_code", ["tenant", "user_code"], unique=True)

    op.create_table(
        "device_grant",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("mfa_until", sa.BigInteger(), nullable=True),
        sa.Column("ztdid", sa.String(length=64), nullable=True),
        sa.Column("rests_on", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_device_grant")),
    )
    with op.batch_alter_table("device_grant", schema=None) as batch_op:
        batch_op.create_index("ix_device_grant_expires", ["tenant", "expires_at"], unique=False)

    op.create_table(
        "failed_attempt",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", "place", name=op.f("pk_failed_attempt")),
    )
    op.create_table(
        "familiar_place",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("place", sa.String(length=64), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", "place", name=op.f("pk_familiar_place")),
    )
    op.create_table(
        "federation",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("domain", sa.String(length=253), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.Column("client_secret", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "domain", name=op.f("pk_federation")),
    )
    op.create_table(
        "host_family",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("urls", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("pk_host_family")),
    )
    op.create_table(
        "identifier_uri",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("uri", sa.String(length=250), nullable=False),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "uri", name=op.f("pk_identifier_uri")),
    )
    with op.batch_alter_table("identifier_uri", schema=None) as batch_op:
        batch_op.create_index("ix_identifier_uri_app", ["tenant", "app_id"], unique=False)

    op.create_table(
        "outside_visit",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("doc", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_outside_visit")),
    )
    with op.batch_alter_table("outside_visit", schema=None) as batch_op:
        batch_op.create_index("ix_outside_visit_expires", ["tenant", "expires_at"], unique=False)

    op.create_table(
        "passkey",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("credential_id", sa.Text(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=False),
        sa.Column("aaguid", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_passkey")),
    )
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.create_index("ix_passkey_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "permission_grant",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("consent_type", sa.Text(), nullable=False),
        sa.Column("principal_id", sa.Text(), nullable=True),
        sa.Column("resource_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_permission_grant")),
    )
    with op.batch_alter_table("permission_grant", schema=None) as batch_op:
        batch_op.create_index("ix_permission_grant_client_id", ["tenant", "client_id"], unique=False)
        batch_op.create_index("ix_permission_grant_principal_id", ["tenant", "principal_id"], unique=False)
        batch_op.create_index("ix_permission_grant_resource_id", ["tenant", "resource_id"], unique=False)

    op.create_table(
        "recovery_code",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "user_id", "hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "service_principal",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("account_enabled", sa.Boolean(), nullable=False),
        sa.Column("service_principal_type", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_service_principal")),
    )
    with op.batch_alter_table("service_principal", schema=None) as batch_op:
        batch_op.create_index("ix_service_principal_app_id", ["tenant", "app_id"], unique=True)

    op.drop_table("address")
    op.drop_table("lockout")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.add_column(sa.Column("created_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("sign_in_audience", sa.Text(), nullable=True))
        batch_op.drop_index(batch_op.f("ix_application_service_principal_id"))
        batch_op.drop_column("service_principal_id")

    with op.batch_alter_table("auth_code", schema=None) as batch_op:
        batch_op.add_column(sa.Column("mfa_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("rests_on", sa.String(length=64), nullable=True))

    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.add_column(sa.Column("object_id", sa.String(length=64), nullable=False))
        batch_op.add_column(sa.Column("display_name", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("starts_at", sa.BigInteger(), nullable=False))
        batch_op.create_index("ix_client_secret_object", ["tenant", "object_id"], unique=False)

    with op.batch_alter_table("joined_key", schema=None) as batch_op:
        batch_op.create_index("ix_joined_key_transport", ["tenant", "transport_hash"], unique=False)

    with op.batch_alter_table("prt", schema=None) as batch_op:
        batch_op.add_column(sa.Column("previous", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("mfa_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("rests_on", sa.String(length=64), nullable=True))

    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("confidential", sa.Boolean(), nullable=True))
        batch_op.add_column(sa.Column("mfa_until", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("rests_on", sa.String(length=64), nullable=True))


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.drop_column("rests_on")
        batch_op.drop_column("mfa_until")
        batch_op.drop_column("confidential")

    with op.batch_alter_table("prt", schema=None) as batch_op:
        batch_op.drop_column("rests_on")
        batch_op.drop_column("mfa_until")
        batch_op.drop_column("previous")

    with op.batch_alter_table("joined_key", schema=None) as batch_op:
        batch_op.drop_index("ix_joined_key_transport")

    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index("ix_client_secret_object")
        batch_op.drop_column("starts_at")
        batch_op.drop_column("display_name")
        batch_op.drop_column("object_id")

    with op.batch_alter_table("auth_code", schema=None) as batch_op:
        batch_op.drop_column("rests_on")
        batch_op.drop_column("mfa_until")

    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.add_column(sa.Column("service_principal_id", sa.TEXT(), nullable=True))
        batch_op.create_index(
            batch_op.f("ix_application_service_principal_id"), ["tenant", "service_principal_id"], unique=False
        )
        batch_op.drop_column("sign_in_audience")
        batch_op.drop_column("created_at")

    op.create_table(
        "lockout",
        sa.Column("tenant", sa.VARCHAR(length=64), nullable=False),
        sa.Column("account", sa.VARCHAR(length=320), nullable=False),
        sa.Column("failed", sa.INTEGER(), nullable=False),
        sa.Column("locked_until", sa.BIGINT(), nullable=True),
        sa.Column("changed_at", sa.BIGINT(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", name=op.f("pk_lockout")),
    )
    op.create_table(
        "address",
        sa.Column("tenant", sa.VARCHAR(length=64), nullable=False),
        sa.Column("people", sa.TEXT(), nullable=False),
        sa.Column("devices", sa.TEXT(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_address")),
    )
    with op.batch_alter_table("service_principal", schema=None) as batch_op:
        batch_op.drop_index("ix_service_principal_app_id")

    op.drop_table("service_principal")
    op.drop_table("recovery_code")
    with op.batch_alter_table("permission_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_permission_grant_resource_id")
        batch_op.drop_index("ix_permission_grant_principal_id")
        batch_op.drop_index("ix_permission_grant_client_id")

    op.drop_table("permission_grant")
    with op.batch_alter_table("passkey", schema=None) as batch_op:
        batch_op.drop_index("ix_passkey_user")

    op.drop_table("passkey")
    with op.batch_alter_table("outside_visit", schema=None) as batch_op:
        batch_op.drop_index("ix_outside_visit_expires")

    op.drop_table("outside_visit")
    with op.batch_alter_table("identifier_uri", schema=None) as batch_op:
        batch_op.drop_index("ix_identifier_uri_app")

    op.drop_table("identifier_uri")
    op.drop_table("host_family")
    op.drop_table("federation")
    op.drop_table("familiar_place")
    op.drop_table("failed_attempt")
    with op.batch_alter_table("device_grant", schema=None) as batch_op:
        batch_op.drop_index("ix_device_grant_expires")

    op.drop_table("device_grant")
    with op.batch_alter_table("device_code", schema=None) as batch_op:
        batch_op.drop_index("ix_device_code_user_code")
        batch_op.drop_index("ix_device_code_expires")

    op.drop_table("device_code")
    op.drop_table("conditional_access_policy")
    with op.batch_alter_table("bulk_token", schema=None) as batch_op:
        batch_op.drop_index("ix_bulk_token_user")
        batch_op.drop_index("ix_bulk_token_flow")

    op.drop_table("bulk_token")
    with op.batch_alter_table("browser_session", schema=None) as batch_op:
        batch_op.drop_index("ix_browser_session_user")
        batch_op.drop_index("ix_browser_session_expires")

    op.drop_table("browser_session")
    op.drop_table("brand_image")
    with op.batch_alter_table("app_role_assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_app_role_assignment_resource_id")
        batch_op.drop_index("ix_app_role_assignment_principal_id")

    op.drop_table("app_role_assignment")
