"""The agent: when a device needs it, how it gets there, and its part in device preparation (05 sections 10.4, 11.8).

It is delivered as any MSI is, before all other apps. While it is on its way it holds the page's "Preparing your device
for mobile management"; the agent itself says when it is ready, and the server says so when it cannot be installed.
"""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa

from taxiway.management.apps import mobile_apps
from taxiway.management.apps.entities import MOBILE_APP
from taxiway.management.apps.kinds import msi
from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.apps.table import EXTENSION_KINDS
from taxiway.management.extension import scripts
from taxiway.management.extension.entities import DEVICE_MANAGEMENT_SCRIPT
from taxiway.management.model import Wanted
from taxiway.store import Row, Tx
from taxiway.wire.extension import AGENT_CONTENT, AGENT_PRODUCT, AGENT_VERSION, PROVIDER
from taxiway.wire.hresult import signed

AGENT_ID: Final = AGENT_PRODUCT.strip("{}").lower()
SHA256: Final = hashlib.sha256(AGENT_CONTENT).hexdigest()
NAME: Final = "Management extension"
#: Minutes the page waits for the agent; Windows would wait 15.
TIMEOUT: Final = 30
TRACKING: Final = "Vendor/MSFT/EnrollmentStatusTracking"
_HOME: Final = f"./Device/{TRACKING}/DevicePreparation/PolicyProviders/{PROVIDER}"
_ORIGIN: Final = f"{mobile_apps.OBJECT_KIND}:{AGENT_ID}"
_INSTALL_FAILURE: Final = 0x80070643

_apps, _scripts = MOBILE_APP.table.c, DEVICE_MANAGEMENT_SCRIPT.table.c
_an_app = sa.select(_apps.id).where(_apps.tenant == sa.bindparam("t"), _apps.kind.in_(sorted(EXTENSION_KINDS)))
_a_script = sa.select(_scripts.id).where(_scripts.tenant == sa.bindparam("t"))
#: Whether the tenant has anything for an agent at all: most check-ins end here.
_anything = sa.select(_an_app.exists().label("apps"), _a_script.exists().label("scripts"))


def package() -> MeantApp:
    """The agent as an app that the device itself is to have."""
    row = {
        "id": AGENT_ID,
        "kind": msi.KIND,
        "display_name": NAME,
        "product_code": AGENT_PRODUCT,
        "product_version": AGENT_VERSION,
        "command_line": None,
        "use_device_context": True,
        "publishing_state": "published",
        "content_sha256": SHA256,
    }
    return MeantApp(row, "device", "required")


def needed(tx: Tx, meant: list[MeantApp], *, device: Row | None, user: Row | None, primary: Row | None) -> bool:
    """Whether anything is meant for the device or its people that only an agent can do.

    ``meant``: the apps of the device and of the signed-in user. The primary user counts before the sign-in too: what
    account setup needs is brought along in device setup.
    """
    if any(app.by_extension and app.deliverable for app in meant):
        return True
    there = tx.one(_anything, {"t": tx.tenant}) or {}
    if there.get("apps") and user is None and primary is not None:
        theirs = mobile_apps.meant_apps(tx, device=device, user=primary)
        if any(app.by_extension and app.deliverable for app in theirs):
            return True
    return bool(there.get("scripts")) and bool(scripts.meant_scripts(tx, device=device, user=user or primary))


def announcement() -> list[Wanted]:
    """Have the page wait for the agent; it will list the apps that are tracked (block A, item 4)."""
    return [
        Wanted("esp|open|agent", "Add", _HOME, None, "node", origins=(_ORIGIN,)),
        _set("esp|open|agent|state", "InstallationState", "1"),
        _set("esp|open|agent|timeout", "Timeout", str(TIMEOUT)),
        _set("esp|open|agent|apps", "TrackedResourceTypes/Apps", "true", "bool"),
    ]


def is_announced(keys: set[str]) -> bool:
    """Whether the page of a device waits for the agent; ``keys``: of its commands."""
    return "esp|open|agent" in keys


def failure(error: str | None) -> list[Wanted]:
    """The agent will not come: the page says so with its error instead of waiting for it."""
    number = int(error, 16) if error is not None and error.startswith("0x") else _INSTALL_FAILURE
    return [
        _set("esp|agent|error", "LastError", str(signed(number))),
        _set("esp|agent|state", "InstallationState", "4"),
    ]


def _set(key: str, leaf: str, data: str, form: str = "int") -> Wanted:
    return Wanted(key, "Replace", f"{_HOME}/{leaf}", data, form, origins=(_ORIGIN,))
