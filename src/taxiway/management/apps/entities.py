"""Apps, declared once (02 section 8). Complex values are kept in Graph's own shape."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import base, moment, names, of
from taxiway.store import Entity, Prop

MSI: Final = "windowsMobileMSI"
WIN32: Final = "win32LobApp"
WINGET: Final = "winGetApp"
#: The kinds that the management extension installs.
EXTENSION_KINDS: Final = frozenset({WIN32, WINGET})

_LOB = [
    Prop("committed_content_version"),
    Prop("file_name"),
    Prop("size", "int", default=0),
]
_MSI = [
    *of("string", "command_line", "product_code", "product_version", "identity_version"),
    Prop("ignore_version_detection", "bool", default=False),
    Prop("use_device_context", "bool"),
]
_WIN32 = [
    *of(
        "string",
        "install_command_line",
        "uninstall_command_line",
        "applicable_architectures",
        "allowed_architectures",
        "minimum_supported_windows_release",
        "setup_file_path",
        "display_version",
    ),
    Prop("minimum_number_of_processors", "int"),
    Prop("minimum_memory_in_mb", "int", graph="minimumMemoryInMB"),
    Prop("minimum_cpu_speed_in_mhz", "int", graph="minimumCpuSpeedInMHz"),
    Prop("minimum_free_disk_space_in_mb", "int", graph="minimumFreeDiskSpaceInMB"),
    *of("json", "minimum_supported_operating_system", "msi_information"),
    *of("json", "active_install_script", "active_uninstall_script"),
    Prop("allow_available_uninstall", "bool", default=False),
    Prop("return_codes", "json", default=[]),
    # One set of rules in the newer and in the older spelling; ``win32_rules`` keeps the two alike.
    Prop("rules", "json", default=[]),
    Prop("detection_rules", "json", default=[]),
    Prop("requirement_rules", "json", default=[]),
]
_INSTALL = [Prop("install_experience", "json")]
_WINGET = [*of("string", "package_identifier", "manifest_hash")]

MOBILE_APP = Entity(
    "mobile_app",
    [
        *base(),
        Prop("publisher", default="", column=True, filterable=True, sortable=True, fold=True),
        Prop("large_icon", "json"),
        Prop("is_featured", "bool", default=False),
        *of("string", "privacy_information_url", "information_url", "owner", "developer", "notes"),
        Prop("upload_state", "int", default=0),
        Prop("publishing_state", default="notPublished", column=True, filterable=True),
        Prop("is_assigned", "bool", default=False, column=True, filterable=True),
        Prop("dependent_app_count", "int", default=0),
        Prop("superseding_app_count", "int", default=0),
        Prop("superseded_app_count", "int", default=0),
        *_LOB,
        *_MSI,
        *_WIN32,
        *_INSTALL,
        *_WINGET,
        Prop("content_sha256", graph="taxiwayContentSha256"),
        # What an agent goes by: it counts up with every change that an agent has to know of.
        Prop("revision", "int", graph="taxiwayRevision", default=1),
        # Graph's fileEncryptionInfo of content that is kept as it was uploaded.
        Prop("content_keys", graph="taxiwayContentKeys", secret=True),
    ],
)

#: What apps are sorted into in a Company Portal: kept, and shown with the app.
MOBILE_APP_CATEGORY = Entity(
    "mobile_app_category",
    [
        Prop("display_name", nullable=False, column=True, filterable=True, sortable=True, fold=True),
        moment("last_modified_at", "lastModifiedDateTime"),
    ],
)

#: Per kind of app: its properties beside the base's.
APP_KINDS: Final[dict[str, frozenset[str]]] = {
    MSI: names(_LOB) | names(_MSI),
    WIN32: names(_LOB) | names(_WIN32) | names(_INSTALL),
    WINGET: names(_WINGET) | names(_INSTALL),
}
#: What an agent has to know of: a change of it is a new revision.
ACTED_ON: Final = names(_WIN32) | names(_INSTALL) | names(_WINGET)
