"""What a page is waiting for, since when, and why: read off the commands and the facts of a device."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from taxiway.management.apps.order import watched
from taxiway.management.esp import blocks
from taxiway.management.esp.deadlines import RUNNING, USER_RUNNING
from taxiway.management.extension import agent, states
from taxiway.management.model import DEVICE_LANE, user_lane
from taxiway.management.session.queue import DONE, FAILED, QUEUED, UNPROVEN, CommandRow
from taxiway.management.session.runs import ABSENT, Run
from taxiway.wire.extension import PROVIDER, tracking_name

#: How an enrolment words its status (05 section 10.14).
_ENROLMENT: Final = {"": "no status reported yet", "2": "is being enrolled", "32": "in a state of its own"}
Rows = Mapping[str, CommandRow]


@dataclass(frozen=True, slots=True)
class Wait:
    """One thing: ``what`` is a node, ``origins`` who asks for it, ``since`` when it last moved."""

    phase: str
    what: str
    why: str
    since: datetime | None
    origins: tuple[str, ...] = ()


def waiting_for(run: Run, rows: Rows) -> list[Wait]:
    """Everything the device's half and the users' halves wait for, in that order."""
    found = list(_device(run, rows)) if run.esp_state in RUNNING else []
    for user, mine in run.esp.get("users", {}).items():
        if mine["state"] in USER_RUNNING:
            found += _user(run, rows, user, mine)
    return found


def _device(run: Run, rows: Rows) -> Iterator[Wait]:
    state, since = run.esp_state, _since(run.esp)
    if state in {"opening", "sent"}:
        block = "esp|open|" if state == "opening" else "esp|release|"
        yield from _commands(
            "device setup", [row for row in rows.values() if row["key"].startswith(block)], DEVICE_LANE
        )
    elif state == "collecting":
        named = [rows[row_id] for row_id in run.esp.get("work", ()) if row_id in rows]
        yield from _commands("device setup", named, DEVICE_LANE)
    else:
        yield from _agent(run, rows)
        told = run.esp.get("lists", {})
        yield from _installations("device setup", run, rows, DEVICE_LANE, _apps(told))
        yield from _certificates("device setup", run, rows, DEVICE_LANE, _certified(told))
        yield from _by_agent("device setup", "Device", run.esp)
        word = f"./Device/{blocks.STATUS}/IsSyncDone"
        yield Wait("device setup", word, "the device has not said that the page is over", since)


def _user(run: Run, rows: Rows, user: str, mine: dict[str, Any]) -> Iterator[Wait]:
    lane, since, asked = user_lane(user), _since(mine), (f"user:{user}",)
    if mine["state"] == "collecting":
        yield from _commands("account setup", [rows[i] for i in mine.get("work", ()) if i in rows], lane)
    elif mine["state"] == "sent":
        yield from _commands("account setup", [rows[i] for i in mine.get("release", ()) if i in rows], lane)
    else:
        yield from _installations("account setup", run, rows, lane, _apps(mine))
        yield from _certificates("account setup", run, rows, lane, _certified(mine))
        yield from _by_agent("account setup", "User", mine)
        word = f"./User/{blocks.STATUS}/IsSyncDone"
        yield Wait("account setup", word, "the device has not said that the page is over", since, asked)


def _commands(phase: str, rows: list[CommandRow], lane: str) -> Iterator[Wait]:
    """Commands without a final answer."""
    for row in sorted(rows, key=lambda row: int(row["position"])):
        if row["lane"] == lane and row["state"] not in {DONE, FAILED}:
            yield Wait(phase, row["uri"], _command(row), row["updated_at"], tuple(row["origins"]))
        elif row["state"] == FAILED and row["key"].startswith("esp|release|"):
            yield Wait(phase, row["uri"], f"the device answered {row['status']}", row["updated_at"], ())


def _command(row: CommandRow) -> str:
    if row["state"] == UNPROVEN:
        return "sent, not answered: whether it ran is being found out"
    if row["state"] != QUEUED:
        return "sent, not answered yet"
    if row["lane"] != DEVICE_LANE and not row["attempts"]:
        return "waits for a session of the user"
    told = f"; the device answered {row['status']}" if row["status"] else ""
    return f"waits for the device's next session{told}"


def _installations(phase: str, run: Run, rows: Rows, lane: str, listed: list[str]) -> Iterator[Wait]:
    """Listed apps that are not there yet."""
    for node in listed:
        watch = watched(node)
        users = lane != DEVICE_LANE and node.startswith("./User/")
        told = run.facts.get(f"{lane}|{watch.status}" if users else watch.status)
        if told in watch.installed:
            continue
        row = next((row for row in rows.values() if row["uri"] == watch.run and row["verb"] == "Exec"), None)
        unknown = "no status reported yet"
        why = "the device does not know of it" if told == ABSENT else watch.words.get(told or "", unknown)
        yield Wait(
            phase, node, why, None if row is None else row["updated_at"], () if row is None else tuple(row["origins"])
        )


def _certificates(phase: str, run: Run, rows: Rows, lane: str, listed: list[str]) -> Iterator[Wait]:
    """Listed certificates that are not there yet."""
    for node in listed:
        users = f"{lane}|" if lane != DEVICE_LANE and node.startswith("./User/") else ""
        told = run.facts.get(f"{users}{node}/Status")
        if told == ("1" if "/SCEP/" in node else "0"):
            continue
        row = next((row for row in rows.values() if row["uri"].startswith(f"{node}/")), None)
        why = "the device does not know of it" if told == ABSENT else _ENROLMENT.get(told or "", "failed")
        origins = () if row is None else tuple(row["origins"])
        yield Wait(phase, node, why, None if row is None else row["updated_at"], origins)


def _apps(told: Mapping[str, Any]) -> list[str]:
    return [*told.get("msi", []), *told.get("modern", [])]


def _certified(told: Mapping[str, Any]) -> list[str]:
    return [*told.get("scep", []), *told.get("pfx", [])]


def _agent(run: Run, rows: Rows) -> Iterator[Wait]:
    """The agent, until it has been installed and has asked what is meant."""
    package = agent.package()
    order = next((row for row in rows.values() if row["origins"] == [package.origin] and row["verb"] == "Exec"), None)
    if order is None or "extension" in run.esp:
        return
    node = watched(package.order.tracked)
    told = run.facts.get(node.status)
    why = node.words.get(told or "", "no status reported yet")
    if told in node.installed:
        why = "it is installed and has not yet asked what is meant"
    yield Wait("device preparation", node.status, why, order["updated_at"], (package.origin,))


def _by_agent(phase: str, scope: str, record: Mapping[str, Any]) -> Iterator[Wait]:
    """Apps that the agent installs and that are not there yet."""
    for app_id, told in record.get("extension", {}).items():
        if told["state"] in {"installed", "notApplicable"}:
            continue
        home = f"./{scope}/{agent.TRACKING}/Setup/Apps/Tracking/{PROVIDER}"
        what = f"{home}/{tracking_name(app_id, told['revision'])}/InstallationState"
        error = f" with {told['error']}" if told.get("error") else ""
        why = f"{states.PROGRESS.get(told['state'], told['state'])}{error}"
        yield Wait(phase, what, why, _since(told), (f"mobile_app:{app_id}",))


def _since(record: Mapping[str, Any]) -> datetime | None:
    told = record.get("since")
    return None if told is None else datetime.fromisoformat(told)
