"""Licences as users and groups are given them (02 section 6.3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from taxiway import directory
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body
from taxiway.store import Row, Tx

_DETAIL = {"id": "id", "skuId": "sku_id", "skuPartNumber": "sku_part_number"}


def read(content: Mapping[str, Any]) -> tuple[dict[str, Collection[str]], list[str]]:
    """The body of ``assignLicense``: product -> plans left out, and the products to take."""
    added: dict[str, Collection[str]] = {}
    for item in body.objects_field(content, "addLicenses"):
        plans = body.list_field(item, "disabledPlans")
        if not all(isinstance(plan, str) for plan in plans):
            raise BadRequest("'disabledPlans' must be a list of ids.")
        added[body.text_field(item, "skuId")] = plans
    removed = [str(item) for item in body.list_field(content, "removeLicenses")]
    both = sorted(added.keys() & set(removed))
    if both:
        raise BadRequest(f"License assignment failed because the license '{both[0]}' is both added and removed.")
    return added, removed


def details(tx: Tx, user: Row) -> list[dict[str, Any]]:
    """``licenseDetails``: each licence with its plans; those that are left out say so."""
    held = {entry["skuId"]: set(entry["disabledPlans"]) for entry in user["assigned_licenses"]}
    return [
        {key: sku[name] for key, name in _DETAIL.items()} | {"servicePlans": _plans(sku, held[sku["sku_id"]])}
        for sku in directory.SUBSCRIBED_SKUS.select(tx)
        if sku["sku_id"] in held
    ]


def _plans(sku: Row, disabled: set[str]) -> list[dict[str, Any]]:
    return [
        {**plan, "provisioningStatus": "Disabled"} if plan["servicePlanId"] in disabled else plan
        for plan in sku["service_plans"]
    ]
