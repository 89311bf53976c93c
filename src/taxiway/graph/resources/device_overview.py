"""Managed devices at a glance: counts, and what a device reported of its apps and its protection (02 section 7)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from taxiway import enrollment, management
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.lists import list_answer, reading, value_answer
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.detected_apps import detected, detected_on
from taxiway.graph.resources.managed_devices import DEVICES
from taxiway.graph.resources.references import require_managed
from taxiway.store import Row, Tx, Where, eq, one_of

_PATH: Final = "deviceManagement/managedDevices"
_DETECTED: Final = "deviceManagement/detectedApps"
_OVERVIEW: Final = "deviceManagement/managedDeviceOverview"
_COMANAGED: Final = ("configurationManagerClientMdm", "configurationManagerClientMdmEas")
_SYSTEMS: Final = ("android", "ios", "macOS", "windowsMobile", "windows", "unknown")
_MORE_SYSTEMS: Final = (
    "androidDedicated",
    "androidDeviceAdmin",
    "androidFullyManaged",
    "androidWorkProfile",
    "androidCorporateWorkProfile",
    "aospUserAssociated",
    "aospUserless",
    "chromeOS",
    "linux",
)
_ACCESS: Final = ("allowed", "blocked", "quarantined", "unknown", "unavailable")


async def _overview(call: Call) -> Answer:
    found = await call.read(lambda tx: _counts(tx, beta=call.version == "beta"))
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_OVERVIEW}/$entity", "id": call.tenant, **found})


def _counts(tx: Tx, *, beta: bool) -> dict[str, Any]:
    """Every device here is a PC that its MDM client manages, and Exchange asks about none."""
    number = enrollment.MANAGED.count(tx)
    shared = enrollment.MANAGED.count(tx, one_of("management_agent", _COMANAGED))
    systems = {f"{name}Count": 0 for name in (*_SYSTEMS, *(_MORE_SYSTEMS if beta else ()))}
    access = {f"{name}DeviceCount": 0 for name in _ACCESS}
    found: dict[str, Any] = {
        "enrolledDeviceCount": number,
        "mdmEnrolledCount": number,
        "dualEnrolledDeviceCount": 0,
        "deviceOperatingSystemSummary": systems | {"windowsCount": number, "configMgrDeviceCount": shared},
        "deviceExchangeAccessStateSummary": access | {"unknownDeviceCount": number},
    }
    if beta:
        makers, models = enrollment.makes(tx)
        found["managedDeviceModelsAndManufacturers"] = {"deviceModels": models, "deviceManufacturers": makers}
        found["lastModifiedDateTime"] = moment(tx.now)
    return found


async def _apps(call: Call) -> Answer:
    found = await call.read(lambda tx: detected_on(tx, require_managed(tx, call)))
    return value_answer(call, f"{_PATH}('{call.keys['id']}')/detectedApps", found)


async def _all_apps(call: Call) -> Answer:
    return value_answer(call, _DETECTED, await call.read(detected))


async def _one_app(call: Call) -> Answer:
    found = next((app for app in await call.read(detected) if app["id"] == call.keys["id"]), None)
    if found is None:
        raise NoSuchItem(call.keys["id"])
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_DETECTED}/$entity", **found})


async def _having(call: Call) -> Answer:
    """The devices that have an app."""
    context = f"{call.root}/$metadata#{_DETECTED}('{call.keys['id']}')/managedDevices"
    return await list_answer(call, DEVICES, narrow=_installed_on, context=context)


def _installed_on(tx: Tx, call: Call) -> Where:
    return one_of("id", management.installed_on(tx).get(call.keys["id"], []))


async def _protection(call: Call) -> Answer:
    """What Windows says of its antivirus, and when it last scanned because somebody ordered it."""

    def read(tx: Tx) -> dict[str, Any]:
        device = require_managed(tx, call)
        found = management.protection_of(tx, device["id"])
        no = None if found.antivirus is None else False
        return {
            "id": device["id"],
            "malwareProtectionEnabled": found.antivirus,
            "deviceState": None if found.antivirus is None else "clean",
            "realTimeProtectionEnabled": found.antivirus,
            "networkInspectionSystemEnabled": None,
            "quickScanOverdue": no,
            "fullScanOverdue": no,
            "signatureUpdateOverdue": None if found.signatures is None else not found.signatures,
            "rebootRequired": no,
            "fullScanRequired": no,
            "productStatus": None if found.antivirus is None else "noStatus",
            "tamperProtectionEnabled": None,
            "controlledConfigurationEnabled": None,
            "isVirtualMachine": None,
            "engineVersion": None,
            "signatureVersion": None,
            "antiMalwareVersion": None,
            "lastQuickScanDateTime": _when(found.quick_scan),
            "lastFullScanDateTime": _when(found.full_scan),
            "lastQuickScanSignatureVersion": None,
            "lastFullScanSignatureVersion": None,
            "lastReportedDateTime": _when(device["last_sync_at"]),
        }

    context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/windowsProtectionState/$entity"
    return Answer(200, {"@odata.context": context, **await call.read(read)})


async def _override(call: Call) -> Answer:
    """``remediationUrl`` would be shown by the Company Portal, which is not here."""
    state = body.text_field(call.json, "complianceState")

    def write(tx: Tx) -> None:
        management.override_compliance(tx, require_managed(tx, call)["id"], state, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _compliance_summary(call: Call) -> Answer:
    """How many devices stand where."""
    found = await call.read(lambda tx: {name: _count(tx, state) for name, state in _COMPLIANCE.items()})
    path = "deviceManagement/deviceCompliancePolicyDeviceStateSummary"
    fixed = dict.fromkeys(("configManager", "notApplicable", "remediated", "conflict"), 0)
    shown = {f"{name}{'Count' if name in _SHORT else 'DeviceCount'}": n for name, n in (found | fixed).items()}
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{path}/$entity", "id": call.tenant, **shown})


def _count(tx: Tx, state: str) -> int:
    return enrollment.MANAGED.count(tx, eq("compliance_state", state))


_COMPLIANCE: Final = {
    "compliant": "compliant",
    "nonCompliant": "noncompliant",
    "inGracePeriod": "inGracePeriod",
    "unknown": "unknown",
    "error": "error",
}
#: The two counts whose name does not say that they are of devices.
_SHORT: Final = ("inGracePeriod", "configManager")


def _when(value: Any) -> str | None:
    return None if value is None else moment(value)


async def _health_scripts(call: Call) -> Answer:
    """Remediations are not run here, so there is none that a device could report."""
    await call.read(lambda tx: require_managed(tx, call))
    return value_answer(call, f"{_PATH}('{call.keys['id']}')/deviceHealthScriptStates", [])


_READ: Final = scopes.MANAGED_READ
_SHARED: Final = replace(DEVICES, path="deviceManagement/comanagedDevices")


def _comanaged(tx: Tx, device_id: str) -> Row | None:
    row = enrollment.managed_device(tx, device_id)
    return row if row is not None and row["management_agent"] in _COMANAGED else None


OPERATIONS: Final = [
    Operation("GET", _OVERVIEW, _overview, _READ),
    *reading(
        _SHARED.path,
        _SHARED,
        _READ,
        beta=True,
        narrow=lambda _tx, _call: one_of("management_agent", _COMANAGED),
        find=_comanaged,
    ),
    Operation("GET", "deviceManagement/deviceCompliancePolicyDeviceStateSummary", _compliance_summary, _READ),
    Operation("POST", f"{_PATH}/{{id}}/overrideComplianceState", _override, scopes.MANAGED_WRITE, beta=True),
    Operation("GET", _DETECTED, _all_apps, _READ),
    Operation("GET", f"{_DETECTED}/{{id}}", _one_app, _READ),
    Operation("GET", f"{_DETECTED}/{{id}}/managedDevices", _having, _READ),
    Operation("GET", f"{_PATH}/{{id}}/detectedApps", _apps, _READ, beta=True),
    Operation("GET", f"{_PATH}/{{id}}/windowsProtectionState", _protection, _READ),
    Operation("GET", f"{_PATH}/{{id}}/deviceHealthScriptStates", _health_scripts, _READ, beta=True),
]
