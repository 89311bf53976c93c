"""Organization, domains, subscriptions (02 section 6.4)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import reading
from taxiway.store import Tx

ORGANIZATION: Final = Face(
    path="organization",
    repository=directory.TENANTS,
    family="directory",
    hidden=frozenset({"initial_domain", "domains", "branding", "default_usage_location"}),
    on_select=frozenset({"mobile_device_management_authority"}),
    written=frozenset(
        {
            "technical_notification_mails",
            "marketing_notification_emails",
            "security_compliance_notification_mails",
            "security_compliance_notification_phones",
            "privacy_profile",
        }
    ),
)
DOMAINS: Final = Face(path="domains", repository=directory.DOMAINS, family="directory")
SKUS: Final = Face(path="subscribedSkus", repository=directory.SUBSCRIBED_SKUS, family="directory")


async def _update(call: Call) -> Answer:
    changes = body.incoming(ORGANIZATION, call.json)

    def write(tx: Tx) -> Any:
        if call.keys["id"].lower() != tx.tenant:
            raise NoSuchItem(call.keys["id"])
        return directory.update_tenant(tx, changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


OPERATIONS: Final = [
    *reading("organization", ORGANIZATION, scopes.ORGANIZATION_READ),
    Operation("PATCH", "organization/{id}", _update, scopes.ORGANIZATION_WRITE, "directory"),
    *reading("domains", DOMAINS, scopes.DOMAINS_READ, find=lambda tx, name: directory.DOMAINS.get(tx, name.lower())),
    *reading("subscribedSkus", SKUS, scopes.SKUS_READ),
]
