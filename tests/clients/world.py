"""A server process with people and applications in it, and the proxy that leads clients to it and nowhere else."""

from __future__ import annotations

import base64
import json
import os
import ssl
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import httpx

from clients import environment, keys, tenant
from clients.tenant import PASSWORD, upn
from taxiway.kernel import SystemClock, SystemEntropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.server import Addresses, LocalServer, free_port

#: Host names of our own; the proxy leads them, as Microsoft's, to the server.
_LOGIN, _GRAPH_NAME = "login.contoso.example", "graph.contoso.example"
MICROSOFT = "login.microsoftonline.com"
AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
ADMIN_PASSWORD = "A-new-one-2-remember"
SCRIPTS = Path(__file__).parent / "scripts"
#: Ada signs in; a policy wants a second factor of Mia; Hana gets one; a test locks the account named like its client.
_PEOPLE = ("ada", "mia", "hana", "nick", "msal", "azure", "node", "roadtx")
_GUESSES = 10
_SWITCHES = ("ropc_enabled", "broker_device_code", "seeded_without_challenge")


@dataclass(slots=True)
class World:
    """Everything a client needs to know, and the way to run one."""

    folder: Path
    database: str = ""
    #: Our own host for sign-in as an authority has it, with the port.
    login: str = ""
    #: Our own host for Graph, likewise.
    graph_host: str = ""
    tenant: str = ""
    service: tenant.Application | None = None
    program: str = ""
    key: keys.Credential | None = None
    proxy: str = ""
    _server: LocalServer | None = None
    _proxying: subprocess.Popen | None = None
    _ca: Path | None = None

    # ------------------------------------------------------------------------------------------ up and down

    async def start(self) -> None:
        """Server, proxy, people and applications."""
        data = self.folder / "server"
        data.mkdir(mode=0o700, parents=True)
        port = free_port()
        names = f'[names]\nport = {port}\nmicrosoft = true\nlogin = "{_LOGIN}"\ngraph = "{_GRAPH_NAME}"\n'
        self.login, self.graph_host = f"{_LOGIN}:{port}", f"{_GRAPH_NAME}:{port}"
        (data / "taxiway.toml").write_text(names, "utf-8")
        self._server = LocalServer(data, database=self.database)
        addresses = await self._server.start()
        self._start_proxy(data, addresses)
        self.key = keys.make(self.folder)
        async with _administrator(addresses) as admin:
            await self._fill(admin)

    def _start_proxy(self, data: Path, addresses: Addresses) -> None:
        with self.refusals.open("wb") as log:
            self._proxying = subprocess.Popen(
                [sys.executable, "-m", "taxiway", "proxy", "--data", data, "--port", "0", "--json"],
                stdout=subprocess.PIPE,
                stderr=log,
            )
        said = json.loads(self._proxying.stdout.readline())
        self.proxy, self._ca = said["proxy"], self.folder / "both.pem"
        self._ca.write_bytes(addresses.ca_file.read_bytes() + Path(said["ca_file"]).read_bytes())

    @property
    def ca(self) -> Path:
        """The file of the roots that clients trust."""
        assert self._ca is not None
        return self._ca

    @property
    def refusals(self) -> Path:
        """What the proxy wrote of the hosts it refused."""
        return self.folder / "proxy.log"

    async def stop(self) -> None:
        """End both processes."""
        if self._proxying is not None:
            self._proxying.terminate()
            self._proxying.wait()
        if self._server is not None:
            await self._server.stop()

    async def _fill(self, admin: Administrator) -> None:
        self.tenant = (await admin.values("/v1.0/organization"))[0]["id"]
        await admin.call("PATCH", "/taxiway/signin-policy", dict.fromkeys(_SWITCHES, True))
        for name in _PEOPLE:
            user = await tenant.make_user(admin, name)
            if name == "mia":
                await tenant.require_mfa(admin, user)
        self.service = await tenant.make_service(admin, self.key)
        self.program = await tenant.make_program(admin, self.service)

    # ------------------------------------------------------------------------------------------ running clients

    def environment(self, person: str = "ada") -> dict[str, str]:
        """The environment of a client: the proxy is its only way out, and a person sits at the browser."""
        browser = f"{environment.PYTHON} {SCRIPTS / 'browser.py'} %s &"
        return {
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "HTTPS_PROXY": self.proxy,
            "HTTP_PROXY": self.proxy,
            "REQUESTS_CA_BUNDLE": str(self._ca),
            "SSL_CERT_FILE": str(self._ca),
            "NODE_EXTRA_CA_CERTS": str(self._ca),
            "NODE_USE_ENV_PROXY": "1",
            "CLIENT_MODULES": str(environment.NODE_FOLDER),
            "BROWSER": browser,
            "PERSON_NAME": upn(person),
            "PERSON_PASSWORD": PASSWORD,
        }

    def lock(self, person: str) -> None:
        """Guess a password until the account is locked, through the proxy like everybody."""
        with self.http() as client:
            for _ in range(_GUESSES):
                assert "access_token" not in self._by_password(client, person, "a guess")

    def graph(self, method: str, path: str, body: dict | None = None) -> dict:
        """One call of Graph by the administrator."""
        with self.http() as client:
            token = self._by_password(client, "admin", ADMIN_PASSWORD)["access_token"]
            address = f"https://graph.microsoft.com{path}"
            answer = client.request(method, address, json=body, headers={"authorization": f"Bearer {token}"})
        assert answer.is_success, answer.text
        return answer.json() if answer.content else {}

    def http(self) -> httpx.Client:
        """A client of our own that goes the same way."""
        return httpx.Client(proxy=self.proxy, verify=ssl.create_default_context(cafile=self._ca), timeout=30)

    def _by_password(self, client: httpx.Client, person: str, password: str) -> dict:
        form = {
            "grant_type": "password",
            "client_id": AZURE_CLI,
            "scope": "https://graph.microsoft.com/.default",
            "username": upn(person),
            "password": password,
        }
        return client.post(f"https://{self.login}/organizations/oauth2/v2.0/token", data=form).json()

    def call(self, script: str, call: str, /, *, person: str = "ada", **given) -> dict:
        """One call of a driver script, as a process of its own; what it printed."""
        program = environment.node() if script.endswith(".mjs") else environment.PYTHON
        done = subprocess.run(
            [program, SCRIPTS / script],
            input=json.dumps({"call": call, **given}),
            env=self.environment(person),
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        lines = done.stdout.splitlines()
        assert done.returncode == 0, done.stderr or done.stdout
        assert lines, done.stderr
        return json.loads(lines[-1])


def token_of(found: dict) -> dict:
    """The claims of the token that a call got."""
    assert "token" in found, found
    return found["token"]


def claims_of(token: str) -> dict:
    """The claims of a JWT, without a check."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def _administrator(addresses: Addresses) -> Administrator:
    return Administrator(
        origin=addresses.people,
        ca_file=addresses.ca_file,
        upn=addresses.administrator,
        password=addresses.one_time_password,
        new_password=ADMIN_PASSWORD,
        clock=SystemClock(),
        entropy=SystemEntropy(),
    )
