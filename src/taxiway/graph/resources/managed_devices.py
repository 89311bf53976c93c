"""Managed devices: what enrolled, how it stands, what can be done to it (02 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory, enrollment, management
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import list_answer, reading, value_answer
from taxiway.graph.resources.configurations import standing, state_name
from taxiway.graph.resources.managed import INSTALL_STATES
from taxiway.store import Row, Tx, Where, eq

_PATH: Final = "deviceManagement/managedDevices"


async def _update(call: Call) -> Answer:
    changes = body.incoming(DEVICES, call.json)
    if "owner_type" in changes:
        changes["ownership"] = changes["owner_type"]
    elif "ownership" in changes:
        changes["owner_type"] = changes["ownership"]

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.update", enrollment.object_of(tx, call.keys["id"]))
        before = _require(tx, call)
        checked = directory.tagged(tx, call.principal, enrollment.MANAGED.entity, changes, before)
        enrollment.update_inventory(tx, call.keys["id"], checked)

    await call.write(write)
    return Answer(200)


async def _delete(call: Call) -> Answer:
    """Remove from management: the Entra device and the Autopilot registration stay."""

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.delete", enrollment.object_of(tx, call.keys["id"]))
        _require(tx, call)
        enrollment.forget(tx, call.keys["id"])

    await call.write(write)
    return call.done(live=200, docs=204)


async def _users(call: Call) -> Answer:
    """The primary user."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        user_id = _require(tx, call)["user_id"]
        user = directory.USERS.get(tx, user_id) if user_id else None
        names = ("id", "display_name", "user_principal_name", "mail")
        props = directory.USERS.entity.props
        return [] if user is None else [{props[n].graph_name if n in props else n: user[n] for n in names}]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/users", await call.read(read))


async def _of_user(call: Call) -> Answer:
    def narrow(tx: Tx, call: Call) -> Where:
        user = directory.find_user(tx, call.keys["id"])
        if user is None:
            raise NoSuchItem(call.keys["id"])
        return eq("user_id", user["id"])

    return await list_answer(call, DEVICES, narrow=narrow)


def _states(name: str, *kinds: str) -> Operation:
    """How the objects of these kinds stand on a device."""

    async def listed(call: Call) -> Answer:
        def read(tx: Tx) -> list[dict[str, Any]]:
            device = _require(tx, call)
            rows = [row for kind in kinds for row in management.device_states(tx, call.keys["id"], kind)]
            return [_state(row, device, call.version) for row in rows]

        return value_answer(call, f"{_PATH}('{call.keys['id']}')/{name}", await call.read(read))

    return Operation("GET", f"{_PATH}/{{id}}/{name}", listed, scopes.MANAGED_READ)


def _state(row: Row, device: Mapping[str, Any], version: str) -> dict[str, Any]:
    detail = row["detail"]
    settings = [*_rules(detail), *_settings(row["state"], detail)]
    who = {"userId": device["user_id"], "userPrincipalName": device["upn"]}
    return {
        "id": row["object_id"],
        "displayName": detail.get("name"),
        "version": 1,
        "platformType": "windows10AndLater",
        "state": state_name(row["state"]),
        **standing(row),
        "settingCount": len(settings),
        "settingStates": settings,
        **(who if version == "beta" else {}),
    }


