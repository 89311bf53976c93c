"""What the page of a device waits for: what was delivered of what is meant, frozen once (05 section 11.14, P-16)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from taxiway.management.apps.mobile_apps import MeantApp
from taxiway.management.extension import agent
from taxiway.management.model import DEVICE_LANE
from taxiway.management.session import work
from taxiway.management.session.context import Context
from taxiway.management.session.queue import DONE, FAILED
from taxiway.wire.csp import locate, lookup

#: Whose settings count as security policies: what a device can be asked for afterwards.
_POLICIES: Final = tuple(
    ("vendor", "msft", *area) for area in (("policy", "config"), ("bitlocker",), ("passportforwork",))
)


def freeze(ctx: Context, ids: list[str]) -> list[str]:
    """What the page waits for is fixed once; what is assigned later is delivered, not waited for."""
    frozen: list[str] = ctx.run.esp.setdefault("work", ids)
    return [row_id for row_id in frozen if row_id in ctx.queue.rows]


def lists(ctx: Context) -> dict[str, list[str]]:
    """The device's lists as they were when they were first told: the device freezes them too."""
    delivered = [app for app in tracked(ctx) if delivery(ctx, app) == DONE and not _is_agent(app)]
    made: dict[str, list[str]] = ctx.run.esp.setdefault(
        "lists",
        {
            "policies": policies(ctx, DEVICE_LANE),
            "networks": listed(ctx, "networks", DEVICE_LANE),
            "scep": listed(ctx, "scep", DEVICE_LANE),
            "pfx": listed(ctx, "pfx", DEVICE_LANE),
            "msi": apps_of("msi", delivered),
            "modern": apps_of("modern", delivered),
        },
    )
    return made


def tracked(ctx: Context) -> list[MeantApp]:
    """The device's own required apps that the page waits for."""
    frozen = set(ctx.run.esp.get("work", ()))
    return [
        app
        for app in ctx.apps
        if app.via == "device" and app.intent == "required" and work.run_id(app, DEVICE_LANE) in frozen
    ]


def apps_of(name: Literal["msi", "modern"], apps: Iterable[MeantApp]) -> list[str]:
    """What a list of apps names of these."""
    return [app.order.tracked for app in apps if app.order.list == name]


def lost(ctx: Context) -> list[str]:
    """The tracked apps that could not be delivered, by name."""
    return [app.row["display_name"] for app in tracked(ctx) if delivery(ctx, app) == FAILED]


def failed(ctx: Context) -> list[str]:
    """The tracked apps of which the device says that they failed, by name."""
    found = [app.row["display_name"] for app in tracked(ctx) if work.app_state(ctx, app)[0] == "failed"]
    by_agent = ctx.run.esp.get("extension", {}).values()
    return found + [str(each["name"]) for each in by_agent if each["state"] == "failed"]


def delivery(ctx: Context, app: MeantApp) -> str:
    """The state of the command that installs an app."""
    return ctx.queue.state(work.run_id(app, DEVICE_LANE))


def policies(ctx: Context, lane: str) -> list[str]:
    """The policies of a lane that the device took and can be asked for."""
    rows = sorted(ctx.queue.rows.values(), key=lambda row: int(row["position"]))
    return _readable(
        row["uri"] for row in rows if row["lane"] == lane and row["state"] == DONE and row["key"].startswith("set|")
    )


def _is_agent(app: MeantApp) -> bool:
    """The agent is waited for in device preparation, not among the apps."""
    return bool(app.row["id"] == agent.AGENT_ID)


def _readable(uris: Iterable[str]) -> list[str]:
    found = []
    for uri in uris:
        location, node = locate(uri), lookup(uri)
        if location is None or node is None or node.secret or not node.allows("Get"):
            continue
        if any(location.key[1 : len(area) + 1] == area for area in _POLICIES):
            found.append(uri)
    return found


def listed(ctx: Context, name: str, lane: str) -> list[str]:
    """What a list of a lane waits for beside policies and apps: of what is meant, what the device took."""
    accepted = {row["uri"] for row in ctx.queue.rows.values() if row["state"] == DONE and row["lane"] == lane}
    return [one.uri for each in ctx.meant for one in each.tracked if one.list == name and one.proof in accepted]
