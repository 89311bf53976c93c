"""Managed devices: what enrolled, how it stands, what can be done to it (02 section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory, enrollment, management
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import item_body, list_answer, reading, value_answer
from taxiway.graph.resources.configurations import settings_of, standing, state_name
from taxiway.graph.resources.detected_apps import detected_on
from taxiway.graph.resources.managed import INSTALL_STATES
from taxiway.graph.resources.references import reference, require_managed
from taxiway.store import Row, Tx, Where, any_of, both, eq

_PATH: Final = "deviceManagement/managedDevices"


async def _update(call: Call) -> Answer:
    changes = body.incoming(DEVICES, call.json)

    def write(tx: Tx) -> dict[str, Any]:
        row = enrollment.update_managed_device(tx, call.keys["id"], changes, principal=call.principal)
        return item_body(tx, call, DEVICES, row)

    return Answer(200, await call.write(write))


async def _delete(call: Call) -> Answer:
    """Remove from management: the Entra device and the Autopilot registration stay."""
    await call.write(lambda tx: enrollment.delete_managed_device(tx, call.keys["id"], principal=call.principal))
    return call.done(live=200, docs=204)


async def _users(call: Call) -> Answer:
    """The primary user."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        user_id = require_managed(tx, call)["user_id"]
        user = directory.USERS.get(tx, user_id) if user_id else None
        names = ("id", "display_name", "user_principal_name", "mail")
        props = directory.USERS.entity.props
        return [] if user is None else [{props[n].graph_name if n in props else n: user[n] for n in names}]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/users", await call.read(read))


async def _set_user(call: Call) -> Answer:
    """Another primary user; DELETE: none."""
    user_id = None if call.operation.method == "DELETE" else reference(call.json)

    def write(tx: Tx) -> None:
        enrollment.assign_primary_user(tx, require_managed(tx, call)["id"], user_id, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _of_user(call: Call) -> Answer:
    def narrow(tx: Tx, call: Call) -> Where:
        user = directory.find_user(tx, call.keys["id"])
        if user is None:
            raise NoSuchItem(call.keys["id"])
        return eq("user_id", user["id"])

    return await list_answer(call, DEVICES, narrow=narrow)


def _states(name: str, *kinds: str) -> list[Operation]:
    """How the objects of these kinds stand on a device: all, one, and the settings of one."""

    def read(tx: Tx, call: Call) -> list[dict[str, Any]]:
        device = require_managed(tx, call)
        rows = [row for kind in kinds for row in management.device_states(tx, call.keys["id"], kind)]
        return [_state(row, device, call.version) for row in rows]

    async def listed(call: Call) -> Answer:
        return value_answer(call, f"{_PATH}('{call.keys['id']}')/{name}", await call.read(lambda tx: read(tx, call)))

    async def named(call: Call) -> dict[str, Any]:
        found = await call.read(lambda tx: read(tx, call))
        state = next((one for one in found if one["id"] == call.keys["state"]), None)
        if state is None:
            raise NoSuchItem(call.keys["state"])
        return state

    async def one(call: Call) -> Answer:
        context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/{name}/$entity"
        return Answer(200, {"@odata.context": context, **await named(call)})

    async def settings(call: Call) -> Answer:
        """Of the device's one user, so that a filter by user has nothing to take away."""
        context = f"{_PATH}('{call.keys['id']}')/{name}('{call.keys['state']}')/settingStates"
        return value_answer(call, context, (await named(call))["settingStates"])

    item = f"{_PATH}/{{id}}/{name}"
    return [
        Operation("GET", item, listed, scopes.MANAGED_READ),
        Operation("GET", f"{item}/{{state}}", one, scopes.MANAGED_READ),
        Operation("GET", f"{item}/{{state}}/settingStates", settings, scopes.MANAGED_READ),
    ]


def _state(row: Row, device: Mapping[str, Any], version: str) -> dict[str, Any]:
    detail, settings = row["detail"], settings_of(row)
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
        user, device = directory.find_user(tx, call.keys["id"]), require_managed(tx, call, call.keys["device"])
        if user is None or device["user_id"] != user["id"]:
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


def _of_type(operator: str, value: Any) -> Where:
    """``deviceType``: everything here is a PC."""
    holds = (value == "desktop") == (operator == "eq")
    return both() if holds else any_of()


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
    fixed={"devicetype": _of_type},
    expansions=(Expansion("detectedApps", detected_on, beta=True),),
)

OPERATIONS: Final = [
    *reading(_PATH, DEVICES, scopes.MANAGED_READ),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, scopes.MANAGED_WRITE),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, scopes.MANAGED_WRITE),
    Operation("GET", f"{_PATH}/{{id}}/users", _users, scopes.MANAGED_READ),
    *(
        Operation(method, f"{_PATH}/{{id}}/users/$ref", _set_user, scopes.MANAGED_WRITE)
        for method in ("POST", "DELETE")
    ),
    *_states(
        "deviceConfigurationStates",
        management.CONFIGURATIONS.entity.name,
        management.CONFIGURATION_POLICIES.entity.name,
    ),
    *_states("deviceCompliancePolicyStates", management.COMPLIANCE_POLICIES.entity.name),
    Operation("GET", "users/{id}/managedDevices", _of_user, scopes.MANAGED_READ),
    Operation("GET", "users/{id}/mobileAppIntentAndStates/{device}", _app_states, scopes.APPS_READ, beta=True),
]
