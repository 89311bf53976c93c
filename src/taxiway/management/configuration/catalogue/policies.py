"""Policies of the settings catalogue: create, change, assign (02 section 9.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Target
from taxiway.management.collection import Collection
from taxiway.management.configuration import findings, translate
from taxiway.management.configuration.catalogue import instances
from taxiway.management.configuration.catalogue.entities import CONFIGURATION_POLICY, POLICY_KINDS
from taxiway.management.model import Item
from taxiway.store import Repository, Row, Tx

CONFIGURATION_POLICIES = Repository(CONFIGURATION_POLICY)
OBJECT_KIND: Final = "configuration_policy"


def items_of(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes a policy sets, checked against the CSP facts; pure."""
    return translate.checked(instances.items(row, tenant))


def _meant_here(row: Row) -> bool:
    """Policies for other platforms, and those from a template, are kept and not acted on."""
    return row["platforms"] in {"windows10", "none", None} and not (row["template_reference"] or {}).get("templateId")


def _check(tx: Tx, row: Row) -> None:
    items_of(row, tx.tenant)


def _findings(tx: Tx, row: Row, targets: Sequence[Target]) -> list[dict[str, Any]]:
    return findings.findings(items_of(row, tx.tenant), at_devices=directory.reaches_devices(tx, targets))


configuration_policies = Collection(
    CONFIGURATION_POLICIES,
    OBJECT_KIND,
    "management.configurations",
    POLICY_KINDS,
    _check,
    findings=_findings,
    meant_here=_meant_here,
)
create_configuration_policy = configuration_policies.create
update_configuration_policy = configuration_policies.update
delete_configuration_policy = configuration_policies.delete
assign_configuration_policy = configuration_policies.assign
