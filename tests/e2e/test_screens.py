"""The screens of OOBE follow the profile that the service handed out, on a cable and without a network at first."""

import dataclasses

import pytest

from taxiway.device import Place, ScreenShown

_OPTIONAL = {"OobeKeyboard", "OobeSecondKeyboard", "OobeEula", "OobeSettings"}


@pytest.mark.parametrize("network", ["wired", "wireless"])
@pytest.mark.parametrize(
    ("eula", "privacy", "keyboard"), [(True, True, True), (False, False, False), (True, False, True)]
)
async def test_r109_screens_in_order(instance, tmp_path, network, eula, privacy, keyboard):
    """Hidden pages do not show, others come in the order of 01 section 9.1; without a network the PC cannot know.

    Region and keyboard then show whatever the profile says, because it is not there yet (R-103).
    """
    person = await instance.make_user()
    await instance.profile(
        eula_hidden=eula, privacy_settings_hidden=privacy, keyboard_selection_page_skipped=keyboard, locale="en-US"
    )
    instance.host = dataclasses.replace(instance.host, place=Place(network=network))
    pc = instance.make_pc(tmp_path / "pc")
    await instance.register(pc)
    outcome = await instance.power_on(pc, person)
    assert outcome.reached == "desktop", outcome.failure
    shown = [event.name for event in instance.events if isinstance(event, ScreenShown)]
    expected = set()
    if network == "wireless" or not keyboard:
        expected |= {"OobeKeyboard", "OobeSecondKeyboard"}
    expected |= set() if eula else {"OobeEula"}
    expected |= set() if privacy else {"OobeSettings"}
    assert _OPTIONAL & set(shown) == expected
    assert ("OobeWireless" in shown) == (network == "wireless")
    order = ["OobeRegion", "OobeKeyboard", "OobeWireless", "OobeZdp", "OobeEula", "OobeAAD", "OobeSettings", "Desktop"]
    seen = [name for name in shown if name in order]
    assert seen == [name for name in order if name in seen]
