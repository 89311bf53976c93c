"""Graph over an in-process transport."""

from __future__ import annotations

import httpx
import pytest

from support.graph_client import Graph, mint, person
from taxiway import directory
from taxiway.doors import Door
from taxiway.graph import http


@pytest.fixture
async def client(rt):
    door = Door(http.routes(rt), rt.entropy)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(door, raise_app_exceptions=False), base_url="https://localhost:8443"
    ) as made:
        yield made


@pytest.fixture
async def graph(rt, tenant, client):
    """A Global Administrator of contoso.example."""
    admin = await person(rt, tenant, "root", directory.GLOBAL_ADMINISTRATOR)
    return Graph(rt, client, await mint(rt, tenant, admin["id"]))
