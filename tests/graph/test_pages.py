"""Pages of a collection: what they show, where they begin and how many there are (02 sections 1.3 and 1.8)."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from taxiway import autopilot, directory, enrollment

MANAGED = "/beta/deviceManagement/managedDevices"
COLLECTIONS = {
    "deviceManagement/managedDevices": enrollment.MANAGED,
    "deviceManagement/windowsAutopilotDeviceIdentities": autopilot.DEVICES,
    "devices": directory.DEVICES,
}
SELECTED = {"devices": ("?$select=displayName,registrationDateTime,physicalIds",)}
#: With no fraction, with a short one, with a whole one.
MOMENTS = [datetime(2026, 1, 31, 12, 34, 50, micro, UTC) for micro in (0, 120_000, 123_456)]


def value_of(prop, number):
    """Something of the property's type."""
    made = {
        "bool": number % 2 == 0,
        "int": number,
        "datetime": MOMENTS[number % 3],
        "strings": [f"{prop.name} {number}"],
        "json": [] if isinstance(prop.default, list) else {"number": number},
    }
    return made.get(prop.kind, f'{prop.name} "{number}" \u00e5')


@pytest.fixture
async def rows(rt, tenant):
    """Of each collection: rows of which everything is known, one of which little is, and one that was emptied."""

    def write(tx):
        for repository in COLLECTIONS.values():
            props = [prop for prop in repository.entity.props.values() if not prop.secret]
            tags = {"role_scope_tag_ids": ["0"]} if "role_scope_tag_ids" in repository.entity.props else {}
            for number in range(3):
                repository.insert(tx, {prop.name: value_of(prop, number) for prop in props} | tags)
            repository.insert(tx, {"device_id": "bare"} if repository is directory.DEVICES else {})
            whole = {prop.name: value_of(prop, 7) for prop in props} | tags
            emptied = repository.insert(tx, whole)["id"]
            repository.update(tx, emptied, dict.fromkeys(p.name for p in props if p.nullable and p.name not in tags))

    await rt.store.write(tenant, write)


@pytest.mark.parametrize("path", COLLECTIONS)
async def test_a_list_shows_of_each_object_what_the_object_shows(graph, rows, path):
    """The list and the single object are the same JSON in both versions, whole or selected."""
    for version in ("v1.0", "beta"):
        for options in ("", *SELECTED.get(path, ("?$select=id,displayName,notes", "?$select=enrolledDateTime,model"))):
            listed = await graph.values(f"/{version}/{path}{options}")
            assert len(listed) == 5
            for item in listed:
                alone = await graph.get(f"/{version}/{path}/{item['id']}{options}")
                assert item == {name: value for name, value in alone.items() if name != "@odata.context"}


async def test_a_moment_has_a_fraction_only_where_there_is_one(graph, rows):
    """Whether it stands in a column or in the document; one that never was reads 0001."""
    listed = await graph.values(f"{MANAGED}?$orderby=enrolledDateTime desc")
    texts = ["2026-01-31T12:34:50.123456Z", "2026-01-31T12:34:50.12Z", "2026-01-31T12:34:50Z"]
    for name in ("enrolledDateTime", "complianceGracePeriodExpirationDateTime"):
        assert [item[name] for item in listed] == [*texts, *["0001-01-01T00:00:00Z"] * 2]
    devices = await graph.values("/v1.0/devices")
    assert sorted(filter(None, (item["complianceExpirationDateTime"] for item in devices))) == texts


async def test_pages_follow_each_other_in_any_order(graph, rt, tenant):
    """Every object comes once, in order, with nulls first or last, wherever the pages break and whatever is skipped."""

    def write(tx):
        for number in range(7):
            at = None if number % 3 == 0 else tx.now + timedelta(microseconds=number // 2)
            enrollment.MANAGED.insert(tx, {"device_name": f"pC-{number // 3}", "last_sync_at": at, "jail_broken": "x"})

    await rt.store.write(tenant, write)
    for order in ("", "deviceName", "deviceName desc", "lastSyncDateTime", "lastSyncDateTime desc,deviceName"):
        ordered = f"&$orderby={order}" if order else ""
        whole = [item["id"] for item in await graph.values(f"{MANAGED}?$top=1000{ordered}")]
        assert len(set(whole)) == 7
        for size, skip in ((1, 0), (2, 0), (3, 1), (6, 0), (7, 0), (2, 5)):
            page = await graph.get(f"{MANAGED}?$top={size}&$skip={skip}{ordered}")
            found = page["value"]
            while "@odata.nextLink" in page:
                page = await graph.get(page["@odata.nextLink"])
                found += page["value"]
            assert [item["id"] for item in found] == whole[skip:], (order, size, skip)


async def test_the_count_is_that_of_all_pages(graph, rows):
    """Whether it was asked of the database or known from a last page; a page that follows another bears none."""
    first = await graph.get(f"{MANAGED}?$top=2")
    assert (first["@odata.count"], len(first["value"])) == (5, 2)
    assert "@odata.count" not in await graph.get(first["@odata.nextLink"])
    for options, count in (
        ("$top=5", 5),
        ("$skip=3", 5),
        ("$skip=99", 5),
        ("$top=1&$skip=2", 5),
        ("$filter=serialNumber ne null", 3),
        ("$filter=serialNumber eq 'nobody'", 0),
        ("$filter=contains(serialNumber,'1')&$skip=1", 1),
    ):
        assert (await graph.get(f"{MANAGED}?{options}"))["@odata.count"] == count, options


async def test_a_token_of_another_list_is_refused(graph, rows):
    """Whatever a client makes of it: a named error, nothing of the database's."""
    order = "$orderby=enrolledDateTime"
    for values in ([], [1], [None], [{}], [True, "x"], [10**30, "x"], ["2026", "x"], [1.5, "x"], [1, "a\0"], {}):
        token = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
        for options in (order, "$top=1"):
            await graph.get(f"{MANAGED}?{options}&$skiptoken={token}", expect=400)
    await graph.get(f"{MANAGED}?{order}&$skiptoken=no", expect=400)


@pytest.mark.parametrize("said", ['["\\ud800"]', '["a\\u0000"]', "[1]", "[[]]", '{"id": "a"}', "[" * 3_000])
async def test_a_token_that_no_list_made_is_refused(graph, said):
    """Half a character, a NUL, another type or shape: a 400, on both databases."""
    token = base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")
    for path in ("/v1.0/users", "/beta/deviceManagement/windowsAutopilotDeviceIdentities"):
        refused = await graph.get(f"{path}?$skiptoken={token}", expect=400)
        assert "token" in refused["error"]["message"]
