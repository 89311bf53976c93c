"""Policies of the settings catalogue: create, change, assign (02 section 9.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Target
from taxiway.kernel import NotImplementedHere
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


def _check(tx: Tx, row: Row) -> None:
    if row["platforms"] not in {"windows10", "none", None}:
        raise NotImplementedHere(f"Policies for the platforms '{row['platforms']}' are not served here.")
    if (row["template_reference"] or {}).get("templateId"):
        raise NotImplementedHere("Policies from a template are not served here.")
    items_of(row, tx.tenant)


def _findings(tx: Tx, row: Row, targets: Sequence[Target]) -> list[dict[str, Any]]:
    return findings.findings(items_of(row, tx.tenant), at_devices=directory.reaches_devices(tx, targets))


configuration_policies = Collection(
    CONFIGURATION_POLICIES, OBJECT_KIND, "management.configurations", POLICY_KINDS, _check, findings=_findings
)
create_configuration_policy = configuration_policies.create
update_configuration_policy = configuration_policies.update
delete_configuration_policy = configuration_policies.delete
assign_configuration_policy = configuration_policies.assign
