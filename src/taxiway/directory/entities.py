"""The directory's entities, each declared once (02 sections 5 and 6).

Complex values (licences, plans, password profiles) are kept in Graph's own shape inside their JSON property.
"""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository
from taxiway.store.entity import Kind

ON_PREMISES = (
    Prop("on_premises_domain_name"),
    Prop("on_premises_last_sync_date_time", "datetime"),
    Prop("on_premises_sam_account_name"),
    Prop("on_premises_security_identifier"),
    Prop("on_premises_sync_enabled", "bool"),
    Prop("on_premises_provisioning_errors", "json", default=[]),
)


def _of(kind: Kind, *names: str) -> list[Prop]:
    """Plain document properties of one type."""
    default: list[str] | None = [] if kind == "strings" else None
    return [Prop(name, kind, default=default) for name in names]


def _moment(name: str, graph: str) -> Prop:
    return Prop(name, "datetime", graph=graph, column=True, filterable=True, sortable=True)


ORGANIZATION = Entity(
    "organization",
    [
        Prop("display_name", column=True, filterable=True),
        Prop("initial_domain", column=True),
        Prop("domains", "strings", default=[]),
        Prop("verified_domains", "json", default=[]),
        Prop("tenant_type", default="AAD"),
        Prop("mobile_device_management_authority", default="intune"),
        Prop("country_letter_code", default="US"),
        Prop("preferred_language", default="en"),
        Prop("created_at", "datetime", graph="createdDateTime"),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        Prop("assigned_plans", "json", default=[]),
        Prop("provisioned_plans", "json", default=[]),
        Prop("privacy_profile", "json"),
        Prop("directory_size_quota", "json"),
        Prop("default_usage_location"),
        *_of("strings", "technical_notification_mails", "business_phones", "marketing_notification_emails"),
        *_of("strings", "security_compliance_notification_mails", "security_compliance_notification_phones"),
        *_of("string", "country", "city", "state", "street", "postal_code", "partner_tenant_type"),
        Prop("is_multiple_data_locations_for_services_enabled", "bool"),
        Prop("on_premises_sync_enabled", "bool"),
        Prop("on_premises_last_sync_date_time", "datetime"),
        Prop("branding", "json", default={}),
        Prop("on_premises_last_password_sync_date_time", "datetime"),
        *_of("json", "certificate_connector_setting", "partner_information"),
        Prop("resource_quotas", "json", default=[]),
    ],
)

DOMAIN = Entity(
    "domain",
    [
        Prop("authentication_type", default="Managed"),
        Prop("is_admin_managed", "bool", default=True),
        Prop("is_default", "bool", default=False),
        Prop("is_initial", "bool", default=False),
        Prop("is_root", "bool", default=True),
        Prop("is_verified", "bool", default=True),
        Prop("supported_services", "strings", default=["Email", "OfficeCommunicationsOnline"]),
        Prop("password_validity_period_in_days", "int", default=2147483647),
        Prop("password_notification_window_in_days", "int", default=14),
        Prop("state", "json"),
        *_of("string", "availability_status", "manufacturer", "model"),
    ],
)

SUBSCRIBED_SKU = Entity(
    "subscribed_sku",
    [
        Prop("sku_id", column=True, index=True),
        Prop("sku_part_number", column=True, filterable=True),
        Prop("applies_to", default="User"),
        Prop("capability_status", default="Enabled"),
        Prop("consumed_units", "int", column=True, nullable=False, default=0),
        Prop("prepaid_units", "json", default={}),
        Prop("service_plans", "json", default=[]),
        Prop("account_id"),
        Prop("account_name"),
        Prop("subscription_ids", "strings", default=[]),
    ],
)

