"""What a deployment profile may say, and the two generations of its names (01 section 7; 02 section 3.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from taxiway.autopilot.entities import AUTOPILOT_PROFILE, HYBRID
from taxiway.autopilot.errors import BadProfile
from taxiway.store import Row
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name

NAME_LIMIT: Final = 200
DESCRIPTION_LIMIT: Final = 1500
#: What the enrollment profile of a PC with an offline file is called, before the file's id (07 section 11.4).
OFFLINE_PREFIX: Final = "OfflineAutopilotprofile-"

#: The switches of the out-of-box experience: our name -> new member, old member, value when nothing was said.
SWITCHES: Final[dict[str, tuple[str, str, Any]]] = {
    "privacy_settings_hidden": ("privacySettingsHidden", "hidePrivacySettings", False),
    "eula_hidden": ("eulaHidden", "hideEULA", False),
    "user_type": ("userType", "userType", "administrator"),
    "device_usage_type": ("deviceUsageType", "deviceUsageType", "singleUser"),
    "keyboard_selection_page_skipped": ("keyboardSelectionPageSkipped", "skipKeyboardSelectionPage", False),
    "escape_link_hidden": ("escapeLinkHidden", "hideEscapeLink", False),
}
#: Properties that were renamed: new name -> old name.
_TWINS: Final = {
    "locale": "language",
    "hardware_hash_extraction_enabled": "extract_hardware_hash",
    "preprovisioning_allowed": "enable_white_glove",
}
_NEW, _OLD = "out_of_box_experience_setting", "out_of_box_experience_settings"
_WORDS: Final = {
    "user_type": {"administrator", "standard"},
    "device_usage_type": {"singleUser", "shared"},
    "device_type": {"windowsPc", "holoLens", "surfaceHub2", "surfaceHub2S", "virtualMachine"},
}
_LOCALE = re.compile(r"(os-default|[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*)?\Z")
_READ_ONLY = frozenset({"kind", "created_at", "last_modified_at", "priority", "findings"})
_OOBE = frozenset({_NEW, _OLD, *SWITCHES})


def switches(profile: Row) -> dict[str, Any]:
    """The switches of a stored profile by our names."""
    stored = profile[_NEW] or {}
    return {name: stored.get(new, default) for name, (new, _, default) in SWITCHES.items()}


def other_mode(profile: Row) -> str | None:
    """Which deployment that is not done here a profile asks for; None for a user-driven Microsoft Entra join."""
    if profile["kind"] == HYBRID:
        return "Microsoft Entra hybrid join"
    if switches(profile)["device_usage_type"] == "shared":
        return "self-deploying mode"
    return "pre-provisioning" if profile["preprovisioning_allowed"] else None


def settled(stored: Row | None, given: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
    """The values to store: both generations in step, each checked.

    Of a pair of names the one whose value differs from what is stored counts, the new name before the old.
    """
    before = stored or {name: prop.default for name, prop in AUTOPILOT_PROFILE.props.items()}
    values = {name: value for name, value in given.items() if name not in _READ_ONLY | _OOBE}
    for new, old in _TWINS.items():
        if new in given or old in given:
            values[new] = values[old] = _changed(before[new], given.get(new), given.get(old))
    if stored is None or _OOBE & given.keys():
        chosen = _switched(switches(dict(before)), given)
        values[_NEW] = {SWITCHES[name][0]: value for name, value in chosen.items()}
        values[_OLD] = {SWITCHES[name][1]: value for name, value in chosen.items()}
        _check_words(chosen)
    _check(values, kind=kind, creating=stored is None)
    return values


def _switched(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    new, old = _members(given.get(_NEW)), _members(given.get(_OLD))
    chosen = {}
    for name, (new_name, old_name, default) in SWITCHES.items():
        value = _changed(before[name], given.get(name), new.get(new_name.lower()), old.get(old_name.lower()))
        if type(value) is not type(default):
            raise BadProfile(f"Invalid value specified for property '{new_name}'.")
        chosen[name] = value
    return chosen


def _members(value: Any) -> dict[str, Any]:
    """The members of a complex property by their names in lower case."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadProfile("The out-of-box experience settings are an object.")
    return {str(name).lower(): member for name, member in value.items()}


def _changed(before: Any, *given: Any) -> Any:
    return next((value for value in given if value is not None and value != before), before)


def _check_words(values: Mapping[str, Any]) -> None:
    for name, words in _WORDS.items():
        if name in values and values[name] not in words:
            raise BadProfile(f"'{values[name]}' is no {name.replace('_', ' ')}; use {' or '.join(sorted(words))}.")


def _check(values: Mapping[str, Any], *, kind: str, creating: bool) -> None:
    name = values.get("display_name", None if creating else "unchanged")
    if not isinstance(name, str) or not name.strip() or len(name) > NAME_LIMIT:
        raise BadProfile(f"A deployment profile has a name of 1 to {NAME_LIMIT} characters.")
    if name.lower().startswith(OFFLINE_PREFIX.lower()):
        raise BadProfile(f"Names that begin with '{OFFLINE_PREFIX}' are those of offline profiles: choose another one.")
    if len(values.get("description") or "") > DESCRIPTION_LIMIT:
        raise BadProfile(f"The description has at most {DESCRIPTION_LIMIT} characters.")
    if not _LOCALE.match(values.get("locale") or ""):
        raise BadProfile(f"'{values['locale']}' is no language: use a tag such as 'en-US', or 'os-default'.")
    _check_words(values)
    if values.get("device_name_template"):
        if kind == HYBRID:
            raise BadProfile("A device name template is for Microsoft Entra join only.")
        check_device_name(values["device_name_template"])


def check_device_name(template: str) -> None:
    """Refuse a name or template that Windows would not take, and say which rule it breaks (01 R-90)."""
    try:
        parse_device_name(template)
    except InvalidDeviceName as error:
        raise BadProfile(
            f"The device name template '{template}' cannot be used: {error.message}.",
            remedy="Use letters, digits, hyphens, %SERIAL% and %RAND:x%; the name has at most 15 characters.",
        ) from error
