"""Deployments, declared once (02 section 3.7)."""

from __future__ import annotations

from taxiway.management.declare import moment
from taxiway.store import Entity, Prop

#: One enrollment's way to its desktop, as ``autopilotEvents`` shows it (02 section 3.7); it outlives the device.
DEPLOYMENT = Entity(
    "deployment",
    [
        Prop("device_id", column=True, filterable=True),
        Prop("user_id", column=True, filterable=True),
        Prop("user_principal_name", column=True, filterable=True, sortable=True, fold=True),
        Prop("device_serial_number", column=True, filterable=True, sortable=True, fold=True),
        Prop("managed_device_name"),
        Prop("os_version"),
        moment("event_at", "eventDateTime"),
        Prop("device_registered_at", "datetime", graph="deviceRegisteredDateTime"),
        Prop("enrollment_started_at", "datetime", graph="enrollmentStartDateTime"),
        Prop("enrollment_type", default="azureADJoinedWithAutopilotProfile"),
        Prop("enrollment_state", default="enrolled"),
        Prop("windows_autopilot_deployment_profile_display_name"),
        Prop("windows10_enrollment_completion_page_configuration_display_name"),
        Prop("windows10_enrollment_completion_page_configuration_id"),
        Prop("deployment_state", default="inProgress", column=True, filterable=True, sortable=True),
        Prop("device_setup_status", default="inProgress"),
        Prop("account_setup_status", default="notAttempted"),
        moment("deployment_started_at", "deploymentStartDateTime"),
        moment("deployment_ended_at", "deploymentEndDateTime"),
        Prop("device_setup_duration", default="PT0S"),
        Prop("account_setup_duration", default="PT0S"),
        Prop("deployment_duration", default="PT0S"),
        Prop("deployment_total_duration", default="PT0S"),
        Prop("enrollment_failure_details"),
        Prop("status_details", "json"),
    ],
)
