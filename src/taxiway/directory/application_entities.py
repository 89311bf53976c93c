"""Applications, their service principals and what was granted to them, as the v1.0 models have them.

An application says what a program is; its service principal says what it may do in the tenant. What Graph repeats of
the one on the other is not kept twice.
"""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

_CREATED = Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True)
_NAME = Prop("display_name", column=True, filterable=True, sortable=True, fold=True)

#: What both have: certificates and marks that tools leave.
_SHARED = (
    Prop("key_credentials", "json", default=[]),
    Prop("tags", "strings", default=[]),
    Prop("notes"),
    Prop("description"),
    Prop("deleted_at", "datetime", graph="deletedDateTime"),
    Prop("disabled_by_microsoft_status"),
    Prop("add_ins", "json", default=[]),
    Prop("application_template_id"),
    Prop("created_by_app_id"),
    Prop("is_disabled", "bool"),
    Prop("token_encryption_key_id"),
    Prop("verified_publisher", "json"),
)

APPLICATION = Entity(
    "application",
    [
        Prop("app_id", column=True, filterable=True, nullable=False, unique=True),
        _NAME,
        _CREATED,
        Prop("sign_in_audience", column=True, filterable=True, default="AzureADMyOrg"),
        Prop("is_fallback_public_client", "bool"),
        Prop("identifier_uris", "strings", default=[]),
        Prop("web", "json"),
        Prop("spa", "json"),
        Prop("public_client", "json"),
        Prop("api", "json"),
        Prop("app_roles", "json", default=[]),
        Prop("required_resource_access", "json", default=[]),
        Prop("optional_claims", "json"),
        Prop("info", "json"),
        Prop("group_membership_claims"),
        Prop("publisher_domain"),
        Prop("service_management_reference"),
        Prop("is_device_only_auth_supported", "bool"),
        Prop("default_redirect_uri"),
        Prop("unique_name"),
        Prop("native_authentication_apis_enabled"),
        Prop("saml_metadata_url"),
        Prop("oauth2_require_post_response", "bool", default=False),
        Prop("manager_applications", "strings", default=[]),
        Prop("authentication_behaviors", "json"),
        Prop("certification", "json"),
        Prop("parental_control_settings", "json"),
        Prop("request_signature_verification", "json"),
        Prop("service_principal_lock_configuration", "json"),
        Prop("on_premises_publishing", "json"),
        Prop("sign_in_audience_restrictions", "json"),
        Prop("windows", "json"),
        *_SHARED,
    ],
)

SERVICE_PRINCIPAL = Entity(
    "service_principal",
    [
        Prop("app_id", column=True, filterable=True, nullable=False, unique=True),
        _NAME,
        _CREATED,
        Prop("account_enabled", "bool", column=True, filterable=True, nullable=False, default=True),
        Prop("service_principal_type", column=True, filterable=True, default="Application"),
        Prop("app_role_assignment_required", "bool", default=False),
        Prop("login_url"),
        Prop("notification_email_addresses", "strings", default=[]),
        Prop("preferred_single_sign_on_mode"),
        Prop("preferred_token_signing_key_thumbprint"),
        Prop("preferred_token_signing_key_end_date_time", "datetime"),
        Prop("app_description"),
        Prop("error_url"),
        Prop("homepage"),
        Prop("logout_url"),
        Prop("publisher_name"),
        Prop("saml_metadata_url"),
        Prop("alternative_names", "strings", default=[]),
        Prop("custom_security_attributes", "json"),
        Prop("info", "json"),
        Prop("saml_single_sign_on_settings", "json"),
        Prop("password_single_sign_on_settings", "json"),
        Prop("resource_specific_application_permissions", "json", default=[]),
        *_SHARED,
    ],
)

#: A role of the application ``resource_id`` held by a user, a group or another service principal.
APP_ROLE_ASSIGNMENT = Entity(
    "app_role_assignment",
    [
        Prop("principal_id", column=True, filterable=True, nullable=False, index=True),
        Prop("principal_type", column=True, nullable=False),
        Prop("principal_display_name"),
        Prop("resource_id", column=True, filterable=True, nullable=False, index=True),
        Prop("resource_display_name"),
        Prop("app_role_id", column=True, nullable=False),
        Prop("created_at", "datetime", graph="createdDateTime"),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
    ],
)

#: What the client ``client_id`` may do at ``resource_id`` in the name of everybody, or of one user.
PERMISSION_GRANT = Entity(
    "permission_grant",
    [
        Prop("client_id", column=True, filterable=True, nullable=False, index=True),
        Prop("consent_type", column=True, filterable=True, nullable=False),
        Prop("principal_id", column=True, filterable=True, index=True),
        Prop("resource_id", column=True, filterable=True, nullable=False, index=True),
        Prop("scope", nullable=False),
        Prop("start_time", "datetime"),
        Prop("expiry_time", "datetime"),
    ],
)

APPLICATIONS = Repository(APPLICATION)
SERVICE_PRINCIPALS = Repository(SERVICE_PRINCIPAL)
APP_ROLE_ASSIGNMENTS = Repository(APP_ROLE_ASSIGNMENT)
PERMISSION_GRANTS = Repository(PERMISSION_GRANT)
