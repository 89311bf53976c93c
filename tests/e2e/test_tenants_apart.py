"""Two tenants on one instance: whatever one of them asks for by the other's ids, it learns and changes nothing."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta

import httpx
import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from support.applications import make_application
from support.graph_client import Graph, mint, person
from support.hardware import make_hardware
from taxiway import app, autopilot, directory, enrollment, management, pki
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.doors import Door
from taxiway.graph.operations import OPERATIONS
from taxiway.graph.resources.opaque_table import KEPT
from taxiway.join import RECOVERY_KEYS
from taxiway.store import metadata
from taxiway.wire.syncml import (
    LOGIN_STATUS,
    Alert,
    CmdIds,
    Command,
    Header,
    Item,
    Message,
    Status,
    parse_message,
    render_message,
)

pytestmark = pytest.mark.anyio
MARK = "onlyalpha"
MDM = "/ManagementServer/MDM.svc"
RECOVERY = "-".join(["111111"] * 8)
MSI = {
    "display_name": f"{MARK} app",
    "product_code": "{01234567-89AB-CDEF-0123-456789ABCDEF}",
    "product_version": "1.0",
}
BLOCK = {"scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 6}]}
POLICY = {"display_name": f"{MARK} policy", "scheduled_actions_for_rule": [BLOCK]}
ESP = {
    "profile_id": "p",
    "profile_name": f"{MARK} esp",
    "via": "device",
    "show": False,
    "show_user_page": False,
    "timeout_minutes": 60,
    "block": False,
    "block_flags": 0,
    "allow_collect_logs": False,
    "custom_error_text": "",
    "selected_apps": [],
    "first_user_only": False,
}
OMA = {
    "@odata.type": "#microsoft.graph.omaSettingString",
    "displayName": MARK,
    "omaUri": f"./Device/Vendor/MSFT/Policy/Config/Start/{MARK}",
    "value": MARK,
}


SHELF = management.Shelf("deviceShellScripts", "management.scripts")
#: Collections that share one table and one module: in all but one of them only an id of that table is tried.
ALIKE = tuple(f"{kept.path}/" for kept in KEPT if kept.shelf.collection != SHELF.collection)


class Tenant:
    """A tenant with its administrator, and the ids of what was made in it by name."""

    def __init__(self, rt, tenant, graph):
        self.rt, self.id, self.graph, self.ids = rt, tenant, graph, {}

    async def write(self, function):
        return await self.rt.store.write(self.id, function)


@pytest.fixture
async def front(rt):
    """A client of the people's door."""
    transport = httpx.ASGITransport(Door(app.people_routes(rt), rt.entropy), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost:8443") as client:
        yield client


async def make_tenant(rt, front, name):
    tenant = rt.entropy.uuid()
    await rt.store.write(tenant, lambda tx: directory.create_tenant(tx, display_name=name, domain=f"{name}.example"))
    admin = await person(rt, tenant, f"{name}-root", directory.GLOBAL_ADMINISTRATOR)
    return Tenant(rt, tenant, Graph(rt, front, await mint(rt, tenant, admin["id"])))


async def furnish(made):
    """One of everything; each name bears the mark."""
    who = SYSTEM_PRINCIPAL

    def people_and_things(tx):
        domain = directory.get_tenant(tx)["initial_domain"]
        user = directory.create_user(tx, principal=who, upn=f"{MARK}@{domain}", display_name=MARK)
        group = directory.create_group(tx, principal=who, display_name=f"{MARK} group", kind="assigned")
        directory.add_member(tx, group["id"], "user", user["id"])
        gone = directory.create_user(tx, principal=who, upn=f"{MARK}-gone@{domain}", display_name=f"{MARK} gone")
        directory.delete_user(tx, gone["id"])
        meant = directory.Target("group", group["id"])
        profile = autopilot.create_profile(tx, {"display_name": f"{MARK} profile"}, principal=who)
        autopilot.assign_profile(tx, profile["id"], [meant], principal=who)
        esp = enrollment.create_configuration(
            tx, "windows10EnrollmentCompletionPageConfiguration", {"display_name": f"{MARK} esp"}, principal=who
        )
        msi = management.create_app(tx, "windowsMobileMSI", MSI, principal=who)
        category = management.create_category(tx, f"{MARK} category", principal=who)
        sort = enrollment.create_device_category(tx, {"display_name": f"{MARK} sort"}, principal=who)
        content = {"display_name": f"{MARK} script", "script_content": "QUFB"}
        kept = management.create_object(
            tx,
            SHELF,
            "deviceShellScript",
            {"display_name": f"{MARK} kept", "body": {"displayName": MARK}},
            principal=who,
        )
        script = management.create_script(tx, "deviceManagementScript", content, principal=who)
        custom = management.create_configuration(
            tx,
            "windows10CustomConfiguration",
            {"display_name": f"{MARK} custom", "oma_settings": [OMA]},
            principal=who,
        )
        management.assign_configuration(tx, custom["id"], [directory.Target("all_devices")], principal=who)
        policy = management.create_policy(tx, "windows10CompliancePolicy", POLICY, principal=who)
        device = directory.join_device(
            tx,
            display_name=f"{MARK}-pc",
            os="Windows",
            os_version="10.0.26100.1",
            trust_type="AzureAd",
            owner_id=user["id"],
        )
        managed = enrollment.MANAGED.insert(
            tx,
            {
                "user_id": user["id"],
                "upn": user["user_principal_name"],
                "device_name": f"{MARK}-pc",
                "azure_ad_device_id": device["device_id"],
            },
        )
        enrollment.ENROLLMENTS.insert(tx, {"id": managed["id"], "key_hash": "0", "entra_id": device["id"], "esp": ESP})
        key = {"device_id": device["device_id"], "created_at": tx.now, "key": RECOVERY}
        recovery = RECOVERY_KEYS.insert(tx, {**key, "volume_type": "operatingSystemVolume"})
        rows = locals()
        names = ("user", "group", "profile", "esp", "msi", "custom", "policy", "device", "managed", "recovery")
        names = (*names, "script", "category", "gone", "kept", "sort")
        return {name: rows[name]["id"] for name in names} | {"device id": device["device_id"]}

    made.ids = await made.write(people_and_things)
    hardware = make_hardware()
    [row] = await autopilot.import_devices(
        made.rt,
        made.id,
        [autopilot.ImportRow(f"{MARK}-serial", hardware_identifier=hardware.encode_base64(), group_tag=MARK)],
        principal=SYSTEM_PRINCIPAL,
        correlation="",
    )
    made.ids |= {"import": row["id"], "autopilot": row["state"]["deviceRegistrationId"]}
    named = {"imported_device_identifier": MARK, "imported_device_identity_type": "serialNumber"}
    [(identifier, _)] = await enrollment.import_identifiers(
        made.rt, made.id, [named], overwrite=False, principal=SYSTEM_PRINCIPAL, correlation=""
    )
    made.ids |= {"identifier": identifier["id"]}
    made.ids |= await furnish_application(made)
    await management.set_app_content(made.rt, made.id, made.ids["msi"], [MARK.encode()], principal=SYSTEM_PRINCIPAL)


async def furnish_application(made):
    """An application with an account, a secret, a role and a grant."""
    app = await make_application(
        made.rt, made.id, name=f"{MARK} application", roles=["Device.Read.All"], scopes="User.Read"
    )

    def look(tx):
        [role], [grant] = directory.APP_ROLE_ASSIGNMENTS.select(tx), directory.PERMISSION_GRANTS.select(tx)
        return {"role": role["id"], "grant": grant["id"]}

    ids = {"application": app.row["id"], "app id": app.id, "account": app.principal["id"]}
    return ids | await made.rt.store.read(made.id, look)


@pytest.fixture
async def alpha(rt, front):
    """The tenant that is looked at."""
    made = await make_tenant(rt, front, "alpha")
    await furnish(made)
    return made


@pytest.fixture
async def beta(rt, front):
    """The tenant whose administrator is curious."""
    return await make_tenant(rt, front, "beta")


def rows_of(rt, tenant):
    """All rows of a tenant, table by table."""
    with rt.store.engine.connect() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(sa.select(table).where(table.c.tenant == tenant))))
            for table in metadata.sorted_tables
            if "tenant" in table.c
        }


