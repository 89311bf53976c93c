"""What the tests of the status page deploy: profiles, apps, policies, and a PC whose minutes are short."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

from taxiway import directory, enrollment, management
from taxiway.device import Pace, Place
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.kernel import SystemClock

EVERYWHERE, EVERYBODY = Target("all_devices"), Target("all_users")
FAST = Pace(poll=0.05, install=0.01, encryption=0.01, installer_minute=0.0, prefetch=2.0)
CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
PAGE = "Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus"


class QuickClock(SystemClock):
    """Runs faster than the machine's: a minute of the page passes in a second."""

    def __init__(self, factor=60.0, ahead=timedelta()):
        self._factor = factor
        self._began, self._start = super().monotonic(), super().now() + ahead

    def monotonic(self):
        return (super().monotonic() - self._began) * self._factor

    def now(self):
        return self._start + timedelta(seconds=self.monotonic())

    async def sleep(self, seconds):
        await super().sleep(seconds / self._factor)


def product(number):
    """The product code of a test's app."""
    return f"{{0000000{number}-2222-3333-4444-555555555555}}"


class Deploying:
    """An administrator's work at the instance, and PCs with a given place, pace and clock."""

    def __init__(self, instance, folder):
        self.instance, self.folder = instance, folder
        self._pcs = 0

    async def write(self, function):
        return await self.instance.rt.store.write(self.instance.tenant, function)

    async def read(self, function):
        return await self.instance.rt.store.read(self.instance.tenant, function)

    async def page(self, target=EVERYWHERE, name="Page", **values):
        """A status page profile that blocks, for a target."""
        made = {"display_name": name, "show_installation_progress": True, **values}

        def make(tx):
            row = enrollment.create_configuration(tx, enrollment.ESP, made, principal=SYSTEM_PRINCIPAL)
            enrollment.assign_configuration(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await self.write(make)

    async def app(self, number, target=EVERYWHERE, intent="required", **values):
        """App ``number``, published and assigned."""
        content = {"display_name": f"App {number}", "product_code": product(number), "product_version": "1.0"}

        def make(tx):
            row = management.create_app(tx, "windowsMobileMSI", {**content, **values}, principal=SYSTEM_PRINCIPAL)
            aimed = dataclasses.replace(target, intent=intent)
            management.assign_app(tx, row["id"], [aimed], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        app_id = await self.write(make)
        await management.set_app_content(
            self.instance.rt, self.instance.tenant, app_id, [b"app %d" % number], principal=SYSTEM_PRINCIPAL
        )
        return app_id

    async def policy(self, uri, value, target=EVERYWHERE, kind="Integer"):
        """A custom configuration with one setting."""
        setting = {"@odata.type": f"#microsoft.graph.omaSetting{kind}", "displayName": "s", "omaUri": uri}
        values = {"display_name": uri.rpartition("/")[2], "oma_settings": [{**setting, "value": value}]}

        def make(tx):
            kind_of = "windows10CustomConfiguration"
            row = management.create_configuration(tx, kind_of, values, principal=SYSTEM_PRINCIPAL)
            management.assign_configuration(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await self.write(make)

    async def pc(self, *, pace=FAST, clock=None, **place):
        """A registered PC with a person; ``place`` is what happens at it."""
        if not self._pcs:
            await self.instance.profile()
            self.person = await self.instance.make_user()
        self._pcs += 1
        host = dataclasses.replace(self.instance.host, pace=pace, place=Place(**place))
        self.instance.host = host if clock is None else dataclasses.replace(host, clock=clock)
        made = self.instance.make_pc(self.folder / f"pc{self._pcs}")
        await self.instance.register(made)
        return made

    async def deploy(self, pc=None, person=None, **how):
        """Power a PC on; its outcome. The events are the instance's."""
        self.current = pc or await self.pc(**how)
        return await self.instance.power_on(self.current, person or self.person)

    def events(self, kind):
        return [event for event in self.instance.events if isinstance(event, kind)]

    async def managed(self, pc=None):
        """The managed device of a PC."""
        serial = (pc or self.current).firmware.serial
        rows = await self.read(enrollment.MANAGED.select)
        return next((row for row in rows if row["serial_number"] == serial), None)

    async def states(self):
        """How each app and configuration stands on the current PC, by name."""
        managed = await self.managed()
        rows = await self.read(lambda tx: management.device_states(tx, managed["id"]))
        return {row["detail"]["name"]: row["state"] for row in rows if row["object_kind"] != "compliance_policy"}

    async def report(self):
        """The states of all deployments, oldest first."""
        order = [("deployment_started_at", False)]
        rows = await self.read(lambda tx: management.DEPLOYMENTS.select(tx, order=order))
        return [row["deployment_state"] for row in rows]

    async def moves(self, phase="device"):
        """The states the page went through, on all PCs of the tenant."""
        from taxiway.store import entries

        found = await self.read(entries)
        return [e.what["to"] for e in found if e.kind == "esp.moved" and e.what["phase"] == phase]

    async def user(self, upn):
        return await self.read(lambda tx: directory.find_user(tx, upn))
