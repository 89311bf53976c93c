"""``$batch``: order, dependencies, ids, refusals (02 section 1.8)."""

import json

import pytest

from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.graph.errors import BadRequest
from taxiway.graph.protocol.batch import answer_batch, read_items
from taxiway.graph.protocol.call import Answer
from taxiway.graph.protocol.dispatch import Incoming


def incoming(*requests):
    raw = json.dumps({"requests": list(requests)}).encode()
    return Incoming("POST", "/beta/$batch", {}, raw, SYSTEM_PRINCIPAL, "https://host", "r", "c")


async def test_items_run_in_the_order_they_need_and_answer_with_texts_as_ids():
    """A request waits for what it depends on; integer ids come back as texts; each answer has headers."""
    seen = []

    async def serve(item):
        seen.append((item.method, item.target, item.raw))
        return Answer(200, {"ok": True})

    made = await answer_batch(
        incoming(
            {"id": 2, "method": "POST", "url": "groups", "body": {"a": 1}, "dependsOn": ["1"]},
            {"id": 1, "method": "get", "url": "/users?$top=1", "depends_on": []},
            {"id": 3, "method": "get", "url": "https://graph.microsoft.com/beta/me"},
        ),
        "beta",
        serve,
    )
    first, whole, second = seen
    assert (first, second) == (("GET", "/beta/users?$top=1", b""), ("POST", "/beta/groups", b'{"a": 1}'))
    assert whole == ("GET", "/beta/me", b""), "msgraph-core for Python sends whole addresses"
    assert [item["id"] for item in made.body["responses"]] == ["2", "1", "3"]
    assert all(item["status"] == 200 and "headers" in item for item in made.body["responses"])


async def test_a_request_behind_a_failed_one_is_not_sent():
    """424 for what depends on a failure, and for what depends on that."""

    async def serve(item):
        return Answer(404, {})

    made = await answer_batch(
        incoming(
            {"id": "a", "method": "GET", "url": "x"},
            {"id": "b", "method": "GET", "url": "x", "dependsOn": ["a"]},
            {"id": "c", "method": "GET", "url": "x", "dependsOn": ["b"]},
        ),
        "v1.0",
        serve,
    )
    assert [item["status"] for item in made.body["responses"]] == [404, 424, 424]


@pytest.mark.parametrize(
    "requests",
    [
        [],
        [{"id": str(n), "method": "GET", "url": "x"} for n in range(21)],
        [{"id": "A", "method": "GET", "url": "x"}, {"id": "a", "method": "GET", "url": "x"}],
        [{"id": "1", "method": "GET", "url": "/$batch"}],
        [{"id": "1", "method": "TRACE", "url": "x"}],
        [{"id": "1", "method": "GET"}],
        [{"method": "GET", "url": "x"}],
        [{"id": "1", "method": "GET", "url": "x", "dependsOn": ["2"]}],
        ["nonsense"],
    ],
)
def test_a_batch_that_does_not_hold_is_refused(requests):
    """Too few or many requests, double ids, nesting, unknown methods and dependencies are a 400."""
    with pytest.raises(BadRequest):
        read_items(json.dumps({"requests": requests}).encode())


async def test_a_circle_is_refused():
    """Two requests that wait for each other."""
    circle = incoming(
        {"id": "1", "method": "GET", "url": "x", "dependsOn": ["2"]},
        {"id": "2", "method": "GET", "url": "x", "dependsOn": ["1"]},
    )
    with pytest.raises(BadRequest):
        await answer_batch(circle, "beta", None)


async def test_a_dependency_is_named_in_any_case():
    """Ids are unique whatever their case, so that a dependency is found whatever its case."""
    seen = []

    async def serve(item):
        seen.append(item.target)
        return Answer(200, {})

    first, second = {"id": "one", "method": "GET", "url": "/a"}, {"id": "two", "method": "GET", "url": "/b"}
    made = await answer_batch(incoming({**second, "dependsOn": ["ONE"]}, first), "beta", serve)
    assert seen == ["/beta/a", "/beta/b"]
    assert [item["status"] for item in made.body["responses"]] == [200, 200]