def address(pattern, own):
    """The pattern with ``own`` in place of each key."""
    named = re.sub(r"/\{=(\w+)\}", rf"(\1='{own}')", pattern)
    return "/beta/" + re.sub(r"\{\w+\}", own, named)


async def test_15_21_the_ids_of_another_tenant_lead_nowhere(rt, alpha, beta):
    """Every Graph operation with every id of Alpha: an item is never found, its data never shown, nothing changes."""
    before, trouble = rows_of(rt, alpha.id), []
    for operation in OPERATIONS:
        if "{" not in operation.pattern:
            continue
        for name, own in alpha.ids.items():
            if name != "kept" and operation.pattern.startswith(ALIKE):
                continue
            path = address(operation.pattern, own)
            body = {} if operation.method == "GET" else {"json": {"displayName": "taken over"}}
            answer = await beta.graph.client.request(
                operation.method, path, headers={"authorization": f"Bearer {beta.graph.token}"}, **body
            )
            item = operation.method != "POST" and operation.pattern.endswith("}")
            if answer.status_code >= 500 and answer.status_code != 501:
                trouble.append((operation.method, operation.pattern, name, answer.status_code))
            if MARK in answer.text or RECOVERY in answer.text or (item and answer.status_code < 400):
                trouble.append((operation.method, operation.pattern, name, answer.status_code, answer.text[:200]))
    assert trouble == []
    assert rows_of(rt, alpha.id) == before