USER = Entity(
    "directory_user",
    [
        Prop("account_enabled", "bool", column=True, filterable=True, default=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True, index=True),
        Prop("user_principal_name", column=True, filterable=True, sortable=True, fold=True, unique=True),
        Prop("mail", column=True, filterable=True, fold=True),
        Prop("mail_nickname", column=True, filterable=True, fold=True),
        Prop("given_name", column=True, filterable=True, fold=True),
        Prop("surname", column=True, filterable=True, fold=True),
        Prop("department", column=True, filterable=True, fold=True),
        Prop("job_title", column=True, filterable=True, fold=True),
        Prop("usage_location", column=True, filterable=True),
        Prop("user_type", column=True, filterable=True, default="Member"),
        Prop("employee_id", column=True, filterable=True),
        Prop("company_name", column=True, filterable=True, fold=True),
        Prop("country", column=True, filterable=True, fold=True),
        Prop("city", column=True, filterable=True, fold=True),
        Prop("office_location", column=True, filterable=True, fold=True),
        _moment("created_at", "createdDateTime"),
        Prop("manager_id", column=True, index=True),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        *_of("strings", "business_phones", "other_mails", "proxy_addresses", "im_addresses"),
        *_of("string", "mobile_phone", "preferred_language", "postal_code", "state", "street_address", "fax_number"),
        *_of("string", "employee_type", "password_policies", "age_group", "consent_provided_for_minor"),
        *_of("string", "creation_type", "external_user_state", "legal_age_group_classification"),
        *_of("string", "security_identifier", "preferred_data_location", "about_me"),
        *_of("string", "on_premises_distinguished_name", "on_premises_immutable_id", "on_premises_user_principal_name"),
        *_of("datetime", "employee_hire_date", "employee_leave_date_time", "external_user_state_change_date_time"),
        Prop("last_password_change_at", "datetime", graph="lastPasswordChangeDateTime"),
        Prop("sign_in_sessions_valid_from", "datetime", graph="signInSessionsValidFromDateTime"),
        Prop("show_in_address_list", "bool"),
        Prop("is_resource_account", "bool"),
        Prop("device_enrollment_limit", "int", default=5),
        Prop("assigned_licenses", "json", default=[]),
        Prop("assigned_plans", "json", default=[]),
        Prop("provisioned_plans", "json", default=[]),
        Prop("license_assignment_states", "json", default=[]),
        Prop("identities", "json", default=[]),
        Prop("password_profile", "json"),
        Prop("on_premises_extension_attributes", "json", default={}),
        Prop("directory_extensions", "json", default={}),
        *_of("strings", "interests", "past_projects", "responsibilities", "schools", "skills", "info_catalogs"),
        *_of("string", "identity_parent_id", "my_site", "preferred_name"),
        *_of("datetime", "birthday", "hire_date", "refresh_tokens_valid_from_date_time"),
        *_of("bool", "is_management_restricted", "is_license_reconciliation_needed"),
        *_of("json", "authorization_info", "custom_security_attributes", "employee_org_data", "mailbox_settings"),
        *_of("json", "print", "sign_in_activity", "cloud_licensing", "cloud_realtime_communication_info"),
        *_of("json", "identity_governance", "on_premises_sip_info"),
        Prop("service_provisioning_errors", "json", default=[]),
        Prop("device_keys", "json", default=[]),
        *ON_PREMISES,
    ],
)

