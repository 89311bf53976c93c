"""What an agent is told: what is meant, what that needs, and which of it the page waits for (R-64, R-65)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

from taxiway.enrollment import EspSettings
from taxiway.management.apps import experience, mobile_apps, relationships, win32_rules
from taxiway.management.apps.kinds import win32, winget
from taxiway.management.apps.mobile_apps import APPS, MeantApp
from taxiway.management.apps.relationships import DEPENDENCY, SUPERSEDENCE, Relationship
from taxiway.management.esp import blocks
from taxiway.management.esp.deadlines import RUNNING, USER_RUNNING
from taxiway.management.extension import scripts, states
from taxiway.management.model import user_lane
from taxiway.management.session.runs import Run
from taxiway.store import Row, Tx, one_of
from taxiway.wire.app_content import EncryptionInfo
from taxiway.wire.extension import App, Content, Dependency, Script, Superseded

#: A script that fails is tried so often in each revision.
SCRIPT_ATTEMPTS: Final = 3
_UNTIL_DONE: Final = (*RUNNING, "failed")
_USER_UNTIL_DONE: Final = ("unknown", *USER_RUNNING, "failed")


@dataclass
class Asked:
    """Who asks: a device, and the user that a token proves to be there."""

    tx: Tx
    managed: Row
    device: Row | None
    user: Row | None
    run: Run
    esp: EspSettings | None
    found: list[MeantApp] | None = None
    """The apps that are meant, where somebody has looked them up already."""

    @cached_property
    def meant(self) -> list[MeantApp]:
        """The apps that an agent is to see to, but for those whose place another one takes."""
        found = self.found
        if found is None:
            found = mobile_apps.meant_apps(self.tx, device=self.device, user=self.user)
        mine = {app.row["id"]: app for app in found if app.by_extension}
        replaced = {
            each.target_id
            for app in mine.values()
            if app.intent == "required" and app.deliverable
            for each in self.declared(app.row["id"], SUPERSEDENCE)
        }
        return [app for app in mine.values() if app.row["id"] not in replaced or app.intent != "required"]

    @cached_property
    def relationships(self) -> Mapping[str, list[Relationship]]:
        """What each app of the tenant declares."""
        return relationships.every(self.tx)

    def declared(self, app_id: str, kind: str) -> list[Relationship]:
        """What one app depends on, or takes the place of."""
        return [each for each in self.relationships.get(app_id, ()) if each.kind == kind]

    @cached_property
    def others(self) -> dict[str, Row]:
        """The apps that those need which are meant, and those that they take the place of."""
        known = {app.row["id"] for app in self.meant}
        found: dict[str, Row] = {}
        ends = list(known)
        while ends:
            wanted = {each.target_id for end in ends for each in self.relationships.get(end, ())} - known - set(found)
            rows = APPS.select(self.tx, one_of("id", sorted(wanted))) if wanted else []
            found |= {row["id"]: row for row in rows}
            ends = [row["id"] for row in rows]
        return found

    @property
    def user_id(self) -> str:
        """The proven user, empty for none."""
        return "" if self.user is None else str(self.user["id"])

    def owner(self, app: MeantApp) -> str:
        """For whom an app is installed: a user's own, or the device's."""
        return self.user_id if app.via == "user" or experience.told(app.row, "runAsAccount") == "user" else ""


@dataclass
class Plan:
    """The answer before its keys are wrapped."""

    apps: list[App] = field(default_factory=list)
    scripts: list[Script] = field(default_factory=list)
    keys: dict[str, EncryptionInfo] = field(default_factory=dict)


def plan(asked: Asked) -> Plan:
    """Everything that is meant now; what the page waits for is fixed at the first asking of each phase."""
    waited_for = {"device": _device_page(asked), "user": _user_page(asked)}
    made = Plan()
    for app in asked.meant:
        if not app.deliverable or held_back(asked, app) or _as_absent_user(asked, app):
            continue
        tracked = app.row["id"] in waited_for[app.via]
        made.apps.append(_told(asked, made, app.row, app.intent, asked.owner(app), tracked=tracked))
    for row, intent in _further(asked, made.apps):
        own = experience.told(row, "runAsAccount") == "user"
        made.apps.append(_told(asked, made, row, intent, asked.user_id if own else ""))
    made.scripts = list(_scripts(asked))
    return made


def held_back(asked: Asked, app: MeantApp) -> bool:
    """Whether an app waits until the page of its phase is over: required, but not among the blocking ones (R-65)."""
    if asked.esp is None or not asked.esp.selected_apps or app.row["id"] in asked.esp.selected_apps:
        return False
    if app.intent != "required":
        return False
    return _device_page_up(asked) if app.via == "device" else _user_page_up(asked)


# ---------------------------------------------------------------------------------------------- the page


def _device_page(asked: Asked) -> dict[str, Any]:
    """What device setup waits for, made once."""
    return _frozen(asked, asked.run.esp, "device") if _device_page_up(asked) else {}


def _user_page(asked: Asked) -> dict[str, Any]:
    """What account setup waits for, made once; a later user's waits for nothing."""
    if not _user_page_up(asked):
        return {}
    mine = asked.run.esp.setdefault("users", {}).setdefault(asked.user_id, {"state": "unknown"})
    return _frozen(asked, mine, "user")


def _device_page_up(asked: Asked) -> bool:
    if asked.esp is None or not asked.esp.show or asked.run.esp_state not in _UNTIL_DONE:
        return False
    # A page that failed is there until the person has left it: Try again may still mend it.
    return asked.run.esp_state != "failed" or not _left(asked, blocks.outcome_nodes("Device")[0])


