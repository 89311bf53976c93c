"""Apps of every kind on the PC, over the network: packages, Microsoft 365 Apps, one installer at a time."""

from __future__ import annotations

import asyncio
import dataclasses
import logging

import pytest
import structlog

from e2e.deploying import EVERYBODY, EVERYWHERE, FAST, Deploying, product
from support.packages import PUBLISHER, make_msix
from taxiway import management
from taxiway.device import PC, EspItemChanged
from taxiway.device.installs import InstallQueue
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.errors import BadPolicy, NoContent
from taxiway.wire.msix import publisher_hash

pytestmark = pytest.mark.anyio
#: What the PC does by itself does not depend on the server's database.
one_store = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
FAMILY = f"Contoso.Tool_{publisher_hash(PUBLISHER)}"
IDENTITY = {
    "identity_name": "Contoso.Tool",
    "identity_publisher_hash": publisher_hash(PUBLISHER),
    "identity_version": "1.2.0.0",
    "applicable_architectures": "x64",
}


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


@pytest.fixture
def quiet():
    """Faults that a test orders are no news, and drawing one takes seconds."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    yield
    structlog.reset_defaults()


async def app(deploying, kind, values, target=EVERYWHERE, intent="required", content=None):
    """An app of a kind, assigned, and published where it has content; its id."""

    def make(tx):
        row = management.create_app(tx, kind, values, principal=SYSTEM_PRINCIPAL)
        aimed = dataclasses.replace(target, intent=intent)
        management.assign_app(tx, row["id"], [aimed], principal=SYSTEM_PRINCIPAL)
        return row["id"]

    app_id = await deploying.write(make)
    if content is not None:
        instance = deploying.instance
        await management.set_app_content(instance.rt, instance.tenant, app_id, [content], principal=SYSTEM_PRINCIPAL)
    return app_id


async def msix(deploying, *where, content=None, **how):
    """The tool as a package."""
    values = {"display_name": "Tool", **IDENTITY}
    return await app(deploying, "windowsUniversalAppX", values, *where, content=content or make_msix(), **how)


async def office(deploying, **how):
    """Microsoft 365 Apps."""
    values = {"display_name": "Office", "product_ids": ["o365ProPlusRetail"], "update_channel": "current"}
    return await app(deploying, "officeSuiteApp", {**values, "excluded_apps": {"groove": True}}, **how)


def lines(deploying, phase, item="Apps"):
    return [e.text for e in deploying.events(EspItemChanged) if e.phase == phase and e.item == item]


def stored(deploying, end):
    """The values of the PC's nodes whose path ends so."""
    return [node.value for key, node in deploying.current.state.device_nodes.items() if key.endswith(end)]


async def assign(deploying, app_id, intent):
    aimed = dataclasses.replace(EVERYWHERE, intent=intent)
    await deploying.write(lambda tx: management.assign_app(tx, app_id, [aimed], principal=SYSTEM_PRINCIPAL))


async def test_r064_a_package_is_installed_and_the_page_counts_it(deploying):
    """The page waits for the package in the inventory; the server knows of it by its status."""
    await deploying.page()
    await msix(deploying)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Apps (1 of 1 installed)"
    assert deploying.current.state.installed == {FAMILY: "1.2.0.0"}
    assert f"contoso.tool_1.2.0.0_x64__{publisher_hash(PUBLISHER)}/name" in str(stored(deploying, "packages")).lower()
    assert await deploying.states() == {"Tool": "installed"}


async def test_r076_a_users_package_is_a_line_of_account_setup(deploying):
    """Assigned to users, it is installed in the user's scope, and counted there."""
    await deploying.page()
    await msix(deploying, EVERYBODY)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Apps (No setup needed)"
    assert lines(deploying, "account setup")[-1] == "Apps (1 of 1 installed)"
    assert await deploying.states() == {"Tool": "installed"}


@one_store
async def test_r077_available_packages_and_office_are_not_tracked(deploying):
    """What is only offered is neither installed nor waited for."""
    await deploying.page()
    await msix(deploying, intent="available")
    await office(deploying, intent="available")
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Apps (No setup needed)"
    assert deploying.current.state.installed == {}


