"""``taxiway csp``: what an administrator imports is known to the commands and to the server."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from taxiway import app as server
from taxiway.cli.main import app
from taxiway.management import definitions
from taxiway.wire import csp
from wire.test_ddf import allowed, document, leaf, zipped

TILES = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowTiles"


@pytest.fixture(autouse=True)
def table():
    """Each test leaves the table as the file has it."""
    yield
    csp.reset()


@pytest.fixture
def archive(tmp_path):
    """An archive with one policy that taxiway does not come with."""
    policy = document(
        leaf("AllowTiles", more=allowed("ENUM", "0", "1")), name="Experience", path=TILES[: TILES.index("/Experience")]
    )
    path = tmp_path / "ddf.zip"
    path.write_bytes(zipped(Experience=policy))
    return path


def test_an_import_is_kept_in_the_data_folder_and_read_at_the_next_start(archive, tmp_path):
    """The command says what it found; after a restart the node is known, and a definition of the catalogue too."""
    data = tmp_path / "data"
    told = CliRunner().invoke(app, ["csp", "import", str(archive), "--data", str(data), "--json"])
    assert told.exit_code == 0, told.output
    assert {"files": 1, "nodes": 2}.items() <= json.loads(told.output).items()
    assert (data / "csp_facts.json").stat().st_mode & 0o077 == 0
    csp.reset()
    assert csp.lookup(TILES).format == "any"
    server.load_facts(server.Files(data))
    assert csp.lookup(TILES).values == ("0", "1")
    assert "device_vendor_msft_policy_config_experience_allowtiles" in definitions()


def test_a_node_is_shown_or_the_nearest_named(archive, tmp_path):
    """Exit status 1 where it is not known."""
    data = str(tmp_path / "data")
    CliRunner().invoke(app, ["csp", "import", str(archive), "--data", data])
    csp.reset()
    shown = CliRunner().invoke(app, ["csp", "show", TILES, "--data", data])
    assert (shown.exit_code, "ADGR" in shown.output) == (0, True)
    slip = "./Device/Vendor/MSFT/BitLocker/RequireDeviceEncription"
    told = CliRunner().invoke(app, ["csp", "show", slip, "--data", data, "--json"])
    assert told.exit_code == 1
    assert json.loads(told.output)["nearest"].endswith("/RequireDeviceEncryption")


def test_a_file_that_is_no_archive_is_a_sentence(tmp_path):
    """The error names the file and leaves nothing behind."""
    bad = tmp_path / "bad.zip"
    bad.write_bytes(zipped(Wrong=b"<x>"))
    told = CliRunner().invoke(app, ["csp", "import", str(bad), "--data", str(tmp_path / "data")])
    assert "Wrong.xml" in str(told.exception)
    assert not (tmp_path / "data").exists()
