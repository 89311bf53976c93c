"""Service principals, and where the MDM application answers (02 section 6.4, 03 section 9.3)."""

from __future__ import annotations

from typing import Any, Final

from taxiway import directory
from taxiway.directory import APPLICATIONS
from taxiway.graph.errors import NoSuchItem
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.call import Answer, Call, Operation
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import item_answer, reading, value_answer
from taxiway.store import Row, Tx, eq

_PATH: Final = "servicePrincipals"
#: Provider names that clients look for, and the address of the MDM policy each leads to.
_ENDPOINTS: Final = {
    "WindowsEnrollment": "discovery_url",
    "TermsOfUse": "terms_of_use_url",
    "Compliance": "compliance_url",
}


def _shown(_tx: Tx, rows: list[Row]) -> list[dict[str, Any]]:
    return [
        {
            "accountEnabled": True,
            "appDisplayName": row["display_name"],
            "servicePrincipalNames": [row["app_id"], *row["identifier_uris"]],
            "servicePrincipalType": "Application",
        }
        for row in rows
    ]


PRINCIPALS: Final = Face(
    path=_PATH,
    repository=APPLICATIONS,
    family="directory",
    hidden=frozenset(
        {"public", "foci", "redirect_uris", "scopes", "app_roles", "identifier_uris", "service_principal_id"}
    ),
    shown=_shown,
    computed=frozenset({"accountEnabled", "appDisplayName", "servicePrincipalNames", "servicePrincipalType"}),
)


def _by_app_id(tx: Tx, app_id: str) -> Row | None:
    return APPLICATIONS.find(tx, eq("app_id", app_id.lower()))


async def _get_by_app_id(call: Call) -> Answer:
    return await item_answer(call, PRINCIPALS, call.keys["appId"], find=_by_app_id)


async def _endpoints(call: Call) -> Answer:
    """Where devices enroll: the URLs of the MDM policy; other applications have none."""
    app_id = call.keys["appId"].lower()

    def read(tx: Tx) -> list[dict[str, Any]]:
        if app_id != directory.INTUNE_APP_ID:
            if _by_app_id(tx, app_id) is None:
                raise NoSuchItem(app_id)
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

    return value_answer(call, f"{_PATH}(appId='{app_id}')/endpoints", await call.read(read))


OPERATIONS: Final = [
    *reading(_PATH, PRINCIPALS, scopes.APPLICATIONS_READ),
    Operation("GET", f"{_PATH}/{{=appId}}", _get_by_app_id, scopes.APPLICATIONS_READ, "directory"),
    Operation("GET", f"{_PATH}/{{=appId}}/endpoints", _endpoints, scopes.ENDPOINTS_READ, "directory"),
]
