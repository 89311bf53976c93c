"""IntuneCD as it comes from PyPI backs a tenant up and brings it back, through the proxy (02 section 10, C2)."""

from __future__ import annotations

import asyncio
import base64
import json
import re
import shutil
from pathlib import Path

import pytest

from clients import environment
from clients.intune import Intune
from clients.population import COMES_BACK, STAYS

_CLIENT = "IntuneCD"
_BACKUP, _UPDATE = "IntuneCD-startbackup", "IntuneCD-startupdate"
#: One module at a time: several at once trip over a folder that two of them make, and make a missing group twice.
_ALONE = ("--max-workers", "1")
_RESTORING = ("-u", "--create-groups", "--remove", *_ALONE)
#: What the tool writes of ids, which no client can bring back.
_IDS = re.compile(r'"(?:\w+@odata\.context|notificationTemplateId)": "[^"]*"')


@pytest.fixture(scope="module")
def start(request, tmp_path_factory):
    """The function that starts a server with a tenant that only knows the tool, on a kind of database."""
    environment.make()
    started = []
    with asyncio.Runner() as runner:

        def world(kind):
            database = "" if kind == "sqlite" else request.getfixturevalue("postgres").fresh_database()
            made = Intune(tmp_path_factory.mktemp(kind), database)
            runner.run(made.start())
            started.append(made)
            return made

        yield world
        for each in started:
            runner.run(each.stop())


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def intune(request, start):
    """A tenant with something of every kind, on its own server."""
    world = start(request.param)
    world.populate()
    return world


@pytest.fixture
def another(intune, start):
    """An empty tenant on a server of the same kind of database."""
    return start("postgresql" if intune.database else "sqlite")


def errors(said: str) -> list[str]:
    """What the tool calls an error."""
    return [line for line in said.splitlines() if "[ERROR]" in line or "Traceback" in line]


def tree(folder: Path) -> dict[str, str]:
    """Every file of a backup by its path, without the ids."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): _IDS.sub("", path.read_text("utf-8")) for path in files}


def update(world: Intune, folder: Path) -> tuple[int, str]:
    """How many differences an update found, and everything it said."""
    world.run(_UPDATE, folder, *_RESTORING, "--intunecdmonitor")
    summary = folder / "update_summary.json"
    found = json.loads(summary.read_text("utf-8"))
    summary.unlink()
    return found["diff_count"], base64.b64decode(found["feed"]).decode()


def test_a_tenant_is_backed_up_wiped_and_brought_back(intune, tmp_path, ledger):
    """An update from the backup restores all; a second one finds no difference; a second backup is the same."""
    first, second, tags = tmp_path / "first", tmp_path / "second", tmp_path / "tags"
    assert errors(intune.run(_BACKUP, first, *_ALONE)) == []
    everything = json.dumps(tree(first))
    assert [each for _, _, each, _ in (*STAYS, *COMES_BACK) if name_of(each) not in everything] == []
    ledger.note(_CLIENT, "`startbackup -m 1` of a populated tenant", "complete, no error")

    intune.wipe()
    # The tool reads the scope tags once, before it makes any: they come first, alone.
    shutil.copytree(first / "Scope Tags", tags / "Scope Tags")
    assert errors(intune.run(_UPDATE, tags, "-u")) == []
    assert errors(intune.run(_UPDATE, first, *_RESTORING)) == []
    ledger.note(_CLIENT, "`startupdate -u --create-groups --remove` after a wipe", "all is back, no error")

    intune.disturb()
    differences, said = update(intune, first)
    assert differences > len(COMES_BACK) / 2
    assert (errors(said), intune.disturbed()) == ([], [])
    ledger.note(_CLIENT, "`startupdate` after changes by hand", "changed back, what was added is removed")

    differences, said = update(intune, first)
    assert (differences, errors(said), "pdating" in said, "emoving" in said) == (0, [], False, False), said
    ledger.note(_CLIENT, "`startupdate` again", "no differences")

    assert errors(intune.run(_BACKUP, second, *_ALONE)) == []
    before, after = tree(first), tree(second)
    assert before.keys() == after.keys()
    assert {name: after[name] for name in after if after[name] != before[name]} == {}
    ledger.note(_CLIENT, "`startbackup` again", "identical to the first, but for ids that the tool writes down")
    assert '"event": "refused"' not in intune.refusals.read_text("utf-8")


def test_a_backup_becomes_another_tenant_whose_own_backup_is_the_same(intune, another, tmp_path, ledger):
    """``taxiway tenant load`` makes all of it; nothing is refused, and the backups differ in ids alone."""
    first, second = tmp_path / "first", tmp_path / "second"
    assert errors(intune.run(_BACKUP, first, *_ALONE)) == []
    report = another.load(first)
    assert report["refused"] == []
    assert [note for note in report["notes"] if "template 'Baseline'" not in note] == []
    assert report["opaque"] != {}
    assert errors(another.run(_BACKUP, second, *_ALONE)) == []
    before, after = tree(first), tree(second)
    assert before.keys() == after.keys()
    # Templates are Microsoft's: an intent names its own by an id that every tenant has for itself here.
    template = re.compile(r'"templateId": "[^"]*"')
    differ = [name for name in after if after[name] != before[name]]
    assert [name for name in differ if template.sub("", after[name]) != template.sub("", before[name])] == []
    assert all(name.startswith("Management Intents/") for name in differ)
    ledger.note(_CLIENT, "`startbackup` of a tenant that `taxiway tenant load` made", "identical, but for ids")


def name_of(body: dict) -> str:
    """What an object is called."""
    return body.get("displayName") or body["name"]
