"""``taxiway signin-policy``, ``enrollment-policy`` and ``autopilot-policy``: the tenant's switches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated

import typer

from taxiway.cli.connect import Connection, connected
from taxiway.cli.options import AsJson
from taxiway.kernel import TaxiwayError

_SIGN_IN, _ENROLLMENT = "/taxiway/signin-policy", "/taxiway/enrollment-policy"

_AUTOPILOT = "/beta/deviceManagement/windowsAutopilotSettings"
_EXPLICIT, _EXPLICIT_AT_GRAPH = "explicit_priority", "@taxiway.explicitPriority"

Changes = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE, on or off for a switch; repeat for more. Without: print.")
]


_KNOWN = {"on": True, "true": True, "off": False, "false": False}


class NotASwitch(TaxiwayError):
    """Not ``NAME=on`` or ``NAME=off``, or not ``NAME=VALUE``."""


@connected
def signin_policy(switch: Changes = None, *, connection: Connection, as_json: AsJson = False) -> None:
    """Print or change the tenant's sign-in switches.

    All are off at first: each admits something that a production tenant should not need. Tools that sign in with name
    and password need `ropc_enabled=on`; docs/settings.md describes every switch.
    """
    changes = dict(_pair(text) for text in switch or ())
    _print(_exchange(_SIGN_IN, changes, connection), as_json)


@connected
def enrollment_policy(switch: Changes = None, *, connection: Connection, as_json: AsJson = False) -> None:
    """Print or change how the tenant's devices may enroll besides the usual way.

    At first nothing but the Entra token and the sign-in page enrolls; docs/settings.md describes every switch, and how
    to trust a tenant of Entra ID so that its hardware can be managed here.
    """
    changes = dict(_value(text) for text in switch or ())
    _print(_exchange(_ENROLLMENT, changes, connection), as_json)


@connected
def autopilot_policy(switch: Changes = None, *, connection: Connection, as_json: AsJson = False) -> None:
    """Print or change how the tenant chooses among deployment profiles.

    Of several profiles that reach a device through groups the oldest wins; `explicit_priority=on` gives each a place
    in an order of your own instead, which begins as the order of age.
    """
    changes = {_renamed(name): value for name, value in (_pair(text) for text in switch or ())}
    found = _exchange(_AUTOPILOT, changes, connection)
    _print({_EXPLICIT: found[_EXPLICIT_AT_GRAPH]}, as_json)


def _renamed(name: str) -> str:
    if name != _EXPLICIT:
        raise NotASwitch(f"There is no switch '{name}'.", remedy=f"The switch is {_EXPLICIT}.")
    return _EXPLICIT_AT_GRAPH


def _exchange(path: str, changes: Mapping[str, object], connection: Connection) -> dict[str, object]:
    """Read the switches, or change some of them; all of them as they are then."""
    method, body = ("PATCH", changes) if changes else ("GET", None)
    found: dict[str, object] = connection.call(method, path, body)
    return found


def _print(found: Mapping[str, object], as_json: bool) -> None:
    if as_json:
        print(json.dumps(found))
        return
    for name, value in found.items():
        print(f"  {name:<28} {_shown(value)}")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return value if isinstance(value, str) else json.dumps(value)


def _value(text: str) -> tuple[str, object]:
    """A switch, a list as JSON, or a value as it is written."""
    name, equals, value = text.partition("=")
    if not equals:
        raise NotASwitch(f"'{text}' sets nothing.", remedy="Write NAME=VALUE.")
    try:
        return name, json.loads(value) if value.startswith("[") else _KNOWN.get(value.lower(), value)
    except ValueError as error:
        raise NotASwitch(f"'{value}' is not JSON.", remedy="Write a list as JSON.") from error


def _pair(text: str) -> tuple[str, bool]:
    name, _, value = text.partition("=")
    if value.lower() not in _KNOWN:
        raise NotASwitch(f"'{text}' is not a switch.", remedy="Write NAME=on or NAME=off.")
    return name, _KNOWN[value.lower()]
