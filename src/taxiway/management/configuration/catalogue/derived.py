"""Settings that the table of CSP facts has not: the policy behind one is read off its id (02 section 9.2).

The original's catalogue has some ten thousand settings; the table has those that are specified. The id of a policy is
its OMA-URI in small letters with ``_`` for ``/``, so that area and name of most can be told, and a policy of an
administrative template is known by the ``~`` of its area or by the areas that consist of nothing else. What cannot be
told is said and not sent: the archive of device descriptions fills the table (``taxiway csp import``).
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import msgspec

from taxiway.management.configuration.catalogue.definitions import Definition
from taxiway.wire.csp import Node, Scope

#: No id of the original comes near to it.
MOST: Final = 500
_policy = re.compile(r"(?:(device|user)_)?vendor_msft_policy_config_([a-z0-9][^/\s{}]*)\Z")
#: Categories of templates whose name has an underscore of its own.
_CATEGORIES: Final = ("microsoft_edge", "microsoft_edgewebview2")
#: Where a category ends, for the templates that name their policies alike.
_JOINTS: Final = ("_pol_", "_l_")
#: What stands between the values of a collection, for the areas in which it is always the same.
_DELIMITERS: Final = {"userrights": "\uf000", "privacy": ";"}
#: Areas in which every policy comes from an administrative template.
_TEMPLATES: Final = frozenset(
    {
        "activexcontrols",
        "appvirtualization",
        "attachmentmanager",
        "autoplay",
        "cellular",
        "credentialsui",
        "desktopappinstaller",
        "errorreporting",
        "eventlogservice",
        "internetexplorer",
        "kerberos",
        "mssecurityguide",
        "msslegacy",
        "printers",
        "remoteassistance",
        "remotedesktopservices",
        "remotemanagement",
        "remoteprocedurecall",
        "remoteshell",
        "windowspowershell",
    }
)


def derive(definition_id: str) -> Definition | None:
    """The definition that an id in small letters tells of; None where it tells of no policy."""
    match = None if len(definition_id) > MOST else _policy.match(definition_id)
    parts = None if match is None else _split(match[2])
    if match is None or parts is None:
        return None
    area, name = parts
    scope: Scope = "user" if match[1] == "user" else "device"
    admx = "~" in area or area.startswith("admx_") or area in _TEMPLATES
    path = f"Vendor/MSFT/Policy/Config/{area}/{name}"
    node = Node(path=path, format="any", access="ADGR", admx=admx, delimiter=_DELIMITERS.get(area))
    return Definition(definition_id, scope, node, "choice", derived=True)


def part(parent: Definition, definition_id: str) -> Definition | None:
    """The part of a template's policy that the id of a child tells of: what follows the policy's own id."""
    if len(definition_id) > MOST or not definition_id.startswith(f"{parent.id}_") or not parent.node.admx:
        return None
    name = definition_id[len(parent.id) + 1 :]
    return Definition(definition_id, parent.scope, parent.node, "data", (), parent.id, name, derived=True)


def templated(definition: Definition) -> Definition:
    """The same, of an administrative template: what has parts is one."""
    return replace(definition, node=msgspec.structs.replace(definition.node, admx=True))


def _split(text: str) -> tuple[str, str] | None:
    """Area and name."""
    before, tilde, last = text.rpartition("~")
    if tilde:
        category, name = _category(last)
        area = f"{before}~{category}"
    else:
        head = "admx_" if text.startswith("admx_") else ""
        area, _, name = text[len(head) :].partition("_")
        area = head + area
    return (area, name) if area and name else None


def _category(text: str) -> tuple[str, str]:
    """The last category of a template and the policy behind it."""
    for category in _CATEGORIES:
        if text.startswith(f"{category}_"):
            return category, text[len(category) + 1 :]
    for joint in _JOINTS:
        # From the second letter on: the category may begin with what joins.
        place = text.find(joint, 1)
        if place > 0:
            return text[:place], text[place + 1 :]
    category, _, name = text.partition("_")
    return category, name
