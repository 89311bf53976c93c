"""A page as an administrator is shown it: where it stands, what it waits for, since when and why, and how long yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal

from taxiway import directory, enrollment
from taxiway.enrollment import EspSettings
from taxiway.management.apps import mobile_apps
from taxiway.management.apps.estimate import Estimate
from taxiway.management.esp import deadlines
from taxiway.management.esp.deadlines import RUNNING, USER_RUNNING
from taxiway.management.esp.forecast import Via, expected_apps
from taxiway.management.esp.waits import Wait, waiting_for
from taxiway.management.extension import agent
from taxiway.management.session import runs
from taxiway.management.session.queue import Queue
from taxiway.management.session.report import device_states
from taxiway.management.session.runs import Run
from taxiway.store import Row, Tx

Outcome = Literal["no page", "waiting", "ended well", "failed"]
#: States in which an app takes no more time.
_THERE: Final = frozenset({"installed", "notApplicable"})


@dataclass(frozen=True, slots=True)
class Half:
    """The device's half of the page, or one user's: its state, since when, and when it has to be over."""

    phase: str
    who: str
    state: str
    since: datetime | None
    deadline: datetime | None


@dataclass(frozen=True, slots=True)
class EspView:
    """The whole page of one device. ``names`` say what the origins of the waits are called."""

    managed_id: str
    settings: EspSettings | None
    halves: tuple[Half, ...]
    waits: tuple[Wait, ...]
    names: Mapping[str, str]
    estimate: Estimate | None

    @property
    def outcome(self) -> Outcome:
        """The page in a word; a failure counts until it is mended."""
        states = {half.state for half in self.halves}
        if "failed" in states:
            return "failed"
        if self.waits or states & {*RUNNING, *USER_RUNNING}:
            return "waiting"
        return "no page" if states <= {"off"} else "ended well"


def esp_view(tx: Tx, managed: Row) -> EspView:
    """How the page of a managed device stands now."""
    settings, run = enrollment.esp_of(tx, managed["id"]), runs.load(tx, managed["id"])
    if run is None:
        shown = settings is not None and settings.show
        first = Wait("device preparation", "the device's first session", "it has not come yet", managed["enrolled_at"])
        return EspView(managed["id"], settings, (), (first,) if shown else (), {}, None)
    halves = [Half("device setup", "the device", run.esp_state, _since(run.esp), deadlines.of(run.esp))]
    halves += [_user_half(tx, user, mine) for user, mine in run.esp.get("users", {}).items()]
    waits = tuple(waiting_for(run, Queue(tx, managed["id"]).rows)) + _sign_in(settings, run)
    states = device_states(tx, managed["id"])
    mine = {f"{mobile_apps.OBJECT_KIND}:{agent.AGENT_ID}": agent.NAME, "esp": "the page itself"}
    names = {f"{row['object_kind']}:{row['object_id']}": str(row["detail"].get("name", "")) for row in states}
    estimate = _estimate(tx, managed, settings, run, states)
    return EspView(managed["id"], settings, tuple(halves), waits, {**names, **mine}, estimate)


# ---------------------------------------------------------------------------------------------- inside


def _user_half(tx: Tx, user_id: str, mine: Mapping[str, Any]) -> Half:
    user = directory.find_user(tx, user_id)
    name = user_id if user is None else str(user["user_principal_name"])
    return Half("account setup", name, mine["state"], _since(mine), deadlines.of(dict(mine)))


def _sign_in(settings: EspSettings | None, run: Run) -> tuple[Wait, ...]:
    """After device setup the page waits for somebody to sign in, where a user's half shows."""
    if settings is None or not settings.show_user_page or run.esp_state != "done" or run.esp.get("users"):
        return ()
    return (Wait("account setup", "the user's sign-in", "nobody has signed in yet", _since(run.esp)),)


def _estimate(
    tx: Tx, managed: Row, settings: EspSettings | None, run: Run, states: list[dict[str, Any]]
) -> Estimate | None:
    """What is still to be installed, against the minutes that are left; None where nothing is running."""
    half = _running(run)
    if half is None or settings is None:
        return None
    via, user_id, deadline = half
    device_id, _ = enrollment.links_of(tx, managed["id"])
    device = None if device_id is None else directory.find_device(tx, id=device_id)
    user = None if user_id is None else directory.find_user(tx, user_id)
    there = {
        row["object_id"] for row in states if row["object_kind"] == mobile_apps.OBJECT_KIND and row["state"] in _THERE
    }
    left = max(0.0, (deadline - deadlines.SLACK - tx.now).total_seconds())
    return Estimate(expected_apps(tx, via, device=device, user=user, settings=settings, there=there), left)


def _running(run: Run) -> tuple[Via, str | None, datetime] | None:
    """The half that runs: through whom its apps come, its user, its deadline."""
    deadline = deadlines.of(run.esp)
    if run.esp_state in RUNNING and deadline is not None:
        return "device", None, deadline
    for user, mine in run.esp.get("users", {}).items():
        if mine["state"] in USER_RUNNING and (until := deadlines.of(mine)) is not None:
            return "user", user, until
    return None


def _since(record: Mapping[str, Any]) -> datetime | None:
    told = record.get("since")
    return None if told is None else datetime.fromisoformat(told)


def named(wait: Wait, names: Mapping[str, str]) -> Wait:
    """The wait with its origins' names in place of their ids, where they are known."""
    return replace(wait, origins=tuple(dict.fromkeys(names.get(origin) or origin for origin in wait.origins)))
