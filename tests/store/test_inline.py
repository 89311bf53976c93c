"""The store without threads, for one event loop on a clock of its own."""

from taxiway import directory
from taxiway.app import followers
from taxiway.kernel import ManualClock, SeededEntropy
from taxiway.store import KeyRing, Store, entries, metadata, open_engine

TENANT = "11111111-2222-4333-8444-555555555555"


async def _recorded(folder, seed):
    """What a small tenant's log says after some work under a seed."""
    engine = open_engine(f"sqlite:///{folder}/seeded.db", synchronous="OFF")
    metadata.create_all(engine)
    entropy = SeededEntropy(seed)
    ring = KeyRing.open(folder / "ring.json", entropy)
    store = Store(engine, clock=ManualClock(), entropy=entropy, ring=ring, followers=followers(), inline=True)

    def work(tx):
        directory.create_tenant(tx, display_name="Contoso", domain="contoso.example")
        user = directory.create_user(
            tx, principal=directory.SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada"
        )
        group = directory.create_group(tx, principal=directory.SYSTEM_PRINCIPAL, display_name="Pilots")
        directory.add_member(tx, group["id"], "user", user["id"])

    await store.write(TENANT, work, correlation="c1")
    found = await store.read(TENANT, entries)
    store.close()
    return found


async def test_a_seed_replays_the_log(tmp_path):
    """The same seed on the same clock gives the same entries, ids included; another seed gives other ids."""
    runs = []
    for number, seed in enumerate(("one", "one", "two")):
        folder = tmp_path / str(number)
        folder.mkdir()
        runs.append(await _recorded(folder, seed))
    assert len(runs[0]) > 4
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
