"""Registered devices, their hardware, imports and deployment profiles, each declared once (02 section 3)."""

from __future__ import annotations

from typing import Final

from taxiway.store import Entity, Prop, Repository

NO_DEVICE: Final = "00000000-0000-0000-0000-000000000000"

NOT_ASSIGNED: Final = "notAssigned"
ASSIGNED: Final = "assignedUnkownSyncState"  # misspelt on the wire
IN_SYNC: Final = "assignedInSync"
OUT_OF_SYNC: Final = "assignedOutOfSync"

#: What became of a changed board: the portal's nothing, "Fix pending" and "Attention required" (01 section 4.7).
NO_REMEDIATION: Final = "noRemediationRequired"
FIX_PENDING: Final = "automaticRemediationRequired"
ATTENTION: Final = "manualRemediationRequired"

AZURE_AD: Final = "azureADWindowsAutopilotDeploymentProfile"
HYBRID: Final = "activeDirectoryWindowsAutopilotDeploymentProfile"
#: The profile types Graph knows, and which properties each has beside the common ones.
PROFILE_KINDS: Final[dict[str, frozenset[str]]] = {
    AZURE_AD: frozenset(),
    HYBRID: frozenset({"hybrid_azure_ad_join_skip_connectivity_check"}),
}

#: ``id`` is the ZTDID (02 section 3.1).
AUTOPILOT_DEVICE = Entity(
    "autopilot_device",
    [
        Prop("serial_number", column=True, filterable=True, sortable=True, fold=True, index=True),
        Prop("group_tag", column=True, filterable=True, sortable=True, default=""),
        Prop("purchase_order_identifier", column=True, filterable=True, default=""),
        Prop("product_key", column=True, filterable=True, default=""),
        Prop("manufacturer", column=True, filterable=True, sortable=True, fold=True),
        Prop("model", column=True, filterable=True, sortable=True, fold=True),
        Prop("system_family", default=""),
        Prop("sku_number", default=""),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True, default=""),
        Prop("addressable_user_name", default=""),
        Prop("user_principal_name", column=True, filterable=True, sortable=True, fold=True, index=True, default=""),
        Prop("resource_name", default=""),
        Prop("azure_active_directory_device_id", column=True, filterable=True, index=True),
        Prop("azure_ad_device_id"),
        Prop("managed_device_id", column=True, filterable=True, index=True, default=NO_DEVICE),
        Prop("enrollment_state", column=True, filterable=True, sortable=True, default="notContacted"),
        Prop(
            "last_contacted_at",
            "datetime",
            graph="lastContactedDateTime",
            column=True,
            filterable=True,
            sortable=True,
        ),
        Prop("deployment_profile_assignment_status", column=True, filterable=True, sortable=True, default=NOT_ASSIGNED),
        Prop("deployment_profile_assignment_detailed_status", default="none"),
        Prop(
            "deployment_profile_assigned_at",
            "datetime",
            graph="deploymentProfileAssignedDateTime",
            column=True,
            filterable=True,
            sortable=True,
        ),
        Prop("remediation_state", column=True, filterable=True, default=NO_REMEDIATION),
        Prop("remediation_state_last_modified_at", "datetime", graph="remediationStateLastModifiedDateTime"),
        Prop("userless_enrollment_status", default="unknown"),
        Prop("device_account_upn", default=""),
        Prop("device_account_password", secret=True),
        Prop("device_friendly_name", default=""),
        Prop("device_object_id"),
        Prop("deployment_profile_id", column=True, index=True),
        Prop("former_profile_id"),
        Prop("went_without_at", "datetime"),
        Prop(
            "registered_at",
            "datetime",
            graph="@taxiway.registeredDateTime",
            column=True,
            filterable=True,
            sortable=True,
        ),
        Prop(
            "enrolled_at",
            "datetime",
            graph="@taxiway.enrolledDateTime",
            column=True,
            filterable=True,
            sortable=True,
        ),
    ],
)
#: What of a registered device is ours and not Graph's.
DEVICE_INTERNAL: Final = frozenset(
    {"device_object_id", "deployment_profile_id", "former_profile_id", "went_without_at"}
)

#: What a registered device is recognised by; ``id`` is the ZTDID. Only digests are kept (06 section 1.9).
#: ``replacement``: the hardware that the enrolled device reports instead, until it is bound or goes away again.
AUTOPILOT_HARDWARE = Entity(
    "autopilot_hardware",
    [
        Prop("ek", column=True, index=True),
        Prop("smbios_uuid", column=True, index=True),
        Prop("model_serial", column=True, index=True),
        Prop("product_key", column=True, index=True),
        Prop("facts", "json"),
        Prop("declared", "json", default={}),
        Prop("last_lookup", "json"),
        Prop("replacement", "json"),
    ],
)

