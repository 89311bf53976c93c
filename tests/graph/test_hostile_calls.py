"""Every operation with keys, queries and bodies that nobody should send: refused in Graph's shape, or answered.

No 5xx but a 501 that names itself; nothing outside the declared shapes; nothing that takes long by design.
"""

import json
import random
import re
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.graph_client import Graph, mint, person
from taxiway import autopilot, directory, enrollment, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.graph import operations
from taxiway.graph.protocol.batch import MAX_REQUESTS

pytestmark = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)

SCOPES = " ".join(sorted({scope for operation in operations.OPERATIONS for scope in operation.scopes}))
ROUNDS = 2
KEYS = [
    "x",
    "0",
    "-1",
    "'",
    "''",
    "a'b",
    "(",
    "%00",
    "é",
    "x" * 300,
    "..",
    "$count",
    "00000000-1111-4000-8000-000000000000",
]
QUERIES = [
    "",
    "$top=1",
    "$top=-1",
    "$top=99999999999",
    "$skip=100000",
    "$skiptoken=WyJhIl0",
    "$skiptoken=bnVsbA",
    "$skiptoken=" + "A" * 400,
    "$deltatoken=e30",
    "$filter=id eq 'a'",
    "$filter=displayName eq 1",
    "$filter=" + "(" * 60,
    "$filter=id in (" + ",".join(["'a'"] * 600) + ")",
    "$select=id,nothing",
    "$select=*",
    "$expand=assignments",
    "$expand=members($expand=members($expand=members))",
    "$orderby=displayName desc,id",
    "$search=x",
    "$count=true",
    "$format=xml",
    "unheardOf=1",
    "$top=1&$top=1",
]
VALUES = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**70), 2**70),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(max_size=8),
        st.sampled_from(
            ["", "True", "2026-01-31T12:34:56Z", "0001-01-01T00:00:00Z", "#microsoft.graph.win32LobApp", "x" * 2_000]
        ),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
NAMES = [
    "displayName",
    "@odata.type",
    "@odata.id",
    "id",
    "assignments",
    "target",
    "groupId",
    "rule",
    "settings",
    "members",
    "ids",
    "roleScopeTagIds",
    "members@odata.bind",
    "serialNumber",
    "importedWindowsAutopilotDeviceIdentities",
    "deviceIds",
    "actionName",
    "priority",
    "value",
]
BODIES = st.dictionaries(st.one_of(st.sampled_from(NAMES), st.text(max_size=8)), VALUES, max_size=5)


@pytest.fixture
async def admin(graph, rt, tenant):
    """Who may do everything."""
    user = await person(rt, tenant, "everything", directory.GLOBAL_ADMINISTRATOR)
    await person(rt, tenant, "somebody")
    await rt.store.write(tenant, _seed)
    return Graph(rt, graph.client, await mint(rt, tenant, user["id"], SCOPES))


def _seed(tx):
    """An object in each of the larger collections."""
    autopilot.DEVICES.insert(tx, {"serial_number": "X-1", "manufacturer": "Contoso", "model": "Book"})
    enrollment.MANAGED.insert(tx, {"device_name": "PC-1", "enrolled_at": tx.now, "azure_ad_device_id": "a"})
    directory.join_device(tx, display_name="PC-1", os="Windows", os_version="10", trust_type="AzureAd")
    management.APPS.insert(tx, {"kind": "win32LobApp", "display_name": "Tool"})
    management.SCRIPTS.insert(tx, {"kind": "deviceManagementScript", "display_name": "Script"})
    management.CONFIGURATION_POLICIES.insert(tx, {"display_name": "P", "kind": "deviceManagementConfigurationPolicy"})
    management.CONFIGURATIONS.insert(tx, {"display_name": "C", "kind": "windows10CustomConfiguration"})
    management.COMPLIANCE_POLICIES.insert(tx, {"display_name": "C", "kind": "windows10CompliancePolicy"})
    directory.create_group(tx, principal=SYSTEM_PRINCIPAL, display_name="Team")
    autopilot.create_profile(tx, {"display_name": "Profile"}, principal=SYSTEM_PRINCIPAL)


