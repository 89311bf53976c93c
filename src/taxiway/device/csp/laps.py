"""Windows LAPS: a password of its own for the local administrator, escrowed before it holds (05 section 10.10)."""

from __future__ import annotations

import base64
import string
from collections.abc import Awaitable
from datetime import timedelta

import httpx

from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import ServerUnreachable
from taxiway.device.jobs import Jobs
from taxiway.device.outcome import milliseconds
from taxiway.device.state import LocalAdministrator, Storage
from taxiway.device.transport import Identity, Transport
from taxiway.kernel import Entropy
from taxiway.wire.hresult import signed
from taxiway.wire.syncml import Code

ROOT = (*MSFT, "LAPS")
JOB = "laps"
SLOT = "laps"
ESCROW_PATH = "/EnrollmentServer/laps/credentials"
BUILT_IN = "Administrator"

_TO_ENTRA = "1"
_NO_SUCH_USER, _NOT_SUPPORTED, _REFUSED = 0x80070525, 0x80070032, 0x80070005
_SPECIAL = "#$%&*+-=?@^_"
#: The classes of characters of a complexity; 5 is 4 without what looks alike. Passphrases (6 to 8) are not made here.
_CLASSES = {
    1: (string.ascii_uppercase,),
    2: (string.ascii_uppercase, string.ascii_lowercase),
    3: (string.ascii_uppercase, string.ascii_lowercase, string.digits),
    4: (string.ascii_uppercase, string.ascii_lowercase, string.digits, _SPECIAL),
    5: ("ABCDEFGHJKLMNPRSTUVWXYZ", "abcdefghijkmnprstuvwxyz", "2345679", "#%+=?@"),
}


def new_password(entropy: Entropy, length: int, complexity: int) -> str:
    """Random, with at least one character of each class."""
    classes = _CLASSES[complexity]
    every = "".join(classes)
    drawn = [each[entropy.below(len(each))] for each in classes]
    drawn += [every[entropy.below(len(every))] for _ in range(length - len(drawn))]
    for place in range(len(drawn) - 1, 0, -1):
        other = entropy.below(place + 1)
        drawn[place], drawn[other] = drawn[other], drawn[place]
    return "".join(drawn)


class Laps(Csp):
    """Changes the password when it is due: none yet, its age, the order of the server."""

    root = ROOT
    upsert = True
    runs = frozenset({"ResetPassword"})

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport, drs: str) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._drs = drs

    def read(self, node: Node) -> str | None:
        """How the last change went."""
        if node.name != "ResetPasswordStatus":
            return None
        return str(signed(self._storage.state.laps.status))

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """The order of the server changes it now; policies are looked at when the session is over."""
        return self._order() if change.verb == "Exec" else None

    async def _order(self) -> Code:
        """Wait for the outcome, so that the status beside it is that of this order."""
        self._storage.state.laps.expires = 0
        self.consider()
        await self._jobs.settle(JOB)
        return Code.OK

    def consider(self) -> None:
        """The background cycle: change the password where the policy backs it up and its time is over."""
        now = milliseconds(self._transport.host.clock.now())
        joined = self._storage.state.joined is not None
        if joined and self._policy("BackupDirectory") == _TO_ENTRA and self._storage.state.laps.expires <= now:
            self._jobs.start(JOB, self._change())

    async def _change(self) -> None:
        """Escrow first: a password that is nowhere else never holds."""
        laps, account = self._storage.state.laps, self._policy("AdministratorAccountName") or BUILT_IN
        complexity, days = int(self._policy("PasswordComplexity") or 4), int(self._policy("PasswordAgeDays") or 30)
        if complexity not in _CLASSES:
            laps.status = _NOT_SUPPORTED
        elif account != BUILT_IN and account not in self._tree.names(Node(DEVICE, (*MSFT, "Accounts", "Users"))):
            laps.status = _NO_SUCH_USER
        else:
            length = int(self._policy("PasswordLength") or 14)
            password = new_password(self._transport.host.entropy, length, complexity)
            laps.status = await self._escrow(account, password, days)
            if laps.status == 0:
                self._transport.tpm.seal(SLOT, password.encode())
                expires = milliseconds(self._transport.host.clock.now() + timedelta(days=days))
                self._storage.state.laps = LocalAdministrator(account, expires)
        self._storage.save()

    async def _escrow(self, account: str, password: str, days: int) -> int:
        """Hand it to the directory with the PC's own certificate; 0 or the error."""
        sid = "S-1-5-21-0-0-0-500" if account == BUILT_IN else ""
        body = {"account": account, "sid": sid, "days": days}
        body["password"] = base64.b64encode(password.encode()).decode()
        try:
            response: httpx.Response = await self._transport.send(
                "POST", self._drs + ESCROW_PATH, identity=Identity.DEVICE, json=body
            )
        except ServerUnreachable as failure:
            return int(failure.code, 16)
        if response.status_code == 403:
            return _REFUSED
        return 0 if response.status_code == 200 else 0x80190000 | response.status_code

    def _policy(self, name: str) -> str | None:
        return self._tree.value(Node(DEVICE, (*ROOT, "Policies", name)))
