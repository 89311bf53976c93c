"""The document of ``LocalUsersAndGroups/Configure``: who joins and leaves which local group (05 section 10.7)."""

import msgspec

from taxiway.wire.errors import UnexpectedMessage
from taxiway.wire.xml import Element, local, parse_xml


class GroupChange(msgspec.Struct, frozen=True):
    """One group, by name or SID. ``exactly``: its members are to be those added and no others."""

    group: str
    exactly: bool
    added: tuple[str, ...]
    removed: tuple[str, ...]


def read_groups(text: str) -> list[GroupChange]:
    """The changes in their order; MalformedXml or UnexpectedMessage for any other document."""
    root = parse_xml(text.encode())
    if local(root) != "GroupConfiguration" or not len(root):
        raise UnexpectedMessage("The document is not a GroupConfiguration with an accessgroup.")
    return [_change(element) for element in root]


def _change(element: Element) -> GroupChange:
    group = element.get("desc") or ""
    if local(element) != "accessgroup" or not group:
        raise UnexpectedMessage("An accessgroup needs its 'desc', the group's name or SID.")
    actions = [part.get("action") for part in element if local(part) == "group"]
    if actions not in (["U"], ["R"]):
        raise UnexpectedMessage(f"The group '{group[:100]}' needs one action, U or R.")
    added, removed = (_members(element, verb) for verb in ("add", "remove"))
    if not all((*added, *removed)):
        raise UnexpectedMessage(f"A member of the group '{group[:100]}' has no name.")
    if actions == ["R"] and removed:
        raise UnexpectedMessage(f"The group '{group[:100]}' is restricted to its members (R): it takes no 'remove'.")
    return GroupChange(group, actions == ["R"], added, removed)


def _members(element: Element, verb: str) -> tuple[str, ...]:
    return tuple(part.get("member") or "" for part in element if local(part) == verb)
