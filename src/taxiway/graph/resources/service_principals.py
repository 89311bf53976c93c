"""Service principals, and where the MDM application answers (02 section 6.4, 03 section 9.3)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.directory import SERVICE_PRINCIPALS
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol import body, scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import created, item_answer, item_body, reading, value_answer
from taxiway.graph.resources import passwords
from taxiway.graph.resources.references import by_app_id, require_item
from taxiway.store import Row, Tx

_PATH: Final = "servicePrincipals"
#: Provider names that clients look for, and the address of the MDM policy each leads to.
_ENDPOINTS: Final = {
    "WindowsEnrollment": "discovery_url",
    "TermsOfUse": "terms_of_use_url",
    "Compliance": "compliance_url",
}
_COMPUTED: Final = (
    "appDisplayName",
    "appOwnerOrganizationId",
    "appRoles",
    "oauth2PermissionScopes",
    "passwordCredentials",
    "publishedPermissionScopes",
    "replyUrls",
    "servicePrincipalNames",
    "signInAudience",
)


def _shown(tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    """What Graph repeats of the application on its service principal."""
    offers = directory.offers_of(tx, [row["app_id"] for row in rows])
    secrets = passwords.shown(tx, rows)
    return [_repeated(row, offers[row["app_id"]], held) for row, held in zip(rows, secrets, strict=True)]


def _repeated(row: Row, offer: directory.Offer, secrets: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "appDisplayName": offer.display_name,
        "appOwnerOrganizationId": offer.owner,
        "appRoles": offer.roles,
        "oauth2PermissionScopes": offer.scopes,
        "passwordCredentials": secrets,
        "publishedPermissionScopes": offer.scopes,
        "replyUrls": offer.redirect_uris,
        "servicePrincipalNames": [*offer.names, row["app_id"]],
        "signInAudience": offer.audience,
    }


def _fit(shown: dict[str, Any], version: str) -> None:
    """Beta has another name for the scopes, and no resource-specific permissions."""
    lacking = ["publishedPermissionScopes"]
    if version == "beta":
        lacking = ["oauth2PermissionScopes", "resourceSpecificApplicationPermissions"]
    for name in lacking:
        shown.pop(name, None)


PRINCIPAL: Final = Face(
    path=_PATH,
    repository=SERVICE_PRINCIPALS,
    family="directory",
    shown=_shown,
    computed=frozenset(_COMPUTED),
    beta=frozenset(
        {
            "error_url",
            "password_single_sign_on_settings",
            "preferred_token_signing_key_end_date_time",
            "publisher_name",
            "saml_metadata_url",
        }
    ),
    on_select=frozenset({"created_at"}),
    fit=_fit,
    written=frozenset(
        {
            "add_ins",
            "alternative_names",
            "app_description",
            "custom_security_attributes",
            "error_url",
            "homepage",
            "info",
            "logout_url",
            "password_single_sign_on_settings",
            "preferred_token_signing_key_end_date_time",
            "preferred_token_signing_key_thumbprint",
            "saml_metadata_url",
            "saml_single_sign_on_settings",
            "token_encryption_key_id",
            "display_name",
            "account_enabled",
            "app_role_assignment_required",
            "login_url",
            "notification_email_addresses",
            "preferred_single_sign_on_mode",
            "key_credentials",
            "tags",
            "notes",
            "description",
        }
    ),
)


async def _create(call: Call) -> Answer:
    content = call.json
    values = body.incoming(PRINCIPAL, content)
    passwords.refuse_in(content)
    body.refuse_switches(content, "isDisabled")
    app_id = body.text_field(content, "appId")
    if not app_id:
        raise BadRequest("A value is required for property 'appId' of resource 'ServicePrincipal'.")

    def write(tx: Tx) -> dict[str, Any]:
        row = directory.create_service_principal(tx, app_id, principal=call.principal, **values)
        return item_body(tx, call, PRINCIPAL, row)

    return created(call, PRINCIPAL, await call.write(write))


async def _update(call: Call) -> Answer:
    content = call.json
    changes = body.incoming(PRINCIPAL, content)
    passwords.refuse_in(content)
    body.refuse_switches(content, "isDisabled")

    def write(tx: Tx) -> None:
        row = require_item(tx, call, SERVICE_PRINCIPALS)
        if changes:
            directory.update_service_principal(tx, row["id"], changes, principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _delete(call: Call) -> Answer:
    def write(tx: Tx) -> None:
        row = require_item(tx, call, SERVICE_PRINCIPALS)
        directory.delete_service_principal(tx, row["id"], principal=call.principal)

    await call.write(write)
    return Answer(204)


async def _get_by_app_id(call: Call) -> Answer:
    return await item_answer(call, PRINCIPAL, call.keys["appId"], find=by_app_id(SERVICE_PRINCIPALS))


async def _endpoints(call: Call) -> Answer:
    """Where devices enroll: the URLs of the MDM policy; other applications have none."""

    def read(tx: Tx) -> list[dict[str, Any]]:
        app_id = require_item(tx, call, SERVICE_PRINCIPALS)["app_id"]
        if app_id != directory.INTUNE_APP_ID:
            return []
        policy = directory.mdm_policy(tx, call.rt.urls)
        return [
            {
                "id": f"{app_id}_{name}",
                "capability": name,
                "providerId": app_id,
                "providerName": name,
                "uri": policy[url],
            }
            for name, url in _ENDPOINTS.items()
        ]

    return value_answer(call, f"{call.path}", await call.read(read))


def _item(item: str) -> list[Operation]:
    return [
        Operation("PATCH", item, _update, scopes.APPLICATIONS_WRITE, "directory"),
        Operation("DELETE", item, _delete, scopes.APPLICATIONS_WRITE, "directory"),
        Operation("GET", f"{item}/endpoints", _endpoints, scopes.ENDPOINTS_READ, "directory"),
        *passwords.operations(item, SERVICE_PRINCIPALS),
    ]


OPERATIONS: Final = [
    *reading(_PATH, PRINCIPAL, scopes.APPLICATIONS_READ),
    Operation("GET", f"{_PATH}/{{=appId}}", _get_by_app_id, scopes.APPLICATIONS_READ, "directory"),
    Operation("POST", _PATH, _create, scopes.APPLICATIONS_WRITE, "directory"),
    *_item(f"{_PATH}/{{id}}"),
    *_item(f"{_PATH}/{{=appId}}"),
]
