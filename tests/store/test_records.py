"""A row becomes JSON as it becomes a dict."""

from datetime import UTC, datetime

import msgspec
import pytest

from taxiway.store import Entity, Prop, Records, Repository

pytestmark = pytest.mark.anyio

SHOWN = Entity(
    "test_shown",
    [
        Prop("name", column=True),
        Prop("ready", "bool", column=True, default=False),
        Prop("labels", "strings", column=True, default=["none"]),
        Prop("at", "datetime", column=True, sortable=True),
        Prop("seen_at", "datetime"),
        Prop("size", "float", default=1.5),
        Prop("tags", "strings", default=["0"]),
        Prop("more", "json"),
        Prop("pin", secret=True),
    ],
)
ROWS = Repository(SHOWN)
NAMES = {"id": "id", "size": "theSize"} | {name: name for name in ("name", "ready", "labels", "at", "seen_at", "tags")}


async def test_a_row_is_the_same_as_json_and_as_a_dict(store):
    """Defaults, nulls and every type; only what was asked for, under the names that were asked for."""
    at = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)
    whole = {"name": "a", "ready": True, "labels": ["x"], "at": at, "seen_at": at, "size": 2.0, "tags": [], "pin": "1"}

    def fill(tx):
        ROWS.insert(tx, {**whole, "more": {"not": "asked for"}})
        ROWS.insert(tx, {"name": "b"})
        ROWS.update(tx, ROWS.insert(tx, {**whole, "name": "c"})["id"], dict.fromkeys([*whole, "more"]))

    await store.write("a", fill)
    records = Records(SHOWN, NAMES, {"seen_at": "never"}, {"kind": []})
    order = [("name", False)]
    made = await store.read("a", lambda tx: ROWS.page_as_json(tx, None, records, order=order))
    rows = await store.read("a", lambda tx: ROWS.page(tx, order=order).rows)
    shown = [msgspec.json.decode(row) for row in made.rows]
    assert [row["seen_at"] for row in shown] == ["never", "2026-01-02T03:04:05.6Z", "never"]
    for row, item in zip(rows, shown, strict=True):
        moments = {"at": row["at"] and "2026-01-02T03:04:05.6Z", "seen_at": item["seen_at"]}
        assert item == {shown: row[name] for name, shown in NAMES.items()} | moments | {"kind": []}


def test_no_record_has_a_secret():
    """It stands in the document, sealed, and that is where it stays."""
    with pytest.raises(ValueError, match="secret"):
        Records(SHOWN, {"id": "id", "pin": "pin"})


async def test_pages_as_json_end_where_pages_end(store):
    """The same token leads on from both, also in the order of a moment or of a yes and no."""

    def fill(tx):
        for number in range(5):
            at = None if number == 2 else datetime(2026, 1, 1, 0, 0, number % 2, tzinfo=UTC)
            ROWS.insert(tx, {"name": f"{number}", "ready": number % 2 == 0, "at": at})

    await store.write("a", fill)
    records = Records(SHOWN, {"id": "id"})

    def both(tx, order, after):
        asked = {"order": order, "limit": 2, "after": after}
        page, made = ROWS.page(tx, **asked), ROWS.page_as_json(tx, None, records, **asked)
        assert [row["id"] for row in page.rows] == [msgspec.json.decode(row)["id"] for row in made.rows]
        assert page.after == made.after
        return page

    for order in ([], [("at", True)], [("ready", False), ("at", False)]):
        found, after = [], None
        while after is not None or not found:
            page = await store.read("a", lambda tx, order=order, after=after: both(tx, order, after))
            found, after = found + [row["id"] for row in page.rows], page.after
        assert len(set(found)) == len(found) == 5
