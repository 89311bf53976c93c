"""Enrollment configurations: ESP profiles, the device limit, platform restrictions (02 section 4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taxiway import directory, enrollment
from taxiway.graph.errors import BadRequest, NoSuchItem, NotServed
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.graph.protocol.options import EVERYTHING
from taxiway.graph.protocol.render import render
from taxiway.graph.protocol.writing import writing
from taxiway.graph.resources.managed import kind_of, values_of
from taxiway.graph.resources.targets import Assignable, assigning, expansion, fit_assignment, linking
from taxiway.store import Tx, one_of

_PATH: Final = "deviceManagement/deviceEnrollmentConfigurations"
_PROPS: Final = frozenset(enrollment.ENROLLMENT_CONFIGURATIONS.entity.props)
_OF_KINDS: Final = frozenset[str]().union(*(names for _, names in enrollment.ENROLLMENT_KINDS.values()))
_READ_ONLY: Final = frozenset({"kind", "priority", "created_at", "last_modified_at", "opaque"})
#: The only property of an ESP profile that v1.0 knows.
_ESP_V1: Final = frozenset({"allow_non_blocking_app_installation"})
_ESP_PROPS: Final = enrollment.ENROLLMENT_KINDS[enrollment.ESP][1]
_BETA: Final = frozenset(
    {
        "kind",
        "role_scope_tag_ids",
        "platform_restriction",
        "platform_type",
        "android_for_work_restriction",
        "mac_restriction",
        "tvos_restriction",
        "vision_os_restriction",
        "windows_home_sku_restriction",
        "enhanced_sign_in_security",
        "security_key_for_sign_in",
    }
)
#: What a restriction has in beta only.
_BLOCKED: Final = ("blockedManufacturers", "blockedSkus")
#: A type that v1.0 shows as the one above it.
_UNKNOWN_V1: Final = enrollment.ENROLLMENT_KINDS[enrollment.RESTRICTION][0]

#: What a body's ``@odata.type`` asks for.
_CREATED: Final = {enrollment.ENROLLMENT_KINDS[kind][0].rpartition(".")[2]: kind for kind in enrollment.CUSTOM_KINDS}
#: The same, in lower case, with the types that are kept and decide nothing.
_KINDS: Final = {name.lower(): kind for name, kind in {**_CREATED, **enrollment.KEPT_KINDS}.items()}
_SHARED: Final = enrollment.ENROLLMENT_BASE
#: The type of a configuration that is kept stands among what it says.
_TYPE: Final = "@odata.type"


def _casts() -> dict[str, Any]:
    by_type: dict[str, list[str]] = {}
    for kind, (name, _) in enrollment.ENROLLMENT_KINDS.items():
        by_type.setdefault(name.rpartition(".")[2].lower(), []).append(kind)
    for name, kind in enrollment.KEPT_KINDS.items():
        by_type.setdefault(name.lower(), []).append(kind)
    return {name: one_of("kind", kinds) for name, kinds in by_type.items()}


def _known(kind: str) -> tuple[str, frozenset[str]]:
    """The type and the properties of a kind; of one that is only kept, neither."""
    return enrollment.ENROLLMENT_KINDS.get(kind, ("", frozenset()))


def _without_type(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if name != _TYPE}


def _fit(shown: dict[str, Any], version: str) -> None:
    for one in shown.get("assignments") or ():
        fit_assignment(one, version)
    if version != "v1.0":
        return
    if shown["@odata.type"] == _UNKNOWN_V1:
        shown["@odata.type"] = "#microsoft.graph.deviceEnrollmentConfiguration"
    for name, value in shown.items():
        if name.endswith("Restriction") and isinstance(value, dict):
            kept = {inner: each for inner, each in value.items() if inner not in _BLOCKED}
            shown[name] = kept


CONFIGURATIONS: Final = Face(
    path=_PATH,
    repository=enrollment.ENROLLMENT_CONFIGURATIONS,
    family="intune",
    type_of=lambda row: _known(row["kind"])[0] or row["opaque"][_TYPE],
    properties_of=lambda row: (_PROPS - _OF_KINDS) | _known(row["kind"])[1],
    hidden=frozenset({"opaque"}),
    beta=(_ESP_PROPS - _ESP_V1) | _BETA,
    never=frozenset({"created_at", "last_modified_at"}),
    written=_PROPS - _READ_ONLY,
    shown=lambda _tx, rows: [{"version": row["version"], **_without_type(row["opaque"] or {})} for row in rows],
    computed=frozenset({"version"}),
    kinds={name.rpartition(".")[2]: props for name, props in enrollment.ENROLLMENT_KINDS.values()},
    casts=_casts(),
    expansions=(expansion(enrollment.OBJECT_KIND),),
    seen=enrollment.with_relative_priority,
    fit=_fit,
    open=True,
)


async def _create(call: Call) -> Answer:
    content = call.json
    name = kind_of(content, dict.fromkeys(_CREATED, frozenset()), keeps=True)
    kind = _KINDS.get(name.lower(), name)
    if name not in _CREATED and kind in enrollment.ENROLLMENT_KINDS:  # the name of a kind, not of a type
        raise NotServed(f"Objects of the type '#microsoft.graph.{name}' are not implemented here.")
    values = values_of(CONFIGURATIONS, content, known=name in _CREATED, shared=_SHARED)
    if "opaque" in values:
        values["opaque"] = {_TYPE: f"#microsoft.graph.{name}", **_kept(values["opaque"])}

    def write(tx: Tx) -> dict[str, Any]:
        row = enrollment.create_configuration(tx, kind, values, principal=call.principal)
        return item_body(tx, call, CONFIGURATIONS, row)

    return created(call, CONFIGURATIONS, await call.write(write), kept=kind if "opaque" in values else "")


async def _update(call: Call) -> Answer:
    content = call.json

    def write(tx: Tx) -> dict[str, Any]:
        current = enrollment.ENROLLMENT_CONFIGURATIONS.require(tx, call.keys["id"])
        known = current["kind"] in enrollment.ENROLLMENT_KINDS
        changes = values_of(CONFIGURATIONS, content, known=known, shared=_SHARED)
        if "opaque" in changes:
            changes["opaque"] = _kept(changes["opaque"])
        row = enrollment.update_configuration(tx, call.keys["id"], changes, principal=call.principal)
        return item_body(tx, call, CONFIGURATIONS, row)

    return Answer(200, await call.write(write))


def _kept(content: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is worked out here."""
    ours = ("priority", "deviceenrollmentconfigurationtype")
    return {name: value for name, value in content.items() if name.lower() not in ours}


