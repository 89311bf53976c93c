"""The estimate against the page's time rests on recorded installs, or says that it cannot say (P-10)."""

from __future__ import annotations

import pytest

from taxiway import management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.apps import durations
from taxiway.management.apps.estimate import Estimate, expect

pytestmark = pytest.mark.anyio


def test_p10_percentiles_come_with_their_count():
    """The middle of ten records and the ninth of ten, and how many they were."""
    app = expect("a", "App", [float(number) for number in range(1, 11)])
    assert (app.p50, app.p90, app.count, app.assumed) == (5.0, 9.0, 10, False)
    assert app.source == "10 recorded installs of this app"


@pytest.mark.parametrize("count", [0, 1, 4])
def test_p10_below_five_records_the_value_is_assumed(count):
    """It is labelled as such with its source, whatever the few records say."""
    app = expect("a", "App", [1.0] * count)
    assert app.assumed
    assert app.p90 > 1.0
    assert app.source == f"assumed by taxiway: {count} recorded, 5 are needed"


@pytest.mark.parametrize(
    ("seconds", "left", "verdict"),
    [([10.0] * 5, 60.0, "fits"), ([10.0] * 4 + [70.0], 60.0, "tight"), ([70.0] * 5, 60.0, "will time out")],
)
def test_p10_the_verdict_compares_with_what_is_left(seconds, left, verdict):
    """The unlucky case fits; only the middle one does; not even that."""
    assert Estimate((expect("a", "App", seconds),), left).verdict == verdict


def test_p10_a_verdict_on_assumed_values_cannot_say():
    """One app without records is enough, even when the assumed sum is far beyond the time."""
    known, unknown = expect("a", "A", [10.0] * 5), expect("b", "B", [])
    assert Estimate((known, unknown), 1.0).verdict == "cannot say"
    assert Estimate((known, unknown), 100_000.0).verdict == "cannot say"
    assert Estimate((), 1.0).verdict == "fits"


async def test_p10_an_install_is_recorded_from_the_order_to_the_first_word_of_it(pc, msi, everywhere, clock):
    """Twelve minutes between the session that ordered it and the one that found it there."""
    app_id = await msi("Tool", everywhere)
    pc.install = "50"
    await pc.session()
    clock.advance(720)
    pc.nodes = {uri: "70" if uri.endswith("/Status") else value for uri, value in pc.nodes.items()}
    await pc.session()
    assert await pc.read(lambda tx: durations.recorded(tx, app_id)) == [720.0]
    await pc.session()
    assert await pc.read(lambda tx: durations.recorded(tx, app_id)) == [720.0]
    await pc.write(lambda tx: management.delete_app(tx, app_id, principal=SYSTEM_PRINCIPAL))
    assert await pc.read(lambda tx: durations.recorded(tx, app_id)) == []


async def test_p10_p11_time_in_the_queue_is_not_counted_twice(pc, clock):
    """The second app's time begins where the first one's ended."""
    begin = clock.now()
    clock.advance(100)
    await pc.write(lambda tx: durations.record(tx, "first", pc.managed_id, begin))
    clock.advance(50)
    await pc.write(lambda tx: durations.record(tx, "second", pc.managed_id, begin))
    found = [await pc.read(lambda tx, app=app: durations.recorded(tx, app)) for app in ("first", "second")]
    assert found == [[100.0], [50.0]]