#: One row of an import and what became of it (02 section 3.3).
AUTOPILOT_IMPORT = Entity(
    "autopilot_import",
    [
        Prop("group_tag", column=True, filterable=True, default=""),
        Prop("serial_number", column=True, filterable=True, sortable=True, fold=True, default=""),
        Prop("product_key", default=""),
        Prop("import_id", column=True, filterable=True, index=True, default=""),
        Prop("hardware_identifier", "binary"),
        Prop("assigned_user_principal_name", column=True, filterable=True, fold=True, default=""),
        Prop("state", "json"),
        Prop("findings", "json", graph="@taxiway.findings", default=[]),
        Prop("device_import_status", column=True, index=True),
    ],
)
#: What of an import is ours and not Graph's.
IMPORT_INTERNAL: Final = frozenset({"device_import_status"})

#: Both generations of each renamed property are kept, in step (02 section 3.6).
AUTOPILOT_PROFILE = Entity(
    "autopilot_profile",
    [
        Prop("kind", column=True, filterable=True, nullable=False, default=AZURE_AD),
        Prop("display_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("description", default=""),
        Prop("locale", default=""),
        Prop("language", default=""),
        Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True),
        Prop("last_modified_at", "datetime", graph="lastModifiedDateTime", column=True, filterable=True, sortable=True),
        Prop("device_name_template", default=""),
        Prop("device_type", default="windowsPc"),
        Prop("hardware_hash_extraction_enabled", "bool", default=False),
        Prop("extract_hardware_hash", "bool", default=False),
        Prop("preprovisioning_allowed", "bool", default=False),
        Prop("enable_white_glove", "bool", default=False),
        Prop("out_of_box_experience_setting", "json"),
        Prop("out_of_box_experience_settings", "json"),
        Prop("enrollment_status_screen_settings", "json"),
        Prop("management_service_app_id", default=""),
        Prop("role_scope_tag_ids", "strings", default=["0"]),
        Prop("priority", "int", graph="@taxiway.priority"),
        Prop("findings", "json", default=[], graph="@taxiway.findings"),
        Prop(
            "hybrid_azure_ad_join_skip_connectivity_check",
            "bool",
            graph="hybridAzureADJoinSkipConnectivityCheck",
            default=False,
        ),
    ],
)

#: A claim to a device that another tenant holds, at both ends under one id. At the end that made it ``facts`` and
#: ``row`` say what to register; at the end that received it ``ztdid`` is the registration that is asked for.
DEVICE_CLAIM = Entity(
    "device_claim",
    [
        Prop("direction", column=True, filterable=True, nullable=False),
        Prop("state", column=True, filterable=True, nullable=False),
        Prop("serial_number", column=True, filterable=True, sortable=True, default=""),
        Prop("domain", default=""),
        Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True),
        Prop("settled_at", "datetime", graph="settledDateTime"),
        Prop("text", default=""),
        Prop("ztdid", graph="windowsAutopilotDeviceIdentityId"),
        Prop("facts", "json"),
        Prop("row", "json"),
    ],
)
#: What of a claim is ours and not shown.
CLAIM_INTERNAL: Final = frozenset({"facts", "row"})

#: What a partner uploaded under one name (06 section 2.5); ``devices``: the ZTDIDs that came of it.
PARTNER_BATCH = Entity(
    "partner_batch",
    [
        Prop("partner_id", column=True, nullable=False),
        Prop("name", column=True, nullable=False),
        Prop("partner_name", default=""),
        Prop("created_at", "datetime", column=True, sortable=True),
        Prop("devices", "strings", default=[]),
    ],
)

#: One upload and what became of each of its devices; ``id`` is the tracking id.
PARTNER_JOB = Entity(
    "partner_job",
    [
        Prop("partner_id", column=True, nullable=False),
        Prop("started_at", "datetime"),
        Prop("completed_at", "datetime"),
        Prop("status", default=""),
        Prop("devices", "json", default=[]),
    ],
)

#: One row per tenant: a new ``word`` with every change of what decides between profiles, and for which of them the
#: columns of the devices are ``done``.
AUTOPILOT_PROJECTION = Entity("autopilot_projection", [Prop("word"), Prop("done")])

#: The tenant's switches of this room, one row.
AUTOPILOT_POLICY = Entity("autopilot_policy", [Prop("explicit_priority", "bool", default=False)])

CLAIMS = Repository(DEVICE_CLAIM)
DEVICES = Repository(AUTOPILOT_DEVICE)
HARDWARE = Repository(AUTOPILOT_HARDWARE)
IMPORTS = Repository(AUTOPILOT_IMPORT)
PARTNER_BATCHES = Repository(PARTNER_BATCH)
PARTNER_JOBS = Repository(PARTNER_JOB)
PROFILES = Repository(AUTOPILOT_PROFILE)
POLICIES = Repository(AUTOPILOT_POLICY)
PROJECTION = Repository(AUTOPILOT_PROJECTION)