async def test_the_same_ids_are_found_by_their_own_tenant(alpha):
    """What makes the walk above mean something: Alpha's own administrator finds each of these."""
    found = {
        "users": "user",
        "groups": "group",
        "devices": "device",
        "deviceManagement/windowsAutopilotDeploymentProfiles": "profile",
        "deviceManagement/deviceEnrollmentConfigurations": "esp",
        "deviceAppManagement/mobileApps": "msi",
        "deviceAppManagement/mobileAppCategories": "category",
        "deviceManagement/deviceManagementScripts": "script",
        "deviceManagement/deviceConfigurations": "custom",
        "deviceManagement/deviceShellScripts": "kept",
        "deviceManagement/deviceCompliancePolicies": "policy",
        "deviceManagement/deviceCategories": "sort",
        "deviceManagement/importedDeviceIdentities": "identifier",
        "deviceManagement/managedDevices": "managed",
        "deviceManagement/windowsAutopilotDeviceIdentities": "autopilot",
        "deviceManagement/importedWindowsAutopilotDeviceIdentities": "import",
        "applications": "application",
        "servicePrincipals": "account",
        "directory/deletedItems": "gone",
    }
    for path, name in found.items():
        assert MARK in (await alpha.graph.call("GET", f"/beta/{path}/{alpha.ids[name]}")).text
    key = await alpha.graph.get(
        f"/beta/informationProtection/bitlocker/recoveryKeys/{alpha.ids['recovery']}?$select=key"
    )
    assert key["key"] == RECOVERY


async def test_15_21_no_list_holds_anything_of_another_tenant(alpha, beta):
    """Every collection that Beta reads: none of Alpha's ids, none of its names."""
    for path in sorted({each.pattern for each in OPERATIONS if each.method == "GET" and "{" not in each.pattern}):
        answer = await beta.graph.client.get(f"/beta/{path}", headers={"authorization": f"Bearer {beta.graph.token}"})
        assert MARK not in answer.text, path
        assert [name for name, own in alpha.ids.items() if own in answer.text] == [], path


async def test_nothing_of_another_tenant_can_be_referred_to(rt, alpha, beta):
    """Beta's group takes no member of Alpha, and Beta's device no user of Alpha."""
    before = rows_of(rt, alpha.id)
    group = await beta.graph.post(
        "/v1.0/groups", {"displayName": "B", "mailEnabled": False, "mailNickname": "b", "securityEnabled": True}
    )
    for name in ("user", "group", "device"):
        reference = {"@odata.id": f"https://graph.microsoft.com/v1.0/directoryObjects/{alpha.ids[name]}"}
        answer = await beta.graph.client.post(
            f"/v1.0/groups/{group['id']}/members/$ref",
            json=reference,
            headers={"authorization": f"Bearer {beta.graph.token}"},
        )
        assert 400 <= answer.status_code < 500, name
    assert await beta.graph.values(f"/v1.0/groups/{group['id']}/members") == []
    for name in ("user", "device", "device id"):
        query = f"object={alpha.ids[name]}&group={group['id']}"
        told = await beta.graph.call("GET", f"/taxiway/explain/membership?{query}", expect=400)
        assert MARK not in told.text
    assert rows_of(rt, alpha.id) == before


