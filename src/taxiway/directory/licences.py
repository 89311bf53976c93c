"""What a tenant has subscribed to, and who holds which licence (02 sections 6.3 and 6.4)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from taxiway.directory import access, changes
from taxiway.directory.access import SYSTEM_PRINCIPAL, Principal
from taxiway.directory.entities import SUBSCRIBED_SKUS, USERS
from taxiway.directory.errors import LicenceRefused
from taxiway.store import Row, Tx, eq

#: Name, id and service of the plans that decide something here.
_PLANS: dict[str, tuple[str, str]] = {
    "INTUNE_A": ("c1ec4a95-1f05-45b3-a911-aa3fa01094f5", "SCO"),
    "AAD_PREMIUM": ("41781fb2-bc02-4b7c-bd55-b576c07bb09d", "AADPremiumService"),
    "MFA_PREMIUM": ("8a256a2b-b617-496d-b51b-e76466e88db0", "MultiFactorService"),
    "EXCHANGE_S_ENTERPRISE": ("efb87545-963c-4e0d-99df-69c6916d9eb0", "exchange"),
}


@dataclass(frozen=True, slots=True)
class Sku:
    """A product a tenant can buy."""

    id: str
    part_number: str
    plans: tuple[str, ...]


INTUNE = Sku("061f9ace-7d42-4136-88ac-31dc755f143f", "INTUNE_A", ("INTUNE_A",))
EMS = Sku("efccb6f7-5641-4e0e-bd10-b4976e1bf68e", "EMS", ("AAD_PREMIUM", "MFA_PREMIUM", "INTUNE_A"))
MICROSOFT_365_E3 = Sku(
    "05e9a617-0261-4cee-bb44-138d3ef5d965",
    "SPE_E3",
    ("AAD_PREMIUM", "MFA_PREMIUM", "INTUNE_A", "EXCHANGE_S_ENTERPRISE"),
)
SKUS = (INTUNE, EMS, MICROSOFT_365_E3)


def seed(tx: Tx, *, units: int) -> None:
    """Subscribe the tenant to every product we know."""
    for sku in SKUS:
        SUBSCRIBED_SKUS.insert(
            tx,
            {
                "id": f"{tx.tenant}_{sku.id}",
                "sku_id": sku.id,
                "sku_part_number": sku.part_number,
                "prepaid_units": {"enabled": units, "suspended": 0, "warning": 0, "lockedOut": 0},
                "service_plans": [_service_plan(name) for name in sku.plans],
                "account_id": tx.tenant,
            },
        )


def assign_licenses(
    tx: Tx,
    user_id: str,
    add: Collection[str] = (),
    remove: Collection[str] = (),
    *,
    principal: Principal = SYSTEM_PRINCIPAL,
) -> Row:
    """Give and take licences (SKU ids or part numbers); a user without a usage location gets none."""
    access.require(tx, principal, "users.license", ("user", user_id))
    user = USERS.require(tx, user_id)
    if add and not user["usage_location"]:
        raise LicenceRefused(
            "License assignment cannot be done for user with invalid usage location.",
            remedy="Set the user's usage location first.",
        )
    held: list[dict[str, Any]] = list(user["assigned_licenses"])
    for name in remove:
        sku = _sku(tx, name)
        if not any(entry["skuId"] == sku["sku_id"] for entry in held):
            raise LicenceRefused(f"The user does not hold the licence '{sku['sku_part_number']}'.")
        held = [entry for entry in held if entry["skuId"] != sku["sku_id"]]
        SUBSCRIBED_SKUS.update(tx, sku["id"], {"consumed_units": sku["consumed_units"] - 1})
    for name in add:
        sku = _sku(tx, name)
        if any(entry["skuId"] == sku["sku_id"] for entry in held):
            continue
        if sku["consumed_units"] >= sku["prepaid_units"]["enabled"]:
            raise LicenceRefused(
                f"Every licence of '{sku['sku_part_number']}' is in use.", remedy="Free one or buy more."
            )
        held.append({"skuId": sku["sku_id"], "disabledPlans": []})
        SUBSCRIBED_SKUS.update(tx, sku["id"], {"consumed_units": sku["consumed_units"] + 1})
    user = USERS.update(tx, user_id, {"assigned_licenses": held, "assigned_plans": _plans(tx, held)})
    tx.log("user.licensed", subject=f"user:{user_id}", what={"added": sorted(add), "removed": sorted(remove)})
    changes.user_changed(tx, user, {"assigned_licenses", "assigned_plans"})
    return user


def release_all(tx: Tx, user: Row) -> None:
    """Give back what a user who goes away holds."""
    for entry in user["assigned_licenses"]:
        sku = _sku(tx, entry["skuId"])
        SUBSCRIBED_SKUS.update(tx, sku["id"], {"consumed_units": sku["consumed_units"] - 1})


def has_service_plan(tx: Tx, user_id: str, plan: str = "INTUNE_A") -> bool:
    """Whether a user holds a plan (by name or id) that is enabled."""
    user = USERS.get(tx, user_id)
    wanted = _PLANS[plan][0] if plan in _PLANS else plan
    return user is not None and any(
        entry["servicePlanId"] == wanted and entry["capabilityStatus"] == "Enabled" for entry in user["assigned_plans"]
    )


def _sku(tx: Tx, name: str) -> Row:
    field = "sku_part_number" if name in {sku.part_number for sku in SKUS} else "sku_id"
    found = SUBSCRIBED_SKUS.find(tx, eq(field, name))
    if found is None:
        raise LicenceRefused(f"The tenant has no subscription '{name}'.")
    return found


def _plans(tx: Tx, held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Every plan of the licences held, once, in the shape of ``assignedPlan``."""
    plans: dict[str, dict[str, Any]] = {}
    for entry in held:
        for plan in _sku(tx, entry["skuId"])["service_plans"]:
            if plan["servicePlanId"] not in entry["disabledPlans"]:
                plans[plan["servicePlanId"]] = {
                    "assignedDateTime": tx.now.isoformat(),
                    "capabilityStatus": "Enabled",
                    "service": _PLANS[plan["servicePlanName"]][1],
                    "servicePlanId": plan["servicePlanId"],
                }
    return list(plans.values())


def _service_plan(name: str) -> dict[str, Any]:
    plan_id = _PLANS[name][0]
    return {
        "servicePlanId": plan_id,
        "servicePlanName": name,
        "provisioningStatus": "Success",
        "appliesTo": "User",
    }
