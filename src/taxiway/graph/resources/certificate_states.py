"""The certificates that were issued for a certificate profile (``managedDeviceCertificateStates``)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.managed import is_shown
from taxiway.store import Tx

_PATH: Final = "deviceManagement/deviceConfigurations/{id}/managedDeviceCertificateStates"


def _shown(profile: str, each: management.Issued) -> dict[str, Any]:
    device = each.device or {}
    revoked = each.revoked_at is not None
    return {
        "id": f"{each.managed_id}_{each.thumbprint}",
        "devicePlatform": "windows10AndLater",
        "deviceDisplayName": device.get("device_name"),
        "userDisplayName": device.get("user_display_name"),
        "certificateProfileDisplayName": profile,
        "certificateIssuanceState": "revoked" if revoked else "issued",
        "certificateRevokeStatus": "revoked" if revoked else "none",
        "certificateThumbprint": each.thumbprint,
        "certificateSerialNumber": each.serial,
        "certificateSubjectNameFormatString": each.subject,
        "certificateIssuer": each.issuer,
        "certificateKeyLength": each.bits,
        "certificateEnhancedKeyUsage": ",".join(each.usages),
        "certificateIssuanceDateTime": moment(each.issued_at),
        "certificateExpirationDateTime": moment(each.expires_at),
        "certificateLastIssuanceStateChangedDateTime": moment(each.revoked_at or each.issued_at),
        "certificateErrorCode": 0,
    }


async def _list(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        name = str(management.CONFIGURATIONS.require(tx, call.keys["id"])["display_name"])
        found = management.issued_certificates(tx, call.keys["id"])
        return [_shown(name, each) for each in found if is_shown(tx, call, each.device)]

    context = f"deviceManagement/deviceConfigurations('{call.keys['id']}')/managedDeviceCertificateStates"
    return value_answer(call, context, await call.read(read))


OPERATIONS: Final = [Operation("GET", _PATH, _list, scopes.CONFIGURATION_READ, beta=True)]
