"""What belongs to Graph's own protocol: app content on its way in, when a sync was asked for (02 sections 3.2, 8.3).

The finished content is the management room's.
"""

from __future__ import annotations

from taxiway.store import Entity, Prop, Repository

CONTENT_FILE = Entity(
    "content_file",
    [
        Prop("app_id", column=True, nullable=False, index=True),
        Prop("content_version", column=True, nullable=False),
        Prop("name"),
        Prop("size", "int", default=0),
        Prop("size_encrypted", "int", default=0),
        Prop("manifest", "binary"),
        Prop("is_dependency", "bool", default=False),
        Prop("is_committed", "bool", default=False),
        Prop("is_framework_file", "bool", default=False),
        Prop("upload_error_code"),
        Prop("upload_state", default="azureStorageUriRequestPending"),
        Prop("created_at", "datetime", graph="createdDateTime"),
        Prop("expires_at", "datetime", graph="azureStorageUriExpirationDateTime"),
        Prop("signature", secret=True),
        Prop("blocks", "json", default={}),
        Prop("content_sha256"),
    ],
)
CONTENT_FILES = Repository(CONTENT_FILE)

CONTENT_VERSION = Entity(
    "content_version",
    [Prop("app_id", column=True, nullable=False, index=True), Prop("number", "int", column=True, sortable=True)],
)
CONTENT_VERSIONS = Repository(CONTENT_VERSION)

#: One row per tenant: when a sync with the deployment service was last asked for (02 section 3.2).
AUTOPILOT_SYNC = Entity(
    "autopilot_sync",
    [
        Prop("last_sync_at", "datetime", graph="lastSyncDateTime"),
        Prop("last_manual_sync_at", "datetime", graph="lastManualSyncTriggerDateTime"),
        Prop("sync_status", default="unknown"),
    ],
)
AUTOPILOT_SYNCS = Repository(AUTOPILOT_SYNC)