async def _known(admin):
    """Collection -> the id of an object that is there."""
    found = {}
    for operation in operations.OPERATIONS:
        if operation.method == "GET" and "{" not in operation.pattern:
            headers = {"authorization": f"Bearer {admin.token}"}
            answer = await admin.client.get(f"/beta/{operation.pattern}", headers=headers)
            rows = answer.json().get("value") if answer.status_code == 200 and answer.text[:1] == "{" else None
            ids = (
                [row["id"] for row in rows if row.get("displayName") != "Everything"] if isinstance(rows, list) else []
            )
            if ids:
                found[operation.pattern] = ids[0]
    return found


def check(answer, said):
    """The status is none of ours to be ashamed of, and the body is an error or an answer as Graph shapes them."""
    status = answer.status_code
    assert status < 500 or status == 501, (said, status, answer.text[:500])
    if (
        not answer.content
        or status in (301, 302)
        or not answer.headers.get("content-type", "").startswith("application/json")
    ):
        return
    body = answer.json()
    if status >= 400:
        assert set(body) == {"error"}, (said, body)
        assert body["error"]["code"], said
        assert body["error"]["message"], said
    else:
        assert isinstance(body, dict), said
        assert "taxiway" in str(said) or next(iter(body)) == "@odata.context", (said, list(body)[:3])


def _address(rng, pattern, known):
    def key(match):
        real = known.get(pattern[: match.start() - 1])
        chosen = quote(real if real and rng.random() < 0.7 else rng.choice(KEYS), safe="")
        return f"{match[1]}='{chosen}'" if match[0].startswith("{=") else chosen

    return re.sub(r"\{=?(\w+)\}", key, pattern)


async def test_every_operation_refuses_or_answers_what_it_is_sent(admin):
    """Each method on each address, with keys, options and bodies drawn from a seed."""
    rng, drawn, known = random.Random(6), [], await _known(admin)
    assert len(known) > 15

    @settings(max_examples=ROUNDS * 100, database=None, derandomize=True)
    @given(BODIES)
    def draw(body):
        drawn.append(json.dumps(body).encode())

    draw()
    for operation in operations.OPERATIONS * ROUNDS:
        version = "beta" if operation.beta else rng.choice(["v1.0", "beta"])
        address = f"/{version}/{_address(rng, operation.pattern, known)}?{rng.choice(QUERIES)}"
        raw = rng.choice([*drawn, b"[]", b"{", b"\xff", b"null"]) if operation.method != "GET" else b""
        headers = {"authorization": f"Bearer {admin.token}"}
        if rng.random() < 0.3:
            headers |= {"consistencylevel": "eventual", "if-match": 'W/"taxiway-99"'}
        answer = await admin.client.request(operation.method, address, headers=headers, content=raw)
        check(answer, (operation.method, address, raw[:200]))
        assert answer.status_code != 401


async def test_every_list_takes_or_refuses_every_option(admin):
    """Each collection with each kind of option, in v1.0's spelling or beta's."""
    lists = [one for one in operations.OPERATIONS if one.method == "GET" and "{" not in one.pattern]
    for operation in lists:
        for query in random.Random(operation.pattern).sample(QUERIES, 5):
            address = f"/{'beta' if operation.beta else 'v1.0'}/{operation.pattern}?{query}"
            answer = await admin.client.get(address, headers={"authorization": f"Bearer {admin.token}"})
            check(answer, address)


TERM = "displayName eq 'x'"


