"""Registered devices, deployment profiles, and the lookup that brings the two to a PC (01 sections 4, 7 and 8)."""

from taxiway.autopilot.choice import OBJECT_KIND, OUTRANKED, Candidate, choose_profile, effective_profile
from taxiway.autopilot.entities import (
    AZURE_AD,
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
    LookupRefused,
    ProfileInUse,
    TicketRefused,
    TooManyProfiles,
    UserRefused,
)
from taxiway.autopilot.findings import met_conflicts
from taxiway.autopilot.flow import ImportedFile, import_csv, import_devices
from taxiway.autopilot.foresight import has_tpm, standard_user
from taxiway.autopilot.http import routes
from taxiway.autopilot.lookup import look_up, offline_file, profile_for
from taxiway.autopilot.model import OFFLINE_PREFIX, SWITCHES, other_mode, switches
from taxiway.autopilot.priorities import as_seen, autopilot_policy, set_profile_priority, update_autopilot_policy
from taxiway.autopilot.profiles import (
    assign_profile,
    assigned_devices,
    create_profile,
    delete_profile,
    update_profile,
)
from taxiway.autopilot.projection import follow, settle_owed
from taxiway.autopilot.registration import ImportRow
from taxiway.autopilot.service import (
    assign_user,
    assigned_user,
    deregister,
    mark_contacted,
    mark_enrolled,
    mark_reset,
    record_of,
    record_of_device,
    record_of_serial,
    unassign_user,
    update_properties,
)
from taxiway.autopilot.ticket import Ticket, issue_ticket, verify_ticket

__all__ = [
    "AZURE_AD",
    "DEVICES",
    "DEVICE_INTERNAL",
    "HYBRID",
    "IMPORTS",
    "IMPORT_INTERNAL",
    "OBJECT_KIND",
    "OFFLINE_PREFIX",
    "OUTRANKED",
    "PROFILES",
    "PROFILE_KINDS",
    "SWITCHES",
    "AutopilotError",
    "BadProfile",
    "BadRegistration",
    "Candidate",
    "ImportRow",
    "ImportedFile",
    "LookupRefused",
    "ProfileInUse",
    "Ticket",
    "TicketRefused",
    "TooManyProfiles",
    "UserRefused",
    "as_seen",
    "assign_profile",
    "assign_user",
    "assigned_devices",
    "assigned_user",
    "autopilot_policy",
    "choose_profile",
    "create_profile",
    "delete_profile",
    "deregister",
    "effective_profile",
    "follow",
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
    "record_of",
    "record_of_device",
    "record_of_serial",
    "routes",
    "set_profile_priority",
    "settle_owed",
    "standard_user",
    "switches",
    "unassign_user",
    "update_autopilot_policy",
    "update_profile",
    "update_properties",
    "verify_ticket",
]
