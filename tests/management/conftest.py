"""An enrolled device as rows, a small PC that answers its sessions, and assignments."""

from __future__ import annotations

import hashlib
import inspect
import itertools

import pytest

from management.uris import PAGE
from taxiway import directory, management
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.enrollment import ENROLLMENTS, MANAGED
from taxiway.management.session.message import Incoming, handle
from taxiway.store import entries
from taxiway.wire.syncml import (
    AAD_USER_TOKEN,
    LOGIN_STATUS,
    Alert,
    CmdIds,
    Command,
    Group,
    Header,
    Item,
    Message,
    Results,
    Status,
    parse_message,
    render_message,
)

MSI_CODE = "{11111111-2222-3333-4444-555555555555}"


class Pc:
    """Answers commands as a PC does: keeps values, runs installers, refuses what it is told to refuse."""

    def __init__(self, rt, tenant, managed_id):
        self.rt, self.tenant, self.managed_id = rt, tenant, managed_id
        self.nodes = {"./DevDetail/SwV": "10.0.26100.1742"}
        self.refuse = {}
        self.install = "70"
        self.heard = []
        self.user_id = None
        self._sessions = itertools.count(1)

    async def post(self, message):
        """Send one message; the parsed answer and its bytes."""
        body = render_message(message)
        incoming = Incoming(
            managed_id=self.managed_id,
            message=parse_message(body),
            body_hash=hashlib.sha256(body).hexdigest(),
            user_id=self.user_id,
            address="https://localhost:8444/ManagementServer/MDM.svc",
            content_origin="https://localhost:8444",
        )
        answer = await self.rt.store.write(self.tenant, lambda tx: handle(tx, incoming))
        return parse_message(answer), answer

    def first(self, name, login="others", alerts=()):
        """The first message of a session."""
        event = [Alert("2", 1224, (Item(type=LOGIN_STATUS, data=login),))]
        if login == "user":
            event.append(Alert("3", 1224, (Item(type=AAD_USER_TOKEN, data="a.b.c"),)))
        replace = Command("Replace", "9", (Item(source="./DevInfo/DevId", data="PC"),))
        return self.message(name, 1, [Alert("1", 1201), *event, *alerts, replace])

    def message(self, name, number, commands, *, final=True):
        """A message with this content."""
        header = Header(session_id=name, msg_id=str(number), target="https://mdm", source="PC")
        return Message(header, tuple(commands), final)

    async def session(self, login="others", alerts=()):
        """A whole session; the commands it brought, as (verb, uri, data)."""
        name = str(next(self._sessions))
        answer, _ = await self.post(self.first(name, login, alerts))
        said, number = [], 1
        while any(isinstance(command, Command | Group) for command in answer.commands):
            commands = [command for command in answer.commands if isinstance(command, Command | Group)]
            for each in commands:
                inside = each.commands if isinstance(each, Group) else [each]
                said += [(one.verb, one.items[0].target, one.items[0].data) for one in inside]
            number += 1
            assert number < 50, "the session does not end"
            answers = self.answers(answer, commands, login)
            answers = await answers if inspect.isawaitable(answers) else answers
            answer, _ = await self.post(self.message(name, number, answers))
        self.heard += said
        return said

    def answers(self, answer, commands, login="others"):
        """Statuses and results for these commands."""
        ids, out, ref = CmdIds(), [], answer.header.msg_id
        out.append(Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref="0", cmd="SyncHdr", code=200))
        for each in commands:
            if isinstance(each, Group):
                out += self.whole(each, ref, ids, login)
                continue
            item = each.items[0]
            code = self.run(each.verb, item, login)
            out.append(Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, cmd=each.verb, code=code))
            if each.verb == "Get" and code == 200:
                found = (Item(source=item.target, data=self.nodes[item.target]),)
                out.append(Results(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, items=found))
        return out

    def whole(self, group, ref, ids, login):
        """Statuses of an Atomic: all of it or nothing (05 section 6.3)."""
        before, codes = dict(self.nodes), []
        for each in group.commands:
            good = all(code == 200 for code in codes)
            codes.append(self.run(each.verb, each.items[0], login) if good else 215)
        if not all(code == 200 for code in codes):
            self.nodes = before
            codes = [216 if code == 200 else code for code in codes]
        both = [(group.cmd_id, "Atomic", 200 if set(codes) == {200} else 507)]
        both += [(each.cmd_id, each.verb, code) for each, code in zip(group.commands, codes, strict=True)]
        return [Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref=of, cmd=cmd, code=code) for of, cmd, code in both]

    def run(self, verb, item, login):  # noqa: PLR0911 - one answer for each case
        """Do it, or say why not."""
        uri = item.target
        if uri in self.refuse:
            return self.refuse[uri]
        if uri.startswith("./User/") and login != "user":
            return 405
        if verb == "Get":
            return 200 if uri in self.nodes else 404
        if verb == "Delete":
            found = [node for node in self.nodes if node == uri or node.startswith(f"{uri}/")]
            for node in found:
                del self.nodes[node]
            return 200 if found else 404
        if verb == "Add" and uri in self.nodes:
            return 418
        if verb == "Exec":
            self.nodes[uri.replace("/DownloadInstall", "/Status")] = self.install
            return 202
        self.nodes[uri] = item.data or ""
        return 200

    def finish(self, scope="Device"):
        """The status page ended well."""
        self.nodes[f"./{scope}/{PAGE}/IsSyncDone"] = "true"
        self.nodes[f"./{scope}/{PAGE}/WasDeviceSuccessfullyProvisioned"] = "1"

    async def read(self, function):
        return await self.rt.store.read(self.tenant, function)

    async def write(self, function):
        return await self.rt.store.write(self.tenant, function)

    async def log(self, kind):
        """What the log says of one kind, in order."""
        found = await self.read(entries)
        return [entry for entry in found if entry.kind == kind]

    async def moves(self, phase="device"):
        """The states the status page went through."""
        return [entry.what["to"] for entry in await self.log("esp.moved") if entry.what["phase"] == phase]

    async def states(self):
        """The state of each configuration and app by name."""
        rows = await self.read(lambda tx: management.device_states(tx, self.managed_id))
        return {row["detail"]["name"]: row["state"] for row in rows}

    async def detail(self, name):
        """What is on record beside the state of one configuration or app."""
        rows = await self.read(lambda tx: management.device_states(tx, self.managed_id))
        return next(row["detail"] for row in rows if row["detail"]["name"] == name)

    async def reassign(self, row_id, *targets):
        """Replace the assignments of a configuration."""
        await self.write(
            lambda tx: management.assign_configuration(tx, row_id, list(targets), principal=SYSTEM_PRINCIPAL)
        )


