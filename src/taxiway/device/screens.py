"""Which pages OOBE shows and in which order: a pure function of profile and network (01 section 9.1, 06 section 4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from taxiway.device.firmware import HOME
from taxiway.kernel import Entropy
from taxiway.wire.autopilot_profile import AutopilotProfile, OobeConfig


@dataclass(frozen=True, slots=True)
class Screen:
    """A page: the name of its node and what the person reads on it."""

    name: str
    text: str


REGION = Screen("OobeRegion", "Is this the right country or region?")
KEYBOARD = Screen("OobeKeyboard", "Is this the right keyboard layout or input method?")
SECOND_KEYBOARD = Screen("OobeSecondKeyboard", "Want to add a second keyboard layout?")
NETWORK = Screen("OobeWireless", "Let's connect you to a network")
UPDATES = Screen("OobeZdp", "Checking for updates")
EULA = Screen("OobeEula", "Please review the License Agreement")
PRIVACY = Screen("OobeSettings", "Choose privacy settings for your device")
FIRST_SIGN_IN = Screen("FirstSignInAnimation", "Hi")
WORK_OR_PERSONAL = Screen("OobeIDPS", "How would you like to set up this device?")
HELLO = Screen("NGC", "Use Windows Hello with your account")
DESKTOP = Screen("Desktop", "Desktop")
QUALITY_UPDATES = Screen("OobeQualityUpdates", "Installing Windows quality updates")
RESETTING = Screen("Reset", "Resetting this PC")

NO_SERVICE = Screen(
    "OobeAutopilot",
    "This PC does not reach the deployment service, so nobody knows whether it is registered. Check the network.",
)
WAITING = Screen("OobeAutopilot", "Your organization is preparing this PC. Waiting for its profile...")
#: Why there is no profile, by the code of the service (P-07).
_WHY_NONE = {
    807: "This PC is not registered with an organization. It is set up like any other PC.",
    809: "The profile that was assigned to this PC has been deleted. Ask your administrator.",
    815: "This PC is registered, and no profile is assigned to it yet. Wait a while, then restart it.",
    899: "The profile asks for a deployment that is not done here. Ask your administrator for a user-driven one.",
    908: "This PC differs from its registration. Ask your administrator to register it again.",
}

_NOTHING = OobeConfig(0)


_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


def invented_name(entropy: Entropy) -> str:
    """What Windows calls a PC that nobody named."""
    return "DESKTOP-" + "".join(_LETTERS[entropy.below(len(_LETTERS))] for _ in range(7))


def without_profile(code: str) -> Screen:
    """The page that says why there is no profile."""
    known = _WHY_NONE.get(int(code)) if code.isdigit() else None
    return Screen("OobeAutopilot", known or f"The deployment service has no profile for this PC ({code}).")


def sign_in(company: str) -> Screen:
    """The sign-in page with the organisation's name."""
    return Screen("OobeAAD", f"Welcome to {company}")


def esp(text: str) -> Screen:
    """The Enrollment Status Page."""
    return Screen("MDMProgress", text)


@dataclass(frozen=True, slots=True)
class Choices:
    """What the profile decides about the pages; without a profile every page shows."""

    config: OobeConfig = _NOTHING
    language: str = ""

    @classmethod
    def of(cls, profile: AutopilotProfile | None, edition: str) -> Choices:
        """Read them from a profile; Windows Home obeys none of it (06 section 3.8)."""
        if profile is None or edition == HOME:
            return cls()
        return cls(profile.oobe, profile.cloud_assigned_language or "")


def before_network(choices: Choices, network: Literal["wired", "wireless"]) -> list[Screen]:
    """The pages up to the network; without one a PC has no profile but an offline one, and else shows all (R-103)."""
    shown = [] if choices.language else [REGION]
    if OobeConfig.SKIP_KEYBOARD not in choices.config:
        shown += [KEYBOARD, SECOND_KEYBOARD]
    return [*shown, NETWORK] if network == "wireless" else shown


def before_sign_in(choices: Choices) -> list[Screen]:
    """The pages between the network and the sign-in."""
    return [UPDATES] if OobeConfig.SKIP_EULA in choices.config else [UPDATES, EULA]


def after_device_setup(choices: Choices) -> list[Screen]:
    """The pages between device setup and the first sign-in of the user."""
    privacy = [] if OobeConfig.SKIP_PRIVACY in choices.config else [PRIVACY]
    return [*privacy, FIRST_SIGN_IN]
