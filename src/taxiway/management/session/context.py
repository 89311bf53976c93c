"""What the steps of one message share: the device, its user, its run and its commands."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from taxiway import directory
from taxiway.enrollment import PROVIDER_ID, EspSettings
from taxiway.management.apps import mobile_apps
from taxiway.management.configuration.meant import Meant
from taxiway.management.configuration.resolution import Resolved, resolve
from taxiway.management.extension import agent
from taxiway.management.model import DEVICE_LANE, Effective, user_lane
from taxiway.management.session.queue import Queue
from taxiway.management.session.runs import Run
from taxiway.store import Row, Tx

DMCLIENT = f"Vendor/MSFT/DMClient/Provider/{PROVIDER_ID}"


@dataclass
class Context:
    """One message of one device. ``user`` is proven by a token, and only present while that user is signed in."""

    tx: Tx
    managed: Row
    device: Row | None
    user: Row | None
    run: Run
    queue: Queue
    esp: EspSettings | None
    subject: str
    content_origin: str

    @property
    def lanes(self) -> list[str]:
        """Which commands may be sent now (05 section 9.4)."""
        session = self.run.session
        found = [DEVICE_LANE] if session.device_lane else []
        if self.user is not None and session.user_lane:
            found.append(user_lane(self.user["id"]))
        return found

    @property
    def lane(self) -> str | None:
        """The lane of the signed-in user."""
        return None if self.user is None or not self.run.session.user_lane else user_lane(self.user["id"])

    @cached_property
    def primary(self) -> Row | None:
        """The user the device belongs to, whether signed in or not."""
        owner = self.managed["user_id"]
        return None if owner is None else directory.find_user(self.tx, owner)

    @cached_property
    def person(self) -> Row | None:
        """Who is signed in, else whom the device belongs to: what is meant for that user is known before a sign-in."""
        if self.user is not None:
            return self.user
        return self.primary if self.primary is not None and self.primary["account_enabled"] else None

    @cached_property
    def resolved(self) -> Resolved:
        """The configurations that hold for the device and its person, and what they come to."""
        return resolve(self.tx, device=self.device, user=self.person)

    @property
    def meant(self) -> list[Meant]:
        """The configurations that hold for the device and its person."""
        return self.resolved.meant

    @property
    def effective(self) -> Effective:
        """Those merged with what the tenant tells every device."""
        return self.resolved.effective

    @cached_property
    def all_apps(self) -> list[mobile_apps.MeantApp]:
        """The apps that the device and the signed-in user are to have or to lose, whoever installs them."""
        return mobile_apps.meant_apps(self.tx, device=self.device, user=self.user)

    @cached_property
    def apps(self) -> list[mobile_apps.MeantApp]:
        """Those that are installed by a CSP; the agent that installs the others comes first."""
        package = agent.package()
        by_csp = [app for app in self.all_apps if not app.by_extension]
        known = any(row["origins"] == [package.origin] and row["verb"] == "Exec" for row in self.queue.rows.values())
        users = {"device": self.device, "user": self.user, "primary": self.primary}
        return [package, *by_csp] if known or agent.needed(self.tx, self.all_apps, **users) else by_csp

    @property
    def extension_apps(self) -> list[mobile_apps.MeantApp]:
        """Those that the agent installs."""
        return [app for app in self.all_apps if app.by_extension]

    def fact_key(self, uri: str) -> str:
        """Under which name a fact is kept: a user's facts apart for each user."""
        return f"{self.lane}|{uri}" if uri.startswith("./User/") else uri

    def fact(self, uri: str) -> str | None:
        """What the device last said of a node."""
        return self.run.facts.get(self.fact_key(uri))
