"""Scripts, declared once (02 section 9.4)."""

from __future__ import annotations

from typing import Final

from taxiway.management.declare import base, names
from taxiway.store import Entity, Prop

SCRIPT_KIND: Final = "deviceManagementScript"
_SCRIPT = [
    Prop("script_content", "binary"),
    Prop("run_as_account", default="system"),
    Prop("enforce_signature_check", "bool", default=False),
    Prop("file_name", column=True, filterable=True),
    Prop("run_as_32_bit", "bool", graph="runAs32Bit", default=False),
]
DEVICE_MANAGEMENT_SCRIPT = Entity(
    "device_management_script",
    [*base(), *_SCRIPT, Prop("revision", "int", graph="taxiwayRevision", default=1)],
)
SCRIPT_KINDS: Final[dict[str, frozenset[str]]] = {SCRIPT_KIND: names(_SCRIPT)}
