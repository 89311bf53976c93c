"""The recovery key that a PC escrows (01 R-121; Graph ``bitlockerRecoveryKey``)."""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

RECOVERY_KEY = Entity(
    "recovery_key",
    [
        Prop("created_at", "datetime", graph="createdDateTime", column=True, filterable=True, sortable=True),
        Prop("device_id", column=True, filterable=True, nullable=False, index=True),
        Prop("volume_type", column=True, filterable=True, nullable=False),
        Prop("key", secret=True),
    ],
)

RECOVERY_KEYS = Repository(RECOVERY_KEY)
