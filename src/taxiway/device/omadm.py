"""The management client: sessions over mutual TLS, from the first alert to the last Status (05 sections 2 to 5)."""

from __future__ import annotations

import base64
import binascii
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from taxiway.device.commands import Responder, cut, split
from taxiway.device.csp.dmclient import provider
from taxiway.device.csp.facts import DevInfo
from taxiway.device.csp.tree import Tree
from taxiway.device.enroll import ACCOUNT_SLOT
from taxiway.device.errors import ServerUnreachable, SessionBroken
from taxiway.device.state import Enrolled, Storage
from taxiway.device.transport import Identity, Transport
from taxiway.device.unenroll import LEAVING, remove_account
from taxiway.wire.errors import WireError
from taxiway.wire.syncml import (
    AAD_USER_TOKEN,
    AUTH_BASIC,
    AUTH_MD5,
    CONTENT_TYPE,
    LOGIN_STATUS,
    Alert,
    AlertCode,
    Body,
    Chal,
    CmdIds,
    Code,
    Command,
    Cred,
    Header,
    Item,
    Message,
    Status,
    basic_credential,
    md5_digest,
    md5_secret,
    parse_message,
    render_message,
)

MAX_TURNS = 500

Login = Literal["user", "others", "none"]


class Account(msgspec.Struct):
    """The secret half of the management account (04 section 11.2)."""

    name: str
    secret: str
    nonce: str


@dataclass(slots=True)
class OmaDm:
    """Holds sessions with the management server of one enrollment."""

    transport: Transport
    storage: Storage
    tree: Tree
    dev_info: DevInfo
    waiting: list[Alert] = field(default_factory=list)

    async def sync(self, login: Login, token: str = "") -> int:
        """Hold one session and return how many commands the server sent; ``token`` is the user's, for the server."""
        # Where the power went while the PC was about to leave, it leaves now.
        count = 0 if self.storage.state.leaving else await self._session(login, token).run()
        if self.storage.state.leaving:
            await self.leave(login)
        return count

    async def leave(self, login: Login) -> None:
        """Tell the server that the PC leaves, whether or not it can be told, and take away what it brought."""
        self.storage.state.leaving = True
        self.storage.save()
        self.waiting = [LEAVING]
        with contextlib.suppress(SessionBroken, ServerUnreachable):
            await self._session(login, "").run()
        await self.transport.forget(Identity.MANAGEMENT)
        remove_account(self.storage, self.tree, self.transport.tpm)

    def _session(self, login: Login, token: str) -> _Session:
        """A new session, and with it everything that waits to be told."""
        enrolled = self.storage.state.enrolled
        if enrolled is None:
            raise SessionBroken("0x80180026", "the PC is not enrolled")
        self.storage.state.sessions += 1
        session = _Session(self, enrolled, login, token)
        self.waiting = []
        return session

    def tell(self, kind: str, uri: str, data: str) -> None:
        """Have an event told to the server in the next session (05 section 5.2)."""
        item = Item(source=uri, type=kind, format="int", mark="informational", data=data)
        self.waiting.append(Alert("", AlertCode.CLIENT_EVENT, (item,)))


