"""Secret values among the settings of a policy: sealed apart, and a token where each stood (02 section 9.2).

A client that sends the token back, as every change of all settings does, leaves the value as it is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from taxiway.store import Row

_TYPE: Final = "SecretSettingValue"
_STATE: Final = "valueState"
_PLAIN: Final = "notEncrypted"
_SEALED: Final = "encryptedValueToken"
_Change = Callable[[dict[str, Any], str], dict[str, Any]]


def conceal(_kind: str, values: Mapping[str, Any], current: Row) -> dict[str, Any]:
    """The values to save, with the secrets of their settings apart from them."""
    made = {name: value for name, value in values.items() if name != "setting_secrets"}
    if "settings" not in made:
        return made
    known, secrets = _known(current), dict[str, str]()

    def hide(value: dict[str, Any], place: str) -> dict[str, Any]:
        if is_token(value):
            secrets.update({value["value"]: known[value["value"]]} if value["value"] in known else {})
            return value
        token = _new(place, {**known, **secrets})
        secrets[token] = value["value"]
        return {**value, "value": token, _STATE: _SEALED}

    made["settings"] = _changed(made["settings"], "", hide)
    return {**made, "setting_secrets": json.dumps(secrets) if secrets else None}


def opened(row: Row) -> tuple[list[Any], frozenset[str]]:
    """The settings of an opened row with their secrets, and these."""
    secrets = _known(row)

    def show(value: dict[str, Any], _place: str) -> dict[str, Any]:
        known = secrets.get(value["value"]) if is_token(value) else None
        return value if known is None else {**value, "value": known, _STATE: _PLAIN}

    settings = row["settings"] or []
    return (_changed(settings, "", show) if secrets else settings), frozenset(secrets.values()) - {""}


def is_token(value: Any) -> bool:
    """Whether this only names a secret."""
    return isinstance(value, dict) and value.get(_STATE) == _SEALED


def _known(row: Row) -> dict[str, str]:
    known: dict[str, str] = json.loads(row.get("setting_secrets") or "{}")
    return known


def _new(place: str, taken: Mapping[str, str]) -> str:
    """A token that tells nothing of the secret: made of where it stands."""
    number = 0
    while (token := hashlib.sha256(f"{place}|{number}".encode()).hexdigest()[:32]) in taken:
        number += 1
    return token


def _changed(value: Any, place: str, change: _Change) -> Any:
    """The same with every secret value changed, at any depth."""
    if isinstance(value, list):
        return [_changed(one, f"{place}/{number}", change) for number, one in enumerate(value)]
    if not isinstance(value, dict):
        return value
    if str(value.get("@odata.type") or "").endswith(_TYPE) and isinstance(value.get("value"), str):
        return change(value, place)
    return {name: _changed(one, f"{place}/{name}", change) for name, one in value.items()}
