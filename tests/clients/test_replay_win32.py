"""IntuneWin32App: an app with its content, its categories and relations, replayed (02 section 10, C6; section 8.3)."""

from __future__ import annotations

import json

from clients.story import TOOL, tool_body
from clients.wire import GRAPH, JSON

CLIENT = "IntuneWin32App"
APPS = "Beta/deviceAppManagement/mobileApps"


def test_an_app_is_uploaded_in_blocks_and_published(story, ledger):
    """Create, content version, file, blocks as text, renewal, commit, committed version: published."""
    app = story.tool
    assert (app["publishingState"], app["committedContentVersion"], app["uploadState"]) == ("published", "1", 1)
    assert app["detectionRules"][0]["@odata.type"] == "#microsoft.graph.win32LobAppFileSystemDetection"
    ledger.note(CLIENT, "`Add-IntuneWin32App`, `Add-IntuneWin32AppAssignmentGroup`", "published, assigned")


def test_the_pc_fetches_and_installs_what_was_uploaded(story, ledger):
    """The bytes that were sent in blocks are those that the PC decrypts: it counts the app as installed."""
    managed = story.deployed
    [status] = story.connected.values(f"beta/deviceAppManagement/mobileApps/{story.tool['id']}/deviceStatuses")
    assert (status["deviceId"], status["installState"]) == (managed["id"], "installed")
    ledger.note(CLIENT, "the uploaded package on a PC", "fetched, decrypted, installed")


def test_apps_are_listed_by_their_type_and_name(story, ledger):
    """``isof`` alone, and a count where nothing is found; the type is in every item."""
    client = story.connected
    assert story.tool
    found = client.values(f"{APPS}?$filter=isof('microsoft.graph.win32LobApp')")
    assert TOOL in [one["displayName"] for one in found if one["@odata.type"] == "#microsoft.graph.win32LobApp"]
    nothing = f"{APPS}?$filter=isof('microsoft.graph.win32LobApp') and displayName eq 'No such app'"
    assert client.graph("GET", nothing).json["@odata.count"] == 0
    ledger.note(CLIENT, "`Get-IntuneWin32App`", "listed; `@odata.count` 0 when empty")


def test_tags_filters_categories_and_relations_are_used(story, ledger):
    """Scope tags by resource and name, a category by its address, a dependency, a changed property, all removed."""
    client = story.connected
    by_name = "Beta/deviceManagement/getRoleScopeTagsByResource(resource='MobileApps')?$filter=displayName eq 'Default'"
    [tag] = client.values(by_name)
    assert (tag["id"], tag["displayName"]) == ("0", "Default")
    assert isinstance(client.values("Beta/deviceManagement/assignmentFilters"), list)
    category = story.world.graph("POST", "/beta/deviceAppManagement/mobileAppCategories", {"displayName": "Tools +1"})
    found = client.values("Beta/deviceAppManagement/mobileAppCategories?$filter=displayName eq 'Tools+%2b1'")
    assert [one["id"] for one in found] == [category["id"]]
    body = json.dumps({**tool_body(), "displayName": "Second tool", "roleScopeTagIds": [tag["id"]]})
    made = client.graph("POST", APPS, body, *JSON, expect=201).json
    app = f"{APPS}/{made['id']}"
    address = f"{GRAPH}/beta/deviceAppManagement/mobileAppCategories/{category['id']}"
    client.graph("POST", f"{app}/categories/$ref", json.dumps({"@odata.id": address}), *JSON, expect=204)
    assert [one["id"] for one in client.values(f"{app}/categories")] == [category["id"]]
    wanted = {"@odata.type": "#microsoft.graph.mobileAppDependency", "dependencyType": "autoInstall"}
    related = {"relationships": [{**wanted, "targetId": story.tool["id"]}]}
    client.graph("POST", f"{app}/updateRelationships", json.dumps(related), *JSON, expect=204)
    assert [one["targetId"] for one in client.values(f"{app}/relationships")] == [story.tool["id"]]
    client.graph("POST", f"{app}/updateRelationships", '{"relationships": []}', *JSON, expect=204)
    change = {"@odata.type": "#microsoft.graph.win32LobApp", "displayVersion": "1.1"}
    client.graph("PATCH", app, json.dumps(change), *JSON)
    assert client.graph("GET", app).json["displayVersion"] == "1.1"
    client.graph("DELETE", app)
    client.graph("GET", app, expect=404)
    ledger.note(CLIENT, "scope tags, filters, categories, dependencies, `Set-` and `Remove-IntuneWin32App`", "done")
