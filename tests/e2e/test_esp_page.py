"""The status page as the person sees it: sections, lines, failures and what each button does (01 section 6)."""

from __future__ import annotations

import pytest

from e2e.deploying import CORTANA, EVERYBODY, PAGE, Deploying, QuickClock, product
from taxiway import enrollment, management
from taxiway.device import EspItemChanged, EspPhaseChanged, Failed, Noted, ScreenShown
from taxiway.directory import SYSTEM_PRINCIPAL

pytestmark = pytest.mark.anyio

BROKEN = {product(1): 1603}
DEFAULT_TEXT = "Setup could not be completed. Please try again or contact your support person for help."


@pytest.fixture
def deploying(instance, tmp_path):
    return Deploying(instance, tmp_path)


def lines(deploying, phase):
    """The last text of each line of a section."""
    return {event.item: event.text for event in deploying.events(EspItemChanged) if event.phase == phase}


async def test_r074_three_sections_and_the_four_lines_of_preparation(deploying):
    """The sections come in their order; of device preparation three lines are complete at once."""
    await deploying.page()
    assert (await deploying.deploy()).reached == "desktop"
    told = [(event.phase, event.state) for event in deploying.events(EspPhaseChanged)]
    sections = ("device preparation", "device setup", "account setup")
    assert told == [(section, state) for section in sections for state in ("inProgress", "succeeded")]
    first = [(e.item, e.text) for e in deploying.events(EspItemChanged) if e.phase == "device preparation"][:4]
    assert [name for name, _ in first] == [
        "Securing your hardware",
        "Joining your organization's network",
        "Registering your device for mobile management",
        "Preparing your device for mobile management",
    ]
    assert [text.endswith(("(Complete)", "(No setup needed)")) for _, text in first] == [True, True, True, False]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("use", [False, True])
@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("logs", [False, True])
async def test_r067_the_buttons_of_the_failure_page(deploying, reset, use, retry, logs):
    """Each of the 16 combinations shows its own buttons; with all three bits clear the page does not block.

    "Try again" is no choice of a profile: it is taken away by a configuration that writes the node itself.
    """
    await deploying.page(
        allow_device_reset_on_install_failure=reset,
        allow_device_use_on_install_failure=use,
        allow_log_collection_on_install_failure=logs,
    )
    flags = reset * 1 + retry * 2 + use * 4
    if not retry:
        await deploying.policy(f"./Device/{PAGE}/BlockInStatusPage", flags)
    await deploying.app(1)
    outcome = await deploying.deploy(exit_codes=BROKEN)
    ways = [name for bit, name in ((1, "Reset PC"), (2, "Try again"), (4, "Continue anyway")) if flags & bit]
    help_ = ["Collect logs", "View diagnostics"] if logs else []
    (failed,) = deploying.events(Failed)
    assert list(failed.buttons) == (ways or ["Continue anyway"]) + help_
    assert outcome.reached == ("failed" if flags else "desktop")


async def test_r068_without_reset_and_use_there_is_no_way_to_the_desktop(deploying):
    """Whatever the person presses: the app stays broken and so does the page."""
    await deploying.page()
    await deploying.app(1)
    outcome = await deploying.deploy(exit_codes=BROKEN, presses=("Continue anyway", "Reset PC", "Try again"))
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x80070643")
    assert [event.buttons for event in deploying.events(Failed)] == [("Try again",)] * 2
    assert not [event for event in deploying.events(ScreenShown) if event.name == "Desktop"]


@pytest.mark.parametrize(("message", "shown"), [("", DEFAULT_TEXT), ("Call 555-0100.", "Call 555-0100.")])
async def test_r060_the_message_shows_on_an_error(deploying, message, shown):
    """Without a text of its own the page has the default sentence."""
    await deploying.page(custom_error_message=message)
    await deploying.app(1)
    await deploying.deploy(exit_codes=BROKEN)
    assert [event.text for event in deploying.events(Failed)] == [shown]


async def test_check_09_r060_r070_a_time_out_shows_the_message_and_stays_one(deploying):
    """The page's minute is over while the installer runs: the message, the time-out's code, no way on."""
    await deploying.page(custom_error_message="Call 555-0100.", install_progress_timeout_in_minutes=1)
    await deploying.app(1)
    outcome = await deploying.deploy(clock=QuickClock(), durations={product(1): 300.0})
    assert (outcome.reached, outcome.failure.code) == ("failed", "0x800705B4")
    assert "Apps" in outcome.failure.reason
    assert [event.text for event in deploying.events(Failed)] == ["Call 555-0100."]


