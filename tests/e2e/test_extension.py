"""Win32 and Store apps and scripts, end to end: from the assignment to what the PC reports (05 section 10.18)."""

from __future__ import annotations

import dataclasses

import pytest

from e2e.deploying import EVERYBODY, EVERYWHERE, QuickClock, product
from e2e.extending import FOLDER, Extending, file_rule
from taxiway import management
from taxiway.device import EspItemChanged, Failed, Leaves, ScreenShown
from taxiway.device.esp_trace import TRACKING_KEY
from taxiway.directory import SYSTEM_PRINCIPAL
from taxiway.management.apps import durations
from taxiway.store import entries
from taxiway.wire.extension import AGENT_PRODUCT

pytestmark = pytest.mark.anyio
#: For what the PC does by itself: which database is behind the server does not matter to it.
ONE_STORE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


@pytest.fixture
def deploying(instance, tmp_path):
    return Extending(instance, tmp_path)


def apps_line(deploying, phase="device setup"):
    """What the line Apps said, in order."""
    told = [e.text for e in deploying.events(EspItemChanged) if (e.phase, e.item) == (phase, "Apps")]
    return [text.removeprefix("Apps (").removesuffix(")") for text in told]


def runs(deploying):
    """How often each installer ran, but for the agent's own."""
    return {name: count for name, count in deploying.current.state.runs.items() if name != AGENT_PRODUCT}


async def test_r064_a_win32_app_is_installed_before_the_desktop(deploying):
    """The agent comes first, lists the app, installs and detects it; the page counts it, the server knows."""
    await deploying.page()
    await deploying.win32("Tool")
    assert (await deploying.deploy()).reached == "desktop"
    line = apps_line(deploying)
    assert "0 of 1 installed" in line
    assert line[-1] == "1 of 1 installed"
    assert await deploying.states() == {"Tool": "installed"}


@ONE_STORE
async def test_a_wrong_detection_rule_fails_as_in_reality(deploying):
    """The installer ends well and leaves another file: installed, but not detected, and the page fails."""
    await deploying.page()
    await deploying.win32("Tool")
    outcome = await deploying.deploy(leaves={"TOOL": Leaves(files={rf"{FOLDER}\other.exe": "1.0"})})
    assert outcome.reached == "failed"
    assert await deploying.states() == {"Tool": "failed"}
    details = (await deploying.details())["Tool"]
    assert details["error"] == "0x87D1041C"
    assert details["attempt"] == 1
    assert deploying.events(Failed)[-1].code == "0x87D1041C"


async def test_r069_one_failure_stops_the_rest_and_r071_try_again_mends_it(deploying):
    """After the first app's error the second is not begun; Try again installs both."""
    await deploying.page()
    await deploying.win32("App 1")
    await deploying.win32("App 2")
    outcome = await deploying.deploy(exit_codes={"APP 1": (1603, 0)}, presses=("Try again",))
    assert outcome.reached == "desktop"
    assert runs(deploying) == {"APP 1": 2, "APP 2": 1}
    assert await deploying.states() == {"App 1": "installed", "App 2": "installed"}
    assert (await deploying.report()) == ["successOnRetry"]


async def test_r071_try_again_mends_account_setup_too(deploying):
    """The user's app fails the page of the account, is named, and is installed after Try again."""
    await deploying.page()
    await deploying.win32("Mine", EVERYBODY)
    await deploying.win32("Ready")
    outcome = await deploying.deploy(exit_codes={"MINE": (1603, 0)}, presses=("Try again",))
    assert outcome.reached == "desktop", outcome.failure
    assert runs(deploying) == {"READY": 1, "MINE": 2}
    assert await deploying.states() == {"Mine": "installed", "Ready": "installed"}
    assert await deploying.report() == ["successOnRetry"]


@ONE_STORE
async def test_r069_what_has_not_begun_stays_as_it_is(deploying):
    """The page failed for good: the second app was never run, and the failure names the first with its number."""
    await deploying.page()
    await deploying.win32("App 1")
    await deploying.win32("App 2")
    assert (await deploying.deploy(exit_codes={"APP 1": 1603})).reached == "failed"
    assert "APP 2" not in runs(deploying)
    assert await deploying.states() == {"App 1": "failed", "App 2": "pendingInstall"}
    details = (await deploying.details())["App 1"]
    assert (details["error"], details["exit_code"]) == ("0x80070643", 1603)
    moved = [e for e in await deploying.read(entries) if e.kind == "esp.moved" and e.what["to"] == "failed"]
    assert moved[-1].why[0]["facts"]["apps"] == ["App 1"]


