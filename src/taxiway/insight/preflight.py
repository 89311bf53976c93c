"""Everything that will decide a deployment, in the order in which it will be asked (01 section 13, P-08, P-10, P-12).

Nothing is decided here: each line is the answer of the function that will decide, asked with what is known now.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from taxiway import autopilot, directory, enrollment, join, management, signin
from taxiway.insight.explain_tasks import tasks
from taxiway.kernel import Decision, Reason
from taxiway.management import Estimate
from taxiway.store import Row, Tx
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name

State = Literal["ok", "warning", "blocked", "cannot say"]

#: A question that several ways of joining answer: one of them is enough.
_WAYS: Final = "join"
#: What nobody knows before the PC says it: its version, where versions are restricted.
_UNTOLD: Final = "restriction.version"
#: Not done because no policy wants it.
_NOBODY_ASKS: Final = frozenset({"encryption.not_asked", "hello.off"})


@dataclass(frozen=True, slots=True)
class Line:
    """One question, how it stands, and why."""

    check: str
    state: State
    why: tuple[Reason, ...]

    def shown(self) -> dict[str, Any]:
        """JSON for the route."""
        return {"check": self.check, "state": self.state, "why": [reason.as_dict() for reason in self.why]}


@dataclass(frozen=True, slots=True)
class Preflight:
    """All lines for a device and the user who is to sign in."""

    serial: str
    user: str
    lines: tuple[Line, ...]

    @property
    def verdict(self) -> State:
        """The worst of the lines; what cannot be said is no obstacle."""
        states = {line.state for line in self.lines}
        return next((state for state in ("blocked", "warning") if state in states), "ok")

    def shown(self) -> dict[str, Any]:
        """JSON for the route."""
        lines = [line.shown() for line in self.lines]
        return {"device": self.serial, "user": self.user or None, "verdict": self.verdict, "lines": lines}


def preflight(tx: Tx, serial: str, upn: str = "") -> Preflight:
    """For registered hardware and its assigned user, or the user who is named instead."""
    record = autopilot.record_of_serial(tx, serial)
    if record is None:
        text = f"No device with the serial number {serial} is registered: it would be set up like any other PC."
        return Preflight(serial, upn, (Line("registration", "blocked", (Reason("hardware.unknown", text),)),))
    return preflight_of(tx, record, upn)


def preflight_of(tx: Tx, record: Row, upn: str = "") -> Preflight:
    """The same for a registration."""
    name = upn or record["user_principal_name"] or ""
    return Preflight(record["serial_number"] or "", name, tuple(_lines(tx, record, name, named=bool(upn))))


# ---------------------------------------------------------------------------------------------- the device


def _lines(tx: Tx, record: Row, upn: str, *, named: bool) -> Iterator[Line]:
    device = directory.find_device(tx, id=record["device_object_id"])
    yield _registration(record, device)
    chosen = autopilot.effective_profile(tx, record["id"])
    yield _profile(chosen)
    if chosen.value is not None:
        yield _name(record, chosen.value)
    user = directory.find_user(tx, upn) if upn else None
    yield from _user(tx, record, upn, user, named=named)
    if user is not None:
        yield from _identity(tx, record, user)
        build = enrollment.Build(device["operating_system_version"] if device else None)
        asked = enrollment.explain(tx, user, device=device, registration=record, build=build)
        yield from (_line(check, decision) for check, decision in asked)
    yield from _page(tx, device, user)
    yield from _tasks(tx, record, user)
    yield from _unacted(tx, device, user)


def _registration(record: Row, device: Row | None) -> Line:
    if device is None:
        text = "The registration has lost its device object: no group reaches it. Register the device again."
        return Line("registration", "blocked", (Reason("registration.no_object", text),))
    if not device["account_enabled"]:
        return Line("registration", "blocked", (Reason("registration.disabled", "The device object is disabled."),))
    text = f"Registered on {record['registered_at']:%Y-%m-%d %H:%M}Z" if record["registered_at"] else "Registered"
    if record["went_without_at"] is not None:
        told = f"The PC went online at {record['went_without_at']:%Y-%m-%d %H:%M}Z and got no profile"
        text = f"{told}: once one is assigned, restart it, and it asks again."
        return Line("registration", "warning", (Reason("registration.went_without", text),))
    tag = f" with the group tag '{record['group_tag']}'." if record["group_tag"] else "."
    return Line("registration", "ok", (Reason("registration.there", text + tag),))


def _profile(chosen: Decision[Row | None]) -> Line:
    profile = chosen.value
    if profile is None:
        return Line("deployment profile", "blocked", chosen.reasons)
    other = autopilot.other_mode(profile)
    if other is not None:
        text = f"'{profile['display_name']}' is for {other}, which is not done here: assign a user-driven one."
        return Line("deployment profile", "blocked", (Reason("profile.not_user_driven", text), *chosen.reasons))
    outranked = any(reason.code == autopilot.OUTRANKED and reason.facts["alike"] for reason in chosen.reasons)
    return Line("deployment profile", "warning" if outranked else "ok", chosen.reasons)


def _name(record: Row, profile: Row) -> Line:
    template = record["display_name"] or profile["device_name_template"]
    if not template:
        return Line("device name", "ok", (Reason("name.own", "No template: Windows invents a name."),))
    try:
        name = parse_device_name(template).preview(record["serial_number"] or "")
    except InvalidDeviceName as error:
        return Line("device name", "blocked", (Reason(f"name.{error.fault}", f"'{template}': {error.message}"),))
    digits = " (# is a random digit)" if "#" in name else ""
    return Line("device name", "ok", (Reason("name.preview", f"The PC will be called {name}{digits}."),))


# ---------------------------------------------------------------------------------------------- the user


def _user(tx: Tx, record: Row, upn: str, user: Row | None, *, named: bool) -> Iterator[Line]:
    if not upn:
        text = "No user is assigned: name one with --user to see what holds for them."
        yield Line("user", "cannot say", (Reason("user.none", text),))
        return
    if user is None:
        text = f"There is no account {upn}" + (": nobody can sign in on this device." if not named else ".")
        yield Line("user", "blocked", (Reason("account.unknown", text),))
        return
    assigned = autopilot.assigned_user(tx, record["id"])
    if named and assigned is not None and assigned["id"] != user["id"]:
        text = f"The device is assigned to {assigned['user_principal_name']}: nobody else can sign in on it."
        yield Line("user", "blocked", (Reason("assigned_user", text),))
        return
    yield Line("user", "ok", (Reason("user.there", f"{upn} will sign in."),))


def _identity(tx: Tx, record: Row, user: Row) -> Iterator[Line]:
    """Sign-in as OOBE does it, and the join; one way of joining is enough."""
    upn = str(user["user_principal_name"])
    for check, decision in signin.explain(
        tx, upn, client_id=signin.BROKER, identifier=signin.DRS_RESOURCE, device_id=""
    ):
        yield _line(check, decision)
    asked = join.explain(tx, user, ztdid=record["id"])
    possible = any(decision.value for check, decision in asked if check.startswith(_WAYS))
    for check, decision in asked:
        line = _line(check, decision)
        refused = line.state == "blocked" and check.startswith(_WAYS) and possible
        yield Line(check, "warning", line.why) if refused else line


# ---------------------------------------------------------------------------------------------- the page


def _page(tx: Tx, device: Row | None, user: Row | None) -> Iterator[Line]:
    decision = enrollment.settings_for(tx, device=device, user=user, registered=True, in_oobe=True)
    settings = decision.value
    minutes = f"'{settings.profile_name}' shows the page for at most {settings.timeout_minutes} minutes"
    text = f"{minutes} and {'blocks' if settings.block else 'does not block'}." if settings.show else "No page shows."
    yield Line("Enrollment Status Page", "ok", (Reason("esp.settings", text), *decision.reasons))
    found = management.forecast(tx, device=device, user=user, settings=settings)
    yield _configuration(found)
    if settings.show:
        yield _installs("apps of device setup", found.device)
        yield _installs("apps of account setup", found.user)


def _configuration(found: management.Forecast) -> Line:
    said = (*(_disputed(each) for each in found.conflicts), *found.findings)
    if said:
        return Line("configuration", "warning", said)
    text = "Meant for the device or its user: " + (", ".join(found.configurations) or "nothing") + "."
    return Line("configuration", "ok", (Reason("configuration.meant", text),))


def _disputed(conflict: management.Conflict) -> Reason:
    text = f"{' and '.join(conflict.names)} set {conflict.uri} to different values: neither will be sent."
    return Reason("configuration.conflict", text, {"uri": conflict.uri})


def _tasks(tx: Tx, record: Row, user: Row | None) -> Iterator[Line]:
    """Encryption, Windows Hello and compliance of a PC that has not enrolled yet; none of them stops a deployment."""
    for task in tasks(tx, record, None, user):
        codes = {reason.code for reason in task.decision.reasons}
        fine = task.decision.value or bool(codes & _NOBODY_ASKS)
        state: State = "ok" if fine else "cannot say" if task.state == "unknown" else "warning"
        yield Line(task.name, state, task.decision.reasons)


def _unacted(tx: Tx, device: Row | None, user: Row | None) -> Iterator[Line]:
    """What is assigned to the PC or its user and nothing here acts on: of that, a rehearsal proves nothing."""
    found = management.unacted(tx, device=device, user=user)
    if found:
        yield Line("kept and not acted on", "cannot say", tuple(_kept(each) for each in found))


def _kept(each: management.Unacted) -> Reason:
    text = f"'{each.name}' ({each.type}) is assigned to the PC or its user, and nothing here acts on it."
    return Reason("kept.not_acted_on", text, {"name": each.name, "type": each.type})


def _installs(check: str, estimate: Estimate) -> Line:
    """The estimate against the page's time, and what it rests on."""
    if not estimate.apps:
        return Line(check, "ok", (Reason("apps.none", "The page waits for no app."),))
    states: dict[str, State] = {"fits": "ok", "cannot say": "cannot say"}
    text = f"p50 {estimate.p50:.0f} s, p90 {estimate.p90:.0f} s of {estimate.seconds_left:.0f} s: {estimate.verdict}."
    return Line(check, states.get(estimate.verdict, "warning"), (Reason("esp.estimate", text), *_sources(estimate)))


def _sources(estimate: Estimate) -> Sequence[Reason]:
    return [
        Reason("esp.estimate.app", f"{app.name}: p50 {app.p50:.0f} s, p90 {app.p90:.0f} s ({app.source}).")
        for app in estimate.apps
    ]


def _line(check: str, decision: Decision[bool]) -> Line:
    if decision.value:
        return Line(check, "ok", decision.reasons)
    untold = any(reason.code == _UNTOLD and not reason.facts for reason in decision.reasons)
    return Line(check, "cannot say" if untold else "blocked", decision.reasons)
