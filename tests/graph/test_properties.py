"""What no device is told of and no service acts on: Graph's other properties are kept and come back."""

from __future__ import annotations

import base64

import pytest

from support.graph_client import person
from taxiway import directory
from taxiway.graph.resources.applications import APPLICATION
from taxiway.graph.resources.groups import GROUPS
from taxiway.graph.resources.service_principals import PRINCIPAL
from taxiway.graph.resources.users import USERS
from taxiway.management.configuration.kinds import kept

pytestmark = pytest.mark.anyio
CONFIGURATIONS = "/beta/deviceManagement/deviceConfigurations"
VALUES = {
    "string": "a text",
    "bool": True,
    "int": 7,
    "datetime": "2026-01-31T12:34:56Z",
    "strings": ["one", "two"],
    "binary": base64.b64encode(b"bytes").decode(),
}
POLICY = {
    "displayName": "Nobody",
    "state": "disabled",
    "conditions": {
        "clientAppTypes": ["all"],
        "users": {"includeUsers": ["None"]},
        "applications": {"includeApplications": ["All"]},
    },
    "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
}
VPN = {"connectionName": "Office", "servers": [{"address": "a.example", "isDefaultServer": True}]}


def value(prop):
    """Something to write into a property."""
    if prop.kind == "json":
        return [{"one": "value"}] if isinstance(prop.default, list) else {"one": "value"}
    return VALUES[prop.kind]


@pytest.mark.parametrize(
    ("kind", "props", "more"),
    [
        ("windows10EndpointProtectionConfiguration", kept.ENDPOINT_PROTECTION, {}),
        ("windowsUpdateForBusinessConfiguration", kept.UPDATE_RING, {}),
        ("windows10VpnConfiguration", kept.VPN, VPN),
    ],
)
async def test_what_no_device_is_told_of_is_kept_and_said(graph, kind, props, more):
    """Every such property comes back as it was written, and a finding names them all."""
    wanted = {prop.graph_name: value(prop) for prop in props}
    never = {prop.graph_name: "0001-01-01T00:00:00Z" for prop in props if prop.kind == "datetime"}
    empty = {"@odata.type": f"#microsoft.graph.{kind}", "displayName": "K", **never, **more}
    plain = await graph.post(CONFIGURATIONS, empty)
    assert plain["@taxiway.findings"] == [], "a moment that never was asks for nothing"
    assert wanted.keys() <= plain.keys()
    await graph.call("PATCH", f"{CONFIGURATIONS}/{plain['id']}", wanted, expect=204)
    shown = await graph.get(f"{CONFIGURATIONS}/{plain['id']}")
    assert {name: shown[name] for name in wanted} == wanted
    [finding] = shown["@taxiway.findings"]
    assert finding["code"] == "undelivered"
    assert all(name in finding["text"] for name in wanted)


@pytest.fixture
async def objects(graph, rt, tenant):
    """One object of each collection, by its face."""
    user = await person(rt, tenant, "ada")
    body = {"displayName": "Staff", "mailEnabled": False, "mailNickname": "staff", "securityEnabled": True}
    application = await graph.post("/v1.0/applications", {"displayName": "Payroll"})
    account = await graph.post("/v1.0/servicePrincipals", {"appId": application["appId"]})
    group = await graph.post("/v1.0/groups", body)
    return {
        "users": (USERS, directory.USERS, user["id"]),
        "groups": (GROUPS, directory.GROUPS, group["id"]),
        "applications": (APPLICATION, directory.APPLICATIONS, application["id"]),
        "servicePrincipals": (PRINCIPAL, directory.SERVICE_PRINCIPALS, account["id"]),
    }


@pytest.mark.parametrize("name", ["users", "groups", "applications", "servicePrincipals"])
async def test_what_the_directory_does_not_act_on_comes_back(graph, objects, name):
    """Every writable property that is only kept, one by one, since some of them are checked together."""
    face, rows, object_id = objects[name]
    free = [p for p in rows.entity.props.values() if p.name in face.written and not p.column and p.name not in CHECKED]
    assert len(free) > LEAST[name]
    for prop in free:
        wanted = {prop.graph_name: value(prop)}
        path = f"/{'beta' if prop.name in face.beta else 'v1.0'}/{name}/{object_id}"
        await graph.call("PATCH", path, wanted, expect=204)
        shown = await graph.get(f"{path}?$select=id,{prop.graph_name}")
        assert shown[prop.graph_name] == wanted[prop.graph_name], prop.graph_name


async def test_a_switch_that_nothing_obeys_cannot_be_on(graph):
    """An application that is to be disabled, a unit whose members are to be restricted: 501 by name; false is fine."""
    for path, name in (
        ("applications", "isDisabled"),
        ("directory/administrativeUnits", "isMemberManagementRestricted"),
    ):
        made = await graph.post(f"/v1.0/{path}", {"displayName": "A", name: False})
        error = await graph.call("PATCH", f"/v1.0/{path}/{made['id']}", {name: True}, expect=501)
        assert name in error.json()["error"]["message"]
        assert (await graph.get(f"/v1.0/{path}/{made['id']}"))[name] is False
    await graph.post("/v1.0/applications", {"displayName": "B", "isDisabled": "True"}, expect=501)


async def test_a_conditional_access_policy_has_a_description(graph):
    """It comes back, and changes."""
    path = "/v1.0/identity/conditionalAccess/policies"
    made = await graph.post(path, {**POLICY, "description": "first"})
    assert made["description"] == "first"
    await graph.call("PATCH", f"{path}/{made['id']}", {"description": "second"}, expect=204)
    assert (await graph.get(f"{path}/{made['id']}"))["description"] == "second"


#: What has rules of its own, which other tests are about.
CHECKED = {
    "is_disabled",
    "on_premises_extension_attributes",
    "identifier_uris",
    "optional_claims",
    "api",
    "app_roles",
    "key_credentials",
    "web",
    "spa",
    "public_client",
    "required_resource_access",
}
LEAST = {"users": 30, "groups": 12, "applications": 15, "servicePrincipals": 15}