async def test_r065_the_page_waits_for_the_selected_win32_app_alone(deploying):
    """Of two required apps one is selected: the other is held back, and installed after the page."""
    first = await deploying.win32("Blocking")
    await deploying.win32("Later")
    await deploying.page(selected_mobile_app_ids=[first])
    assert (await deploying.deploy()).reached == "desktop"
    assert apps_line(deploying)[-1] == "1 of 1 installed"
    found = [e for e in await deploying.read(entries) if e.kind == "app.state_changed" and e.what["to"] == "installed"]
    assert [e.what["name"] for e in found] == ["Blocking", "Later"]
    assert await deploying.states() == {"Blocking": "installed", "Later": "installed"}


async def test_r065_account_setup_waits_for_the_selected_app_alone(deploying):
    """The user's own apps are filtered by the same list; the other one comes after account setup."""
    first = await deploying.win32("Blocking", EVERYBODY)
    await deploying.win32("Later", EVERYBODY)
    await deploying.page(selected_mobile_app_ids=[first])
    assert (await deploying.deploy()).reached == "desktop"
    assert apps_line(deploying, "account setup")[-1] == "1 of 1 installed"
    assert await deploying.states() == {"Blocking": "installed", "Later": "installed"}


async def test_r073_after_continue_anyway_what_was_held_back_comes(deploying):
    """The page failed and was left: the app that it did not wait for is installed all the same."""
    first = await deploying.win32("Blocking")
    await deploying.win32("Later")
    await deploying.page(selected_mobile_app_ids=[first], allow_device_use_on_install_failure=True)
    outcome = await deploying.deploy(exit_codes={"BLOCKING": 1603}, presses=("Continue anyway",))
    assert outcome.reached == "desktop", outcome.failure
    assert runs(deploying) == {"BLOCKING": 1, "LATER": 1}
    assert await deploying.states() == {"Blocking": "failed", "Later": "installed"}


async def test_dependencies_come_first(deploying):
    """An app that is needed is installed though it is assigned to nobody, and before the one that needs it."""
    runtime = await deploying.win32("Runtime", None)
    library = await deploying.win32("Library", None)
    tool = await deploying.win32("Tool")
    await deploying.relate(tool, (library, "dependency", "autoInstall"))
    await deploying.relate(library, (runtime, "dependency", "autoInstall"))
    await deploying.page()
    assert (await deploying.deploy()).reached == "desktop"
    assert list(runs(deploying)) == ["RUNTIME", "LIBRARY", "TOOL"]
    assert await deploying.states() == dict.fromkeys(("Runtime", "Library", "Tool"), "installed")
    assert apps_line(deploying)[-1] == "1 of 1 installed"


@ONE_STORE
async def test_a_dependency_that_is_only_looked_for_is_not_installed(deploying):
    """``detect``: where it is not there, the app that needs it fails and says so."""
    runtime = await deploying.win32("Runtime", None)
    tool = await deploying.win32("Tool")
    await deploying.relate(tool, (runtime, "dependency", "detect"))
    await deploying.page()
    assert (await deploying.deploy()).reached == "failed"
    assert runs(deploying) == {}
    assert "Runtime" in (await deploying.details())["Tool"]["text"]


async def test_supersedence_takes_the_older_app_off(deploying):
    """``replace`` uninstalls the older app first; ``update`` leaves that to the newer app's installer."""
    old, new = await deploying.win32("Old"), await deploying.win32("New", None)
    pc = await deploying.pc()
    assert (await deploying.deploy(pc)).reached == "desktop"
    assert await deploying.states() == {"Old": "installed"}
    await deploying.relate(new, (old, "supersedence", "replace"))
    await deploying.write(
        lambda tx: management.assign_app(
            tx, new, [dataclasses.replace(EVERYWHERE, intent="required")], principal=SYSTEM_PRINCIPAL
        )
    )
    assert (await deploying.deploy(pc)).reached == "desktop"
    assert runs(deploying) == {"OLD": 1, "OLD UNINSTALL": 1, "NEW": 1}
    assert [*deploying.current.state.software.files] == [rf"{FOLDER}\New.exe"]
    assert await deploying.states() == {"Old": "notApplicable", "New": "installed"}


