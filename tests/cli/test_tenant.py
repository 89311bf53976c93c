"""The command that builds a tenant from files: what it says before it signs in."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from taxiway.cli.tenant import app


@pytest.mark.parametrize("option", ["--users", "--devices", "--members"])
def test_a_file_that_is_not_there_is_named(tmp_path, option):
    result = CliRunner().invoke(app, ["load", str(tmp_path), option, "people.csv"], standalone_mode=False)
    assert f"'{option}': file 'people.csv' does not exist" in result.exception.format_message()
