"""Enrollment configurations: ESP profiles, the device limit, platform restrictions (01 section 6, 02 section 4)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal
from taxiway.enrollment.entities import (
    CUSTOM_KINDS,
    DEFAULT_ESP,
    DEFAULT_HELLO,
    DEFAULT_LIMIT,
    DEFAULT_RESTRICTIONS,
    ENROLLMENT_CONFIGURATION,
    ENROLLMENT_KINDS,
    ESP,
)
from taxiway.enrollment.errors import BadConfiguration, BuiltIn, TooMany
from taxiway.kernel import NotImplementedHere
from taxiway.store import Repository, Row, Tx, eq, merged

ENROLLMENT_CONFIGURATIONS = Repository(ENROLLMENT_CONFIGURATION)

#: The name of these objects in the directory's assignments.
OBJECT_KIND: Final = "enrollment_configuration"
DEFAULT_NAME: Final = "All users and all devices"
MAX_ESP_PROFILES: Final = 51  # the default and 50 more
MAX_BLOCKING_APPS: Final = 100
MAX_MESSAGE: Final = 10_000
#: What the filter of an ESP assignment may read: key in the rule language -> its name in filters (01 section 6.1).
_ESP_FILTERS: Final = {
    "devicemodel": "model",
    "devicemanufacturer": "manufacturer",
    "deviceosversion": "osVersion",
    "operatingsystemsku": "operatingSystemSKU",
    "deviceownership": "deviceOwnership",
    "enrollmentprofilename": "enrollmentProfileName",
}
_DEFAULTS: Final = (DEFAULT_ESP, DEFAULT_LIMIT, DEFAULT_RESTRICTIONS, DEFAULT_HELLO)
#: What configurations of every kind have.
ENROLLMENT_BASE: Final = frozenset({"display_name", "description", "role_scope_tag_ids"})
_SUFFIX: Final = {DEFAULT_RESTRICTIONS: "DefaultPlatformRestrictions"}
_UNRESTRICTED: Final = {
    "platformBlocked": False,
    "personalDeviceEnrollmentBlocked": False,
    "osMinimumVersion": "",
    "osMaximumVersion": "",
    "blockedManufacturers": [],
    "blockedSkus": [],
}


def seed(tx: Tx) -> None:
    """Give a new tenant its four built-in configurations; repeatable (02 section 4.1)."""
    for kind in _DEFAULTS:
        row_id = _row_id(tx.tenant, kind)
        if ENROLLMENT_CONFIGURATIONS.get(tx, row_id) is not None:
            continue
        values: dict[str, Any] = {"id": row_id, "kind": kind, "display_name": DEFAULT_NAME, "priority": 0}
        if kind == DEFAULT_ESP:
            values |= {"show_installation_progress": False, "description": "This is the default status page."}
        if kind == DEFAULT_RESTRICTIONS:
            _, names = ENROLLMENT_KINDS[kind]
            values |= {name: dict(_UNRESTRICTED) for name in names}
        ENROLLMENT_CONFIGURATIONS.insert(tx, values)


def create_configuration(tx: Tx, kind: str, values: Mapping[str, Any], *, principal: Principal) -> Row:
    """Add a configuration at the lowest priority of its kind (01 section 6.2).

    One of a kind that has no properties here says in ``opaque`` what it is: it is kept, and decides nothing.
    """
    directory.require(tx, principal, "enrollment.create")
    if kind in _DEFAULTS or (kind not in CUSTOM_KINDS and not values.get("opaque")):
        raise NotImplementedHere(f"Enrollment configurations of the kind '{kind}' cannot be created here.")
    others = _of_kind(tx, kind)
    if kind == ESP and len(others) + 1 >= MAX_ESP_PROFILES:
        raise TooMany(f"A tenant has at most {MAX_ESP_PROFILES} Enrollment Status Page profiles, the default included.")
    checked = directory.tagged(tx, principal, ENROLLMENT_CONFIGURATION, _checked(kind, values))
    if not checked.get("display_name"):
        raise BadConfiguration("A configuration needs a display name.")
    row = ENROLLMENT_CONFIGURATIONS.insert(
        tx,
        {
            **checked,
            "id": _row_id(tx.entropy.uuid(), kind),
            "kind": kind,
            "priority": max((int(other["priority"]) for other in others), default=0) + 1,
            "created_at": tx.now,
            "last_modified_at": tx.now,
        },
    )
    _log(tx, "created", row)
    return row


def update_configuration(tx: Tx, row_id: str, changes: Mapping[str, Any], *, principal: Principal) -> Row:
    """Change properties; devices that have enrolled keep the settings they were given (R-80)."""
    directory.require(tx, principal, "enrollment.update")
    current = ENROLLMENT_CONFIGURATIONS.require(tx, row_id)
    checked = directory.tagged(tx, principal, ENROLLMENT_CONFIGURATION, _checked(current["kind"], changes), current)
    if "opaque" in checked:
        checked["opaque"] = merged(current["opaque"], checked["opaque"])
    if current["kind"] in _DEFAULTS:
        checked.pop("display_name", None)
    row = ENROLLMENT_CONFIGURATIONS.update(tx, row_id, {**checked, "last_modified_at": tx.now})
    _log(tx, "updated", row, changed=sorted(checked))
    return row


def delete_configuration(tx: Tx, row_id: str, *, principal: Principal) -> None:
    """Remove a configuration and its assignments; those behind it move up."""
    directory.require(tx, principal, "enrollment.delete")
    row = _custom(tx, row_id)
    directory.set_assignments(tx, OBJECT_KIND, row_id, [])
    ENROLLMENT_CONFIGURATIONS.delete(tx, row_id)
    _renumber(tx, _of_kind(tx, row["kind"]))
    _log(tx, "deleted", row)


def set_priority(tx: Tx, row_id: str, priority: int, *, principal: Principal) -> None:
    """Move a configuration to a place among its kind, 1 first; the others shift (R-78).

    Whose sight is limited by scope tags counts, and moves, only what they see: the places of all others stay (R-85).
    """
    directory.require(tx, principal, "enrollment.prioritize")
    row = _custom(tx, row_id)
    everything = _of_kind(tx, row["kind"])
    seen = directory.seen_of(tx, principal, ENROLLMENT_CONFIGURATION, everything)
    if not 1 <= priority <= len(seen):
        raise BadConfiguration(f"The priority must be between 1 and {len(seen)}.")
    _renumber(tx, directory.reordered(everything, seen, row_id, priority))
    _log(tx, "prioritized", row, priority=priority)


def with_relative_priority(tx: Tx, principal: Principal, rows: Sequence[Row]) -> list[Row]:
    """The rows as a principal sees them: a limited sight numbers what it sees, and nothing shows what it does not."""
    if directory.visible(tx, principal, ENROLLMENT_CONFIGURATION) is None:
        return list(rows)
    places: dict[str, int] = {}
    for kind in {row["kind"] for row in rows if row["kind"] not in _DEFAULTS}:
        seen = directory.seen_of(tx, principal, ENROLLMENT_CONFIGURATION, _of_kind(tx, kind))
        places |= {one["id"]: place for place, one in enumerate(seen, start=1)}
    return [{**row, "priority": places.get(row["id"], row["priority"])} for row in rows]


def assign_configuration(
    tx: Tx, row_id: str, targets: Sequence[directory.Target], *, principal: Principal
) -> list[Row]:
    """Replace the assignments of a configuration; an ESP profile takes no exclusions (02 section 4.3)."""
    directory.require(tx, principal, "enrollment.assign")
    row = _custom(tx, row_id)
    if row["kind"] == ESP and any(target.kind == "exclusion" for target in targets):
        raise BadConfiguration("An Enrollment Status Page profile cannot be assigned with exclusion groups.")
    if row["kind"] == ESP:
        _check_filters(tx, targets)
    assigned: list[Row] = directory.set_assignments(tx, OBJECT_KIND, row_id, list(targets))
    _log(tx, "assigned", row, targets=len(targets))
    return assigned


def default_of(tx: Tx, kind: str) -> Row:
    """The built-in configuration of a kind."""
    return ENROLLMENT_CONFIGURATIONS.require(tx, _row_id(tx.tenant, kind))


# ---------------------------------------------------------------------------------------------- inside


def _check_filters(tx: Tx, targets: Sequence[directory.Target]) -> None:
    """An ESP profile is chosen before most of a device is known, so its filters read little (R-84)."""
    for target in targets:
        foreign = directory.filter_reads(tx, target.filter_id) - _ESP_FILTERS.keys() if target.filter_id else None
        if foreign:
            names = ", ".join(_ESP_FILTERS.values())
            raise BadConfiguration(
                f"A filter of an Enrollment Status Page assignment cannot read '{min(foreign)}'; it can read: {names}."
            )


def _custom(tx: Tx, row_id: str) -> Row:
    row = ENROLLMENT_CONFIGURATIONS.require(tx, row_id)
    if row["kind"] in _DEFAULTS:
        raise BuiltIn(
            "The default configuration applies to all users and all devices: it can be changed, not moved or removed.",
        )
    return row


def _of_kind(tx: Tx, kind: str) -> list[Row]:
    return ENROLLMENT_CONFIGURATIONS.select(tx, eq("kind", kind), order=[("priority", False)])


def _renumber(tx: Tx, rows: Sequence[Row]) -> None:
    for place, row in enumerate(rows, start=1):
        if row["priority"] != place:
            ENROLLMENT_CONFIGURATIONS.update(tx, row["id"], {"priority": place})


def _checked(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The properties this kind has, each checked; one of another kind is an error, a read-only one is not."""
    if kind not in ENROLLMENT_KINDS:
        return {name: value for name, value in values.items() if name in ENROLLMENT_BASE or name == "opaque"}
    graph_type, own = ENROLLMENT_KINDS[kind]
    checked = {name: value for name, value in values.items() if name in own or name in ENROLLMENT_BASE}
    foreign = [name for name in values if name in ENROLLMENT_CONFIGURATION.props and name not in checked]
    others = frozenset().union(*(names for _, names in ENROLLMENT_KINDS.values()))
    wrong = [name for name in foreign if name in others]
    if wrong:
        raise BadConfiguration(f"'{graph_type}' has no property '{wrong[0]}'.")
    _check_esp(checked)
    limit = checked.get("limit")
    if limit is not None and not _between(limit, 1, 15):
        raise BadConfiguration("The device limit must be between 1 and 15.")
    if "platform_restriction" in checked:
        checked["platform_restriction"] = {**_UNRESTRICTED, **(checked["platform_restriction"] or {})}
    return checked


def _check_esp(values: Mapping[str, Any]) -> None:
    timeout = values.get("install_progress_timeout_in_minutes")
    if timeout is not None and not _between(timeout, 1, 1440):
        raise BadConfiguration("The Enrollment Status Page's time limit must be between 1 and 1440 minutes.")
    if len(values.get("selected_mobile_app_ids") or ()) > MAX_BLOCKING_APPS:
        raise BadConfiguration(f"At most {MAX_BLOCKING_APPS} blocking apps can be selected.")
    if len(values.get("custom_error_message") or "") > MAX_MESSAGE:
        raise BadConfiguration(f"The custom error message has at most {MAX_MESSAGE} characters.")


def _between(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _row_id(guid: str, kind: str) -> str:
    return f"{guid}_{_SUFFIX.get(kind, kind[0].upper() + kind[1:])}"


def _log(tx: Tx, verb: str, row: Row, **facts: Any) -> None:
    what = {"name": row["display_name"], "kind": row["kind"], **facts}
    tx.log(f"enrollment_configuration.{verb}", subject=f"enrollment_configuration:{row['id']}", what=what)
