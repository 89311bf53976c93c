"""``managedDeviceEncryptionStates``: the encryption report (beta), from what devices report (R-119, R-120)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory, enrollment, management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.resources.references import require_managed
from taxiway.store import Row, Tx
from taxiway.wire.encryption import MEANINGS, bits

_PATH: Final = "deviceManagement/managedDeviceEncryptionStates"
_MOST: Final = 1_000


async def _list(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        mine = directory.visible(tx, call.principal, enrollment.MANAGED.entity)
        rows = enrollment.MANAGED.select(tx, mine, order=[("device_name", False)], limit=_MOST)
        return [_state(tx, row) for row in rows]

    return value_answer(call, _PATH, await call.read(read))


async def _get(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        row = require_managed(tx, call)
        return {"@odata.context": f"{call.root}/$metadata#{_PATH}/$entity", **_state(tx, row)}

    return Answer(200, await call.read(read))


def _state(tx: Tx, row: Row) -> dict[str, Any]:
    tpm, encrypted, status = management.encryption_states(tx, row["id"])
    raised = [MEANINGS[bit][1] for bit in bits(status)]
    return {
        "id": row["id"],
        "userPrincipalName": row["upn"],
        "deviceType": row["device_type"],
        "osVersion": row["os_version"],
        "tpmSpecificationVersion": tpm,
        "deviceName": row["device_name"],
        "encryptionReadinessState": "ready" if tpm not in {"", "Not available"} else "notReady",
        "encryptionState": "encrypted" if encrypted == "1" else "notEncrypted",
        "encryptionPolicySettingState": "compliant" if status == "0" else "nonCompliant" if status else "unknown",
        "advancedBitLockerStates": ",".join(raised) or "success",
        "fileVaultStates": "success",
        "policyDetails": [],
    }


OPERATIONS: Final = [
    Operation("GET", _PATH, _list, scopes.CONFIGURATION_READ, beta=True),
    Operation("GET", f"{_PATH}/{{id}}", _get, scopes.CONFIGURATION_READ, beta=True),
]
