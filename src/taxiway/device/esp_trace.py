"""What the status page leaves in the registry for those who look into a deployment (05 section 11.12)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from taxiway.device.esp_progress import APPS, CERTIFICATES, NETWORK, POLICIES, Category
from taxiway.device.events import EspPhaseName, ItemState
from taxiway.device.state import AUTOPILOT_SETTINGS, Storage

TRACKING_KEY: Final = r"HKLM\SOFTWARE\Microsoft\Windows\Autopilot\EnrollmentStatusTracking"
#: Under which name those who read the traces look for the apps of an agent, whatever the agent's own.
AGENT: Final = "Sidecar"
_OF_AGENTS: Final = "/EnrollmentStatusTracking/"
Lines = Mapping[str, tuple[ItemState, str]]

_VALUES: Final = {
    "device preparation": "DevicePreparationCategory.Status",
    "device setup": "DeviceSetupCategory.Status",
    "account setup": "AccountSetupCategory.Status",
}
_LISTS: Final = {
    POLICIES: "ExpectedPolicies",
    CERTIFICATES: "ExpectedSCEPCerts",
    NETWORK: "ExpectedNetworkProfiles",
    APPS: "ExpectedMSIAppPackages",
}
_OUTCOMES: Final[Mapping[str, bool]] = {"succeeded": True, "failed": False}


class Trace:
    """Writes the traces of the sections and of the expected items."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def section(self, phase: EspPhaseName, state: ItemState, code: str = "", lines: Lines | None = None) -> None:
        """How a section stands; without ``lines`` those that were told before stay."""
        name = _VALUES[phase]
        before = self._storage.state.registry.get(AUTOPILOT_SETTINGS, {}).get(name, "{}")
        kept: dict[str, Any] = {
            "categorySucceeded": _OUTCOMES.get(state),
            "categoryState": state,
            "categoryStatusMessage": code,
        }
        known = {key: value for key, value in msgspec.json.decode(before).items() if key not in kept}
        told = {
            line: {"subcategoryState": line_state, "subcategoryStatusText": text}
            for line, (line_state, text) in (lines or {}).items()
        }
        self._storage.write(AUTOPILOT_SETTINGS, **{name: msgspec.json.encode({**kept, **known, **told}).decode()})

    def items(self, categories: Iterable[Category], now: datetime, sid: str = "") -> None:
        """The state of each expected item, under the time at which it was seen; ``sid``: whose account setup it is."""
        scope = rf"{sid}\ESPTrackingInfo" if sid else "ESPTrackingInfo"
        stamp = now.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        for category in categories:
            values = {item.uri: item.number for item in category.items if item.uri}
            by_agent = {uri: number for uri, number in values.items() if _OF_AGENTS in uri}
            listed = {uri: number for uri, number in values.items() if uri not in by_agent}
            for name, found in ((_LISTS[category.name], listed), (AGENT, by_agent)):
                if found:
                    self._storage.write(rf"{TRACKING_KEY}\{scope}\Diagnostics\{name}\{stamp}", **found)
            for uri, number in by_agent.items():
                app = uri.rpartition("/")[2]
                key = rf"{TRACKING_KEY}\{sid or 'Device'}\Setup\Apps\Tracking\{AGENT}\{app}"
                self._storage.write(key, InstallationState=number)
