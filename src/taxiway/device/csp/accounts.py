"""Who is on the PC: its name, local accounts, members of local groups (05 sections 10.7 and 10.10)."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Final

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import Refused
from taxiway.device.state import Storage, StoredNode
from taxiway.kernel import Entropy
from taxiway.wire.device_name import InvalidDeviceName, parse_device_name
from taxiway.wire.errors import WireError
from taxiway.wire.local_groups import read_groups
from taxiway.wire.syncml import Code

ADMINISTRATORS: Final = "S-1-5-32-544"
USERS: Final = "S-1-5-32-545"
_NAMES: Final = {"administrators": ADMINISTRATORS, "users": USERS}
_KINDS: Final = {"1": USERS, "2": ADMINISTRATORS}
_TOO_LONG: Final = 20


class Accounts(Csp):
    """The name of the PC, which takes effect at the next restart, and local accounts, whose passwords nobody reads."""

    root = (*MSFT, "Accounts")

    def __init__(self, storage: Storage, entropy: Entropy) -> None:
        self._storage = storage
        self._entropy = entropy

    def check(self, change: Change) -> None:
        """A template or a user name that Windows would not take is refused."""
        if change.node.name == "ComputerName":
            self._name(change.value)
        elif change.node.path[3:4] == ("Users",) and len(change.node.path[4:5][0]) > _TOO_LONG:
            raise Refused(Code.BAD_REQUEST)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Remember the name for the restart, make the account, put it into its group."""
        state = self._storage.state
        if change.node.name == "ComputerName":
            state.next_name = self._name(change.value)
            state.reboots.append(change.node.uri)
            return None
        user = change.node.path[4]
        if user not in state.accounts:
            state.accounts.append(user)
            join(self._storage, USERS, user)
        if change.node.name == "Password":
            # Windows keeps a hash; here nothing of it is kept.
            state.device_nodes[change.node.key] = StoredNode("chr", "", "Password")
        if change.node.name == "LocalUserGroup":
            join(self._storage, _KINDS[change.value], user)
        return None

    def _name(self, template: str) -> str:
        try:
            return parse_device_name(template).expand(self._storage.state.firmware.serial, self._entropy.below)
        except InvalidDeviceName as error:
            raise Refused(Code.BAD_REQUEST) from error


class LocalGroups(Csp):
    """``LocalUsersAndGroups/Configure``: members are added and removed (U), or are exactly those listed (R)."""

    root = (*MSFT, "Policy", "Config", "LocalUsersAndGroups")
    upsert = True
    defaults = False

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def check(self, change: Change) -> None:
        """A document that says something else than groups, actions and members is refused."""
        if change.verb in {"Add", "Replace"} and change.node.name == "Configure":
            try:
                read_groups(change.value)
            except WireError as error:
                raise Refused(Code.BAD_REQUEST) from error

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """Carry it out; taking the policy back changes no membership."""
        if change.verb not in {"Add", "Replace"} or change.node.name != "Configure":
            return None
        for change_of in read_groups(change.value):
            group = _NAMES.get(change_of.group.lower(), change_of.group)
            members = [] if change_of.exactly else list(members_of(self._storage, group))
            members += [one for one in change_of.added if one not in members]
            self._storage.state.groups[group] = [one for one in members if one not in change_of.removed]
        return None


def members_of(storage: Storage, group: str) -> list[str]:
    """The members of a local group by its SID; administrators begin with whom the join made one (R-101)."""
    joined = storage.state.joined
    born = list(joined.administrators) if group == ADMINISTRATORS and joined is not None else []
    return storage.state.groups.get(group, born)


def join(storage: Storage, group: str, member: str) -> None:
    """Put somebody into a local group."""
    members = members_of(storage, group)
    storage.state.groups[group] = [*members, *([] if member in members else [member])]
