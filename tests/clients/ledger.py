"""The table in docs/conformance.md: what the clients' runs said."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from importlib.metadata import distributions

from clients import environment

FILE = environment.ROOT / "docs" / "conformance.md"

_HEAD = """# Clients that others wrote

Written by the tests in `tests/clients`, which run each client as it comes from PyPI or npm, in an environment of its
own, against a server process on loopback; do not edit it by hand. A run that finds something else rewrites it and
fails.

How it is known: *run* - the unmodified client did this in the test run; *replayed* - the requests that
its published source makes were sent as bytes; *from source only* - concluded from the requests in its published
source, and never seen here.

| Client | Version | Call | Result | Known |
|---|---|---|---|---|
"""

#: Name of the package, how it is written here.
RUN = {
    "msal": "msal (Python)",
    "azure-identity": "azure-identity",
    "@azure/msal-node": "@azure/msal-node",
    "Authlib": "Authlib",
    "roadtx": "roadtx",
    "msgraph-sdk": "msgraph-sdk (v1.0)",
    "msgraph-beta-sdk": "msgraph-beta-sdk",
    "IntuneCD": "IntuneCD",
}

#: Clients whose requests are sent again as their published source makes them (02 section 10): what ran nowhere here.
REPLAYED = (
    "WindowsAutopilotInfo, community edition",
    "IntuneManagement",
    "IntuneWin32App",
    "powershell-intune-samples",
    "AutopilotMonitor",
    "terraform-provider-microsoft365",
)

#: Client, call, what its source lets expect (03 sections 11.2, 11.4 and 11.5): versions there, none is installed.
FROM_SOURCE = (
    ("himmelblau", "sign-in by `$Config`, join, PRT, tokens", "expected to work with `allow_kdf_v1`"),
    ("AADInternals (PowerShell)", "password, device code, join, PRT, delete", "expected to work with `allow_kdf_v1`"),
    (
        "AADInternals (PowerShell)",
        "changes to a device at `graph.windows.net`",
        "refused: that API is not served",
    ),
    ("pytune", "password, join, PRT, tokens for enrollment, delete", "expected to work"),
)


@dataclass(slots=True)
class Ledger:
    """The rows of this run; a call that is made twice has to end alike."""

    rows: dict[tuple[str, str], str] = field(default_factory=dict)

    def note(self, client: str, call: str, result: str) -> None:
        """One row."""
        assert client in RUN or client in REPLAYED, client
        before = self.rows.setdefault((client, call), result)
        assert before == result, f"{client}, {call}: '{before}' before, '{result}' now"

    def render(self) -> str:
        """The page."""
        order = [*RUN, *REPLAYED]
        rows = sorted(self.rows.items(), key=lambda row: order.index(row[0][0]))
        run = [_row(client, call, result) for (client, call), result in rows]
        read = [f"| {client} | | {call} | {result} | *from source only* |\n" for client, call, result in FROM_SOURCE]
        return _HEAD + "".join(run + read)


def _row(client: str, call: str, result: str) -> str:
    if client in REPLAYED:
        return f"| {client} | | {call} | {result} | *replayed* |\n"
    return f"| {RUN[client]} | {version(client)} | {call} | {result} | *run* |\n"


def version(client: str) -> str:
    """Of what is installed."""
    if client.startswith("@"):
        return str(
            json.loads((environment.NODE_FOLDER / "node_modules" / client / "package.json").read_text("utf-8"))[
                "version"
            ]
        )
    [found] = [d for d in distributions(path=[str(environment.packages())]) if d.name.lower() == client.lower()]
    return found.version
