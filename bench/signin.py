"""Sign-in per core of the server, beside the cryptography that it cannot avoid."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from bench import floor
from bench.deployment import cpu_of
from bench.wire import Wire, load
from taxiway import app
from taxiway.kernel import SystemClock, SystemEntropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.server import Addresses, LocalServer

CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
SCOPE = "https://graph.microsoft.com/.default offline_access"
PASSWORD = "Only-for-this-1-run"
CONNECTIONS = 32


async def measure(folder: Path) -> dict[str, float]:
    """Operations per CPU second of the server, and what part of the ceiling of the same run that is."""
    async with LocalServer(folder / "server") as server:
        addresses = await server.start()
        files = app.Files(folder / "server")
        costs = floor.unit_costs(files.chain, files.key)
        run = _Run(addresses, server.pid)
        await run.prepare()
        argon, rs256 = 1 / costs["argon2id verify"], 1 / costs["RS256 sign"]
        passwords = await run.per_core(run.password, each=8)
        refreshes = await run.per_core(run.refresh, each=60)
        applications = await run.per_core(run.client_credentials, each=60)
        return {
            "signin.argon2id_ceiling_per_s": argon,
            "signin.rs256_ceiling_per_s": rs256,
            "signin.passwords_per_core_s": passwords,
            "signin.passwords_of_ceiling": passwords / argon,
            "signin.refreshes_per_core_s": refreshes,
            "signin.refreshes_of_ceiling": refreshes / rs256,
            "signin.client_credentials_per_core_s": applications,
            "signin.client_credentials_of_ceiling": applications / rs256,
            "signin.metadata_per_core_s": await run.per_core(run.metadata, each=400),
            "signin.keys_per_core_s": await run.per_core(run.keys, each=400),
        }


@dataclass(slots=True)
class _Run:
    """A tenant whose administrator signs in by password, and an application with a secret."""

    server: Addresses
    pid: int
    tenant: str = ""
    application: dict[str, str] = field(default_factory=dict)
    refresh_tokens: dict[int, str] = field(default_factory=dict)

    async def prepare(self) -> None:
        """Switch the password grant on, register an application, sign in once on each connection."""
        async with Administrator(
            origin=self.server.people,
            ca_file=self.server.ca_file,
            upn=self.server.administrator,
            password=self.server.one_time_password,
            new_password=PASSWORD,
            clock=SystemClock(),
            entropy=SystemEntropy(),
        ) as admin:
            self.tenant = (await admin.get("/v1.0/organization"))["value"][0]["id"]
            await admin.call("PATCH", "/taxiway/signin-policy", {"ropc_enabled": True})
            made = await admin.call("POST", "/v1.0/applications", {"displayName": "Bench"})
            await admin.call("POST", "/v1.0/servicePrincipals", {"appId": made["appId"]})
            secret = await admin.call("POST", f"/v1.0/applications/{made['id']}/addPassword", {})
            self.application = {"client_id": made["appId"], "client_secret": secret["secretText"]}
        await self._load(self._sign_in, 1)

    async def per_core(self, do: Callable[[Wire, int], Awaitable[None]], *, each: int) -> float:
        """Operations per CPU second of the server, all its threads."""
        await self._load(do, max(each // 10, 1))  # caches and connections are warm then
        before = cpu_of(self.pid)
        await self._load(do, each)
        return CONNECTIONS * each / (cpu_of(self.pid) - before)

    async def password(self, wire: Wire, _number: int) -> None:
        """The password grant."""
        await self._tokens(wire, {**self._person, "scope": "https://graph.microsoft.com/.default"})

    async def refresh(self, wire: Wire, number: int) -> None:
        """A refresh token, rotated; without an id_token, so with one signature."""
        form = {"client_id": CLI, "grant_type": "refresh_token", "refresh_token": self.refresh_tokens[number]}
        self.refresh_tokens[number] = (await self._tokens(wire, {**form, "scope": SCOPE}))["refresh_token"]

    async def client_credentials(self, wire: Wire, _number: int) -> None:
        """An application by its secret."""
        form = {**self.application, "grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
        await self._tokens(wire, form)

    async def metadata(self, wire: Wire, _number: int) -> None:
        """Provider metadata."""
        await self._get(wire, f"/{self.tenant}/v2.0/.well-known/openid-configuration")

    async def keys(self, wire: Wire, _number: int) -> None:
        """The key set."""
        await self._get(wire, f"/{self.tenant}/discovery/v2.0/keys")

    @property
    def _person(self) -> dict[str, str]:
        return {
            "client_id": CLI,
            "grant_type": "password",
            "username": self.server.administrator,
            "password": PASSWORD,
        }

    async def _sign_in(self, wire: Wire, number: int) -> None:
        self.refresh_tokens[number] = (await self._tokens(wire, {**self._person, "scope": SCOPE}))["refresh_token"]

    async def _tokens(self, wire: Wire, form: dict[str, str]) -> dict[str, str]:
        status, body = await wire.post(f"/{self.tenant}/oauth2/v2.0/token", form)
        if status != 200:
            raise SystemExit(f"bench: the token endpoint answered {status}: {body.decode()}")
        tokens: dict[str, str] = json.loads(body)
        return tokens

    async def _get(self, wire: Wire, path: str) -> None:
        status, _ = await wire.get(path)
        if status != 200:
            raise SystemExit(f"bench: {path} answered {status}")

    async def _load(self, do: Callable[[Wire, int], Awaitable[None]], each: int) -> None:
        await load(self.server.people, self.server.ca_file, connections=CONNECTIONS, each=each, do=do)
