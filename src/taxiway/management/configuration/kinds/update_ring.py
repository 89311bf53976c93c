"""An update ring as policies of the area Update (05 section 10.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway.kernel import NotImplementedHere
from taxiway.management.configuration.kinds import kept
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.management.model import Item
from taxiway.store import Prop, Row

KIND: Final = "windowsUpdateForBusinessConfiguration"
PROPS: Final = (
    *of("string", "automatic_update_mode", "business_ready_updates_only", "update_notification_level"),
    *of("string", "user_pause_access", "user_windows_update_scan_access"),
    *of("bool", "microsoft_update_service_allowed", "drivers_excluded", "postpone_reboot_until_after_deadline"),
    *of("bool", "quality_updates_paused", "feature_updates_paused"),
    *of("int", "quality_updates_deferral_period_in_days", "feature_updates_deferral_period_in_days"),
    *of("int", "deadline_for_feature_updates_in_days", "deadline_for_quality_updates_in_days"),
    *of("int", "deadline_grace_period_in_days", "feature_updates_rollback_window_in_days"),
    Prop("installation_schedule", "json"),
    *kept.UPDATE_RING,
)

_ROOT: Final = "./Device/Vendor/MSFT/Policy/Config/Update"
_MODES: Final = {
    "notifyDownload": "0",
    "autoInstallAtMaintenanceTime": "1",
    "autoInstallAndRebootAtMaintenanceTime": "2",
    "autoInstallAndRebootAtScheduledTime": "3",
    "autoInstallAndRebootWithoutEndUserControl": "4",
}
#: Left as Windows has it.
_OPEN: Final = frozenset({None, "userDefined", "windowsDefault", "notConfigured", "unknownFutureValue"})
_BRANCHES: Final = {
    "windowsInsiderBuildFast": "2",
    "windowsInsiderBuildSlow": "4",
    "windowsInsiderBuildRelease": "8",
    "all": "16",
    "businessReadyOnly": "32",
}
_ACCESS: Final = {"enabled": "0", "disabled": "1"}
_LEVELS: Final = {"defaultNotifications": "0", "restartWarningsOnly": "1", "disableAllNotifications": "2"}
_CHOICES: Final = (
    ("AllowAutoUpdate", "automatic_update_mode", _MODES),
    ("BranchReadinessLevel", "business_ready_updates_only", _BRANCHES),
    ("UpdateNotificationLevel", "update_notification_level", _LEVELS),
    ("SetDisablePauseUXAccess", "user_pause_access", _ACCESS),
    ("SetDisableUXWUAccess", "user_windows_update_scan_access", _ACCESS),
)
_FLAGS: Final = (
    ("AllowMUUpdateService", "microsoft_update_service_allowed"),
    ("ExcludeWUDriversInQualityUpdate", "drivers_excluded"),
    ("ConfigureDeadlineNoAutoReboot", "postpone_reboot_until_after_deadline"),
    ("PauseQualityUpdates", "quality_updates_paused"),
    ("PauseFeatureUpdates", "feature_updates_paused"),
)
_NUMBERS: Final = (
    ("DeferQualityUpdatesPeriodInDays", "quality_updates_deferral_period_in_days"),
    ("DeferFeatureUpdatesPeriodInDays", "feature_updates_deferral_period_in_days"),
    ("ConfigureDeadlineForFeatureUpdates", "deadline_for_feature_updates_in_days"),
    ("ConfigureDeadlineForQualityUpdates", "deadline_for_quality_updates_in_days"),
    ("ConfigureDeadlineGracePeriod", "deadline_grace_period_in_days"),
    ("ConfigureFeatureUpdateUninstallPeriod", "feature_updates_rollback_window_in_days"),
)
_DAYS: Final = ("everyday", "sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")


def items(row: Row, tenant: str) -> tuple[Item, ...]:  # noqa: ARG001 - the shape of a translator
    """The policies; what the ring leaves open is not sent."""
    found = [_item(node, _chosen(row, name, known)) for node, name, known in _CHOICES if row[name] not in _OPEN]
    found += [_item(node, str(int(row[name]))) for node, name in (*_FLAGS, *_NUMBERS) if row[name] is not None]
    return (*found, *_schedule(row["installation_schedule"]))


def _schedule(schedule: Mapping[str, Any] | None) -> tuple[Item, ...]:
    """Active hours, or a day and a time."""
    if not schedule:
        return ()
    kind = str(schedule.get("@odata.type") or "").rpartition(".")[2]
    if kind == "windowsUpdateActiveHoursInstall":
        return (
            _item("ActiveHoursStart", _hour(schedule, "activeHoursStart")),
            _item("ActiveHoursEnd", _hour(schedule, "activeHoursEnd")),
        )
    if kind != "windowsUpdateScheduledInstall":
        raise NotImplementedHere(f"Installation schedules of the type '{kind}' are not served here.")
    day = schedule.get("scheduledInstallDay")
    if day not in _DAYS:
        raise BadPolicy(f"'{day}' is not a day of an installation schedule.")
    return (
        _item("ScheduledInstallDay", str(_DAYS.index(day))),
        _item("ScheduledInstallTime", _hour(schedule, "scheduledInstallTime")),
    )


def _hour(schedule: Mapping[str, Any], name: str) -> str:
    hour = str(schedule.get(name) or "").partition(":")[0]
    if not hour.isascii() or not hour.isdecimal() or int(hour) > 23:
        raise BadPolicy(f"'{schedule.get(name)}' is not a time of day for {name}.")
    return str(int(hour))


def _chosen(row: Row, name: str, known: Mapping[str, str]) -> str:
    value = row[name]
    if value not in known:
        raise BadPolicy(f"'{value}' is not one of {', '.join(known)}.")
    return known[value]


def _item(node: str, value: str) -> Item:
    return Item(f"{_ROOT}/{node}", value, "int")
