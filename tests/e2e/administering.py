"""A PC at its desktop and an administrator at Graph, over the network: what the tests of actions begin with."""

from __future__ import annotations

import ssl
from dataclasses import dataclass

import httpx

from support.graph_client import EVERYTHING, Graph, mint, person
from taxiway import enrollment
from taxiway.directory import GLOBAL_ADMINISTRATOR
from taxiway.store import entries

MANAGED = "/beta/deviceManagement/managedDevices"


@dataclass
class Desk:
    """What an administrator and a PC do to each other."""

    deploying: object
    pc: object
    graph: Graph
    outcome: object

    @property
    def instance(self):
        return self.deploying.instance

    @property
    def path(self):
        return f"{MANAGED}/{self.outcome.intune_device_id}"

    async def order(self, action, body=None, *, expect=204):
        return await self.graph.call("POST", f"{self.path}/{action}", body, expect=expect)

    async def sync(self):
        """The PC checks in."""
        return await self.pc.sync(self.instance.endpoints)

    async def results(self):
        """The states of the actions by name."""
        shown = await self.graph.get(self.path)
        return {one["actionName"]: one["actionState"] for one in shown["deviceActionResults"]}

    async def result(self, name):
        shown = await self.graph.get(self.path)
        return next(one for one in shown["deviceActionResults"] if one["actionName"] == name)

    async def log(self, *kinds):
        found = await self.deploying.read(entries)
        return [entry for entry in found if entry.kind in kinds]

    async def managed(self):
        return await self.deploying.read(lambda tx: enrollment.managed_device(tx, self.outcome.intune_device_id))

    async def another(self, name, *roles):
        """Graph as somebody else."""
        instance = self.instance
        who = await person(instance.rt, instance.tenant, name, *roles)
        return Graph(instance.rt, self.graph.client, await mint(instance.rt, instance.tenant, who["id"], SCOPES))


SCOPES = f"{EVERYTHING} DeviceLocalCredential.Read.All"


async def administrator(instance):
    """Graph as a Global Administrator, over the people's door; close its client afterwards."""
    admin = await person(instance.rt, instance.tenant, "admin", GLOBAL_ADMINISTRATOR)
    trusted = ssl.create_default_context(cafile=str(instance.files.root))
    client = httpx.AsyncClient(base_url=instance.settings.urls.graph, verify=trusted)
    return Graph(instance.rt, client, await mint(instance.rt, instance.tenant, admin["id"], SCOPES))


async def sit_down(deploying, **place):
    """Deploy a PC and sit down at Graph."""
    outcome = await deploying.deploy(**place)
    assert outcome.reached == "desktop", outcome.failure
    return Desk(deploying, deploying.current, await administrator(deploying.instance), outcome)