class _Session:
    """One session: numbers its messages and keeps its credential."""

    def __init__(self, client: OmaDm, enrolled: Enrolled, login: Login, token: str) -> None:
        self._client = client
        self._enrolled = enrolled
        self._token = token
        self._size = client.transport.host.place.message_size
        self._room = self._size - self._size // 8  # what escaping adds
        version = _version(client.tree.value(provider(enrolled.provider).child("SyncApplicationVersion")))
        number = client.storage.state.sessions
        self._id = f"{number & 0xFFFF:X}" if version >= 2 else str(number)
        self._sent = 0
        self._cred: Cred | None = None
        self._challenged = False
        self._responder = Responder(client.tree, native_errors=version >= 3)
        self._first = self._package_1(login, list(client.waiting))

    async def run(self) -> int:
        """Exchange messages until the server has nothing more to say (05 section 3.3)."""
        outgoing: list[Body] = self._first
        commands = 0
        for _ in range(MAX_TURNS):
            now, later = split(outgoing, self._room)
            answer = await self._exchange(now, final=not later)
            challenge = _challenge(answer)
            if challenge is not None:
                self._answer_challenge(challenge)
                outgoing = self._first
                continue
            if any(isinstance(each, Alert) and each.code == AlertCode.SESSION_ABORT for each in answer.commands):
                return commands
            self._responder.answers = []
            busy = await self._responder.respond(answer)
            self._client.storage.save()
            if self._client.storage.state.leaving:
                return commands  # without a Status (04 section 16.2)
            if not busy and not later:
                return commands
            commands += sum(isinstance(each, Command) for each in answer.commands)
            header = Status(cmd_id="", msg_ref=answer.header.msg_id, cmd_ref="0", cmd="SyncHdr", code=Code.OK)
            outgoing = [header, *cut(_without_next(self._responder.answers, later), self._room), *later]
        raise SessionBroken("0x80072F78", f"the management session does not end after {MAX_TURNS} messages")

    async def _exchange(self, commands: Sequence[Body], *, final: bool) -> Message:
        self._sent += 1
        address = self._enrolled.address
        header = Header(
            session_id=self._id,
            msg_id=str(self._sent),
            target=address,
            source=self._client.dev_info.values()["DevId"],
            cred=self._cred,
            max_msg_size=self._size if self._sent == 1 else None,
        )
        headers = {
            "content-type": f"{CONTENT_TYPE}; charset=utf-8",
            "accept": f"{CONTENT_TYPE}, application/octet-stream",
            "user-agent": "MSFT OMA DM Client/1.2.0.1",
        }
        if self._token:
            headers["authorization"] = f"Bearer {self._token}"
        mode = "Maintenance" if self._token else "Machine"
        joint = "&" if urlsplit(address).query else "?"
        response = await self._client.transport.send(
            "POST",
            f"{address}{joint}mode={mode}&Platform=WoA",
            identity=Identity.MANAGEMENT,
            content=render_message(Message(header, _numbered(commands), final=final)),
            headers=headers,
        )
        if response.status_code != 200:
            raise SessionBroken(
                f"0x8019{response.status_code:04X}", f"the management server answers HTTP {response.status_code}"
            )
        if len(response.content) > self._size:
            raise SessionBroken(
                "0x80072F78", f"a message has {len(response.content)} bytes; {self._size} were announced"
            )
        try:
            answer = parse_message(response.content)
        except WireError as error:
            raise SessionBroken("0x80072F78", error.message) from error
        if answer.header.session_id != self._id:
            raise SessionBroken("0x80072F78", "the management server answers for another session")
        return answer

    def _package_1(self, login: Login, waiting: list[Alert]) -> list[Body]:
        """How the client opens a session (05 section 3.5)."""
        alerts = [Alert("", AlertCode.CLIENT_INITIATED), _event(LOGIN_STATUS, login)]
        if self._token:
            alerts.append(_event(AAD_USER_TOKEN, self._token))
        items = [Item(source=f"./DevInfo/{name}", data=value) for name, value in self._client.dev_info.values().items()]
        return [*alerts, *waiting, Command("Replace", "", tuple(items))]

    def _answer_challenge(self, challenge: Chal) -> None:
        """Make the credential a challenge asks for; a second one means that it was wrong (05 section 4)."""
        if self._challenged:
            raise SessionBroken("0x80072EE2", "the management server refuses the credentials of the account")
        self._challenged = True
        sealed = self._client.transport.tpm.unseal(ACCOUNT_SLOT)
        account = msgspec.json.decode(sealed, type=Account) if sealed else Account("", "", "")
        if challenge.type == AUTH_BASIC:
            self._cred = Cred(AUTH_BASIC, basic_credential(account.name, account.secret))
            return
        try:
            nonce = base64.b64decode(challenge.next_nonce or account.nonce)
        except (binascii.Error, ValueError) as error:
            raise SessionBroken("0x80072F78", "the nonce of the challenge is not base64") from error
        self._cred = Cred(AUTH_MD5, md5_digest(md5_secret(account.name, account.secret), nonce))


def _event(kind: str, data: str) -> Alert:
    return Alert("", AlertCode.CLIENT_EVENT, (Item(type=kind, data=data),))


def _challenge(answer: Message) -> Chal | None:
    for command in answer.commands:
        if isinstance(command, Status) and command.cmd == "SyncHdr" and command.code in {401, 407}:
            return command.chal or Chal(AUTH_MD5)
    return None


def _numbered(commands: Sequence[Body]) -> tuple[Body, ...]:
    ids = CmdIds()
    return tuple(msgspec.structs.replace(command, cmd_id=ids.next()) for command in commands)


def _without_next(answers: list[Body], later: list[Body]) -> list[Body]:
    """While pieces of an answer are still to be sent, the PC asks for nothing."""
    if not later:
        return answers
    return [each for each in answers if not isinstance(each, Alert) or each.code != AlertCode.NEXT_MESSAGE]


def _version(text: str | None) -> int:
    head = (text or "1.0").partition(".")[0]
    return int(head) if head.isdigit() else 1