@ONE_STORE
@pytest.mark.parametrize(
    ("codes", "count", "state"),
    [((1618, 0), 2, "installed"), ((1618, 1618, 1618, 0), 4, "installed"), (1618, 4, "failed")],
)
async def test_a_return_code_that_means_again_is_tried_three_times_more(deploying, codes, count, state):
    """1618 is followed by up to three further runs; then it is an error like any other."""
    await deploying.page()
    await deploying.win32("Tool")
    await deploying.deploy(exit_codes={"TOOL": codes})
    assert runs(deploying) == {"TOOL": count}
    assert (await deploying.states())["Tool"] == state


@ONE_STORE
@pytest.mark.parametrize(
    ("code", "behavior", "restarts"),
    [(3010, "basedOnReturnCode", 1), (3010, "suppress", 0), (1641, "basedOnReturnCode", 2), (0, "force", 2)],
)
async def test_p12_r081_soft_restarts_come_together_and_hard_ones_at_once(deploying, code, behavior, restarts):
    """Two apps that want a soft restart bring one, a hard one comes after each; the person signs in once."""
    await deploying.page()
    experience = {"runAsAccount": "system", "deviceRestartBehavior": behavior}
    await deploying.win32("App 1", install_experience=experience)
    await deploying.win32("App 2", install_experience=experience)
    outcome = await deploying.deploy(exit_codes={"APP 1": code, "APP 2": code})
    assert outcome.reached == "desktop", outcome.failure
    assert [name for name, _ in deploying.current.state.marks].count("restart") == restarts
    shown = [event.name for event in deploying.events(ScreenShown)]
    assert shown.count("SignIn") == min(restarts, 1)
    assert runs(deploying) == {"APP 1": 1, "APP 2": 1}
    assert await deploying.states() == {"App 1": "installed", "App 2": "installed"}


@ONE_STORE
async def test_an_installer_that_outlasts_its_minutes_is_ended(deploying):
    """The app's own time limit, and not the page's, ends a hanging installer."""
    await deploying.page(install_progress_timeout_in_minutes=60)
    await deploying.win32("Tool", install_experience={"runAsAccount": "system", "maxRunTimeInMinutes": 2})
    outcome = await deploying.deploy(durations={"TOOL": 10_000.0}, clock=QuickClock())
    assert outcome.reached == "failed"
    assert (await deploying.details())["Tool"]["error"] == "0x800705B4"


@ONE_STORE
async def test_an_app_whose_requirements_are_not_met_does_not_apply(deploying):
    """It counts as settled on the page, nothing runs, and the reason is on record."""
    await deploying.page()
    await deploying.win32("Tool", minimum_memory_in_mb=10_000_000)
    needs = file_rule("missing.exe", ruleType="requirement")
    await deploying.win32("Other", rules=[file_rule("Other.exe"), needs])
    assert (await deploying.deploy()).reached == "desktop"
    assert runs(deploying) == {}
    assert await deploying.states() == {"Tool": "notApplicable", "Other": "notApplicable"}
    assert "memory" in (await deploying.details())["Tool"]["text"]


async def test_r076_a_users_win32_app_belongs_to_account_setup(deploying):
    """Assigned to the user, it is asked for with the user's token and counted in account setup."""
    await deploying.page()
    await deploying.win32("Mine", EVERYBODY)
    await deploying.win32("Mine as I", EVERYBODY, install_experience={"runAsAccount": "user"})
    assert (await deploying.deploy()).reached == "desktop"
    assert apps_line(deploying) == ["No setup needed"] or "1 of 1" not in apps_line(deploying)[-1]
    assert apps_line(deploying, "account setup")[-1] == "2 of 2 installed"
    assert await deploying.states() == {"Mine": "installed", "Mine as I": "installed"}


async def test_r077_scripts_and_user_context_apps_are_not_tracked(deploying):
    """A script runs and a user-context app for the device installs, and the page counts neither."""
    await deploying.page()
    script = await deploying.script("Greet")
    await deploying.win32("As user", install_experience={"runAsAccount": "user"})
    assert (await deploying.deploy(scripts={"GREET": (0, "hello")})).reached == "desktop"
    assert apps_line(deploying)[-1] == "No setup needed"
    rows = await deploying.read(lambda tx: management.extension_states(tx, "script", script))
    assert [(row["state"], row["text"], row["user_id"]) for row in rows] == [("success", "hello", "")]
    assert await deploying.states() == {"As user": "installed"}


