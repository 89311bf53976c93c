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

#: A password of a local administrator that a PC escrowed; the latest is the one that holds (Graph
#: ``deviceLocalCredential``).
LOCAL_CREDENTIAL = Entity(
    "local_credential",
    [
        Prop("device_id", column=True, filterable=True, nullable=False, index=True),
        Prop("account_name"),
        Prop("account_sid"),
        Prop("backed_up_at", "datetime", graph="backupDateTime", column=True, filterable=True, sortable=True),
        Prop("refresh_at", "datetime", graph="refreshDateTime"),
        Prop("password", secret=True),
    ],
)

LOCAL_CREDENTIALS = Repository(LOCAL_CREDENTIAL)
