"""ClientCertificateInstall on the PC: what it takes, what it refuses, and what it does when told (05 section 10.14)."""

from __future__ import annotations

import pytest

from device.cloud import DMCLIENT
from taxiway.device.csp.certificates import ClientCertificates
from taxiway.device.csp.modern import ModernApps
from taxiway.device.csp.node import DEVICE
from taxiway.device.csp.office import Office
from taxiway.device.csp.tree import Tree
from taxiway.device.esp_progress import APPS, CERTIFICATES, Progress
from taxiway.device.installs import InstallQueue
from taxiway.device.jobs import Jobs
from taxiway.device.msiexec import WindowsInstaller
from taxiway.kernel import ManualClock
from taxiway.wire.syncml import Command, Item

pytestmark = pytest.mark.anyio
SCEP = "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/one"
PFX = "./Device/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/one"
MODERN = "./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppInstallation"
OFFICE = "./Device/Vendor/MSFT/Office/Installation/one"
SETTINGS = {
    "ServerURL": ("chr", "https://devices.test/scep"),
    "Challenge": ("chr", "word"),
    "EKUMapping": ("chr", "1.3.6.1.5.5.7.3.2"),
    "KeyUsage": ("int", "160"),
    "SubjectName": ("chr", "CN=PC-1"),
    "KeyLength": ("int", "2048"),
    "HashAlgorithm": ("chr", "SHA-2"),
    "CAThumbprint": ("chr", "00" * 20),
}


@pytest.fixture
def jobs():
    """Jobs that never begin: what is ordered is to be seen, not what becomes of it."""

    class Never(Jobs):
        started = ()

        def start(self, name, work):
            work.close()
            self.started = (*self.started, name)

    return Never()


@pytest.fixture
def tree(pc, jobs):
    tree = Tree(pc.state)
    parts = (pc._storage, tree, jobs, None)
    tree.add(ClientCertificates(*parts), ModernApps(*parts, InstallQueue()), Office(*parts, InstallQueue()))
    return tree


def command(verb, uri, data=None, form=None):
    return Command(verb, "1", (Item(target=uri, data=data, format=form),))


async def enroll(tree, *without, **changed):
    """The codes of an enrolment in one Atomic."""
    commands = [command("Add", SCEP, form="node"), command("Add", f"{SCEP}/Install", form="node")]
    for name, (form, data) in {**SETTINGS, **changed}.items():
        if name not in without:
            commands.append(command("Add", f"{SCEP}/Install/{name}", data, form))
    commands.append(command("Exec", f"{SCEP}/Install/Enroll"))
    return [int(answer.code) for answer in await tree.run_atomic(commands)]


async def run(tree, verb, uri, data=None, form=None):
    return int((await tree.run(verb, Item(target=uri, data=data, format=form))).code)


async def test_enroll_begins_an_enrolment(tree, jobs):
    """All of it is taken, the status is pending, and the challenge is not to be read."""
    assert set(await enroll(tree)) == {200}
    assert tree.value(f"{SCEP}/Status") == "2"
    assert jobs.started
    assert await run(tree, "Get", f"{SCEP}/Install/Challenge") == 404


@pytest.mark.parametrize("missing", sorted(SETTINGS))
async def test_an_enrolment_that_lacks_a_setting_is_rolled_back(tree, jobs, missing):
    """400 for Enroll, and nothing of the Atomic is left."""
    codes = await enroll(tree, missing)
    assert codes[-1] == 400
    assert set(codes[:-1]) == {216}
    assert not tree.exists(SCEP)
    assert not jobs.started


@pytest.mark.parametrize("wrong", [{"KeyLength": ("int", "1000")}, {"RetryCount": ("int", "31")}])
async def test_values_outside_the_facts_are_rolled_back(tree, wrong):
    """A key of an odd length, more retries than there are: 400 for the node."""
    assert 400 in await enroll(tree, **wrong)
    assert not tree.exists(SCEP)


async def test_a_file_that_is_no_pkcs12_ends_with_its_hresult(tree, pc, host):
    """Adding the blob begins the import at once; how it went is the status, and there is no certificate."""
    from taxiway.device.transport import Transport

    tree._csps[0]._transport = Transport(host, None, "c")
    assert await run(tree, "Add", PFX, form="node") == 200
    assert await run(tree, "Add", f"{PFX}/PFXCertPasswordEncryptionType", "1", "int") == 406
    assert await run(tree, "Add", f"{PFX}/PFXCertBlob", "AAAA", "b64") == 200
    assert int(tree.value(f"{PFX}/Status")) & 0xFFFFFFFF == 0x8009310B
    assert tree.value(f"{PFX}/Thumbprint") is None
    assert not pc.state.certificates