async def test_r065_a_package_that_does_not_block_comes_after_the_page(deploying):
    """Of two, the page waits for the one that is selected; the other is there at the desktop."""
    blocking = await office(deploying)
    await msix(deploying)
    await deploying.page(selected_mobile_app_ids=[blocking])
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Apps (1 of 1 installed)"
    for _ in range(3):
        if FAMILY in deploying.current.state.installed:
            break
        await deploying.deploy(deploying.current)
    assert set(deploying.current.state.installed) == {FAMILY, "O365ProPlusRetail"}


async def test_a_package_that_is_not_wanted_any_more_is_taken_off(deploying):
    """An uninstall assignment removes the package from the inventory; a new one brings it back."""
    app_id = await msix(deploying)
    assert (await deploying.deploy()).reached == "desktop"
    await assign(deploying, app_id, "uninstall")
    await deploying.deploy(deploying.current)
    assert deploying.current.state.installed == {}
    assert await deploying.states() == {"Tool": "uninstalled"}


@one_store
async def test_a_package_that_was_changed_on_the_way_is_not_installed(deploying, monkeypatch):
    """A block that is not as the block map says: the page fails with the package's HRESULT."""
    from taxiway.management import flow

    await deploying.page()
    await msix(deploying)
    damaged = make_msix(damage=b"another thing" * 3000)
    monkeypatch.setattr(flow.mobile_apps, "content_size", lambda _tx, _sha256: len(damaged))

    async def read(_rt, _sha256, offset, length):
        yield damaged[offset : offset + length]

    monkeypatch.setattr(flow, "_read", read)
    outcome = await deploying.deploy()
    assert outcome.reached == "failed"
    assert lines(deploying, "device setup")[-1] == "Apps (Error: 0x80080207)"
    assert deploying.current.state.installed == {}
    assert (await deploying.states())["Tool"] == "failed"


@one_store
async def test_a_package_whose_installation_fails_fails_the_page_and_try_again_mends_it(deploying):
    """The deployment ends with an error once; after Try again the package is there."""
    await deploying.page()
    await msix(deploying)
    outcome = await deploying.deploy(exit_codes={FAMILY.upper(): (5, 0)}, presses=("Try again",))
    assert "Apps (Error: 0x80073CF9)" in lines(deploying, "device setup")
    assert outcome.reached == "desktop", outcome.failure
    assert await deploying.states() == {"Tool": "installed"}


@one_store
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"version": "1.3.0.0"}, "not Contoso.Tool_1.2.0.0"),
        ({"publisher": "CN=Mallory"}, "not Contoso.Tool"),
        ({"architecture": "x86"}, "x86"),
        (None, "no MSIX"),
    ],
)
async def test_content_that_is_another_package_is_said_at_once(deploying, change, says):
    """Publishing compares the package with the identity the app was announced by (P-13)."""
    content = b"no package" if change is None else make_msix(**change)
    with pytest.raises(BadPolicy, match=says):
        await msix(deploying, content=content)


async def test_microsoft_365_apps_are_tracked_among_the_msi_packages(deploying):
    """The Office CSP takes the configuration; the page waits for FinalStatus 70 (05 section 10.6)."""
    await deploying.page()
    app_id = await office(deploying)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert lines(deploying, "device setup")[-1] == "Apps (1 of 1 installed)"
    [listed] = stored(deploying, "/expectedmsiapppackages")
    assert listed == f"./Device/Vendor/MSFT/Office/Installation/{app_id}/FinalStatus;1"
    assert deploying.current.state.installed == {"O365ProPlusRetail": "16.0"}
    [order] = stored(deploying, f"{app_id}/install")
    assert '<ExcludeApp ID="Groove"/>' in order
    assert await deploying.states() == {"Office": "installed"}
    await assign(deploying, app_id, "uninstall")
    for _ in range(3):  # what a power cut interrupts goes on with the next check-in
        await deploying.deploy(deploying.current)
    assert deploying.current.state.installed == {}


@one_store
async def test_office_that_fails_shows_its_code_on_the_page(deploying):
    """The deployment tool ends with 17002: FinalStatus 60, the page shows it, the server says failed."""
    await deploying.page()
    app_id = await office(deploying)
    outcome = await deploying.deploy(exit_codes={app_id.upper(): 17002})
    assert outcome.reached == "failed"
    assert lines(deploying, "device setup")[-1] == "Apps (Error: 0x0000426A)"
    assert (await deploying.states())["Office"] == "failed"


