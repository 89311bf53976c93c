"""What the real Intune refuses or drops without documenting it; only where the settings ask for it (02 section 1.7)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from taxiway.graph.errors import FilterRefused, Malformed, ServiceFault
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.filter_tree import filter_tree

_IDENTITIES: Final = "deviceManagement/windowsAutopilotDeviceIdentities"
_MANAGED: Final = "deviceManagement/managedDevices"
_serial = re.compile(r"\bserialnumber\s+eq\b", re.IGNORECASE)


def as_intune_reads(face: Face, options: Mapping[str, str]) -> Mapping[str, str]:
    """The options that the real service would go by, or its refusal."""
    if face.path == _IDENTITIES:
        if "select" in options:
            raise ServiceFault("An internal server error has occurred.")
        if _serial.search(options.get("filter", "")):
            raise Malformed("Filter on serialNumber is supported with 'contains' only.")
    if face.path == _MANAGED and options.get("filter", "").strip():
        try:
            filter_tree(options["filter"], face)
        except FilterRefused:
            return {name: value for name, value in options.items() if name != "filter"}
    return options
