"""The singleton of app management, as far as it says something (02 section 9.4)."""

from __future__ import annotations

from typing import Any, Final

from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation

_APPS: Final = "deviceAppManagement"


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


OPERATIONS: Final = [Operation("GET", _APPS, _app_service, scopes.APPS_READ)]
