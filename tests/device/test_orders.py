"""What a server may order of a PC once: restart, resets, logs, passwords, keys, attestation - and what it refuses."""

from __future__ import annotations

import base64
import io
import json
import zipfile

import httpx
import msgspec
import pytest

from taxiway.device import PC, resets
from taxiway.device.machine import Machine
from taxiway.device.state import Enrolled, Joined
from taxiway.wire.log_collection import Collection, read_results, render_collection
from taxiway.wire.syncml import Item

pytestmark = pytest.mark.anyio

MSFT = "./Device/Vendor/MSFT"
ARCHIVE = f"{MSFT}/DiagnosticLog/DiagnosticArchive/ArchiveDefinition"
RESULTS = f"{MSFT}/DiagnosticLog/DiagnosticArchive/ArchiveResults"
LAPS = f"{MSFT}/LAPS"
BITLOCKER = f"{MSFT}/BitLocker"
HEALTH = f"{MSFT}/HealthAttestation"


class Servers:
    """Answers every request with one status, and remembers them."""

    def __init__(self):
        self.status, self.body, self.requests = 200, {}, []

    def connect(self, _identity):
        def handle(request):
            self.requests.append(request)
            return httpx.Response(self.status, json=self.body)

        return httpx.MockTransport(handle)


@pytest.fixture
def servers():
    return Servers()


@pytest.fixture
async def machine(pc, endpoints, servers, host):
    """A PC that is joined and enrolled, with its power on."""
    state = pc._storage.state
    state.joined, state.enrolled = Joined("t", "Contoso", "d"), Enrolled("taxiway", "https://mdm")
    made = Machine(host, pc._storage, endpoints, connect=servers.connect)
    await made.tpm.make("device")
    yield made
    await made.off()


async def execute(machine, uri, data=None, form="chr"):
    return int((await machine.tree.run("Exec", Item(target=uri, data=data, format=form))).code)


async def write(machine, uri, value, form="int"):
    answer = await machine.tree.run("Replace", Item(target=uri, data=value, format=form))
    assert answer.code == 200, (uri, answer)


async def read(machine, uri):
    found = (await machine.tree.run("Get", Item(target=uri))).found
    return None if found is None else found.data


async def test_a_power_cycle_gets_around_a_plain_wipe_and_not_around_a_protected_one(machine, pc):
    """The order is accepted in both cases; what the PC does when the power comes back is the difference."""
    for leaf, left in (("doWipe", ""), ("doWipeProtected", resets.PROTECTED_WIPE)):
        assert await execute(machine, f"{MSFT}/RemoteWipe/{leaf}") == 202
        with pytest.raises(resets.ResetOrdered):
            machine.after_session()
        opened = PC.open(pc._storage.folder, machine.host)
        opened.restart()
        assert opened.state.pending == left


async def test_a_restart_does_not_undo_a_reset(machine):
    """Both were ordered in one session: the reset counts."""
    assert await execute(machine, f"{MSFT}/RemoteWipe/doWipePersistUserData") == 202
    assert await execute(machine, f"{MSFT}/Reboot/RebootNow", form="null") == 200
    assert machine.storage.state.pending == resets.WIPE_KEEPING


async def test_logs_go_to_the_address_of_the_order_once(machine, servers):
    """One PUT of a zip for one id; keys outside the machine's hives and strange commands are denied one by one."""
    order = Collection(
        "id-1",
        "https://mdm.test/put?token=x",
        registry=("HKLM\\SOFTWARE\\A", "HKCU\\Software\\B"),
        commands=("%windir%\\system32\\dsregcmd.exe /status", "cmd.exe /c dir"),
        events=("Setup",),
    )
    for _ in range(2):
        assert await execute(machine, ARCHIVE, render_collection(order)) == 202
        await machine.settle()
    [put] = servers.requests
    assert (put.method, put.headers["content-type"]) == ("PUT", "application/zip")
    with zipfile.ZipFile(io.BytesIO(put.content)) as archive:
        assert {"MdmDiagReport_RegistryDump.reg", "results.xml", "(0) dsregcmd.txt"} <= set(archive.namelist())
    told = await read(machine, RESULTS)
    assert read_results(told) == ("id-1", 0)
    denied = -2147024891
    assert f'<RegistryKey HRESULT="{denied}">HKCU' in told
    assert f'<Command HRESULT="{denied}">cmd.exe' in told
    assert '<RegistryKey HRESULT="0">HKLM' in told