# ------------------------------------------------------------------------------------------- certificates


class Presenting:
    """The devices' door, with a certificate on the connection."""

    def __init__(self, rt):
        self._door = Door(app.device_routes(rt), rt.entropy)
        self.chain = ()

    async def __call__(self, scope, receive, send):
        scope["extensions"] = {"tls": {"client_cert_chain": self.chain}}
        await self._door(scope, receive, send)


@pytest.fixture
async def back(rt):
    """A client of the devices' door; ``show`` makes the connection bear a certificate."""
    presenting = Presenting(rt)
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(presenting, raise_app_exceptions=False), base_url="https://localhost:8444"
    ) as client:
        client.show = lambda *chain: setattr(presenting, "chain", chain)
        yield client


async def certificate(rt, tenant, managed_id):
    """A management certificate, issued and on record as the device's current one, as PEM."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, managed_id)])
    key = rt.keys.rsa().public_key()
    made = await pki.issue(rt, "management", public_key=key, subject=name, lifetime=timedelta(days=1))
    subject = f"managed:{managed_id}"

    def keep(tx):
        pki.record(tx, made, purpose="management", subject=subject)
        if enrollment.ENROLLMENTS.get(tx, managed_id) is not None:
            enrollment.ENROLLMENTS.update(tx, managed_id, {"thumbprint": pki.thumbprint(made)})

    await rt.store.write(tenant, keep)
    return made.public_bytes(serialization.Encoding.PEM).decode()


async def session(back):
    """All that a device is sent in a session, as text; it has no node yet and takes every other command."""
    login = Alert("2", 1224, (Item(type=LOGIN_STATUS, data="others"),))
    named = Command("Replace", "9", (Item(source="./DevInfo/DevId", data="PC"),))
    said, commands = "", [Alert("1", 1201), login, named]
    for number in range(1, 30):
        header = Header(session_id="1", msg_id=str(number), target="https://mdm", source="PC")
        answer = await back.post(MDM, content=render_message(Message(header, tuple(commands), final=True)))
        assert answer.status_code == 200
        said += answer.content.decode()
        heard = parse_message(answer.content)
        asked = [each for each in heard.commands if isinstance(each, Command)]
        if not asked:
            return said
        ids, ref = CmdIds(), heard.header.msg_id
        commands = [Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref="0", cmd="SyncHdr", code=200)]
        for each in asked:
            code = 404 if each.verb == "Get" else 200
            commands.append(Status(cmd_id=ids.next(), msg_ref=ref, cmd_ref=each.cmd_id, cmd=each.verb, code=code))
    raise AssertionError("the session does not end")


async def test_a_certificate_opens_its_own_tenant_only(rt, alpha, beta, back):
    """The tenant follows from the certificate: Beta's device gets no policy and no content of Alpha, Alpha's does."""
    sha256 = hashlib.sha256(MARK.encode()).hexdigest()

    def enroll(tx):
        return enrollment.MANAGED.insert(tx, {"device_name": "beta-pc"})["id"]

    stranger = await certificate(rt, beta.id, await beta.write(enroll))
    own = await certificate(rt, alpha.id, alpha.ids["managed"])
    before = rows_of(rt, alpha.id)
    back.show(stranger)
    assert MARK not in await session(back)
    assert (await back.get(f"/content/{sha256}")).status_code == 404
    assert rows_of(rt, alpha.id) == before
    back.show(own)
    assert MARK in await session(back)
    assert (await back.get(f"/content/{sha256}")).content == MARK.encode()


async def test_a_certificate_recorded_in_one_tenant_names_no_device_of_another(rt, alpha, beta, back):
    """Beta records a certificate in the name of Alpha's device: the endpoint finds no such device at Beta."""
    before = rows_of(rt, alpha.id)
    back.show(await certificate(rt, beta.id, alpha.ids["managed"]))
    message = Message(
        Header(session_id="1", msg_id="1", target="https://mdm", source="PC"), (Alert("1", 1201),), final=True
    )
    answer = await back.post(MDM, content=render_message(message))
    assert answer.status_code < 500
    assert MARK not in answer.text
    assert rows_of(rt, alpha.id) == before
