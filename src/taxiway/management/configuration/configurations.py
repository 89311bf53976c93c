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
from taxiway.management.configuration.table import KINDS
from taxiway.store import Repository, Row, Tx

CONFIGURATIONS = Repository(DEVICE_CONFIGURATION)
OBJECT_KIND: Final = "device_configuration"


def _check(tx: Tx, row: Row) -> None:
    translate.items_of(row, tx.tenant)


def _findings(tx: Tx, row: Row, targets: Sequence[Target]) -> list[dict[str, Any]]:
    return findings.findings(translate.items_of(row, tx.tenant), at_devices=directory.reaches_devices(tx, targets))


def _conceal(kind: str, values: Mapping[str, Any], current: Row) -> dict[str, Any]:
    return KINDS[kind].conceal(values, current)


configurations = Collection(
    CONFIGURATIONS,
    OBJECT_KIND,
    "management.configurations",
    CONFIGURATION_KINDS,
    _check,
    findings=_findings,
    conceal=_conceal,
)
create_configuration = configurations.create
update_configuration = configurations.update
delete_configuration = configurations.delete
assign_configuration = configurations.assign


def oma_plain_text(tx: Tx, configuration_id: str, reference: str, *, principal: Principal) -> str | None:
    """The value behind a masked OMA setting, or None where no setting has this reference; who read it is on record."""
    directory.require(tx, principal, "management.configurations.update")
    CONFIGURATIONS.require(tx, configuration_id)
    known = json.loads(CONFIGURATIONS.reveal(tx, configuration_id, "oma_secrets") or b"{}")
    if reference not in known:
        return None
    what = {"configuration": configuration_id, "by": f"{principal.kind}:{principal.id}"}
    tx.log("configuration.secret_read", subject=f"{OBJECT_KIND}:{configuration_id}", what=what)
    return str(known[reference])