async def test_a_power_cut_before_the_upload_is_made_up_for(machine, pc, servers, endpoints):
    """The order is on the disk: the next time the PC is on it gathers and uploads, once."""
    await execute(machine, ARCHIVE, render_collection(Collection("id-3", "https://mdm.test/put")))
    await machine.off()
    assert servers.requests == []
    again = Machine(
        machine.host, PC.open(pc._storage.folder, machine.host)._storage, endpoints, connect=servers.connect
    )
    for _ in range(2):
        again.after_session()
        await again.settle()
    assert len(servers.requests) == 1
    assert read_results(await read(again, RESULTS)) == ("id-3", 0)
    await again.off()


@pytest.mark.parametrize("status", [403, 404])
async def test_an_upload_that_is_refused_is_in_the_results(machine, servers, status):
    """As the HRESULT of the HTTP status."""
    servers.status = status
    await execute(machine, ARCHIVE, render_collection(Collection("id-2", "https://mdm.test/put")))
    await machine.settle()
    assert read_results(await read(machine, RESULTS)) == ("id-2", 0x80190000 + status)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "no document",
        "<Collection/>",
        "<Other><ID>1</ID><SasUrl>https://x</SasUrl></Other>",
        "<Collection><ID>1</ID><SasUrl>http://plain.test</SasUrl></Collection>",
        '<!DOCTYPE a [<!ENTITY b "c">]><Collection><ID>&b;</ID><SasUrl>https://x</SasUrl></Collection>',
    ],
)
async def test_an_order_for_logs_that_cannot_be_carried_out_is_400(machine, servers, data):
    """Nothing is gathered, nothing is sent."""
    assert await execute(machine, ARCHIVE, data) == 400
    await machine.settle()
    assert servers.requests == []


@pytest.mark.parametrize(
    ("policies", "status"),
    [
        ({"PasswordComplexity": "7"}, 0x80070032),
        ({"AdministratorAccountName": "nobody"}, 0x80070525),
        ({}, 0x80190000 + 418),
    ],
)
async def test_a_password_that_cannot_be_escrowed_does_not_hold(machine, servers, policies, status):
    """The status says why, and the TPM's folder has no password."""
    servers.status = 418
    await write(machine, f"{LAPS}/Policies/BackupDirectory", "1")
    for name, value in policies.items():
        await write(machine, f"{LAPS}/Policies/{name}", value, "chr" if "Name" in name else "int")
    assert await execute(machine, f"{LAPS}/Actions/ResetPassword", form="null") == 200
    assert int(await read(machine, f"{LAPS}/Actions/ResetPasswordStatus")) & 0xFFFFFFFF == status
    assert machine.tpm.unseal("laps") is None


async def test_laps_without_a_policy_does_nothing(machine, servers):
    """An order alone makes no password where the policy backs none up."""
    await execute(machine, f"{LAPS}/Actions/ResetPassword", form="null")
    machine.after_session()
    await machine.settle()
    assert servers.requests == []