@ONE_STORE
async def test_a_store_app_comes_from_the_catalogue(deploying):
    """By its identifier; one that no source knows is an error with WinGet's number."""
    await deploying.page()
    await deploying.store_app("Reader", "Contoso.Reader")
    assert (await deploying.deploy(catalogue={"contoso.reader": "2.1"})).reached == "desktop"
    assert deploying.current.state.software.packages == {"Contoso.Reader": "2.1"}
    await deploying.store_app("Ghost", "Nobody.Ghost")
    assert (await deploying.deploy(catalogue={"Contoso.Reader": "2.1"})).reached == "failed"
    assert (await deploying.details())["Ghost"]["error"] == "0x8A150014"


@ONE_STORE
async def test_r116_an_agent_that_cannot_be_installed_fails_the_page_at_once(deploying):
    """The server sees the installer's number and says it to the page; Try again brings the agent after all."""
    await deploying.page()
    await deploying.win32("Tool")
    codes = {AGENT_PRODUCT: (1603, 1603, 1603, 1603, 0)}
    outcome = await deploying.deploy(exit_codes=codes, presses=("Try again",))
    assert outcome.reached == "desktop"
    failed = deploying.events(Failed)
    assert [event.code for event in failed] == ["0x80070643"]
    assert await deploying.states() == {"Tool": "installed"}


@ONE_STORE
async def test_p11_win32_and_msi_take_turns(deploying):
    """A Win32 app and an MSI never run at once: nobody sees 1618."""
    await deploying.page()
    await deploying.win32("Tool")
    await deploying.app(1)
    assert (await deploying.deploy(durations={"TOOL": 0.3, product(1): 0.3})).reached == "desktop"
    assert apps_line(deploying)[-1] == "2 of 2 installed"


async def test_p10_win32_installs_are_on_record_for_estimates(deploying):
    """How long the installation took, from the first word of it to the last, counts for the next estimate."""
    await deploying.page()
    app_id = await deploying.win32("Tool")
    await deploying.deploy(durations={"TOOL": 0.5})
    [seconds] = await deploying.read(lambda tx: durations.recorded(tx, app_id))
    assert 0.4 < seconds < 120


async def test_an_app_that_is_to_go_is_taken_off(deploying):
    """An uninstall assignment runs the uninstaller where the app is there, and the list says so."""
    app_id = await deploying.win32("Tool")
    pc = await deploying.pc()
    await deploying.deploy(pc)
    aimed = dataclasses.replace(EVERYWHERE, intent="uninstall")
    await deploying.write(
        lambda tx: management.assign_app(tx, app_id, [aimed], principal=SYSTEM_PRINCIPAL),
    )
    notes = {"uninstall_command_line": "setup.exe /x"}  # a new revision
    await deploying.write(lambda tx: management.update_app(tx, app_id, notes, principal=SYSTEM_PRINCIPAL))
    await deploying.deploy(pc)
    assert runs(deploying) == {"TOOL": 1, "TOOL UNINSTALL": 1}
    assert deploying.current.state.software.files == {}
    assert await deploying.states() == {"Tool": "uninstalled"}


@ONE_STORE
async def test_the_registry_shows_the_agents_apps_where_readers_look(deploying):
    """Under Sidecar, with 1 to 4 as in reality: in the list of the phases and in the app's own key."""
    await deploying.page()
    app_id = await deploying.win32("Tool")
    await deploying.deploy()
    name = f"Win32App_{app_id}_2"  # its content was its second revision
    registry = deploying.current.state.registry
    assert registry[rf"{TRACKING_KEY}\Device\Setup\Apps\Tracking\Sidecar\{name}"] == {"InstallationState": 3}
    seen = [
        values[uri]
        for key, values in registry.items()
        if rf"{TRACKING_KEY}\ESPTrackingInfo\Diagnostics\Sidecar" in key
        for uri in values
        if uri.endswith(name)
    ]
    assert seen[0] in {1, 2}
    assert seen[-1] == 3


async def test_without_a_page_the_agent_comes_all_the_same(deploying):
    """No status page waits for it: the PC stays on at the desktop until the agent has done its work."""
    await deploying.page(show_installation_progress=False)
    await deploying.win32("Tool")
    await deploying.win32("Mine", EVERYBODY)
    outcome = await deploying.deploy(durations={AGENT_PRODUCT: 1.0})
    assert outcome.reached == "desktop"
    assert runs(deploying) == {"TOOL": 1, "MINE": 1}
    assert await deploying.states() == {"Tool": "installed", "Mine": "installed"}
