"""What saving a configuration has to say without refusing it (P-13): restarts, broken sign-ins, names nobody knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from taxiway.management.model import Item
from taxiway.wire import csp
from taxiway.wire.csp_around import nearest

Finding = dict[str, Any]

#: The oldest Windows 11: what every device has is not worth a word.
_OLDEST: Final = "10.0.22000"
#: The area and name of a policy that came with an administrative template: unknown to any table.
_INGESTED: Final = "~"


def findings(items: Iterable[Item], *, at_devices: bool | None) -> list[Finding]:
    """One finding for each node that needs one; ``at_devices``: whether it reaches devices, None while unassigned."""
    found: list[Finding] = []
    for item in items:
        node = csp.lookup(item.uri)
        if node is None:
            continue
        if node.reboot and at_devices is not False:
            found.append(_finding("reboot", item.uri, _restart(item.uri, at_devices=bool(at_devices))))
        if node.sign_in is not None and (not node.sign_in_when or item.data in node.sign_in_when):
            found.append(_finding("signIn", item.uri, f"{item.uri}: {node.sign_in}"))
        if not node.known_to(_OLDEST):
            text = f"{item.uri} needs Windows {node.build} or later; an older one answers 404."
            found.append(_finding("build", item.uri, text))
        if node.format == "any" and _INGESTED not in item.uri:
            found.append(_finding("unknown", item.uri, _unknown(item.uri)))
    return found


def undelivered(names: Iterable[str]) -> list[Finding]:
    """One finding for all settings that are kept and that no device is told of."""
    listed = ", ".join(names)
    text = f"Kept, and told to no device: {listed}."
    return [_finding("undelivered", "", text)] if listed else []


def _finding(code: str, uri: str, text: str) -> Finding:
    return {"code": code, "omaUri": uri, "text": text}


def _restart(uri: str, *, at_devices: bool) -> str:
    if at_devices:
        text = "is assigned to devices: the PC restarts in device setup, and the person signs in once more"
        return f"{uri} {text}. Assign it to users to have it later."
    return f"{uri} restarts the PC in device setup where it is assigned to devices; assign it to users."


def _unknown(uri: str) -> str:
    near = nearest(uri)
    hint = f" Did you mean {near}?" if near else ""
    return f"{uri} is not in the table of known policies: it is sent as it stands.{hint}"
