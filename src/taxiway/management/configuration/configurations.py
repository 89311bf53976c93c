"""Device configurations: create, change, assign (02 section 9.1)."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal, Target
from taxiway.management.collection import Collection
from taxiway.management.configuration import findings, translate
from taxiway.management.configuration.entities import CONFIGURATION_KINDS, DEVICE_CONFIGURATION
from taxiway.management.configuration.kinds import kept
from taxiway.management.configuration.table import KINDS
from taxiway.store import NotFound, Repository, Row, Tx

CONFIGURATIONS = Repository(DEVICE_CONFIGURATION)
OBJECT_KIND: Final = "device_configuration"


def _check(tx: Tx, row: Row) -> None:
    translate.items_of(row, tx.tenant)


def _findings(tx: Tx, row: Row, targets: Sequence[Target]) -> list[dict[str, Any]]:
    found = findings.findings(translate.items_of(row, tx.tenant), at_devices=directory.reaches_devices(tx, targets))
    return found + findings.undelivered(kept.set_in(row))


def _conceal(kind: str, values: Mapping[str, Any], current: Row) -> dict[str, Any]:
    return KINDS[kind].conceal(values, current)


def plain_oma_value(tx: Tx, row_id: str, reference: str, *, principal: Principal) -> str:
    """The value of a sealed setting, for who may change it; that it was read is in the log."""
    directory.require(tx, principal, "management.configurations.update")
    row = CONFIGURATIONS.require(tx, row_id)
    secrets = json.loads(configurations.opened(tx, row)["oma_secrets"] or "{}")
    if reference not in secrets:
        raise NotFound(f"The configuration has no sealed value '{reference[:60]}'.")
    what = {"name": row["display_name"], "setting": reference}
    tx.log(f"{OBJECT_KIND}.value_read", subject=f"{OBJECT_KIND}:{row_id}", what=what)
    return str(secrets[reference])


configurations = Collection(
    CONFIGURATIONS,
    OBJECT_KIND,
    "management.configurations",
    CONFIGURATION_KINDS,
    _check,
    findings=_findings,
    conceal=_conceal,
    keeps=True,
)
create_configuration = configurations.create
update_configuration = configurations.update
delete_configuration = configurations.delete
assign_configuration = configurations.assign