@pytest.fixture
def esp():
    """The frozen ESP settings of the device; a test may change them."""
    return {
        "profile_id": "p",
        "profile_name": "ESP",
        "via": "device",
        "show": True,
        "show_user_page": True,
        "timeout_minutes": 60,
        "block": True,
        "block_flags": 2,
        "allow_collect_logs": True,
        "custom_error_text": "Call us.",
        "selected_apps": [],
        "first_user_only": False,
    }


@pytest.fixture
async def pc(rt, tenant, esp):
    """An enrolled device of the user ada."""

    def enroll(tx):
        user = directory.create_user(
            tx, principal=SYSTEM_PRINCIPAL, upn="ada@contoso.example", display_name="Ada", usage_location="SE"
        )
        directory.assign_licenses(tx, user["id"], ["INTUNE_A"])
        device = directory.join_device(
            tx, display_name="PC-1", os="Windows", os_version="10.0.26100.1", trust_type="AzureAd", owner_id=user["id"]
        )
        managed = MANAGED.insert(
            tx,
            {
                "user_id": user["id"],
                "upn": user["user_principal_name"],
                "device_name": "PC-1",
                "azure_ad_device_id": device["device_id"],
            },
        )
        ENROLLMENTS.insert(tx, {"id": managed["id"], "key_hash": "0", "entra_id": device["id"], "esp": esp})
        return managed["id"], user["id"]

    managed_id, user_id = await rt.store.write(tenant, enroll)
    made = Pc(rt, tenant, managed_id)
    made.owner = user_id
    return made


@pytest.fixture
def make(pc):
    """Make a configuration, app or policy and assign it."""

    async def made(kind, values, *targets):
        creators = {
            "windowsMobileMSI": (management.create_app, management.assign_app),
            "windows10CompliancePolicy": (management.create_policy, management.assign_policy),
        }
        create, assign = creators.get(kind, (management.create_configuration, management.assign_configuration))

        def work(tx):
            row = create(tx, kind, values, principal=SYSTEM_PRINCIPAL)
            assign(tx, row["id"], list(targets), principal=SYSTEM_PRINCIPAL)
            return row["id"]

        return await pc.write(work)

    return made


@pytest.fixture
def everywhere():
    """A target: all devices."""
    return directory.Target("all_devices")


@pytest.fixture
def everyone():
    """A target: all users."""
    return directory.Target("all_users")


@pytest.fixture
def msi(make, pc):
    """Make a published MSI app, required for a target."""

    async def made(name, target, **values):
        required = directory.Target(target.kind, intent="required")
        content = {"product_code": MSI_CODE, "product_version": "1.0", **values}
        app_id = await make("windowsMobileMSI", {"display_name": name, **content}, required)
        await management.set_app_content(
            pc.rt, pc.tenant, app_id, [b"installer of ", name.encode()], principal=SYSTEM_PRINCIPAL
        )
        return app_id

    return made


def settings_of(uri, value, kind="Integer"):
    """The properties of a custom configuration with one setting."""
    setting = {"@odata.type": f"#microsoft.graph.omaSetting{kind}", "displayName": "s", "omaUri": uri, "value": value}
    return {"oma_settings": [setting]}


@pytest.fixture
def custom(make):
    """Make a custom configuration with one setting."""

    async def made(name, uri, value, target, kind="Integer"):
        return await make(
            "windows10CustomConfiguration", {"display_name": name, **settings_of(uri, value, kind)}, target
        )

    return made