DEVICE = Entity(
    "directory_device",
    [
        Prop("device_id", column=True, filterable=True, nullable=False, unique=True),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True, index=True),
        Prop("account_enabled", "bool", column=True, filterable=True, default=True),
        Prop("operating_system", column=True, filterable=True, fold=True),
        Prop("operating_system_version", column=True, filterable=True),
        Prop("trust_type", column=True, filterable=True, fold=True),
        Prop("profile_type", column=True, filterable=True, default="RegisteredDevice"),
        Prop("device_ownership", column=True, filterable=True, fold=True),
        Prop("enrollment_profile_name", column=True, filterable=True, fold=True),
        Prop("management_type", column=True, filterable=True),
        Prop("mdm_app_id", column=True, filterable=True),
        Prop("is_managed", "bool", column=True, filterable=True),
        Prop("is_compliant", "bool", column=True, filterable=True),
        Prop("manufacturer", column=True, filterable=True, fold=True),
        Prop("model", column=True, filterable=True, fold=True),
        _moment("registered_at", "registrationDateTime"),
        _moment("approximate_last_sign_in_at", "approximateLastSignInDateTime"),
        _moment("created_at", "createdDateTime"),
        Prop("owner_id", column=True, index=True),
        Prop("ztdid", column=True, unique=True),
        Prop("physical_ids", "strings", default=[]),
        Prop("alternative_security_ids", "json", default=[]),
        Prop("alternative_names", "strings", default=[]),
        Prop("system_labels", "strings", default=[]),
        Prop("hostnames", "strings", default=[]),
        Prop("registered_user_ids", "strings", default=[]),
        Prop("device_version", "int", default=2),
        *_of("string", "device_metadata", "device_category", "enrollment_type", "domain_name", "kind", "name"),
        *_of("string", "platform", "status", "device_template"),
        *_of("bool", "is_rooted", "is_management_restricted"),
        Prop("compliance_expires_at", "datetime", graph="complianceExpirationDateTime"),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        Prop("extension_attributes", "json", default={}),
        Prop("cloud_licensing", "json"),
        Prop("transport_key"),
        Prop("registration_auth_methods", "strings", default=[]),
        *ON_PREMISES[1:5],
    ],
)

GROUP = Entity(
    "directory_group",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True, index=True),
        Prop("kind", column=True, filterable=True, nullable=False),
        Prop("description", column=True, filterable=True, fold=True),
        Prop("mail_nickname", column=True, filterable=True, fold=True),
        Prop("mail", column=True, filterable=True, fold=True),
        Prop("mail_enabled", "bool", column=True, filterable=True, default=False),
        Prop("security_enabled", "bool", column=True, filterable=True, default=True),
        Prop("is_assignable_to_role", "bool", column=True, filterable=True),
        Prop("membership_rule", column=True, filterable=True),
        Prop("membership_rule_processing_state", column=True, filterable=True),
        _moment("created_at", "createdDateTime"),
        Prop("membership_rule_processing_status", "json"),
        Prop("membership_rule_progress", "json"),
        Prop("assigned_licenses", "json", default=[]),
        Prop("gives_licences", "bool", column=True, default=False),
        # Members up to this id hold what the group's licences say; None: all do.
        Prop("licensed_up_to", column=True, index=True),
        Prop("group_types", "strings", default=[]),
        Prop("deleted_at", "datetime", graph="deletedDateTime"),
        *_of("datetime", "expiration_date_time", "renewed_date_time"),
        *_of("strings", "creation_options", "proxy_addresses", "resource_behavior_options"),
        *_of("strings", "resource_provisioning_options"),
        *_of("string", "classification", "preferred_data_location", "preferred_language", "security_identifier"),
        *_of("string", "theme", "unique_name", "visibility", "on_premises_net_bios_name"),
        Prop("service_provisioning_errors", "json", default=[]),
        Prop("assigned_labels", "json", default=[]),
        Prop("info_catalogs", "strings", default=[]),
        *_of("string", "access_type", "created_by_app_id", "organization_id"),
        *_of("bool", "allow_external_senders", "auto_subscribe_new_members", "disable_nesting"),
        *_of("bool", "has_members_with_license_errors", "hide_from_address_lists", "hide_from_outlook_clients"),
        *_of("bool", "is_archived", "is_favorite", "is_management_restricted", "is_subscribed_by_mail"),
        *_of("bool", "welcome_message_enabled"),
        *_of("int", "unseen_conversations_count", "unseen_count", "unseen_messages_count"),
        *_of("json", "cloud_licensing", "on_premises_extension_attributes", "writeback_configuration"),
        *ON_PREMISES,
    ],
)