def _rules(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rules of a compliance policy."""
    return [
        {
            "setting": rule.get("setting"),
            "state": state_name(str(rule.get("state"))),
            "errorDescription": rule.get("text"),
        }
        for rule in detail.get("rules") or ()
    ]


def _settings(state: str, detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The settings of a configuration that do not stand as they should, each with who asks for it or what failed."""
    found = [
        {
            "setting": error["uri"],
            "state": "error",
            "errorCode": error["status"],
            "errorDescription": error["error"] or f"The device answered {error['status']}.",
        }
        for error in detail.get("errors") or ()
    ]
    if state == "conflict":
        sources = [{"displayName": name, "sourceType": "deviceConfiguration"} for name in detail["with"]]
        found.append({"setting": detail["uri"], "state": "conflict", "sources": sources})
    for uri in detail.get("stays") or ():
        text = "The setting is not assigned any more and stays on the device."
        found.append({"setting": uri, "state": "notAssigned", "errorDescription": text})
    return found


#: What an assignment's intent is called on a device.
_INTENTS: Final = {
    "available": "available",
    "availableWithoutEnrollment": "availableInstallWithoutEnrollment",
    "required": "requiredInstall",
    "uninstall": "requiredUninstall",
}


async def _app_states(call: Call) -> Answer:
    """What a user's apps do on one device."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        device = enrollment.managed_device(tx, call.keys["device"])
        if device is None:
            raise NoSuchItem(call.keys["device"])
        rows = management.device_states(tx, device["id"], management.APPS.entity.name)
        return [
            {
                "applicationId": row["object_id"],
                "displayName": row["detail"].get("name"),
                "mobileAppIntent": _INTENTS.get(row["detail"].get("intent"), "notAvailable"),
                "displayVersion": row["detail"].get("version"),
                "installState": INSTALL_STATES.get(row["state"], row["state"]),
            }
            for row in rows
        ]

    found = await call.read(read)
    context = f"{call.root}/$metadata#users('{call.keys['id']}')/mobileAppIntentAndStates/$entity"
    shown = {
        "id": call.keys["device"],
        "managedDeviceIdentifier": call.keys["device"],
        "userId": call.keys["id"],
        "mobileAppList": found,
    }
    return Answer(200, {"@odata.context": context, **shown})


def _require(tx: Tx, call: Call) -> Row:
    row = enrollment.managed_device(tx, call.keys["id"])
    if row is None:
        raise NoSuchItem(call.keys["id"])
    return row


#: What v1.0 does not have.
_BETA: Final = frozenset(
    {
        "aad_registered",
        "azure_active_directory_device_id",
        "autopilot_enrolled",
        "join_type",
        "owner_type",
        "enrolled_by_upn",
        "users_logged_on",
        "chassis_type",
        "device_type",
        "sku_family",
        "sku_number",
        "processor_architecture",
        "specification_version",
        "hardware_information",
        "management_features",
        "role_scope_tag_ids",
        "prefer_mdm_over_group_policy_applied_date_time",
        "retire_after_date_time",
        "device_firmware_configuration_interface_managed",
        "bootstrap_token_escrowed",
        "windows_active_malware_count",
        "windows_remediated_malware_count",
        "cloud_pc_remote_action_results",
        "chrome_os_device_info",
        "configuration_manager_client_health_state",
        "configuration_manager_client_information",
        "device_health_script_states",
        "lost_mode_state",
        "security_patch_level",
    }
)
DEVICES: Final = Face(
    path=_PATH,
    repository=enrollment.MANAGED,
    family="intune",
    beta=_BETA,
    on_select=frozenset(
        {
            "hardware_information",
            "notes",
            "ethernet_mac_address",
            "iccid",
            "udid",
            "physical_memory_in_bytes",
            "activation_lock_bypass_code",
        }
    ),
    never=frozenset(
        {
            "enrolled_at",
            "last_sync_at",
            "eas_activated_at",
            "exchange_last_successful_sync_date_time",
            "compliance_grace_period_expires_at",
            "management_certificate_expires_at",
            "prefer_mdm_over_group_policy_applied_date_time",
            "retire_after_date_time",
        }
    ),
    written=frozenset({"managed_device_name", "notes", "ownership", "owner_type", "role_scope_tag_ids"}),
    search=("device_name",),
)

OPERATIONS: Final = [
    *reading(_PATH, DEVICES, scopes.MANAGED_READ),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, scopes.MANAGED_WRITE),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, scopes.MANAGED_WRITE),
    Operation("GET", f"{_PATH}/{{id}}/users", _users, scopes.MANAGED_READ),
    _states(
        "deviceConfigurationStates",
        management.CONFIGURATIONS.entity.name,
        management.CONFIGURATION_POLICIES.entity.name,
    ),
    _states("deviceCompliancePolicyStates", management.COMPLIANCE_POLICIES.entity.name),
    Operation("GET", "users/{id}/managedDevices", _of_user, scopes.MANAGED_READ),
    Operation("GET", "users/{id}/mobileAppIntentAndStates/{device}", _app_states, scopes.APPS_READ, beta=True),
]
