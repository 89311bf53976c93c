"""Organization, domains, subscriptions (02 section 6.4)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, only_in
from taxiway.graph.protocol.lists import reading
from taxiway.store import Tx

ORGANIZATION: Final = Face(
    path="organization",
    repository=directory.TENANTS,
    family="directory",
    hidden=frozenset({"initial_domain", "domains", "branding"}),
    beta=frozenset(
        {
            "certificate_connector_setting",
            "directory_size_quota",
            "is_multiple_data_locations_for_services_enabled",
            "on_premises_last_password_sync_date_time",
            "partner_information",
            "resource_quotas",
        }
    ),
    on_select=frozenset({"mobile_device_management_authority"}),
    written=frozenset(
        {
            "technical_notification_mails",
            "marketing_notification_emails",
            "security_compliance_notification_mails",
            "security_compliance_notification_phones",
            "privacy_profile",
            "default_usage_location",
        }
    ),
)
DOMAINS: Final = Face(
    path="domains", repository=directory.DOMAINS, family="directory", fit=only_in("v1.0", "manufacturer", "model")
)
SKUS: Final = Face(path="subscribedSkus", repository=directory.SUBSCRIBED_SKUS, family="directory")


async def _update(call: Call) -> Answer:
    changes = body.incoming(ORGANIZATION, call.json)

    def write(tx: Tx) -> Any:
        if call.keys["id"].lower() != tx.tenant:
            raise NoSuchItem(call.keys["id"])
        return directory.update_tenant(tx, changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _set_seats(call: Call) -> Answer:
    """Ours, not Graph's: how many seats a product has, so that a rehearsal can run out of them."""
    units = body.field(call.json, "prepaidUnits")
    enabled = body.field(units, "enabled") if isinstance(units, dict) else None
    if not isinstance(enabled, int) or isinstance(enabled, bool) or not 0 <= enabled < 2**31:
        raise BadRequest("'prepaidUnits' is an object whose 'enabled' is the number of seats.")

    def write(tx: Tx) -> None:
        sku = directory.SUBSCRIBED_SKUS.get(tx, call.keys["id"])
        if sku is None:
            raise NoSuchItem(call.keys["id"])
        directory.set_seats(tx, sku["sku_id"], enabled, principal=call.principal)

    await call.write(write)
    return Answer(204)


OPERATIONS: Final = [
    *reading("organization", ORGANIZATION, scopes.ORGANIZATION_READ),
    Operation("PATCH", "organization/{id}", _update, scopes.ORGANIZATION_WRITE, "directory"),
    *reading("domains", DOMAINS, scopes.DOMAINS_READ, find=lambda tx, name: directory.DOMAINS.get(tx, name.lower())),
    *reading("subscribedSkus", SKUS, scopes.SKUS_READ),
    Operation("PATCH", "subscribedSkus/{id}", _set_seats, scopes.ORGANIZATION_WRITE, "directory"),
]
