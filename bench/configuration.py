"""Resolving the effective configuration of a device with 500 policies assigned: under 2 ms (design, rule 4)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.floor import signature
from taxiway import app, directory, management
from taxiway.directory import SYSTEM_PRINCIPAL, Target
from taxiway.settings import Settings
from taxiway.store import SYSTEM, Row, Runtime, Tx

POLICIES = 500
ROUNDS = 300
#: Half of them reach the device through one group, half the user through another.
_KIND = "windows10CustomConfiguration"


async def measure(folder: Path) -> dict[str, float]:
    """Milliseconds: of a device not seen before, of one seen before, and after one of the policies changed."""
    async with app.open_runtime(app.Files(folder), Settings()) as rt:
        await app.first_start(rt, organization="Contoso", domain="contoso.example")
        tenant = await rt.store.read(SYSTEM, lambda tx: directory.tenant_of_domain(tx, "contoso.example"))
        if tenant is None:
            raise RuntimeError("there is no tenant")
        bench = _Bench(rt, tenant)
        await bench.prepare()
        first, again, changed = await bench.timed(1), await bench.timed(ROUNDS), await bench.timed(20, bench.change)
    return {
        "configuration.first_ms": first,
        "configuration.again_ms": again,
        "configuration.after_a_change_ms": changed,
        "configuration.again_in_rs256_signatures": again / 1000 / signature(),
    }


class _Bench:
    """A tenant with 500 policies of two settings each, a device and its user who are meant by all of them."""

    def __init__(self, rt: Runtime, tenant: str) -> None:
        self._rt = rt
        self._tenant = tenant
        self._ids: list[str] = []

    async def prepare(self) -> None:
        """Fill the tenant."""
        self._device, self._user, groups = await self._rt.store.write(self._tenant, _people)
        for number in range(POLICIES):

            def make(tx: Tx, number: int = number) -> str:
                values = {"display_name": f"Policy {number:03}", "oma_settings": _settings(number, 0)}
                row = management.create_configuration(tx, _KIND, values, principal=SYSTEM_PRINCIPAL)
                target = Target("group", groups[number % 2])
                management.assign_configuration(tx, row["id"], [target], principal=SYSTEM_PRINCIPAL)
                return str(row["id"])

            self._ids.append(await self._rt.store.write(self._tenant, make))

    async def timed(self, rounds: int, before: Callable[[Tx, int], None] | None = None) -> float:
        """The median of a resolution in a transaction of its own."""

        def resolve(tx: Tx) -> float:
            began = time.perf_counter()
            resolved = management.resolve(tx, device=self._device, user=self._user)
            spent = time.perf_counter() - began
            if len(resolved.effective.items) != POLICIES * 2:
                raise RuntimeError("not every policy is meant")
            return spent

        took: list[float] = []
        for number in range(rounds):
            if before is not None:
                await self._rt.store.write(self._tenant, lambda tx, number=number: before(tx, number))
            took.append(await self._rt.store.read(self._tenant, resolve))
        return statistics.median(took) * 1000

    def change(self, tx: Tx, number: int) -> None:
        """Another value in one policy."""
        values = {"oma_settings": _settings(number, number + 1)}
        management.update_configuration(tx, self._ids[number], values, principal=SYSTEM_PRINCIPAL)


def _people(tx: Tx) -> tuple[Row, Row, tuple[str, str]]:
    user = directory.create_user(
        tx, principal=SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada", usage_location="SE"
    )
    device = directory.join_device(
        tx, display_name="PC", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd", owner_id=user["id"]
    )
    devices, users = (directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name=name) for name in ("D", "U"))
    directory.add_member(tx, devices["id"], "device", device["id"])
    directory.add_member(tx, users["id"], "user", user["id"])
    return device, user, (devices["id"], users["id"])


def _settings(number: int, value: int) -> list[dict[str, Any]]:
    kind = "#microsoft.graph.omaSettingString"
    root = f"./Device/Vendor/MSFT/Policy/Config/Area{number:03}"
    return [
        {"@odata.type": kind, "displayName": name, "omaUri": f"{root}/{name}", "value": str(value)}
        for name in ("First", "Second")
    ]
