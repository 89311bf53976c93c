"""``windowsAutopilotDeviceIdentities``: registered devices, their users and their profiles (02 section 3.1)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from taxiway import autopilot
from taxiway.directory import require, sees
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Handler, Operation
from taxiway.graph.protocol.face import Expansion, Face
from taxiway.graph.protocol.lists import item_body, list_answer, reading
from taxiway.graph.protocol.options import EVERYTHING
from taxiway.graph.protocol.render import render
from taxiway.graph.resources.autopilot_profiles import PATH as PROFILES_PATH
from taxiway.graph.resources.autopilot_profiles import PROFILES
from taxiway.graph.resources.references import require_item
from taxiway.insight.preflight import preflight_of
from taxiway.store import Row, Tx, Where, eq

_LONGEST_NAME: Final = 200
PATH: Final = "deviceManagement/windowsAutopilotDeviceIdentities"
_NAVIGATIONS: Final = ("deploymentProfile", "intendedDeploymentProfile")


def _profile(tx: Tx, row: Row) -> dict[str, Any] | None:
    """The profile that is meant for the device, or null."""
    profile = autopilot.effective_profile(tx, row["id"]).value
    if profile is None:
        return None
    return render(tx, PROFILES, [profile], EVERYTHING, version="beta", root="")[0]


def _by_profile(tx: Tx, call: Call) -> Where:
    """The devices that carry a profile now."""
    profile_id = call.keys["id"]
    if autopilot.PROFILES.get(tx, profile_id) is None:
        raise NoSuchItem(profile_id)
    return eq("deployment_profile_id", profile_id)


DEVICES: Final = Face(
    path=PATH,
    repository=autopilot.DEVICES,
    family="intune",
    hidden=autopilot.DEVICE_INTERNAL,
    beta=frozenset(
        {
            "azure_ad_device_id",
            "deployment_profile_assignment_status",
            "deployment_profile_assignment_detailed_status",
            "deployment_profile_assigned_at",
            "remediation_state",
            "remediation_state_last_modified_at",
            "userless_enrollment_status",
            "device_account_upn",
            "device_account_password",
            "device_friendly_name",
            "registered_at",
            "enrolled_at",
        }
    ),
    never=frozenset({"last_contacted_at", "deployment_profile_assigned_at", "remediation_state_last_modified_at"}),
    written=frozenset(
        {
            "group_tag",
            "display_name",
            "user_principal_name",
            "addressable_user_name",
            "purchase_order_identifier",
            "device_account_upn",
            "device_account_password",
            "device_friendly_name",
        }
    ),
    expansions=tuple(Expansion(name, _profile, many=False, beta=True) for name in _NAVIGATIONS),
    search=("serial_number",),
    constants={"device_account_password": ""},
)


async def _assigned(call: Call) -> Answer:
    context = f"{call.root}/$metadata#{PROFILES_PATH}('{call.keys['id']}')/assignedDevices"
    return await list_answer(call, DEVICES, narrow=_by_profile, context=context)


async def _update_properties(call: Call) -> Answer:
    """Only what was supplied changes; an empty text clears."""
    await call.write(lambda tx: _change(tx, call))
    return Answer(204)


async def _update(call: Call) -> Answer:
    return Answer(200, await call.write(lambda tx: item_body(tx, call, DEVICES, _change(tx, call))))


def _change(tx: Tx, call: Call) -> Row:
    require_item(tx, call, autopilot.DEVICES)
    changes = body.incoming(DEVICES, call.json)
    return autopilot.update_properties(tx, call.keys["id"], changes, principal=call.principal)


async def _assign_user(call: Call) -> Answer:
    content = call.json
    upn = body.text_field(content, "userPrincipalName")
    if not upn:
        raise BadRequest("'userPrincipalName' is missing.")
    name = body.text_field(content, "addressableUserName")

    def write(tx: Tx) -> None:
        require_item(tx, call, autopilot.DEVICES)
        autopilot.assign_user(tx, call.keys["id"], upn, name, principal=call.principal)

    await call.write(write)
    return Answer(204)


def plain_action(service: Callable[..., Any]) -> Handler:
    """An action on a device without a body."""

    async def act(call: Call) -> Answer:
        await call.write(
            lambda tx: service(tx, require_item(tx, call, autopilot.DEVICES)["id"], principal=call.principal)
        )
        return Answer(204)

    return act


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        require_item(tx, call, autopilot.DEVICES)
        autopilot.deregister(tx, call.keys["id"], principal=call.principal)

    await call.write(write)
    return call.done(live=200, docs=204)


async def _get_profile(call: Call) -> Answer:
    def read(tx: Tx) -> dict[str, Any]:
        profile = autopilot.effective_profile(tx, require_item(tx, call, autopilot.DEVICES)["id"]).value
        if profile is None or not sees(tx, call.principal, PROFILES.repository.entity, profile):
            raise NoSuchItem(call.keys["id"])
        return item_body(tx, call, PROFILES, profile)

    return Answer(200, await call.read(read))


async def _preflight(call: Call) -> Answer:
    """Our own: everything that will decide this device's deployment; ``user``: who will sign in, by name."""
    user = call.options.get("user", "")[:_LONGEST_NAME]

    def read(tx: Tx) -> dict[str, Any]:
        require(tx, call.principal, "devices.read")
        return preflight_of(tx, require_item(tx, call, autopilot.DEVICES), user).shown()

    found = await call.read(read)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#taxiwayPreflight", **found})


def _posted(action: str, handler: Callable[[Call], Any]) -> Operation:
    return Operation("POST", f"{PATH}/{{id}}/{action}", handler, scopes.AUTOPILOT_WRITE)


OPERATIONS: Final = [
    *reading(PATH, DEVICES, scopes.AUTOPILOT_READ),
    Operation("PATCH", f"{PATH}/{{id}}", _update, scopes.AUTOPILOT_WRITE),
    Operation("DELETE", f"{PATH}/{{id}}", _delete, scopes.AUTOPILOT_WRITE),
    _posted("updateDeviceProperties", _update_properties),
    _posted("assignUserToDevice", _assign_user),
    _posted("unassignUserFromDevice", plain_action(autopilot.unassign_user)),
    *(
        Operation("GET", f"{PATH}/{{id}}/{name}", _get_profile, scopes.AUTOPILOT_READ, beta=True)
        for name in _NAVIGATIONS
    ),
    Operation("GET", f"{PATH}/{{id}}/taxiwayPreflight", _preflight, scopes.AUTOPILOT_READ, beta=True),
    Operation("GET", f"{PROFILES_PATH}/{{id}}/assignedDevices", _assigned, scopes.AUTOPILOT_READ, beta=True),
]