def _user_page_up(asked: Asked) -> bool:
    if asked.esp is None or not asked.esp.show_user_page or not asked.user_id:
        return False
    if asked.run.esp.get("first_user", asked.user_id) != asked.user_id:
        return False
    state = asked.run.esp.get("users", {}).get(asked.user_id, {}).get("state", "unknown")
    if state not in _USER_UNTIL_DONE:
        return False
    said = f"{user_lane(asked.user_id)}|{blocks.outcome_nodes('User')[0]}"
    return state != "failed" or not _left(asked, said)


def _left(asked: Asked, said: str) -> bool:
    """Whether the device has said that the page is over."""
    return asked.run.facts.get(said, "").lower() == "true"


def _frozen(asked: Asked, record: dict[str, Any], via: str) -> dict[str, Any]:
    if "extension" not in record:
        record["extension"] = {
            app.row["id"]: {
                "name": app.row["display_name"],
                "revision": app.row["revision"],
                "state": "pendingInstall",
                "since": asked.tx.now.isoformat(),
            }
            for app in asked.meant
            if app.via == via and _is_tracked(asked, app)
        }
    found: dict[str, Any] = record["extension"]
    meant = {app.row["id"] for app in asked.meant if app.via == via}
    for app_id in found.keys() - meant:  # not meant any more: nobody waits for it
        found[app_id]["state"] = "notApplicable"
    return found


def _is_tracked(asked: Asked, app: MeantApp) -> bool:
    """Required and installable; in device setup not what needs a user (R-77)."""
    selected = () if asked.esp is None else asked.esp.selected_apps
    if app.intent != "required" or not app.deliverable or (selected and app.row["id"] not in selected):
        return False
    return app.via == "user" or experience.told(app.row, "runAsAccount") != "user"


def _as_absent_user(asked: Asked, app: MeantApp) -> bool:
    """What installs as the user waits for the user."""
    return experience.told(app.row, "runAsAccount") == "user" and asked.user is None


# ---------------------------------------------------------------------------------------------- what is told


def _further(asked: Asked, told: list[App]) -> Iterator[tuple[Row, Any]]:
    """The apps that others name: needed first, or taken off."""
    known = {app.id for app in told}
    ends = list(known)
    while ends:
        found = []
        for each in (each for end in ends for each in asked.relationships.get(end, ())):
            row = asked.others.get(each.target_id) or _held(asked, each.target_id)
            if row is not None and row["id"] not in known:
                known.add(row["id"])
                found.append(row["id"])
                yield row, "dependency" if each.kind == DEPENDENCY else "superseded"
        ends = found


def _held(asked: Asked, app_id: str) -> Row | None:
    """An app that is meant by itself and held back, and yet needed now."""
    return next((app.row for app in asked.meant if app.row["id"] == app_id), None)


def _told(asked: Asked, made: Plan, row: Row, intent: Any, user: str, *, tracked: bool = False) -> App:
    common: dict[str, Any] = {
        "id": row["id"],
        "revision": int(row["revision"]),
        "name": row["display_name"],
        "intent": intent,
        "context": "user" if experience.told(row, "runAsAccount") == "user" else "system",
        "user": user,
        "tracked": tracked,
        "dependencies": [
            Dependency(id=each.target_id, install=each.how == "autoInstall")
            for each in asked.declared(row["id"], DEPENDENCY)
        ],
        "supersedes": [
            Superseded(id=each.target_id, uninstall=each.how == "replace")
            for each in asked.declared(row["id"], SUPERSEDENCE)
        ],
    }
    if row["kind"] == winget.KIND:
        return App(kind="winget", package=row["package_identifier"], **common)
    return App(
        kind="win32",
        install_command=row["install_command_line"],
        uninstall_command=row["uninstall_command_line"],
        minutes=experience.minutes(row),
        restarts=experience.told(row, "deviceRestartBehavior") or "basedOnReturnCode",
        return_codes=win32.return_codes(row),
        detection=win32_rules.told(row["rules"], "detection"),
        requirements=win32.requirements(row),
        content=_content(asked, made, row),
        product=str((row["msi_information"] or {}).get("productCode") or ""),
        **common,
    )


def _content(asked: Asked, made: Plan, row: Row) -> Content | None:
    keys = mobile_apps.content_keys(asked.tx, row["id"])
    if keys is None or not row["content_sha256"]:
        return None
    made.keys[row["id"]] = keys
    graph = keys.as_graph()
    return Content(
        path=f"/content/{row['content_sha256']}",
        sha256=row["content_sha256"],
        size=mobile_apps.content_size(asked.tx, row["content_sha256"]),
        keys="",
        mac=graph["mac"],
        digest=graph["fileDigest"],
    )


def _scripts(asked: Asked) -> Iterator[Script]:
    """What has not run in its present revision, or failed and may be tried again."""
    done = states.load(asked.tx, asked.managed["id"])
    for meant in scripts.meant_scripts(asked.tx, device=asked.device, user=asked.user):
        owner = asked.user_id if meant.as_user else ""
        if meant.as_user and asked.user is None:
            continue
        known = done.get(("script", meant.row["id"], owner))
        if known is None or known["revision"] != meant.row["revision"] or _may_run_again(known):
            yield meant.told(owner)


def _may_run_again(known: Row) -> bool:
    return bool(known["state"] != "success" and known["attempt"] < SCRIPT_ATTEMPTS)
