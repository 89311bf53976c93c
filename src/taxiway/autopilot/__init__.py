"""Registered devices, deployment profiles, and the lookup that brings the two to a PC (01 sections 4, 7 and 8)."""

from taxiway.autopilot.choice import OBJECT_KIND, OUTRANKED, Candidate, choose_profile, effective_profile
from taxiway.autopilot.conversion import convert, to_be_converted
from taxiway.autopilot.entities import (
    AZURE_AD,
    CLAIM_INTERNAL,
    CLAIMS,
    DEVICE_INTERNAL,
    DEVICES,
    HYBRID,
    IMPORT_INTERNAL,
    IMPORTS,
    PROFILE_KINDS,
    PROFILES,
)
from taxiway.autopilot.errors import (
    AutopilotError,
    BadProfile,
    BadRegistration,
    ClaimRefused,
    HardwareHeld,
    LookupRefused,
    NoSuchBatch,
    NothingToBind,
    ProfileInUse,
    RemovalRefused,
    TicketRefused,
    TooManyProfiles,
    UserRefused,
)
from taxiway.autopilot.findings import add_finding
from taxiway.autopilot.flow import ImportedFile, import_csv, import_devices
from taxiway.autopilot.foresight import has_tpm, standard_user
from taxiway.autopilot.http import routes
from taxiway.autopilot.lookup import look_up, offline_file, profile_for
from taxiway.autopilot.model import OFFLINE_PREFIX, SWITCHES, other_mode, switches
from taxiway.autopilot.partner import PERMISSION as PARTNER_PERMISSION
from taxiway.autopilot.partner import batch_devices, batches, remove_batch_device, upload, upload_result
from taxiway.autopilot.priorities import as_seen, autopilot_policy, set_profile_priority, update_autopilot_policy
from taxiway.autopilot.profile_findings import met_conflicts
from taxiway.autopilot.profiles import (
    assign_profile,
    assigned_devices,
    create_profile,
    delete_profile,
    update_profile,
)
from taxiway.autopilot.projection import follow, settle_owed
from taxiway.autopilot.removal import Removal, removal, remove
from taxiway.autopilot.replacement import change_of as hardware_change
from taxiway.autopilot.replacement import confirm as confirm_hardware
from taxiway.autopilot.replacement import is_pending as hardware_pending
from taxiway.autopilot.replacement import rebind
from taxiway.autopilot.replacement import report as report_hardware
from taxiway.autopilot.replacement import report_unchanged as report_hardware_unchanged
from taxiway.autopilot.rows import ImportRow
from taxiway.autopilot.service import (
    allow_next_enrollment,
    assign_resource_account,
    assign_user,
    assigned_user,
    deregister,
    mark_contacted,
    mark_enrolled,
    mark_reset,
    record_of,
    record_of_device,
    record_of_serial,
    unassign_resource_account,
    unassign_user,
    update_properties,
)
from taxiway.autopilot.ticket import Ticket, issue_ticket, verify_ticket
from taxiway.autopilot.transfer import claim_device, finish_transfers
from taxiway.autopilot.transfer import consent as consent_to_claim
from taxiway.autopilot.transfer import refuse as refuse_claim

__all__ = [
    "AZURE_AD",
    "CLAIMS",
    "CLAIM_INTERNAL",
    "DEVICES",
    "DEVICE_INTERNAL",
    "HYBRID",
    "IMPORTS",
    "IMPORT_INTERNAL",
    "OBJECT_KIND",
    "OFFLINE_PREFIX",
    "OUTRANKED",
    "PARTNER_PERMISSION",
    "PROFILES",
    "PROFILE_KINDS",
    "SWITCHES",
    "AutopilotError",
    "BadProfile",
    "BadRegistration",
    "Candidate",
    "ClaimRefused",
    "HardwareHeld",
    "ImportRow",
    "ImportedFile",
    "LookupRefused",
    "NoSuchBatch",
    "NothingToBind",
    "ProfileInUse",
    "Removal",
    "RemovalRefused",
    "Ticket",
    "TicketRefused",
    "TooManyProfiles",
    "UserRefused",
    "add_finding",
    "allow_next_enrollment",
    "as_seen",
    "assign_profile",
    "assign_resource_account",
    "assign_user",
    "assigned_devices",
    "assigned_user",
    "autopilot_policy",
    "batch_devices",
    "batches",
    "choose_profile",
    "claim_device",
    "confirm_hardware",
    "consent_to_claim",
    "convert",
    "create_profile",
    "delete_profile",
    "deregister",
    "effective_profile",
    "finish_transfers",
    "follow",
    "hardware_change",
    "hardware_pending",
    "has_tpm",
    "import_csv",
    "import_devices",
    "issue_ticket",
    "look_up",
    "mark_contacted",
    "mark_enrolled",
    "mark_reset",
    "met_conflicts",
    "offline_file",
    "other_mode",
    "profile_for",
    "rebind",
    "record_of",
    "record_of_device",
    "record_of_serial",
    "refuse_claim",
    "removal",
    "remove",
    "remove_batch_device",
    "report_hardware",
    "report_hardware_unchanged",
    "routes",
    "set_profile_priority",
    "settle_owed",
    "standard_user",
    "switches",
    "to_be_converted",
    "unassign_resource_account",
    "unassign_user",
    "update_autopilot_policy",
    "update_profile",
    "update_properties",
    "upload",
    "upload_result",
    "verify_ticket",
]
