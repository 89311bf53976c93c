"""What is ordered of a device once, and the logs it hands in, each declared once (02 section 7, 05 section 10.16)."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import moment
from taxiway.store import Entity, Prop

PENDING: Final = "pending"
ACTIVE: Final = "active"
DONE: Final = "done"
FAILED: Final = "failed"
CANCELED: Final = "canceled"
OPEN: Final = (PENDING, ACTIVE)

#: One order to one device. It outlives the device: what was done to it stays on record.
DEVICE_ACTION = Entity(
    "device_action",
    [
        Prop("managed_id", column=True, filterable=True, nullable=False, index=True),
        Prop("entra_id", column=True, index=True),
        Prop("subject"),
        Prop("kind", column=True, filterable=True, nullable=False),
        Prop("state", column=True, filterable=True, nullable=False),
        Prop("parameters", "json", default={}),
        Prop("requested_by"),
        moment("requested_at", "startDateTime"),
        moment("updated_at", "lastUpdatedDateTime"),
        Prop("expires_at", "datetime", column=True, filterable=True),
        Prop("issued_at", "datetime"),
        Prop("accepted_in", "int"),
        Prop("error", "int"),
        Prop("reason"),
    ],
)

#: One archive of logs: asked for, uploaded once by the address the device was given, kept for 28 days (R-115).
LOG_COLLECTION = Entity(
    "log_collection",
    [
        Prop("managed_id", graph="managedDeviceId", column=True, filterable=True, nullable=False, index=True),
        Prop("status", column=True, filterable=True, default="pending"),
        Prop("requested_at", "datetime", graph="requestedDateTimeUTC"),
        Prop("received_at", "datetime", graph="receivedDateTimeUTC"),
        Prop("expires_at", "datetime", graph="expirationDateTimeUTC", column=True),
        Prop("initiated_by", graph="initiatedByUserPrincipalName"),
        Prop("enrolled_by", graph="enrolledByUser"),
        Prop("error_code", "int", default=0),
        Prop("size", "int", default=0),
        Prop("content_sha256", column=True),
        Prop("upload_token", secret=True),
        Prop("read_token", secret=True),
        Prop("read_until", "datetime"),
    ],
)
