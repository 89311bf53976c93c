"""A server process with a tenant that IntuneCD backs up and restores, and the tool itself as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from clients import environment
from clients.population import COMES_BACK, MEMBERS, STAYS, TYPE
from clients.tenant import make_reader
from clients.world import ADMIN_PASSWORD, MICROSOFT, World
from taxiway.rehearsal.administrator import Administrator

_ROLES = (
    "DeviceManagementApps.ReadWrite.All",
    "DeviceManagementConfiguration.ReadWrite.All",
    "DeviceManagementManagedDevices.Read.All",
    "DeviceManagementServiceConfig.ReadWrite.All",
    "DeviceManagementRBAC.ReadWrite.All",
    "Group.ReadWrite.All",
    "Policy.Read.All",
    "Policy.ReadWrite.ConditionalAccess",
)


BY_HAND, EXTRA = "Changed by hand", "Extra"
#: What the tool only makes and changes, and never deletes.
_NEVER_DELETED = ("pilot", "kiosk", "filter", "access")
#: Of an intent it changes the settings alone, and of a group nothing.
_NEVER_CHANGED = ("pilot", "kiosk", "intent")


def _collection(address: str) -> str:
    """Where objects are listed and deleted that were made at an address."""
    return "/beta/deviceManagement/intents" if address.endswith("createInstance") else address


def _title(body: dict) -> str:
    return "displayName" if "displayName" in body else "name"


@dataclass(slots=True)
class Intune(World):
    """The world of the tool: an application with Graph's permissions, and what it made."""

    client: str = ""
    secret: str = ""
    ids: dict | None = None
    _token: str = ""

    async def _fill(self, admin: Administrator) -> None:
        self.tenant = (await admin.values("/v1.0/organization"))[0]["id"]
        made = await make_reader(admin, *_ROLES, name="IntuneCD")
        self.client, self.secret = made.id, made.secret

    # ------------------------------------------------------------------------------------------ the tenant

    def token(self) -> str:
        """The application's own token for Graph, as the tool gets it."""
        if not self._token:
            form = {
                "grant_type": "client_credentials",
                "client_id": self.client,
                "client_secret": self.secret,
                "scope": "https://graph.microsoft.com/.default",
            }
            with self.http() as client:
                answer = client.post(f"https://{MICROSOFT}/{self.tenant}/oauth2/v2.0/token", data=form)
            self._token = answer.json()["access_token"]
        return self._token

    def populate(self) -> None:
        """Everything, with its assignments; ``ids`` has their ids by name."""
        self.ids = {}
        with self.http() as client:
            for name, address, body, assignments in (*STAYS, *COMES_BACK):
                made = self._send(client, "POST", self._resolved(address), self._resolved(body))
                self.ids[name] = made["id"]
                if assignments:
                    self._assign(client, address, made["id"], assignments)

    def load(self, backup: Path) -> dict:
        """Take a backup in with the program's own command; its report."""
        done = subprocess.run(
            [sys.executable, "-m", "taxiway", "tenant", "load", backup, "--data", self.folder / "server", "--json"],
            env=os.environ | {"TAXIWAY_ADMIN_PASSWORD": ADMIN_PASSWORD},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    def wipe(self) -> None:
        """Delete what the tool brings back, the last first."""
        with self.http() as client:
            for name, address, _, _ in reversed(COMES_BACK):
                where = _collection(address)
                if name == "profile":  # one that is assigned cannot be deleted
                    self._send(client, "DELETE", f"{where}/{self.ids[name]}/assignments")
                self._send(client, "DELETE", f"{where}/{self.ids[name]}")

    def disturb(self) -> None:
        """Change what the backup says by hand, and add what it does not say."""
        self.ids |= {name: self._found(address, body)["id"] for name, address, body, _ in COMES_BACK}
        with self.http() as client:
            for name, address, body, _ in COMES_BACK:
                if "description" in body and name not in _NEVER_CHANGED:
                    at = f"{_collection(address)}/{self.ids[name]}"
                    self._send(client, "PATCH", at, {TYPE: body.get(TYPE), "description": BY_HAND})
                if name not in _NEVER_DELETED:
                    extra = {**body, _title(body): f"{EXTRA} {body[_title(body)]}"}
                    self._send(client, "POST", self._resolved(address), self._resolved(extra))

    def disturbed(self) -> list[str]:
        """What is still as it was disturbed."""
        found = []
        for address in sorted({_collection(address) for _, address, _, _ in COMES_BACK}):
            rows = [(one.get(_title(one)), one.get("description")) for one in self.listed(address)]
            found += [name for name, said in rows if said == BY_HAND or name.startswith(EXTRA)]
        return found

    def _found(self, address: str, body: dict) -> dict:
        name = body[_title(body)]
        [found] = [one for one in self.listed(_collection(address)) if one.get(_title(one)) == name]
        return found

    def listed(self, address: str) -> list[dict]:
        """A collection as it is now."""
        with self.http() as client:
            return self._send(client, "GET", address)["value"]

    def _assign(self, client, address: str, made: str, assignments: list) -> None:
        where = _collection(address)
        wanted = self._resolved(assignments)
        if where.endswith("windowsAutopilotDeploymentProfiles"):
            for one in wanted:
                self._send(client, "POST", f"{where}/{made}/assignments", one)
            return
        member = MEMBERS.get(where.rpartition("/")[2], "assignments")
        self._send(client, "POST", f"{where}/{made}/assign", {member: wanted})

    def _resolved(self, body):
        text = json.dumps(body)
        for name, made in self.ids.items():
            text = text.replace(f"<{name}>", made)
        return json.loads(text)

    def _send(self, client, method: str, address: str, body: dict | None = None) -> dict:
        answer = client.request(
            method,
            f"https://graph.microsoft.com{address}",
            json=body,
            headers={"authorization": f"Bearer {self.token()}"},
        )
        assert answer.is_success, f"{method} {address}: {answer.text}"
        return answer.json() if answer.content else {}

    # ------------------------------------------------------------------------------------------ the tool

    def run(self, command: str, folder: Path, *arguments: str) -> str:
        """One command of IntuneCD on a folder; everything it printed."""
        folder.mkdir(parents=True, exist_ok=True)
        credentials = {"TENANT_NAME": self.tenant, "CLIENT_ID": self.client, "CLIENT_SECRET": self.secret}
        done = subprocess.run(
            [environment.PYTHON.with_name(command), "-m", "1", "-p", str(folder), *arguments],
            env={**self.environment(), **credentials, "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.defpath},
            cwd=folder.parent,
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, said
        return said
