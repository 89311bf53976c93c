"""Intune's own singletons: the service with its settings, and that of apps (02 section 9.4)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import management
from taxiway.graph.errors import BadRequest, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.store import Tx

_PATH: Final = "deviceManagement"
_APPS: Final = "deviceAppManagement"
_SECURE: Final = "secureByDefault"
#: What else Intune's settings say; what this service does about it is fixed.
_FIXED: Final[dict[str, Any]] = {"deviceComplianceCheckinThresholdDays": 30, "isScheduledActionEnabled": True}


async def _service(call: Call) -> Answer:
    settings = await call.read(_settings)
    shown = {"id": call.tenant, "subscriptionState": "active", "settings": settings, "intuneAccountId": call.tenant}
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_PATH}/$entity", **shown})


def _settings(tx: Tx) -> dict[str, Any]:
    return {**_FIXED, _SECURE: management.secure_by_default(tx)}


async def _update(call: Call) -> Answer:
    """The one switch there is can be turned; a setting that is fixed here may be sent along as it is."""
    settings = body.field(call.json, "settings")
    if settings is None:
        return Answer(204)
    if not isinstance(settings, dict):
        raise BadRequest("'settings' must be an object.")
    for name, value in _FIXED.items():
        if body.field(settings, name, value) not in (value, None):
            raise NotServed(f"'settings/{name}' cannot be changed here.")

    def write(tx: Tx) -> None:
        if body.field(settings, _SECURE) is not None:
            wanted = body.flag_field(settings, _SECURE)
            management.set_secure_by_default(tx, wanted, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _app_service(call: Call) -> Answer:
    """The store for business, which Microsoft closed, was never connected."""
    shown: dict[str, Any] = {
        "isEnabledForMicrosoftStoreForBusiness": False,
        "microsoftStoreForBusinessLanguage": None,
        "microsoftStoreForBusinessLastSuccessfulSyncDateTime": None,
        "microsoftStoreForBusinessLastCompletedApplicationSyncTime": None,
    }
    if call.version == "beta":
        shown["microsoftStoreForBusinessPortalSelection"] = "none"
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_APPS}/$entity", **shown})


_READ: Final = scopes.CONFIGURATION_READ | scopes.MANAGED_READ | scopes.APPS_READ | scopes.AUTOPILOT_READ
OPERATIONS: Final = [
    Operation("GET", _PATH, _service, _READ),
    Operation("PATCH", _PATH, _update, scopes.CONFIGURATION_WRITE),
    Operation("GET", _APPS, _app_service, scopes.APPS_READ),
]