async def test_r061_r115_logs_are_collected_from_the_page(deploying):
    """ "Collect logs" writes the bundle, "View diagnostics" shows network, profile and enrollment status."""
    await deploying.page(allow_log_collection_on_install_failure=True)
    await deploying.app(1)
    await deploying.deploy(exit_codes=BROKEN, presses=("Collect logs", "View diagnostics"))
    bundle = deploying.folder / "pc1" / "usb"
    dump = (bundle / "MdmDiagReport_RegistryDump.reg").read_bytes().decode("utf-16")
    assert dump.startswith("Windows Registry Editor Version 5.00\r\n")
    for key in ("DeviceSetupCategory.Status", r"\FirstSync]", "ExpectedMSIAppPackages", "EstablishedCorrelations"):
        assert key in dump
    assert '"BlockInStatusPage"=dword:00000002' in dump
    events = (bundle / "microsoft-windows-shell-core-operational.xml").read_text()
    assert "CommercialOOBE_ESPProgress_Failure" in events
    (shown, _) = [event for event in deploying.events(ScreenShown) if event.name == "AutopilotDiagnostics"]
    for group in ("Network Connectivity", "Autopilot Settings: Profile Everything", "DeviceSetup failed (0x80070643)"):
        assert group in shown.text


async def test_r061_without_the_setting_no_logs_are_collected(deploying):
    """A press of a button that is not there does nothing."""
    await deploying.page()
    await deploying.app(1)
    await deploying.deploy(exit_codes=BROKEN, presses=("Collect logs", "View diagnostics"))
    assert not (deploying.folder / "pc1" / "usb").exists()
    assert not [event for event in deploying.events(ScreenShown) if event.name == "AutopilotDiagnostics"]


async def test_r069_after_one_error_the_rest_is_not_started(deploying):
    """Whichever is first fails, retries included; the other stays downloaded. Account setup says why it waits."""
    await deploying.page()
    await deploying.app(1)
    await deploying.app(2)
    await deploying.deploy(exit_codes={product(1): 1603, product(2): 1603})
    assert list(deploying.current.state.runs.values()) == [4]
    assert lines(deploying, "account setup")["Apps"] == "Apps (Previous step failed)"
    assert not [event for event in deploying.events(EspPhaseChanged) if event.phase == "account setup"]


async def test_check_08_r071_p18_try_again_mends_the_page_and_the_record(deploying):
    """What was installed is not installed again, what failed is; afterwards the record says that it went well."""
    await deploying.page()
    await deploying.app(1)
    await deploying.app(2)
    outcome = await deploying.deploy(exit_codes={product(2): (1603,) * 4 + (0,)}, presses=("Try again",))
    assert outcome.reached == "desktop", outcome.failure
    assert deploying.current.state.runs == {product(1): 1, product(2): 5}
    assert await deploying.states() == {"App 1": "installed", "App 2": "installed"}
    managed = await deploying.managed()
    details = await deploying.read(lambda tx: management.status_details(tx, managed["id"]))
    told = [(each["displayName"], each["complianceStatus"], each["trackedOnEnrollmentStatus"]) for each in details]
    assert sorted(told) == [("App 1", "installed", True), ("App 2", "installed", True)]
    moves = await deploying.moves()
    assert "failed" in moves
    assert moves[-1] == "done"
    assert await deploying.report() == ["successOnRetry"]


async def test_r072_reset_begins_anew(deploying):
    """The PC is sealed again and arrives after all; the report has a second row, and the first stays failed."""
    await deploying.page(allow_device_reset_on_install_failure=True)
    await deploying.app(1)
    outcome = await deploying.deploy(exit_codes={product(1): (1603,) * 4 + (0,)}, presses=("Reset PC",))
    assert outcome.reached == "desktop", outcome.failure
    assert [event.number for event in deploying.events(Noted)].count(161) == 2
    assert "Reset" in [event.name for event in deploying.events(ScreenShown)]
    assert (await deploying.managed())["id"] == outcome.intune_device_id
    assert (await deploying.moves()).count("opening") == 2
    assert await deploying.report() == ["failure", "success"]


async def test_r073_continue_anyway_reaches_the_desktop_managed(deploying):
    """The failed app stays failed, the other is installed after all, and the device stays enrolled."""
    await deploying.page(allow_device_use_on_install_failure=True)
    await deploying.app(1)
    await deploying.app(2)
    outcome = await deploying.deploy(exit_codes=BROKEN, presses=("Continue anyway",))
    assert outcome.reached == "desktop", outcome.failure
    assert (await deploying.managed())["id"] == outcome.intune_device_id
    assert deploying.current.state.installed == {product(2): "1.0"}
    assert (await deploying.states())["App 1"] == "failed"


