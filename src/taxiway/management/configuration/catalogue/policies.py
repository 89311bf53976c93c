"""Policies of the settings catalogue: create, change, assign (02 section 9.2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taxiway import directory
from taxiway.directory import Principal, Target
from taxiway.management.collection import Collection
from taxiway.management.configuration import findings, translate
from taxiway.management.configuration.catalogue import instances, secret_values
from taxiway.management.configuration.catalogue.entities import CONFIGURATION_POLICY, KIND, POLICY_KINDS
from taxiway.management.configuration.catalogue.reading import Reading
from taxiway.management.model import Item
from taxiway.store import Repository, Row, Tx

CONFIGURATION_POLICIES = Repository(CONFIGURATION_POLICY)
OBJECT_KIND: Final = "configuration_policy"
_WINDOWS: Final = frozenset({"windows10", "none", None})
_COPIED: Final = ("platforms", "technologies", "template_reference", "role_scope_tag_ids")
_REMEDY: Final = "The archive of device descriptions fills the table: taxiway csp import."


def items_of(row: Row, tenant: str) -> tuple[Item, ...]:
    """The nodes a policy sets, checked against the CSP facts; pure."""
    return translate.checked(tuple(instances.read(row, tenant).items))


def _meant_here(row: Row) -> bool:
    """Policies for other platforms are kept and not acted on."""
    return row["platforms"] in _WINDOWS


def _check(tx: Tx, row: Row) -> None:
    items_of(row, tx.tenant)


def _findings(tx: Tx, row: Row, targets: Sequence[Target]) -> list[dict[str, Any]]:
    reading = instances.read(row, tx.tenant)
    # What was read off an id is told once for the policy, not node by node.
    own = [item for item in reading.items if item.uri not in reading.derived.values()]
    said = findings.findings(own, at_devices=directory.reaches_devices(tx, targets))
    return [*said, *_read_off_ids(reading), *_not_sent(reading)]


def _read_off_ids(reading: Reading) -> list[dict[str, Any]]:
    if not reading.derived:
        return []
    text = (
        f"Settings that are not in the table of CSP facts: {len(reading.derived)}. They are sent to nodes that their "
        f"ids tell of, in small letters, and their values are not checked. {_REMEDY}"
    )
    settings = [{"settingDefinitionId": one, "omaUri": uri} for one, uri in reading.derived.items()]
    return [{"code": "derived", "omaUri": None, "text": text, "settings": settings}]


def _not_sent(reading: Reading) -> list[dict[str, Any]]:
    if not reading.unresolved:
        return []
    text = f"Settings without a known OMA-URI, which are not sent to devices: {len(reading.unresolved)}. {_REMEDY}"
    settings = [{"settingDefinitionId": one.id, "reason": one.why} for one in reading.unresolved]
    return [{"code": "unresolved", "omaUri": None, "text": text, "settings": settings}]


configuration_policies = Collection(
    CONFIGURATION_POLICIES,
    OBJECT_KIND,
    "management.configurations",
    POLICY_KINDS,
    _check,
    findings=_findings,
    conceal=secret_values.conceal,
    meant_here=_meant_here,
)
create_configuration_policy = configuration_policies.create
update_configuration_policy = configuration_policies.update
delete_configuration_policy = configuration_policies.delete
assign_configuration_policy = configuration_policies.assign


def copy_configuration_policy(tx: Tx, row_id: str, named: Mapping[str, Any], *, principal: Principal) -> Row:
    """A policy with the same settings, their secrets too, under another name; ``named``: name and description."""
    row = configuration_policies.opened(tx, CONFIGURATION_POLICIES.require(tx, row_id))
    values = {name: row[name] for name in _COPIED} | {"settings": secret_values.opened(row)[0], **named}
    return create_configuration_policy(tx, KIND, values, principal=principal)
