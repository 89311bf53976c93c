"""``$metadata``: both versions as CSDL that a client can walk (02 section 1.1)."""

from xml.etree import ElementTree as ET

import pytest

from taxiway.graph import operations
from taxiway.graph.protocol.metadata import csdl

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
EDMX = "{http://docs.oasis-open.org/odata/ns/edmx}"
OURS = "microsoft.graph."


def _schema(version):
    document = ET.fromstring(csdl(operations.OPERATIONS, version))
    assert document.tag == f"{EDMX}Edmx"
    return document.find(f"{EDMX}DataServices/{EDM}Schema")


def _types(schema):
    return {one.get("Name"): one for one in schema.findall(f"{EDM}EntityType")}


def _bare(name):
    return name.removeprefix("Collection(").removesuffix(")")


async def test_anybody_reads_the_metadata_as_xml(client):
    """No token is needed, in either version and any spelling; the answer names its type and is XML."""
    for path in ("/v1.0/$metadata", "/beta/$metadata", "/Beta//%24metadata"):
        answer = await client.get(path)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("application/xml")
        assert answer.headers["odata-version"] == "4.0"
        assert answer.headers["request-id"]
        ET.fromstring(answer.content)


@pytest.mark.parametrize("version", ["v1.0", "beta"])
def test_every_type_that_is_named_is_declared_once(version):
    """A client that follows base types, navigations, sets and parameters always finds a declaration."""
    schema = _schema(version)
    names = [one.get("Name") for kind in ("EntityType", "ComplexType") for one in schema.findall(f"{EDM}{kind}")]
    assert len(names) == len(set(names))
    used = [one.get(key) for one in schema.iter() for key in ("Type", "BaseType", "EntityType") if one.get(key)]
    assert {_bare(one).removeprefix(OURS) for one in used if _bare(one).startswith(OURS)} <= set(names)
    assert all(_bare(one).startswith((OURS, "Edm.")) for one in used)
    for entity in schema.findall(f"{EDM}EntityType"):
        children = [one.get("Name") for one in entity if one.get("Name")]
        assert len(children) == len(set(children)), entity.get("Name")


def test_sets_singletons_and_navigations_are_those_of_graph():
    """The names that clients look for, with derived types under their base."""
    schema = _schema("beta")
    container = schema.find(f"{EDM}EntityContainer")
    sets = {one.get("Name"): one.get("EntityType") for one in container.findall(f"{EDM}EntitySet")}
    assert {"users", "groups", "devices", "organization", "domains", "applications"} <= set(sets)
    assert sets["groups"] == "microsoft.graph.group"
    single = {one.get("Name") for one in container.findall(f"{EDM}Singleton")}
    assert {"deviceManagement", "deviceAppManagement", "policies", "me", "directory", "identity"} <= single
    types = _types(schema)
    ways = {one.get("Name"): one.get("Type") for one in types["deviceManagement"].findall(f"{EDM}NavigationProperty")}
    assert ways["windowsAutopilotDeviceIdentities"] == "Collection(microsoft.graph.windowsAutopilotDeviceIdentity)"
    assert types["win32LobApp"].get("BaseType") == "microsoft.graph.mobileApp"
    assert types["device"].get("BaseType") == "microsoft.graph.directoryObject"
    assert "assign" in {one.get("Name") for one in schema.findall(f"{EDM}Action")}


def test_properties_have_types_and_beta_ones_are_not_in_v1():
    """What a face hides is not declared; what v1.0 lacks is declared in beta alone."""
    kinds = {}
    for version in ("v1.0", "beta"):
        entity = _types(_schema(version))["group"]
        kinds[version] = {one.get("Name"): one.get("Type") for one in entity.findall(f"{EDM}Property")}
    assert kinds["beta"]["createdDateTime"] == "Edm.DateTimeOffset"
    assert kinds["beta"]["securityEnabled"] == "Edm.Boolean"
    assert "membershipRuleProcessingStatus" in kinds["beta"]
    assert "membershipRuleProcessingStatus" not in kinds["v1.0"]
    assert "kind" not in kinds["beta"]
    assert "windowsAutopilotDeploymentProfile" not in _types(_schema("v1.0"))
