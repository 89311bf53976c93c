"""What a tenant has subscribed to: products, their plans, their seats (02 section 6.4)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

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


def has_service_plan(tx: Tx, user_id: str, plan: str = "INTUNE_A") -> bool:
    """Whether a user holds a plan (by name or id) that is enabled."""
    user = USERS.get(tx, user_id)
    wanted = _PLANS[plan][0] if plan in _PLANS else plan
    return user is not None and any(
        entry["servicePlanId"] == wanted and entry["capabilityStatus"] == "Enabled" for entry in user["assigned_plans"]
    )


def require_sku(tx: Tx, name: str) -> Row:
    """The subscription by the id or the part number of its product, or ``LicenceRefused``."""
    field = "sku_part_number" if name in {sku.part_number for sku in SKUS} else "sku_id"
    found = SUBSCRIBED_SKUS.find(tx, eq(field, name))
    if found is None:
        raise LicenceRefused(f"The tenant has no subscription '{name}'.")
    return found


def check_plans(sku: Row, disabled: Iterable[str]) -> list[str]:
    """The plans to be left out of a licence, each of them one that the product has."""
    wanted = sorted({str(plan).lower() for plan in disabled})
    known = {plan["servicePlanId"] for plan in sku["service_plans"]}
    unknown = [plan for plan in wanted if plan not in known]
    if unknown:
        raise LicenceRefused(f"'{unknown[0]}' is no service plan of '{sku['sku_part_number']}'.")
    return wanted


def take_seats(tx: Tx, sku: Row, number: int) -> None:
    """Count seats that were taken, or given back where ``number`` is negative."""
    SUBSCRIBED_SKUS.update(tx, sku["id"], {"consumed_units": sku["consumed_units"] + number})


def seats_left(sku: Row) -> int:
    """How many more users the product has room for."""
    return int(sku["prepaid_units"]["enabled"]) - int(sku["consumed_units"])


def plans_of(
    tx: Tx, licences: Iterable[Mapping[str, Any]], before: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Every plan of the licences, once, in the shape of ``assignedPlan``; one held ``before`` keeps its date."""
    since = {plan["servicePlanId"]: plan["assignedDateTime"] for plan in before}
    plans: dict[str, dict[str, Any]] = {}
    for entry in licences:
        for plan in require_sku(tx, entry["skuId"])["service_plans"]:
            plan_id = plan["servicePlanId"]
            if plan_id not in entry["disabledPlans"]:
                plans[plan_id] = {
                    "assignedDateTime": since.get(plan_id) or tx.now.isoformat().replace("+00:00", "Z"),
                    "capabilityStatus": "Enabled",
                    "service": _PLANS[plan["servicePlanName"]][1],
                    "servicePlanId": plan_id,
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
