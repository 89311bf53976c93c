"""Apps, their content versions and files, and where they are installed (02 section 8)."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from typing import Any, Final

from taxiway import enrollment, management
from taxiway.graph import uploads
from taxiway.graph.entities import CONTENT_FILES
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import value_answer
from taxiway.graph.protocol.options import EVERYTHING
from taxiway.graph.protocol.render import moment, render
from taxiway.graph.resources import app_categories
from taxiway.graph.resources.managed import INSTALL_STATES, Services, collection, face_of, is_shown
from taxiway.graph.resources.targets import OF_APPS, Assignable
from taxiway.store import And, Compare, Not, Or, Row, Tx, Where, one_of
from taxiway.wire.app_content import read_encryption_info
from taxiway.wire.hresult import signed

_PATH: Final = "deviceAppManagement/mobileApps"
#: The name of these objects in assignments and statuses.
_KIND: Final = management.APPS.entity.name


def _availability(operator: str, value: Any) -> Where:
    """``managedApp/appAvailability``: a property of the managed apps of telephones, so it is null for all others."""
    managed, own = Compare("kind", "startswith", "managed"), Compare("kind", "contains", "LobApp")
    named: dict[Any, Where] = {
        None: Not(managed),
        "lineOfBusiness": And((managed, own)),
        "global": And((managed, Not(own))),
    }
    found = named.get(value, Or(()))
    return found if operator == "eq" else Not(found)


#: The kinds v1.0 knows, each with those of its properties that it lacks.
_OLDER: Final = {
    "windowsMobileMSI": frozenset({"identityVersion", "useDeviceContext"}),
    "windowsUniversalAppX": frozenset[str](),
    "windowsAppX": frozenset[str](),
    "win32LobApp": frozenset(
        {
            "activeInstallScript",
            "activeUninstallScript",
            "allowAvailableUninstall",
            "detectionRules",
            "displayVersion",
            "minimumSupportedOperatingSystem",
            "requirementRules",
        }
    ),
}
APPS: Final = replace(
    face_of(
        _PATH,
        management.APPS,
        _KIND,
        management.APP_KINDS,
        hidden=frozenset({"content_sha256", "revision"}),
        beta=frozenset(
            {
                "is_assigned",
                "dependent_app_count",
                "superseding_app_count",
                "superseded_app_count",
                "upload_state",
            }
        ),
        assigned=OF_APPS,
        expansions=(app_categories.EXPANSION,),
        versioned=False,
        base="mobileApp",
        older=_OLDER,
    ),
    fixed={"appavailability": _availability},
    order=(("created_at", True),),
)
_FILE: Final = Face(
    path=_PATH,
    repository=CONTENT_FILES,
    family="intune",
    hidden=frozenset({"app_id", "content_version", "blocks", "content_sha256"}),
    beta=frozenset({"is_framework_file", "upload_error_code"}),
    written=frozenset({"name", "size", "size_encrypted", "manifest", "is_dependency", "is_framework_file"}),
)


def _file_json(tx: Tx, call: Call, row: Row) -> dict[str, Any]:
    [shown] = render(tx, _FILE, [row], EVERYTHING, version=call.version, root=call.root)
    shown["azureStorageUri"] = f"{call.origin}{uploads.upload_path(tx, row)}"
    return {"@odata.type": "#microsoft.graph.mobileAppContentFile", **shown}


def _files_context(call: Call) -> str:
    return f"{_PATH}('{call.keys['id']}')/contentVersions('{call.keys['version']}')/files"


async def _create_version(call: Call) -> Answer:
    row = await call.write(lambda tx: uploads.new_version(tx, call.keys["id"], call.principal))
    context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/contentVersions/$entity"
    return Answer(201, {"@odata.context": context, "id": str(row["number"])})


async def _list_versions(call: Call) -> Answer:
    rows = await call.read(lambda tx: uploads.versions(tx, call.keys["id"]))
    return value_answer(call, f"{_PATH}('{call.keys['id']}')/contentVersions", [{"id": str(r["number"])} for r in rows])


async def _get_version(call: Call) -> Answer:
    rows = await call.read(lambda tx: uploads.versions(tx, call.keys["id"]))
    if call.keys["version"] not in [str(row["number"]) for row in rows]:
        raise NoSuchItem(call.keys["version"])
    context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/contentVersions/$entity"
    return Answer(200, {"@odata.context": context, "id": call.keys["version"]})


async def _create_file(call: Call) -> Answer:
    values = body.incoming(_FILE, call.json)

    def write(tx: Tx) -> dict[str, Any]:
        row = uploads.new_file(tx, call.keys["id"], call.keys["version"], values, call.principal)
        return _file_json(tx, call, row)

    made = await call.write(write)
    # The real service answers before the address is there; clients poll for it either way.
    made |= {"uploadState": "azureStorageUriRequestPending", "azureStorageUri": None}
    return Answer(201, {"@odata.context": f"{call.root}/$metadata#{_files_context(call)}/$entity", **made})


async def _list_files(call: Call) -> Answer:
    def read(tx: Tx) -> list[dict[str, Any]]:
        return [_file_json(tx, call, row) for row in uploads.files(tx, call.keys["id"], call.keys["version"])]

    return value_answer(call, _files_context(call), await call.read(read))


def _file(tx: Tx, call: Call) -> Row:
    return uploads.require_file(tx, call.keys["id"], call.keys["version"], call.keys["file"])


async def _get_file(call: Call) -> Answer:
    shown = await call.read(lambda tx: _file_json(tx, call, _file(tx, call)))
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#{_files_context(call)}/$entity", **shown})


async def _renew(call: Call) -> Answer:
    await call.write(lambda tx: uploads.renew(tx, _file(tx, call), call.principal))
    return Answer(200)


async def _commit(call: Call) -> Answer:
    info = body.field(call.json, "fileEncryptionInfo")
    if not isinstance(info, dict):
        raise BadRequest("'fileEncryptionInfo' is missing.")
    read_info = read_encryption_info(info)
    row = await call.read(lambda tx: _file(tx, call))
    await uploads.commit(call.rt, row, read_info, principal=call.principal)
    return Answer(200)


async def _statuses(call: Call) -> Answer:
    """``deviceStatuses``: the install state on each device."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        return [_install_state(row, device) for row, device in _standing(tx, call)]

    return value_answer(call, f"{_PATH}('{call.keys['id']}')/deviceStatuses", await call.read(read))


