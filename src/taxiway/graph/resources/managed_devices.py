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
from taxiway.graph.protocol.render import moment
from taxiway.graph.resources.configurations import state_name
from taxiway.graph.resources.managed import INSTALL_STATES
from taxiway.store import Row, Tx, Where, eq

_PATH: Final = "deviceManagement/managedDevices"
_SYNC: Final = "syncDevice"


async def _update(call: Call) -> Answer:
    changes = body.incoming(DEVICES, call.json)
    if "owner_type" in changes:
        changes["ownership"] = changes["owner_type"]
    elif "ownership" in changes:
        changes["owner_type"] = changes["ownership"]

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.update")
        _require(tx, call)
        enrollment.update_inventory(tx, call.keys["id"], changes)

    await call.write(write)
    return Answer(200)


async def _delete(call: Call) -> Answer:
    """Remove from management: the Entra device and the Autopilot registration stay."""

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.delete")
        _require(tx, call)
        enrollment.forget(tx, call.keys["id"])

    await call.write(write)
    return call.done(live=200, docs=204)


async def _sync(call: Call) -> Answer:
    """Ask for a check-in: pending until the device's next session, done by it."""

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.sync")
        device = _require(tx, call)
        action = {"actionName": _SYNC, "actionState": "pending", "startDateTime": moment(tx.now)}
        asked = {**action, "lastUpdatedDateTime": moment(tx.now)}
        kept = [one for one in device["device_action_results"] if one["actionName"] != _SYNC]
        enrollment.update_inventory(tx, device["id"], {"device_action_results": [*kept, asked]})
        tx.log("device.sync_requested", subject=enrollment.subject_of(tx, device["id"]), what={"device": device["id"]})

    await call.write(write)
    return Answer(204)


async def _retire(call: Call) -> Answer:
    """Have the device leave management in its next session."""

    def write(tx: Tx) -> None:
        directory.require(tx, call.principal, "management.devices.retire")
        management.order_retire(tx, _require(tx, call)["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


def _actions(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """The actions as they stand: a requested check-in is done once the device has been here since."""
    return [{"deviceActionResults": [_action(one, row) for one in row["device_action_results"]]} for row in rows]


def _action(action: dict[str, Any], row: Row) -> dict[str, Any]:
    last = "" if row["last_sync_at"] is None else moment(row["last_sync_at"])
    if action["actionName"] != _SYNC or last <= action["startDateTime"]:
        return action
    return {**action, "actionState": "done", "lastUpdatedDateTime": last}


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


def _states(name: str, kind: str) -> Operation:
    """How the objects of one kind stand on a device."""

    async def listed(call: Call) -> Answer:
        def read(tx: Tx) -> list[dict[str, Any]]:
            device = _require(tx, call)
            return [_state(row, device) for row in management.device_states(tx, call.keys["id"], kind)]

        return value_answer(call, f"{_PATH}('{call.keys['id']}')/{name}", await call.read(read))

    return Operation("GET", f"{_PATH}/{{id}}/{name}", listed, scopes.MANAGED_READ)


def _state(row: Row, device: Mapping[str, Any]) -> dict[str, Any]:
    detail = row["detail"]
    settings = [
        {
            "setting": rule.get("setting"),
            "state": state_name(str(rule.get("state"))),
            "errorDescription": rule.get("text"),
        }
        for rule in detail.get("rules") or ()
    ]
    return {
        "id": row["object_id"],
        "displayName": detail.get("name"),
        "version": 1,
        "platformType": "windows10AndLater",
        "state": state_name(row["state"]),
        "settingCount": len(settings),
        "settingStates": settings,
        "userId": device["user_id"],
        "userPrincipalName": device["upn"],
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
                "mobileAppIntent": row["detail"].get("intent"),
                "displayVersion": row["detail"].get("version"),
                "installState": INSTALL_STATES.get(row["state"], row["state"]),
            }
            for row in rows
        ]

    found = await call.read(read)
    context = f"{call.root}/$metadata#users('{call.keys['id']}')/mobileAppIntentAndStates/$entity"
    shown = {"id": call.keys["device"], "managedDeviceIdentifier": call.keys["device"], "mobileAppList": found}
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
        }
    ),
    written=frozenset({"managed_device_name", "notes", "ownership", "owner_type"}),
    hidden=frozenset({"device_action_results"}),
    shown=_actions,
    computed=frozenset({"deviceActionResults"}),
    search=("device_name",),
)

OPERATIONS: Final = [
    *reading(_PATH, DEVICES, scopes.MANAGED_READ),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, scopes.MANAGED_WRITE),
    Operation("DELETE", f"{_PATH}/{{id}}", _delete, scopes.MANAGED_WRITE),
    Operation("POST", f"{_PATH}/{{id}}/syncDevice", _sync, scopes.MANAGED_ACTIONS),
    Operation("POST", f"{_PATH}/{{id}}/retire", _retire, scopes.MANAGED_ACTIONS),
    Operation("GET", f"{_PATH}/{{id}}/users", _users, scopes.MANAGED_READ),
    _states("deviceConfigurationStates", management.CONFIGURATIONS.entity.name),
    _states("deviceCompliancePolicyStates", management.COMPLIANCE_POLICIES.entity.name),
    Operation("GET", "users/{id}/managedDevices", _of_user, scopes.MANAGED_READ),
    Operation("GET", "users/{id}/mobileAppIntentAndStates/{device}", _app_states, scopes.APPS_READ),
]
