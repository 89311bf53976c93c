"""A partner at Partner Center's addresses: a token by client credentials, an upload, its results (06 section 2.5)."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx

from taxiway.rehearsal.errors import RehearsalError
from taxiway.wire import partner_csv


async def upload_file(
    origin: str, ca_file: Path, tenant: str, client: tuple[str, str], batch: str, content: bytes
) -> list[dict[str, Any]]:
    """Upload a CSV as one batch; for each row its line and what became of it."""
    rows = partner_csv.read(content)
    trusted = ssl.create_default_context(cafile=str(ca_file))
    async with httpx.AsyncClient(base_url=origin, verify=trusted, trust_env=False, timeout=60) as http:
        form = {
            "grant_type": "client_credentials",
            "client_id": client[0],
            "client_secret": client[1],
            "scope": "https://graph.microsoft.com/.default",
        }
        token = _read(await http.post(f"/{tenant}/oauth2/v2.0/token", data=form))["access_token"]
        http.headers["authorization"] = f"Bearer {token}"
        body = {"BatchId": batch, "Devices": [row.members for row in rows]}
        answer = await http.post(f"/v1/customers/{tenant}/deviceBatches", json=body)
        _read(answer)
        job = _read(await http.get(f"/v1{answer.headers['location']}"))
    return [{"line": row.line, **result} for row, result in zip(rows, job["devicesStatus"], strict=True)]


def _read(answer: httpx.Response) -> dict[str, Any]:
    content: dict[str, Any] = answer.json() if answer.content else {}
    if answer.status_code >= 400:
        text = content.get("description") or content.get("error_description") or f"HTTP {answer.status_code}"
        raise RehearsalError(f"The upload was refused: {str(text).splitlines()[0]}")
    return content