#: What was deleted and can come back for 30 days: its row leaves the table it lived in, so nothing finds it there.
DELETED_ITEM = Entity(
    "deleted_item",
    [
        Prop("kind", column=True, filterable=True, nullable=False),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop(
            "deleted_at", "datetime", graph="deletedDateTime", column=True, filterable=True, sortable=True, index=True
        ),
        Prop("row", "json", default={}),
        Prop("licences", "json", default={}),
        Prop("owned", "strings", default=[]),
    ],
)


def _scope_policy(name: str, display_name: str) -> Entity:
    """A mobility management policy: for whom an MDM (or app management) application is meant."""
    return Entity(
        name,
        [
            Prop("applies_to", column=True, filterable=True, nullable=False, default="none"),
            Prop("display_name", column=True, filterable=True, default=display_name),
            Prop("description", default="Who is managed by this application."),
            Prop("is_valid", "bool", default=True),
            *_of("string", "discovery_url", "terms_of_use_url", "compliance_url"),
            Prop("group_ids", "strings", default=[]),
            Prop("is_mdm_enrollment_during_registration_disabled", "bool", default=False),
        ],
    )


MDM_POLICY = _scope_policy("mobile_device_management_policy", "Microsoft Intune")
MAM_POLICY = _scope_policy("mobile_app_management_policy", "Microsoft Intune")

REGISTRATION_POLICY = Entity(
    "device_registration_policy",
    [
        Prop("display_name", default="Device Registration Policy"),
        Prop("description", default="Who may join or register devices, and how many."),
        Prop("quota", "int", graph="userDeviceQuota", column=True),
        Prop("mfa_required", "bool", default=False),
        Prop("join_allowed", default="all"),
        Prop("join_users", "strings", default=[]),
        Prop("join_groups", "strings", default=[]),
        Prop("registration_allowed", default="all"),
        Prop("global_admins_are_local_admins", "bool", default=True),
        Prop("registering_users_are_local_admins", default="all"),
        Prop("registering_admin_users", "strings", default=[]),
        Prop("registering_admin_groups", "strings", default=[]),
        Prop("laps_enabled", "bool", default=False),
        Prop("recovery_keys_restricted", "bool", default=False),
    ],
)

ASSIGNMENT_FILTER = Entity(
    "assignment_filter",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        Prop("platform", column=True, filterable=True, default="windows10AndLater"),
        Prop("rule"),
        Prop("assignment_filter_management_type", default="devices"),
        Prop("role_scope_tags", "strings", default=["0"]),
        Prop("payloads", "json", default=[]),
        Prop("evaluation_mode", default="checkinTimeEvaluation"),
        Prop("created_at", "datetime", graph="createdDateTime"),
        Prop("modified_at", "datetime", graph="lastModifiedDateTime"),
    ],
)

ROLE_SCOPE_TAG = Entity(
    "role_scope_tag",
    [
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        Prop("is_built_in", "bool", default=False),
        Prop("group_ids", "strings", default=[]),
    ],
)

ROLE_DEFINITION = Entity(
    "role_definition",
    [
        Prop("display_name", column=True, filterable=True, fold=True),
        Prop("description", default=""),
        Prop("is_built_in", "bool", column=True, filterable=True, default=False),
        Prop("resource_actions", "strings", default=[]),
        Prop("actions", "strings", default=[]),
    ],
)

TENANTS = Repository(ORGANIZATION)
DOMAINS = Repository(DOMAIN)
SUBSCRIBED_SKUS = Repository(SUBSCRIBED_SKU)
USERS = Repository(USER)
DEVICES = Repository(DEVICE)
GROUPS = Repository(GROUP)
DELETED_ITEMS = Repository(DELETED_ITEM)
MDM_POLICIES = Repository(MDM_POLICY)
MAM_POLICIES = Repository(MAM_POLICY)
REGISTRATION_POLICIES = Repository(REGISTRATION_POLICY)
ASSIGNMENT_FILTERS = Repository(ASSIGNMENT_FILTER)
ROLE_SCOPE_TAGS = Repository(ROLE_SCOPE_TAG)
ROLE_DEFINITIONS = Repository(ROLE_DEFINITION)