@pytest.mark.parametrize(
    "query",
    [
        "$filter=" + " or ".join([TERM] * 2_900),
        "$filter=" + " or ".join([TERM] * 420),
        "$filter=" + "not " * 500 + TERM,
        "$filter=" + "(" * 500 + TERM + ")" * 500,
        "$filter=id in (" + ",".join(["'a'"] * 10_000) + ")",
        "$filter=contains(displayName,'" + "%" * 9_000 + "')",
        "$expand=" + "members($expand=" * 50 + "members" + ")" * 50,
        "$expand=" + ",".join(["members"] * 500),
        "$orderby=" + ",".join(["displayName"] * 500),
        "$search=" + " OR ".join(['"displayName:x"'] * 500),
        "$select=" + ",".join(["displayName"] * 1_300) + ",nothing",
        "&".join(f"$top{n}=1" for n in range(100)),
        "$skip=999999999",
    ],
)
async def test_what_is_built_to_be_expensive_is_refused(admin, query):
    """The bounds are on words, depth and names, so that no time has to be measured: 400 before anything is read."""
    for path in ("/v1.0/groups", "/beta/deviceManagement/managedDevices"):
        headers = {"authorization": f"Bearer {admin.token}", "consistencylevel": "eventual"}
        asked = quote(query, safe="$=&(),' ").replace(" ", "+")
        answer = await admin.client.get(f"{path}?{asked}", headers=headers)
        # Intune's types pass over names that they do not have, and nothing is asked of them for it.
        ignored = "$select" in query and "Management" in path
        assert answer.status_code == (200 if ignored else 400), answer.text[:300]
        check(answer, path)


async def test_the_largest_filter_that_is_taken_is_answered(admin):
    """What is within the bounds reaches the database and comes back."""
    text = " or ".join([TERM] * 370)
    answer = await admin.client.get(
        "/v1.0/groups", params={"$filter": text}, headers={"authorization": f"Bearer {admin.token}"}
    )
    assert answer.status_code == 200, answer.text[:300]
    nested = {"not": "not " * 19 + f"({TERM})", "or": TERM, "both": TERM}
    for level in range(18):
        nested["or"] = f"{TERM} {'and' if level % 2 else 'or'} ({nested['or']})"
    for level in range(9):
        nested["both"] = f"not ({TERM} {'and' if level % 2 else 'or'} {nested['both']})"
    for text in nested.values():
        answer = await admin.client.get(
            "/v1.0/groups",
            params={"$filter": text, "$count": "true"},
            headers={"authorization": f"Bearer {admin.token}", "consistencylevel": "eventual"},
        )
        assert answer.status_code == 200, answer.text[:300]


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"displayName":' + b"[" * 200 + b"]" * 200 + b"}",
        b'{"a":"' + b"x" * 300_000,
        b"{" + b'"a":1,' * 50_000 + b"}",
        b'{"displayName": "\\u0000"}',
        b'{"displayName": "\\ud800"}',
    ],
)
async def test_bodies_built_to_be_expensive_are_refused(admin, raw):
    """Depth, broken text and characters that no database keeps: 400 in one pass over the bytes."""
    check(await admin.call("POST", "/v1.0/groups", raw=raw, expect=400), raw[:40])


async def test_a_batch_of_expensive_requests_costs_no_more_than_its_parts(admin):
    """Twenty at the most, each within the bounds of a single request, each answered for itself."""
    text = " or ".join([TERM] * 300)
    requests = [{"id": n, "method": "GET", "url": f"/groups?$filter={quote(text)}"} for n in range(MAX_REQUESTS)]
    answer = await admin.call("POST", "/v1.0/$batch", {"requests": requests})
    assert [one["status"] for one in answer.json()["responses"]] == [200] * MAX_REQUESTS
    check(await admin.call("POST", "/v1.0/$batch", {"requests": [*requests, {}]}, expect=400), "21")
    nested = [{"id": 1, "method": "POST", "url": "/$batch", "body": {"requests": requests}}]
    check(await admin.call("POST", "/v1.0/$batch", {"requests": nested}, expect=400), "nested")
