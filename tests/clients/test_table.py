"""docs/conformance.md is what the clients did in this run, and they spoke with nobody else."""

from __future__ import annotations

import json

import httpx
import pytest

from clients.ledger import FILE, REPLAYED, RUN


def test_no_client_asked_for_another_host(worlds):
    """Everything a client sends goes by the proxy, which knows our names and Microsoft's: it refused none of it."""
    if not worlds.made:
        pytest.skip("No client ran.")
    for world in worlds.made.values():
        with pytest.raises(httpx.ProxyError, match="403"), world.http() as client:
            client.get("https://www.example.com/")
        lines = [json.loads(line) for line in world.refusals.read_text("utf-8").splitlines()]
        assert [line["target"] for line in lines if line["event"] == "refused"] == ["www.example.com:443"]


def test_the_committed_table_is_what_this_run_found(ledger, complete):
    """When it differs it is written anew."""
    if not complete or {client for client, _ in ledger.rows} != {*RUN, *REPLAYED}:
        pytest.skip("The table takes a run of all client tests in which they pass.")
    found = ledger.render()
    before = FILE.read_text("utf-8") if FILE.exists() else ""
    if found != before:
        FILE.write_text(found, "utf-8")
    assert found == before, "docs/conformance.md has been written anew from this run: read it and commit it."