async def test_r063_a_page_that_does_not_block_can_be_left(deploying):
    """The person goes on while an app installs, and reaches the desktop without a failure."""
    await deploying.page(block_device_setup_retry_by_user=True)
    await deploying.app(1)
    outcome = await deploying.deploy(durations={product(1): 1.0}, leaves_early=True)
    assert outcome.reached == "desktop", outcome.failure
    assert not deploying.events(Failed)


async def test_r064_the_desktop_comes_after_every_required_app(deploying):
    """All: nothing is left to install when the page ends."""
    await deploying.page()
    for number in (1, 2, 3):
        await deploying.app(number)
    assert (await deploying.deploy()).reached == "desktop"
    assert lines(deploying, "device setup")["Apps"] == "Apps (3 of 3 installed)"


async def test_r065_r079_selected_apps_block_and_the_rest_comes_later(deploying):
    """Of {1, 2, 3} selected and {3, 4} assigned the page waits for 3; 4 follows. The profile is the user's."""
    app_ids = {number: await deploying.app(number) for number in (3, 4)}
    selected = [app_ids[3], "11111111-0000-0000-0000-000000000001", "11111111-0000-0000-0000-000000000002"]
    await deploying.page(EVERYBODY, selected_mobile_app_ids=selected)
    assert (await deploying.deploy()).reached == "desktop"
    assert lines(deploying, "device setup")["Apps"] == "Apps (1 of 1 installed)"
    assert sorted(deploying.current.state.installed) == [product(3), product(4)]


async def test_r077_what_is_not_required_of_the_device_is_not_tracked(deploying):
    """An available app and one of the user's are no lines of device setup."""
    await deploying.page()
    await deploying.app(1, intent="available")
    await deploying.app(2, EVERYBODY, use_device_context=False)
    assert (await deploying.deploy()).reached == "desktop"
    assert lines(deploying, "device setup")["Apps"] == "Apps (No setup needed)"
    assert lines(deploying, "account setup")["Apps"] == "Apps (1 of 1 installed)"
    assert product(1) not in deploying.current.state.installed


async def test_r075_r076_p16_each_line_tracks_what_was_delivered(deploying):
    """One of one where no policy is meant; with policies their number, and each is there when the page ends."""
    user_node = "./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName"
    await deploying.page()
    await deploying.policy(CORTANA, 0)
    await deploying.policy(user_node, "Office", EVERYBODY, kind="String")
    assert (await deploying.deploy()).reached == "desktop"
    for phase in ("device setup", "account setup"):
        shown = lines(deploying, phase)
        assert list(shown) == ["Security policies", "Certificates", "Network connections", "Apps"]
        assert shown["Security policies"] == "Security policies (2 of 2 applied)"
        assert shown["Certificates"] == "Certificates (No setup needed)"


async def test_r075_r088_with_nothing_assigned_one_of_one_is_applied(deploying):
    """The page does not identify for ever, although it blocks."""
    await deploying.page()
    assert (await deploying.deploy()).reached == "desktop"
    assert lines(deploying, "device setup")["Security policies"] == "Security policies (1 of 1 applied)"


async def test_r080_p15_settings_are_frozen_and_account_setup_can_be_hidden(deploying):
    """A page that is turned off later stays; the node itself hides account setup."""
    page = await deploying.page()
    pc = await deploying.pc()
    await deploying.policy(f"./Device/{PAGE}/SkipUserStatusPage", "true", kind="Boolean")
    assert (await deploying.deploy(pc)).reached == "desktop"
    off = {"show_installation_progress": False}
    await deploying.write(lambda tx: enrollment.update_configuration(tx, page, off, principal=SYSTEM_PRINCIPAL))
    managed = await deploying.managed()
    assert (await deploying.read(lambda tx: enrollment.esp_of(tx, managed["id"]))).show
    assert ("account setup", "notRequired") in [(e.phase, e.state) for e in deploying.events(EspPhaseChanged)]


async def test_p11_installers_run_one_after_the_other(deploying):
    """Three apps that each take a second never run at once: together they take three."""
    await deploying.page()
    for number in (1, 2, 3):
        await deploying.app(number)
    clock = QuickClock(10)
    began = clock.now()
    outcome = await deploying.deploy(clock=clock, durations={product(number): 10.0 for number in (1, 2, 3)})
    assert outcome.reached == "desktop", outcome.failure
    assert (clock.now() - began).total_seconds() > 30