@pytest.mark.parametrize(
    ("verb", "uri", "data", "form", "code"),
    [
        ("Exec", f"{MODERN}/Contoso.Tool_1/HostedInstall", '<Application PackageUri="x"/>', "xml", 404),
        ("Exec", f"{MODERN}/known/HostedInstall", "no order", "xml", 400),
        ("Exec", f"{MODERN}/known/HostedInstall", "<Application/>", "xml", 400),
        ("Exec", f"{MODERN}/known/HostedInstall", '<Application PackageUri="x"/>', "xml", 202),
        ("Exec", f"{MODERN}/known/StoreInstall", '<Application id="x"/>', "xml", 406),
        ("Replace", f"{MODERN}/known/Status", "3", "int", 405),
        ("Exec", f"{OFFICE}/Install", "no order", "chr", 400),
        ("Exec", f"{OFFICE}/Install", "<Configuration><Add/></Configuration>", "chr", 400),
        ("Exec", f"{OFFICE}/Install", "<Configuration><Add><Product ID='x'/></Add></Configuration>", "chr", 202),
        ("Get", f"{OFFICE}/FinalStatus", None, None, 404),
    ],
)
async def test_orders_of_apps_have_their_status(tree, verb, uri, data, form, code):
    """One row for each way an order can be taken or refused (05 sections 10.6 and 12)."""
    await run(tree, "Add", f"{MODERN}/known", form="node")
    assert await run(tree, verb, uri, data, form) == code


async def test_p11_a_second_run_of_the_windows_installer_ends_at_once():
    """While one runs, another is told so and does not wait; afterwards the next one runs."""
    import asyncio

    installer = WindowsInstaller(clock := ManualClock())
    first = asyncio.create_task(installer.run(60))
    await asyncio.sleep(0)
    assert not await installer.run(1)
    clock.advance(61)
    assert await first
    second = asyncio.create_task(installer.run(1))
    await asyncio.sleep(0)
    clock.advance(2)
    assert await second


@pytest.mark.parametrize(
    ("name", "uri", "nodes", "line", "text"),
    [
        ("ExpectedSCEPCerts", SCEP, {"Status": "2"}, CERTIFICATES, "0 of 1 applied"),
        ("ExpectedSCEPCerts", SCEP, {"Status": "1", "CertThumbprint": "AA"}, CERTIFICATES, "1 of 1 applied"),
        (
            "ExpectedSCEPCerts",
            SCEP,
            {"Status": "16", "ErrorCode": "-2146877422"},
            CERTIFICATES,
            "Error: 0x80094012",
        ),
        ("ExpectedSCEPCerts", SCEP, {"Status": "16"}, CERTIFICATES, "Error: 0x87D1041C"),
        ("ExpectedPFXCerts", PFX, {}, CERTIFICATES, "0 of 1 applied"),
        ("ExpectedPFXCerts", PFX, {"Status": "0", "Thumbprint": "AA"}, CERTIFICATES, "1 of 1 applied"),
        ("ExpectedPFXCerts", PFX, {"Status": "-2147024810"}, CERTIFICATES, "Error: 0x80070056"),
        ("ExpectedModernAppPackages", "./Device/Vendor/MSFT/WiFi;1", {}, APPS, "0 of 1 installed"),
        (
            "ExpectedModernAppPackages",
            "./Device/Vendor/MSFT/EnterpriseModernAppManagement;2",
            {},
            APPS,
            "0 of 2 installed",
        ),
        ("ExpectedModernAppPackages", "not a node;1", {}, APPS, "0 of 1 installed"),
        ("ExpectedSCEPCerts", "not a node", {}, CERTIFICATES, "0 of 1 applied"),
    ],
)
def test_the_page_counts_what_any_server_lists(tree, name, uri, nodes, line, text):
    """Done, failed with its code, or still to come; an address that is none never comes true, and breaks nothing."""
    home = f"./Device/{DMCLIENT}/FirstSyncStatus"
    tree.put(f"{home}/{name}", uri)
    tree.put(f"{home}/ServerHasFinishedProvisioning", "true", "bool")
    for leaf, value in nodes.items():
        tree.put(f"{uri}/{leaf}", value)
    shown = {each.name: each for each in Progress(tree, "taxiway", DEVICE).categories()}
    assert shown[line].text == text