async def _set_priority(call: Call) -> Answer:
    priority = body.field(call.json, "priority")
    if not isinstance(priority, int) or isinstance(priority, bool):
        raise BadRequest("'priority' must be a number.")
    await call.write(lambda tx: enrollment.set_priority(tx, call.keys["id"], priority, principal=call.principal))
    return call.done(live=200, docs=204)


async def _of_user(call: Call) -> Answer:
    """What holds for a user on a device that no configuration is assigned to."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        user = directory.find_user(tx, call.keys["id"])
        if user is None:
            raise NoSuchItem(call.keys["id"])
        found = (enrollment.effective_esp, enrollment.effective_limit, enrollment.effective_restriction)
        rows = [of(tx, device=None, user=user).value.row for of in found]
        rows.append(enrollment.default_of(tx, enrollment.DEFAULT_HELLO))
        entity = CONFIGURATIONS.repository.entity
        rows = [row for row in rows if directory.sees(tx, call.principal, entity, row)]
        return render(tx, CONFIGURATIONS, rows, EVERYTHING, version=call.version, root=call.root)

    return value_answer(call, f"users('{call.keys['id']}')/deviceEnrollmentConfigurations", await call.read(read))


_READ, _WRITE = scopes.ENROLLMENT_READ, scopes.ENROLLMENT_WRITE
_assignable = Assignable(
    CONFIGURATIONS,
    enrollment.OBJECT_KIND,
    enrollment.assign_configuration,
    "enrollmentConfigurationAssignments",
    docs=204,
)
OPERATIONS: Final = [
    *reading(_PATH, CONFIGURATIONS, _READ),
    Operation("POST", _PATH, _create, _WRITE),
    Operation("PATCH", f"{_PATH}/{{id}}", _update, _WRITE),
    *writing(CONFIGURATIONS, _WRITE, delete=enrollment.delete_configuration),
    Operation("POST", f"{_PATH}/{{id}}/setPriority", _set_priority, _WRITE),
    *assigning(_assignable, _READ, _WRITE),
    linking(CONFIGURATIONS, enrollment.OBJECT_KIND, _READ),
    Operation("GET", "users/{id}/deviceEnrollmentConfigurations", _of_user, _READ, beta=True),
]
