"""The singletons of ``deviceManagement`` that tools read: settings, Apple's certificate, the Google account (02 9.4).

Of the settings, whether a device without a compliance policy complies is acted on; the rest is kept as it came.
"""

from __future__ import annotations

from typing import Any, Final

from taxiway import management
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.render import NEVER
from taxiway.graph.resources.device_management_summary import summary
from taxiway.management import Shelf
from taxiway.store import Tx

_TOP: Final = "deviceManagement"
_SETTINGS: Final = "settings"
#: One row of its own, by this id.
_SHELF: Final = Shelf(_SETTINGS, "management")
_SECURE: Final = "secureByDefault"
_DEFAULTS: Final[dict[str, Any]] = {
    "deviceComplianceCheckinThresholdDays": 30,
    "isScheduledActionEnabled": True,
    "enhancedJailBreak": False,
    "deviceInactivityBeforeRetirementInDay": 0,
    "derivedCredentialProvider": "notConfigured",
    "derivedCredentialUrl": None,
    "androidDeviceAdministratorEnrollmentEnabled": False,
    "ignoreDevicesForUnsupportedSettingsEnabled": False,
    "enableLogCollection": True,
    "enableAutopilotDiagnostics": True,
    "enableEnhancedTroubleshootingExperience": False,
    "enableDeviceGroupMembershipReport": False,
    "m365AppDiagnosticsEnabled": False,
}
#: The settings that v1.0 has too.
_OLD: Final = ("deviceComplianceCheckinThresholdDays", "isScheduledActionEnabled", _SECURE)
#: Neither Apple's push service nor a Google account is connected here.
_APPLE: Final[dict[str, Any]] = {
    "id": "00000000-0000-0000-0000-000000000000",
    "appleIdentifier": "",
    "topicIdentifier": "",
    "lastModifiedDateTime": NEVER,
    "expirationDateTime": NEVER,
    "certificateUploadStatus": None,
    "certificateUploadFailureReason": None,
    "certificateSerialNumber": None,
    "certificate": None,
}
_GOOGLE: Final[dict[str, Any]] = {
    "id": "androidManagedStoreAccountEnterpriseSettings",
    "bindStatus": "notBound",
    "lastAppSyncDateTime": NEVER,
    "lastAppSyncStatus": "none",
    "ownerUserPrincipalName": "",
    "ownerOrganizationName": "",
    "lastModifiedDateTime": NEVER,
    "enrollmentTarget": "none",
    "targetGroupIds": [],
    "deviceOwnerManagementEnabled": False,
    "companyCodes": [],
    "managedGooglePlayEnterpriseType": "enterpriseTypeUnspecified",
    "androidDeviceOwnerFullyManagedEnrollmentEnabled": False,
    "managedGooglePlayInitialScopeTagIds": [],
}


def _settings(tx: Tx, version: str) -> dict[str, Any]:
    row = _SHELF.get(tx, _SETTINGS)
    found = {**_DEFAULTS, **(row["body"] if row else {}), _SECURE: management.secure_by_default(tx)}
    return found if version == "beta" else {name: found[name] for name in _OLD}


async def _get_settings(call: Call) -> Answer:
    return _shown(call, _SETTINGS, await call.read(lambda tx: _settings(tx, call.version)))


async def _get(call: Call) -> Answer:
    """The singleton itself: that the tenant is managed here, and how."""

    def read(tx: Tx) -> dict[str, Any]:
        return {"id": call.tenant, "settings": _settings(tx, call.version), **summary(tx, call)}

    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_TOP}/$entity", **await call.read(read)})


async def _patch(call: Call) -> Answer:
    """``{"settings": {...}}``: the members that it names."""
    given = body.field(call.json, _SETTINGS)
    if not isinstance(given, dict) or not given:
        raise BadRequest("'settings' is missing.")
    changes = dict(given)

    def write(tx: Tx) -> None:
        if body.field(changes, _SECURE) is not None:
            wanted = body.flag_field(changes, _SECURE)
            if wanted != management.secure_by_default(tx):
                management.set_secure_by_default(tx, wanted, principal=call.principal)
        kept = {name: value for name, value in changes.items() if name.lower() != _SECURE.lower()}
        values = {"display_name": _SETTINGS, "body": kept}
        if _SHELF.get(tx, _SETTINGS) is None:
            management.create_object(
                tx, _SHELF, "deviceManagementSettings", values, principal=call.principal, row_id=_SETTINGS
            )
        elif kept:
            management.update_object(tx, _SHELF, _SETTINGS, values, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _get_apple(call: Call) -> Answer:
    return _shown(call, "applePushNotificationCertificate", _APPLE)


async def _get_google(call: Call) -> Answer:
    return _shown(call, "androidManagedStoreAccountEnterpriseSettings", _GOOGLE)


def _shown(call: Call, name: str, content: dict[str, Any]) -> Answer:
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_TOP}/{name}", **content})


_READ, _WRITE = scopes.ENROLLMENT_READ, scopes.ENROLLMENT_WRITE
OPERATIONS: Final = [
    Operation("GET", _TOP, _get, _READ),
    Operation("PATCH", _TOP, _patch, _WRITE),
    Operation("GET", f"{_TOP}/{_SETTINGS}", _get_settings, _READ),
    Operation("GET", f"{_TOP}/applePushNotificationCertificate", _get_apple, _READ),
    Operation("GET", f"{_TOP}/androidManagedStoreAccountEnterpriseSettings", _get_google, _READ, beta=True),
]
