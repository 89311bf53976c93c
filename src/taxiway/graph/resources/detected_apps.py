"""``detectedApps``: what devices report as installed, of what was assigned to them (02 section 7)."""

from __future__ import annotations

from typing import Any

from taxiway import management
from taxiway.store import Row, Tx


def detected_on(tx: Tx, device: Row) -> list[dict[str, Any]]:
    """The apps of one device."""
    rows = management.device_states(tx, device["id"], management.APPS.entity.name)
    mine = {row["object_id"] for row in rows if row["state"] == "installed"}
    return [app for app in detected(tx) if app["id"] in mine] if mine else []


def detected(tx: Tx) -> list[dict[str, Any]]:
    """The apps of all devices, by name, each with how many have it."""
    counts = {app_id: len(devices) for app_id, devices in management.installed_on(tx).items()}
    apps = management.APPS.of_ids(tx, list(counts), by="display_name")
    return [_shown(app, counts[app["id"]]) for app in apps]


def _shown(app: Row, count: int) -> dict[str, Any]:
    return {
        "id": app["id"],
        "displayName": app["display_name"],
        "version": app["display_version"] or app["product_version"],
        "sizeInByte": app["size"] or 0,
        "deviceCount": count,
        "publisher": app["publisher"],
        "platform": "windows",
    }
