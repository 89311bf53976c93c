"""first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

DOCUMENT = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "access_pass",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("once", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_access_pass")),
    )
    with op.batch_alter_table("access_pass", schema=None) as batch_op:
        batch_op.create_index("ix_access_pass_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "address",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("people", sa.Text(), nullable=False),
        sa.Column("devices", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_address")),
    )
    op.create_table(
        "application",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("service_principal_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_application")),
    )
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.create_index("ix_application_app_id", ["tenant", "app_id"], unique=True)
        batch_op.create_index("ix_application_service_principal_id", ["tenant", "service_principal_id"], unique=False)

    op.create_table(
        "assignment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("object_kind", sa.String(length=50), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=250), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("group_id", sa.String(length=100), nullable=True),
        sa.Column("filter_id", sa.String(length=100), nullable=True),
        sa.Column("filter_mode", sa.String(length=10), nullable=False),
        sa.Column("intent", sa.String(length=30), nullable=True),
        sa.Column("settings", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "object_kind", "object_id", "id", name=op.f("pk_assignment")),
    )
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.create_index("ix_assignment_group", ["tenant", "group_id"], unique=False)
        batch_op.create_index("ix_assignment_meant", ["tenant", "object_kind", "kind", "group_id"], unique=False)

    op.create_table(
        "assignment_filter",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("platform", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_assignment_filter")),
    )
    op.create_table(
        "auth_code",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("redirect_uri", sa.Text(), nullable=False),
        sa.Column("challenge", sa.String(length=64), nullable=False),
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("family", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("ztdid", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_auth_code")),
    )
    with op.batch_alter_table("auth_code", schema=None) as batch_op:
        batch_op.create_index("ix_auth_code_expires", ["tenant", "expires_at"], unique=False)

    op.create_table(
        "authority",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_authority")),
    )
    op.create_table(
        "autopilot_device",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("group_tag", sa.Text(), nullable=True),
        sa.Column("purchase_order_identifier", sa.Text(), nullable=True),
        sa.Column("product_key", sa.Text(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("user_principal_name", sa.Text(), nullable=True),
        sa.Column("azure_active_directory_device_id", sa.Text(), nullable=True),
        sa.Column("managed_device_id", sa.Text(), nullable=True),
        sa.Column("enrollment_state", sa.Text(), nullable=True),
        sa.Column("last_contacted_at", sa.BigInteger(), nullable=True),
        sa.Column("deployment_profile_assignment_status", sa.Text(), nullable=True),
        sa.Column("deployment_profile_assigned_at", sa.BigInteger(), nullable=True),
        sa.Column("remediation_state", sa.Text(), nullable=True),
        sa.Column("deployment_profile_id", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_device")),
    )
    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.create_index(
            "ix_autopilot_device_azure_active_directory_device_id",
            ["tenant", "azure_active_directory_device_id"],
            unique=False,
        )
        batch_op.create_index(
            "ix_autopilot_device_deployment_profile_id", ["tenant", "deployment_profile_id"], unique=False
        )
        batch_op.create_index("ix_autopilot_device_managed_device_id", ["tenant", "managed_device_id"], unique=False)

    op.create_table(
        "autopilot_hardware",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("ek", sa.Text(), nullable=True),
        sa.Column("smbios_uuid", sa.Text(), nullable=True),
        sa.Column("model_serial", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_hardware")),
    )
    with op.batch_alter_table("autopilot_hardware", schema=None) as batch_op:
        batch_op.create_index("ix_autopilot_hardware_ek", ["tenant", "ek"], unique=False)
        batch_op.create_index("ix_autopilot_hardware_model_serial", ["tenant", "model_serial"], unique=False)
        batch_op.create_index("ix_autopilot_hardware_smbios_uuid", ["tenant", "smbios_uuid"], unique=False)

    op.create_table(
        "autopilot_import",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("group_tag", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("import_id", sa.Text(), nullable=True),
        sa.Column("assigned_user_principal_name", sa.Text(), nullable=True),
        sa.Column("device_import_status", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_import")),
    )
    with op.batch_alter_table("autopilot_import", schema=None) as batch_op:
        batch_op.create_index(
            "ix_autopilot_import_device_import_status", ["tenant", "device_import_status"], unique=False
        )
        batch_op.create_index("ix_autopilot_import_import_id", ["tenant", "import_id"], unique=False)

    op.create_table(
        "autopilot_profile",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_profile")),
    )
    op.create_table(
        "autopilot_sync",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_autopilot_sync")),
    )
    op.create_table(
        "blob",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sha256", name=op.f("pk_blob")),
    )
    op.create_table(
        "certificate",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_certificate")),
    )
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.create_index("ix_certificate_subject", ["tenant", "subject"], unique=False)

    op.create_table(
        "client_secret",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("app_id", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("hint", sa.String(length=8), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_client_secret")),
    )
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.create_index("ix_client_secret_app", ["tenant", "app_id"], unique=False)

    op.create_table(
        "compliance_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_compliance_policy")),
    )
    op.create_table(
        "content_file",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("content_version", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_content_file")),
    )
    with op.batch_alter_table("content_file", schema=None) as batch_op:
        batch_op.create_index("ix_content_file_app_id", ["tenant", "app_id"], unique=False)

    op.create_table(
        "content_version",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("app_id", sa.Text(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_content_version")),
    )
    with op.batch_alter_table("content_version", schema=None) as batch_op:
        batch_op.create_index("ix_content_version_app_id", ["tenant", "app_id"], unique=False)

    op.create_table(
        "device_alert",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Integer(), nullable=False),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("mark", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "managed_id", "number", name=op.f("pk_device_alert")),
    )
    op.create_table(
        "device_answer",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("serial", sa.Integer(), nullable=False),
        sa.Column("msg_id", sa.String(length=64), nullable=False),
        sa.Column("body_hash", sa.String(length=64), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "managed_id", "serial", "msg_id", name=op.f("pk_device_answer")),
    )
    op.create_table(
        "device_command",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("lane", sa.String(length=120), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("verb", sa.String(length=10), nullable=False),
        sa.Column("uri", sa.Text(), nullable=False),
        sa.Column("format", sa.String(length=10), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        sa.Column("sealed", sa.Boolean(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("origins", DOCUMENT, nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("msg_ref", sa.String(length=64), nullable=True),
        sa.Column("cmd_ref", sa.String(length=64), nullable=True),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("native_error", sa.String(length=40), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "managed_id", "id", name=op.f("pk_device_command")),
    )
    op.create_table(
        "device_configuration",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_configuration")),
    )
    op.create_table(
        "device_registration_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device_registration_policy")),
    )
    op.create_table(
        "device_run",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("esp_state", sa.String(length=20), nullable=False),
        sa.Column("esp_deadline", sa.BigInteger(), nullable=True),
        sa.Column("esp", DOCUMENT, nullable=False),
        sa.Column("session", DOCUMENT, nullable=False),
        sa.Column("facts", DOCUMENT, nullable=False),
        sa.Column("compliance", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "managed_id", name=op.f("pk_device_run")),
    )
    with op.batch_alter_table("device_run", schema=None) as batch_op:
        batch_op.create_index("ix_device_run_esp", ["tenant", "esp_state", "esp_deadline"], unique=False)

    op.create_table(
        "device_status",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("managed_id", sa.String(length=100), nullable=False),
        sa.Column("object_kind", sa.String(length=40), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("detail", DOCUMENT, nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "managed_id", "object_kind", "object_id", name=op.f("pk_device_status")),
    )
    with op.batch_alter_table("device_status", schema=None) as batch_op:
        batch_op.create_index("ix_device_status_object", ["tenant", "object_kind", "object_id"], unique=False)

    op.create_table(
        "directory_device",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("account_enabled", sa.Boolean(), nullable=True),
        sa.Column("operating_system", sa.Text(), nullable=True),
        sa.Column("operating_system_version", sa.Text(), nullable=True),
        sa.Column("trust_type", sa.Text(), nullable=True),
        sa.Column("profile_type", sa.Text(), nullable=True),
        sa.Column("device_ownership", sa.Text(), nullable=True),
        sa.Column("enrollment_profile_name", sa.Text(), nullable=True),
        sa.Column("management_type", sa.Text(), nullable=True),
        sa.Column("mdm_app_id", sa.Text(), nullable=True),
        sa.Column("is_managed", sa.Boolean(), nullable=True),
        sa.Column("is_compliant", sa.Boolean(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("registered_at", sa.BigInteger(), nullable=True),
        sa.Column("approximate_last_sign_in_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("owner_id", sa.Text(), nullable=True),
        sa.Column("ztdid", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_directory_device")),
    )
    with op.batch_alter_table("directory_device", schema=None) as batch_op:
        batch_op.create_index("ix_directory_device_device_id", ["tenant", "device_id"], unique=True)
        batch_op.create_index("ix_directory_device_owner_id", ["tenant", "owner_id"], unique=False)
        batch_op.create_index("ix_directory_device_ztdid", ["tenant", "ztdid"], unique=True)

    op.create_table(
        "directory_group",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("mail_nickname", sa.Text(), nullable=True),
        sa.Column("mail", sa.Text(), nullable=True),
        sa.Column("mail_enabled", sa.Boolean(), nullable=True),
        sa.Column("security_enabled", sa.Boolean(), nullable=True),
        sa.Column("is_assignable_to_role", sa.Boolean(), nullable=True),
        sa.Column("membership_rule", sa.Text(), nullable=True),
        sa.Column("membership_rule_processing_state", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_directory_group")),
    )
    op.create_table(
        "directory_user",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("account_enabled", sa.Boolean(), nullable=True),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("user_principal_name", sa.Text(), nullable=True),
        sa.Column("mail", sa.Text(), nullable=True),
        sa.Column("mail_nickname", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("surname", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("job_title", sa.Text(), nullable=True),
        sa.Column("usage_location", sa.Text(), nullable=True),
        sa.Column("user_type", sa.Text(), nullable=True),
        sa.Column("employee_id", sa.Text(), nullable=True),
        sa.Column("company_name", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("office_location", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("manager_id", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_directory_user")),
    )
    with op.batch_alter_table("directory_user", schema=None) as batch_op:
        batch_op.create_index("ix_directory_user_manager_id", ["tenant", "manager_id"], unique=False)

    op.create_table(
        "domain",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_domain")),
    )
    op.create_table(
        "enrollment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("key_hash", sa.Text(), nullable=True),
        sa.Column("entra_id", sa.Text(), nullable=True),
        sa.Column("ztdid", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_enrollment")),
    )
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.create_index("ix_enrollment_entra_id", ["tenant", "entra_id"], unique=False)
        batch_op.create_index("ix_enrollment_key_hash", ["tenant", "key_hash"], unique=True)
        batch_op.create_index("ix_enrollment_ztdid", ["tenant", "ztdid"], unique=False)

    op.create_table(
        "enrollment_configuration",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("priority", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_enrollment_configuration")),
    )
    op.create_table(
        "group_owner",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "group_id", "user_id", name=op.f("pk_group_owner")),
    )
    op.create_table(
        "hello_key",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("key_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("blob", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key_id", name=op.f("pk_hello_key")),
    )
    with op.batch_alter_table("hello_key", schema=None) as batch_op:
        batch_op.create_index("ix_hello_key_device", ["tenant", "device_id"], unique=False)

    op.create_table(
        "joined_key",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("transport_hash", sa.String(length=64), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key_hash", name=op.f("pk_joined_key")),
    )
    with op.batch_alter_table("joined_key", schema=None) as batch_op:
        batch_op.create_index("ix_joined_key_device", ["tenant", "device"], unique=False)

    op.create_table(
        "lockout",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=320), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.BigInteger(), nullable=True),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "account", name=op.f("pk_lockout")),
    )
    op.create_table(
        "log",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=200), nullable=False),
        sa.Column("correlation", sa.String(length=100), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=100), nullable=False),
        sa.Column("what", DOCUMENT, nullable=False),
        sa.Column("why", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "number", name=op.f("pk_log")),
    )
    with op.batch_alter_table("log", schema=None) as batch_op:
        batch_op.create_index("ix_log_correlation", ["tenant", "correlation", "number"], unique=False)
        batch_op.create_index("ix_log_subject", ["tenant", "subject", "number"], unique=False)

    op.create_table(
        "managed_device",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=True),
        sa.Column("device_name", sa.Text(), nullable=True),
        sa.Column("ownership", sa.Text(), nullable=True),
        sa.Column("enrolled_at", sa.BigInteger(), nullable=True),
        sa.Column("last_sync_at", sa.BigInteger(), nullable=True),
        sa.Column("operating_system", sa.Text(), nullable=True),
        sa.Column("compliance_state", sa.Text(), nullable=True),
        sa.Column("management_agent", sa.Text(), nullable=True),
        sa.Column("os_version", sa.Text(), nullable=True),
        sa.Column("device_enrollment_type", sa.Text(), nullable=True),
        sa.Column("azure_ad_device_id", sa.Text(), nullable=True),
        sa.Column("is_encrypted", sa.Boolean(), nullable=True),
        sa.Column("upn", sa.Text(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("serial_number", sa.Text(), nullable=True),
        sa.Column("enrollment_profile_name", sa.Text(), nullable=True),
        sa.Column("management_state", sa.Text(), nullable=True),
        sa.Column("autopilot_enrolled", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_managed_device")),
    )
    with op.batch_alter_table("managed_device", schema=None) as batch_op:
        batch_op.create_index("ix_managed_device_user_id", ["tenant", "user_id"], unique=False)

    op.create_table(
        "management_settings",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("secure_by_default", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_management_settings")),
    )
    op.create_table(
        "membership",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("group_id", sa.String(length=100), nullable=False),
        sa.Column("object_kind", sa.String(length=10), nullable=False),
        sa.Column("object_id", sa.String(length=100), nullable=False),
        sa.Column("direct", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "group_id", "object_kind", "object_id", name=op.f("pk_membership")),
    )
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.create_index("ix_membership_object", ["tenant", "object_kind", "object_id"], unique=False)

    op.create_table(
        "mobile_app",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("last_modified_at", sa.BigInteger(), nullable=True),
        sa.Column("publisher", sa.Text(), nullable=True),
        sa.Column("publishing_state", sa.Text(), nullable=True),
        sa.Column("is_assigned", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mobile_app")),
    )
    op.create_table(
        "mobile_app_management_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("applies_to", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mobile_app_management_policy")),
    )
    op.create_table(
        "mobile_device_management_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("applies_to", sa.Text(), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_mobile_device_management_policy")),
    )
    op.create_table(
        "organization",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("initial_domain", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_organization")),
    )
    op.create_table(
        "password",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("one_time", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id", name=op.f("pk_password")),
    )
    op.create_table(
        "prt",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=64), nullable=False),
        sa.Column("session_key", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("ztdid", sa.String(length=64), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_prt")),
    )
    with op.batch_alter_table("prt", schema=None) as batch_op:
        batch_op.create_index("ix_prt_device", ["tenant", "device_id"], unique=False)
        batch_op.create_index("ix_prt_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "recovery_key",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=True),
        sa.Column("device_id", sa.Text(), nullable=False),
        sa.Column("volume_type", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_recovery_key")),
    )
    with op.batch_alter_table("recovery_key", schema=None) as batch_op:
        batch_op.create_index("ix_recovery_key_device_id", ["tenant", "device_id"], unique=False)

    op.create_table(
        "refresh_token",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("family", sa.String(length=64), nullable=False),
        sa.Column("client_id", sa.String(length=64), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=True),
        sa.Column("amr", DOCUMENT, nullable=False),
        sa.Column("auth_time", sa.BigInteger(), nullable=False),
        sa.Column("mfa_at", sa.BigInteger(), nullable=True),
        sa.Column("ztdid", sa.String(length=64), nullable=True),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("absolute_at", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_refresh_token")),
    )
    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.create_index("ix_refresh_token_device", ["tenant", "device_id"], unique=False)
        batch_op.create_index("ix_refresh_token_family", ["tenant", "family"], unique=False)
        batch_op.create_index("ix_refresh_token_user", ["tenant", "user_id"], unique=False)

    op.create_table(
        "revocation",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=120), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "subject", name=op.f("pk_revocation")),
    )
    op.create_table(
        "role_assignment",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("role_id", sa.String(length=100), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id", "role_id", name=op.f("pk_role_assignment")),
    )
    op.create_table(
        "role_definition",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("is_built_in", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_role_definition")),
    )
    op.create_table(
        "role_scope_tag",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("display_name", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_role_scope_tag")),
    )
    op.create_table(
        "router",
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("key", sa.String(length=300), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name=op.f("pk_router")),
    )
    op.create_table(
        "rule_set",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_rule_set")),
    )
    op.create_table(
        "scope",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("head", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_scope")),
    )
    op.create_table(
        "signin_policy",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_signin_policy")),
    )
    op.create_table(
        "signing_key",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("kid", sa.String(length=64), nullable=False),
        sa.Column("private_key", sa.Text(), nullable=False),
        sa.Column("certificate", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("active_from", sa.BigInteger(), nullable=False),
        sa.Column("retire_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kid", name=op.f("pk_signing_key")),
    )
    op.create_table(
        "subscribed_sku",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=100), nullable=False),
        sa.Column("sku_id", sa.Text(), nullable=True),
        sa.Column("sku_part_number", sa.Text(), nullable=True),
        sa.Column("consumed_units", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("doc", DOCUMENT, nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_subscribed_sku")),
    )
    with op.batch_alter_table("subscribed_sku", schema=None) as batch_op:
        batch_op.create_index("ix_subscribed_sku_sku_id", ["tenant", "sku_id"], unique=False)

    op.create_table(
        "terms_of_use",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_terms_of_use")),
    )
    op.create_table(
        "totp",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("user_id", sa.String(length=100), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "user_id", name=op.f("pk_totp")),
    )
    op.create_table(
        "used_nonce",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "hash", name=op.f("pk_used_nonce")),
    )
    with op.batch_alter_table("used_nonce", schema=None) as batch_op:
        batch_op.create_index("ix_used_nonce_expires", ["tenant", "expires_at"], unique=False)

    op.create_index(
        "ix_autopilot_device_serial_number",
        "autopilot_device",
        ["tenant", sa.text("lower(serial_number)")],
        unique=False,
    )
    op.create_index(
        "ix_autopilot_device_user_principal_name",
        "autopilot_device",
        ["tenant", sa.text("lower(user_principal_name)")],
        unique=False,
    )
    op.create_index(
        "ix_directory_device_display_name", "directory_device", ["tenant", sa.text("lower(display_name)")], unique=False
    )
    op.create_index(
        "ix_directory_group_display_name", "directory_group", ["tenant", sa.text("lower(display_name)")], unique=False
    )
    op.create_index(
        "ix_directory_user_display_name", "directory_user", ["tenant", sa.text("lower(display_name)")], unique=False
    )
    op.create_index(
        "ix_directory_user_user_principal_name",
        "directory_user",
        ["tenant", sa.text("lower(user_principal_name)")],
        unique=True,
    )
    op.create_index(
        "ix_managed_device_azure_ad_device_id",
        "managed_device",
        ["tenant", sa.text("lower(azure_ad_device_id)")],
        unique=False,
    )
    op.create_index(
        "ix_managed_device_serial_number", "managed_device", ["tenant", sa.text("lower(serial_number)")], unique=False
    )


def downgrade() -> None:
    """Take back."""
    with op.batch_alter_table("used_nonce", schema=None) as batch_op:
        batch_op.drop_index("ix_used_nonce_expires")

    op.drop_table("used_nonce")
    op.drop_table("totp")
    op.drop_table("terms_of_use")
    with op.batch_alter_table("subscribed_sku", schema=None) as batch_op:
        batch_op.drop_index("ix_subscribed_sku_sku_id")

    op.drop_table("subscribed_sku")
    op.drop_table("signing_key")
    op.drop_table("signin_policy")
    op.drop_table("scope")
    op.drop_table("rule_set")
    op.drop_table("router")
    op.drop_table("role_scope_tag")
    op.drop_table("role_definition")
    op.drop_table("role_assignment")
    op.drop_table("revocation")
    with op.batch_alter_table("refresh_token", schema=None) as batch_op:
        batch_op.drop_index("ix_refresh_token_user")
        batch_op.drop_index("ix_refresh_token_family")
        batch_op.drop_index("ix_refresh_token_device")

    op.drop_table("refresh_token")
    with op.batch_alter_table("recovery_key", schema=None) as batch_op:
        batch_op.drop_index("ix_recovery_key_device_id")

    op.drop_table("recovery_key")
    with op.batch_alter_table("prt", schema=None) as batch_op:
        batch_op.drop_index("ix_prt_user")
        batch_op.drop_index("ix_prt_device")

    op.drop_table("prt")
    op.drop_table("password")
    op.drop_table("organization")
    op.drop_table("mobile_device_management_policy")
    op.drop_table("mobile_app_management_policy")
    op.drop_table("mobile_app")
    with op.batch_alter_table("membership", schema=None) as batch_op:
        batch_op.drop_index("ix_membership_object")

    op.drop_table("membership")
    op.drop_table("management_settings")
    with op.batch_alter_table("managed_device", schema=None) as batch_op:
        batch_op.drop_index("ix_managed_device_user_id")

    op.drop_table("managed_device")
    with op.batch_alter_table("log", schema=None) as batch_op:
        batch_op.drop_index("ix_log_subject")
        batch_op.drop_index("ix_log_correlation")

    op.drop_table("log")
    op.drop_table("lockout")
    with op.batch_alter_table("joined_key", schema=None) as batch_op:
        batch_op.drop_index("ix_joined_key_device")

    op.drop_table("joined_key")
    with op.batch_alter_table("hello_key", schema=None) as batch_op:
        batch_op.drop_index("ix_hello_key_device")

    op.drop_table("hello_key")
    op.drop_table("group_owner")
    op.drop_table("enrollment_configuration")
    with op.batch_alter_table("enrollment", schema=None) as batch_op:
        batch_op.drop_index("ix_enrollment_ztdid")
        batch_op.drop_index("ix_enrollment_key_hash")
        batch_op.drop_index("ix_enrollment_entra_id")

    op.drop_table("enrollment")
    op.drop_table("domain")
    with op.batch_alter_table("directory_user", schema=None) as batch_op:
        batch_op.drop_index("ix_directory_user_manager_id")

    op.drop_table("directory_user")
    op.drop_table("directory_group")
    with op.batch_alter_table("directory_device", schema=None) as batch_op:
        batch_op.drop_index("ix_directory_device_ztdid")
        batch_op.drop_index("ix_directory_device_owner_id")
        batch_op.drop_index("ix_directory_device_device_id")

    op.drop_table("directory_device")
    with op.batch_alter_table("device_status", schema=None) as batch_op:
        batch_op.drop_index("ix_device_status_object")

    op.drop_table("device_status")
    with op.batch_alter_table("device_run", schema=None) as batch_op:
        batch_op.drop_index("ix_device_run_esp")

    op.drop_table("device_run")
    op.drop_table("device_registration_policy")
    op.drop_table("device_configuration")
    op.drop_table("device_command")
    op.drop_table("device_answer")
    op.drop_table("device_alert")
    with op.batch_alter_table("content_version", schema=None) as batch_op:
        batch_op.drop_index("ix_content_version_app_id")

    op.drop_table("content_version")
    with op.batch_alter_table("content_file", schema=None) as batch_op:
        batch_op.drop_index("ix_content_file_app_id")

    op.drop_table("content_file")
    op.drop_table("compliance_policy")
    with op.batch_alter_table("client_secret", schema=None) as batch_op:
        batch_op.drop_index("ix_client_secret_app")

    op.drop_table("client_secret")
    with op.batch_alter_table("certificate", schema=None) as batch_op:
        batch_op.drop_index("ix_certificate_subject")

    op.drop_table("certificate")
    op.drop_table("blob")
    op.drop_table("autopilot_sync")
    op.drop_table("autopilot_profile")
    with op.batch_alter_table("autopilot_import", schema=None) as batch_op:
        batch_op.drop_index("ix_autopilot_import_import_id")
        batch_op.drop_index("ix_autopilot_import_device_import_status")

    op.drop_table("autopilot_import")
    with op.batch_alter_table("autopilot_hardware", schema=None) as batch_op:
        batch_op.drop_index("ix_autopilot_hardware_smbios_uuid")
        batch_op.drop_index("ix_autopilot_hardware_model_serial")
        batch_op.drop_index("ix_autopilot_hardware_ek")

    op.drop_table("autopilot_hardware")
    with op.batch_alter_table("autopilot_device", schema=None) as batch_op:
        batch_op.drop_index("ix_autopilot_device_managed_device_id")
        batch_op.drop_index("ix_autopilot_device_deployment_profile_id")
        batch_op.drop_index("ix_autopilot_device_azure_active_directory_device_id")

    op.drop_table("autopilot_device")
    op.drop_table("authority")
    with op.batch_alter_table("auth_code", schema=None) as batch_op:
        batch_op.drop_index("ix_auth_code_expires")

    op.drop_table("auth_code")
    op.drop_table("assignment_filter")
    with op.batch_alter_table("assignment", schema=None) as batch_op:
        batch_op.drop_index("ix_assignment_meant")
        batch_op.drop_index("ix_assignment_group")

    op.drop_table("assignment")
    with op.batch_alter_table("application", schema=None) as batch_op:
        batch_op.drop_index("ix_application_service_principal_id")
        batch_op.drop_index("ix_application_app_id")

    op.drop_table("application")
    op.drop_table("address")
    with op.batch_alter_table("access_pass", schema=None) as batch_op:
        batch_op.drop_index("ix_access_pass_user")

    op.drop_table("access_pass")
