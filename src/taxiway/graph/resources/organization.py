"""Organization, domains, subscriptions (02 section 6.4)."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import BadRequest, NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face, only_in
from taxiway.graph.protocol.lists import created, item_body, reading, value_answer
from taxiway.store import Row, Tx

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


async def _set_authority(call: Call) -> Answer:
    """Intune is the authority here and the only one there is; 0: so it stays."""

    def write(tx: Tx) -> Any:
        if call.keys["id"].lower() != tx.tenant:
            raise NoSuchItem(call.keys["id"])
        return directory.update_tenant(tx, {"mobile_device_management_authority": "intune"}, principal=call.principal)

    await call.write(write)
    return Answer(200, {"@odata.context": f"{call.root}/$metadata#Edm.Int32", "value": 0})


async def _dns_records(call: Call) -> Answer:
    """What would prove that a domain is the tenant's; here every domain counts as proven when it is added."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        name = _domain(tx, call)["id"]
        proof = int.from_bytes(hashlib.sha256(f"{tx.tenant}|{name}".encode()).digest()[:4]) % 100_000_000
        text = f"ms{proof:08d}"
        shared = {"isOptional": False, "label": name, "ttl": 3600, "supportedService": "Email"}
        txt = {"@odata.type": "#microsoft.graph.domainDnsTxtRecord", "id": f"{name}-txt", "recordType": "Txt"}
        mx = {"@odata.type": "#microsoft.graph.domainDnsMxRecord", "id": f"{name}-mx", "recordType": "Mx"}
        exchange = f"{text}.msv1.invalid"
        return [
            {**txt, **shared, "text": f"MS={text}"},
            {**mx, **shared, "mailExchange": exchange, "preference": 32767},
        ]

    return value_answer(call, f"domains('{call.keys['id']}')/verificationDnsRecords", await call.read(read))


async def _add_domain(call: Call) -> Answer:
    """It counts as proven at once: nobody but this instance's tenants can have it here."""
    name = body.text_field(call.json, "id")

    def write(tx: Tx) -> dict[str, Any]:
        return item_body(tx, call, DOMAINS, directory.add_domain(tx, name, principal=call.principal))

    return created(call, DOMAINS, await call.write(write))


async def _verify(call: Call) -> Answer:
    return Answer(200, await call.read(lambda tx: item_body(tx, call, DOMAINS, _domain(tx, call))))


def _domain(tx: Tx, call: Call) -> Row:
    row = directory.DOMAINS.get(tx, call.keys["id"].lower())
    if row is None:
        raise NoSuchItem(call.keys["id"])
    return row


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
    Operation(
        "POST",
        "organization/{id}/setMobileDeviceManagementAuthority",
        _set_authority,
        scopes.ORGANIZATION_WRITE | scopes.AUTOPILOT_WRITE,
        "directory",
    ),
    *reading("domains", DOMAINS, scopes.DOMAINS_READ, find=lambda tx, name: directory.DOMAINS.get(tx, name.lower())),
    Operation("POST", "domains", _add_domain, scopes.DOMAINS_WRITE, "directory"),
    Operation("GET", "domains/{id}/verificationDnsRecords", _dns_records, scopes.DOMAINS_READ, "directory"),
    Operation("POST", "domains/{id}/verify", _verify, scopes.DOMAINS_WRITE, "directory"),
    *reading("subscribedSkus", SKUS, scopes.SKUS_READ),
    Operation("PATCH", "subscribedSkus/{id}", _set_seats, scopes.ORGANIZATION_WRITE, "directory"),
]
