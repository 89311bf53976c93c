"""What a PC escrows: recovery keys (01 R-121; Graph ``bitlockerRecoveryKey``), local administrators' passwords."""

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

#: The passwords of a device's local administrator, latest first, sealed as one (Graph ``deviceLocalCredentialInfo``);
#: ``id`` is the device id.
LOCAL_CREDENTIAL = Entity(
    "local_credential",
    [
        Prop("backed_up_at", "datetime", graph="lastBackupDateTime", column=True, filterable=True, sortable=True),
        Prop("refresh_at", "datetime", graph="refreshDateTime", column=True, filterable=True),
        Prop("passwords", secret=True),
    ],
)

LOCAL_CREDENTIALS = Repository(LOCAL_CREDENTIAL)