async def test_a_rotation_runs_once_for_one_request(machine, servers):
    """The same request again changes nothing; a volume that is not encrypted has no key to change."""
    await execute(machine, f"{BITLOCKER}/RotateRecoveryPasswords", "r-1")
    await machine.settle()
    assert int(await read(machine, f"{BITLOCKER}/Status/RotateRecoveryPasswordsStatus")) & 0xFFFFFFFF == 0x80310001
    machine.storage.state.disk.encrypted = True
    await write(machine, f"{BITLOCKER}/ConfigureRecoveryPasswordRotation", "1")
    for request in ("r-2", "r-2"):
        assert await execute(machine, f"{BITLOCKER}/RotateRecoveryPasswords", request) == 202
        await machine.settle()
    assert len(servers.requests) == 1
    assert await read(machine, f"{BITLOCKER}/Status/RotateRecoveryPasswordsRequestID") == "r-2"
    assert await read(machine, f"{BITLOCKER}/Status/RotateRecoveryPasswordsStatus") == "0"


async def test_a_rotation_that_a_power_cut_interrupted_goes_on(machine, pc, servers, endpoints):
    """The request is on the disk: it is carried out when the PC is on again."""
    machine.storage.state.disk.encrypted = True
    await write(machine, f"{BITLOCKER}/ConfigureRecoveryPasswordRotation", "1")
    await execute(machine, f"{BITLOCKER}/RotateRecoveryPasswords", "r-3")
    await machine.off()
    assert servers.requests == []
    again = Machine(
        machine.host, PC.open(pc._storage.folder, machine.host)._storage, endpoints, connect=servers.connect
    )
    again.bitlocker.consider()
    await again.settle()
    assert await read(again, f"{BITLOCKER}/Status/RotateRecoveryPasswordsStatus") == "0"
    assert len(servers.requests) == 1
    await again.off()


async def test_an_attestation_tells_what_was_measured_at_the_start(machine, servers):
    """Encryption that came later is not in it; the report of the service is what the node has."""
    servers.body = {"report": "sealed"}
    resets.measure(machine.storage)
    machine.storage.state.disk.encrypted = True
    order = json.dumps({"rpID": "x", "serviceEndpoint": "https://mdm.test/attestation", "nonce": "n-1"})
    assert await execute(machine, f"{HEALTH}/TriggerAttestation", order) == 200
    sent = json.loads(servers.requests[-1].content)
    measured = json.loads(base64.b64decode(sent["measured"]))
    assert (measured["nonce"], measured["bitLocker"], measured["boot"]) == ("n-1", False, 1)
    assert await read(machine, f"{HEALTH}/AttestStatus") == "0"
    assert await read(machine, f"{HEALTH}/GetAttestReport") == "sealed"
    resets.measure(machine.storage)
    await execute(machine, f"{HEALTH}/TriggerAttestation", order)
    measured = json.loads(base64.b64decode(json.loads(servers.requests[-1].content)["measured"]))
    assert (measured["bitLocker"], measured["boot"]) == (True, 2)


@pytest.mark.parametrize(
    ("data", "code"),
    [("", 400), ("[]", 400), ("{}", 400), ('{"nonce":"n","serviceEndpoint":"http://x"}', 400)],
)
async def test_an_order_to_attest_that_cannot_be_carried_out_is_400(machine, servers, data, code):
    """No nonce, no service with TLS, no JSON: nothing is sent."""
    assert await execute(machine, f"{HEALTH}/TriggerAttestation", data) == code
    assert servers.requests == []


async def test_an_older_windows_and_a_pc_without_a_tpm_attest_nothing(machine, servers):
    """The older flow is 406; without a TPM the status says so and nothing is sent."""
    order = json.dumps({"serviceEndpoint": "https://mdm.test/attestation", "nonce": "n"})
    state = machine.storage.state
    state.firmware = msgspec.structs.replace(state.firmware, tpm_key="")
    assert await execute(machine, f"{HEALTH}/TriggerAttestation", order) == 200
    assert int(await read(machine, f"{HEALTH}/AttestStatus")) & 0xFFFFFFFF == 0x80284008
    state.firmware = msgspec.structs.replace(state.firmware, os_version="10.0.19045.1")
    assert await execute(machine, f"{HEALTH}/TriggerAttestation", order) == 406
    assert await execute(machine, f"{HEALTH}/VerifyHealth", form="null") == 406
    assert servers.requests == []