def _install_state(row: Row, device: Row) -> dict[str, Any]:
    return {
        "id": f"{row['managed_id']}_{row['object_id']}",
        "deviceName": device.get("device_name"),
        "deviceId": row["managed_id"],
        "userPrincipalName": device.get("upn"),
        "osVersion": device.get("os_version"),
        "installState": INSTALL_STATES.get(row["state"], row["state"]),
        "errorCode": _error_code(row["detail"].get("error")),
        "lastSyncDateTime": moment(row["updated_at"]),
    }


def _error_code(told: Any) -> int:
    """An HRESULT as Graph writes it: a signed number; 0 for none, and where the error is only a sentence."""
    if not isinstance(told, str) or not told.startswith("0x"):
        return 0
    return signed(int(told, 16))


def _standing(tx: Tx, call: Call) -> list[tuple[Row, Row]]:
    """How an app stands on each device, with the device."""
    app_id = call.keys["id"]
    management.APPS.require(tx, app_id)
    rows = management.object_states(tx, _KIND, app_id)
    ids = [row["managed_id"] for row in rows]
    devices = {row["id"]: row for row in enrollment.MANAGED.select(tx, one_of("id", ids))} if ids else {}
    found = [(row, devices.get(row["managed_id"], {})) for row in rows]
    return [(row, device) for row, device in found if is_shown(tx, call, device)]


async def _summary(call: Call) -> Answer:
    """``installSummary``: how many devices and users stand where."""
    found = await call.read(lambda tx: _standing(tx, call))
    shown: dict[str, Any] = {"id": call.keys["id"]}
    for noun, of in (("Device", found), ("User", [pair for pair in found if pair[0]["detail"].get("via") == "user"])):
        counted = Counter(_COUNTED.get(row["state"], "notInstalled") for row, _ in of)
        names = ("installed", "failed", "notApplicable", "notInstalled", "pendingInstall")
        shown |= {f"{name}{noun}Count": counted[name] for name in names}
    context = f"{call.root}/$metadata#{_PATH}('{call.keys['id']}')/installSummary/$entity"
    return Answer(200, {"@odata.context": context, **shown})


async def _user_statuses(call: Call) -> Answer:
    """``userStatuses``: for each user, on how many devices the app stands where."""
    found = await call.read(lambda tx: _standing(tx, call))
    by_user: dict[str, list[tuple[Row, Row]]] = defaultdict(list)
    for row, device in found:
        if device.get("upn"):
            by_user[device["upn"]].append((row, device))
    shown = []
    for upn, of in sorted(by_user.items()):
        counted = Counter(_COUNTED.get(row["state"], "notInstalled") for row, _ in of)
        user: dict[str, Any] = {"id": f"{call.keys['id']}_{of[0][1]['user_id']}", "userPrincipalName": upn}
        user["userName"] = of[0][1].get("user_display_name")
        shown.append(user | {f"{name}DeviceCount": counted[name] for name in ("installed", "failed", "notInstalled")})
    return value_answer(call, f"{_PATH}('{call.keys['id']}')/userStatuses", shown)


#: The states of lists as summaries count them.
_COUNTED: Final = {
    "installed": "installed",
    "failed": "failed",
    "uninstallFailed": "failed",
    "notApplicable": "notApplicable",
    "pendingInstall": "pendingInstall",
    "installing": "pendingInstall",
}
_READ, _WRITE = scopes.APPS_READ, scopes.APPS_WRITE
_VERSIONS: Final = f"{_PATH}/{{id}}/contentVersions"
_FILES: Final = f"{_VERSIONS}/{{version}}/files"
OPERATIONS: Final = [
    *collection(
        APPS,
        Services(
            management.create_app,
            management.update_app,
            management.delete_app,
            management.APP_BASE,
        ),
        Assignable(APPS, _KIND, management.assign_app, "mobileAppAssignments", docs=204, names=OF_APPS),
        _READ,
        _WRITE,
        kinds=management.APP_KINDS,
        changed_live=200,
    ),
    Operation("GET", _VERSIONS, _list_versions, _READ),
    Operation("POST", _VERSIONS, _create_version, _WRITE),
    Operation("GET", f"{_VERSIONS}/{{version}}", _get_version, _READ),
    Operation("GET", _FILES, _list_files, _READ),
    Operation("POST", _FILES, _create_file, _WRITE),
    Operation("GET", f"{_FILES}/{{file}}", _get_file, _READ),
    Operation("POST", f"{_FILES}/{{file}}/renewUpload", _renew, _WRITE),
    Operation("POST", f"{_FILES}/{{file}}/commit", _commit, _WRITE),
    Operation("GET", f"{_PATH}/{{id}}/deviceStatuses", _statuses, _READ),
    Operation("GET", f"{_PATH}/{{id}}/installSummary", _summary, _READ, "intune", beta=True),
    Operation("GET", f"{_PATH}/{{id}}/userStatuses", _user_statuses, _READ, "intune", beta=True),
]