@one_store
async def test_office_has_no_content_and_needs_products(deploying):
    """What cannot be ordered is said when the app is saved."""
    with pytest.raises(BadPolicy):
        await app(deploying, "officeSuiteApp", {"display_name": "Office"})
    with pytest.raises(NoContent):
        await app(
            deploying, "officeSuiteApp", {"display_name": "Office", "product_ids": ["visioProRetail"]}, content=b"x"
        )


@one_store
async def test_p11_installers_of_every_kind_run_one_after_the_other(deploying, monkeypatch):
    """Two MSI, a package and Office: never two at once, and all of them are there in the end."""
    await deploying.page()
    for number in (1, 2):
        await deploying.app(number)
    await msix(deploying)
    await office(deploying)
    running, most, turns = [], [], InstallQueue.turn

    def turn(self):
        inner = turns(self)

        class Counted:
            async def __aenter__(self):
                await inner.__aenter__()
                running.append(1)
                most.append(len(running))

            async def __aexit__(self, *error):
                running.pop()
                return await inner.__aexit__(*error)

        return Counted()

    monkeypatch.setattr(InstallQueue, "turn", turn)
    outcome = await deploying.deploy(pace=dataclasses.replace(FAST, install=0.05))
    assert outcome.reached == "desktop", outcome.failure
    assert most == [1, 1, 1, 1]
    assert lines(deploying, "device setup")[-1] == "Apps (4 of 4 installed)"
    assert len(deploying.current.state.installed) == 4


@one_store
async def test_p11_r020_a_busy_windows_installer_is_1618_and_the_job_tries_again(deploying):
    """Something nobody ordered holds msiexec: the run ends with 1618, and the job waits as its RetryCount allows."""
    await deploying.page()
    await deploying.app(1)
    outcome = await deploying.deploy(pace=dataclasses.replace(FAST, installer_minute=0.1), other_installation=0.8)
    assert outcome.reached == "desktop", outcome.failure
    assert deploying.current.state.installed == {product(1): "1.0"}


@one_store
async def test_p11_r020_an_installer_that_stays_busy_fails_the_app_with_1618(deploying):
    """After the last attempt the app has failed, and the page shows the code of a busy installer."""
    await deploying.page()
    await deploying.app(1)
    outcome = await deploying.deploy(other_installation=60.0)
    assert outcome.reached == "failed"
    assert lines(deploying, "device setup")[-1] == "Apps (Error: 0x80070652)"


@one_store
async def test_a_broken_download_goes_on_where_it_broke_off(deploying, monkeypatch, quiet):
    """The connection breaks twice: the rest alone is fetched by Range, and the hash of the whole is right."""
    from taxiway.management import flow

    await deploying.page()
    app_id = await deploying.app(1)
    content = bytes(range(256)) * 12_000
    instance = deploying.instance
    await management.set_app_content(instance.rt, instance.tenant, app_id, [content], principal=SYSTEM_PRINCIPAL)
    real, asked = flow._read, []

    async def read(rt, sha256, offset, length):
        asked.append(offset)
        async for chunk in real(rt, sha256, offset, length):
            yield chunk
            if len(asked) < 3:
                await asyncio.sleep(0.05)
                raise ConnectionError("the cable")

    monkeypatch.setattr(flow, "_read", read)
    outcome = await deploying.deploy()
    assert outcome.reached == "desktop", outcome.failure
    assert len(asked) == 3
    assert 0 == asked[0] < asked[1] < asked[2]
    assert deploying.current.state.installed == {product(1): "1.0"}


async def test_r118_a_power_cut_in_the_middle_of_a_package_loses_nothing(deploying):
    """The power goes while a package and Office install: both go on when it comes back."""
    await deploying.page()
    await msix(deploying)
    app_id = await office(deploying)
    pc = await deploying.pc(durations={FAMILY.upper(): 1.0, app_id.upper(): 1.0})
    reached = asyncio.Event()

    def told(event):
        if isinstance(event, EspItemChanged) and event.item == "Apps" and event.total == 2:
            reached.set()

    task = asyncio.create_task(pc.power_on(deploying.instance.endpoints, deploying.person, told))
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    again = PC.open(deploying.folder / "pc1", deploying.instance.host)
    outcome = await deploying.deploy(again)
    assert outcome.reached == "desktop", outcome.failure
    assert again.state.installed == {FAMILY: "1.2.0.0", "O365ProPlusRetail": "16.0"}
