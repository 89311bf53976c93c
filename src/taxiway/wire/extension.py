"""Messages of the management extension, version 1: docs/management-extension.md is their specification.

Members that are not known are passed over, so that either side may learn new ones first. What has a wrong type, is too
long or comes in too large a number makes the whole message a `BadJson`.
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
from msgspec import Meta, Struct

from taxiway.wire.json_body import BadJson, decode_json

VERSION: Final = 1
#: The name under which the agent takes part in the status page (05 sections 10.4 and 11.8).
PROVIDER: Final = "taxiway"
CHECK_IN_PATH: Final = "/ManagementExtension/check-in"
REPORT_PATH: Final = "/ManagementExtension/report"

#: The agent as a product of the Windows Installer.
AGENT_PRODUCT: Final = "{7A8E5C1D-3B0F-4E6A-9C57-2D1F60B4A8E3}"
AGENT_VERSION: Final = "1.0.0"
#: What is delivered in its place. Honest about what it is: no Windows Installer opens it, the PC of taxiway knows it.
AGENT_CONTENT: Final = (
    b"taxiway management extension 1.0.0\n"
    b"This stands for the agent's installer. The PC that comes with taxiway has the agent built in and takes this\n"
    b"file for the order to switch it on. A Windows PC finds no MSI package in it and reports 1620.\n"
)

MAX_REQUEST: Final = 256 * 1024
MAX_ANSWER: Final = 32 * 1024 * 1024
MAX_APPS: Final = 1_000
MAX_REPORTS: Final = 100
#: Of what a script printed, this much is kept.
MAX_OUTPUT: Final = 2_048

Context = Literal["system", "user"]
Intent = Literal["required", "uninstall", "dependency", "superseded"]
AppState = Literal[
    "downloading", "installing", "installed", "failed", "notApplicable", "uninstalled", "uninstallFailed"
]
ScriptState = Literal["success", "fail"]
Restart = Literal["none", "soft", "hard"]

Id = Annotated[str, Meta(min_length=1, max_length=100)]
#: An id as it stands in the names of files and nodes on the PC.
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
Path = Annotated[str, Meta(pattern=r"^/[^/]", max_length=1_024)]
Sha256 = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]
Short = Annotated[str, Meta(max_length=256)]
Line = Annotated[str, Meta(max_length=2_048)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Number = Annotated[int, Meta(ge=-(2**31), le=2**32 - 1)]


class _Message(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Members are written as JSON writes them: `runAsAccount`."""


# ---------------------------------------------------------------------------------------------- what the agent sends


class CheckIn(_Message, frozen=True):
    """The agent asks what is meant for its PC. `instance` names this installation of the agent."""

    version: int
    instance: Id
    agent_version: Short = ""


class Report(_Message, frozen=True):
    """How one thing stands. `number` counts the reports of this instance: a smaller one is older.

    `user` is the id of the user it was done for, empty for the device's own. `error` is an HRESULT.
    """

    kind: Literal["app", "script"]
    id: Id
    revision: Count
    number: Count
    state: Short
    user: Annotated[str, Meta(max_length=100)] = ""
    exit_code: Number | None = None
    error: Number = 0
    attempt: Annotated[int, Meta(ge=0, le=1_000)] = 0
    restart: Restart = "none"
    text: Annotated[str, Meta(max_length=MAX_OUTPUT)] = ""


class Reports(_Message, frozen=True):
    """Some reports, oldest first."""

    version: int
    instance: Id
    reports: Annotated[list[Report], Meta(max_length=MAX_REPORTS)]


# ---------------------------------------------------------------------------------------------- what the server says


class Rule(_Message, frozen=True):
    """What is looked for on the PC: a file or folder, a registry value, a product, or what a script says.

    `path` is a folder or a key, `name` what is in it. `check` and `operator` are spelled as Graph spells them.
    """

    kind: Literal["file", "registry", "product", "script"]
    path: str = ""
    name: str = ""
    check: str = "exists"
    operator: str = ""
    value: str = ""
    in_32_bit: bool = False
    script: str = ""
    signed: bool = False


class Requirements(_Message, frozen=True):
    """What the PC has to be; an empty or zero member asks for nothing."""

    architectures: list[str] = []
    os_build: int = 0
    disk_mb: int = 0
    memory_mb: int = 0
    processors: int = 0
    rules: list[Rule] = []


class ReturnCode(_Message, frozen=True):
    """What an installer means by a number."""

    code: int
    type: str


class Content(_Message, frozen=True):
    """An encrypted package. `keys` are its two keys, wrapped for the management certificate of the PC."""

    path: Path
    sha256: Sha256
    size: int
    keys: str
    mac: str
    digest: str


class Dependency(_Message, frozen=True):
    """An app that has to be there first; without `install` it is only looked for."""

    id: str
    install: bool = True


class Superseded(_Message, frozen=True):
    """An older app that this one takes the place of; with `uninstall` it is taken off first."""

    id: str
    uninstall: bool = False


class App(_Message, frozen=True):
    """One app. Those with the intent `dependency` or `superseded` are there for others that name them."""

    id: Name
    revision: Count
    name: str
    intent: Intent
    kind: Literal["win32", "winget"]
    context: Context = "system"
    user: str = ""
    tracked: bool = False
    install_command: str = ""
    uninstall_command: str = ""
    minutes: int = 60
    restarts: str = "basedOnReturnCode"
    return_codes: list[ReturnCode] = []
    detection: list[Rule] = []
    requirements: Requirements = msgspec.field(default_factory=Requirements)
    content: Content | None = None
    package: str = ""
    product: str = ""
    dependencies: list[Dependency] = []
    supersedes: list[Superseded] = []


class Script(_Message, frozen=True):
    """A PowerShell script that has not run yet in this revision."""

    id: Name
    revision: Count
    name: str
    content: str
    context: Context = "system"
    user: str = ""
    file_name: str = ""
    signed: bool = False
    in_32_bit: bool = False


class Answer(_Message, frozen=True):
    """Everything that is meant. `user` is whom the token proved: without one, nothing of a user's is in it."""

    version: int = VERSION
    user: str = ""
    why_no_user: str = ""
    apps: Annotated[list[App], Meta(max_length=MAX_APPS)] = []
    scripts: Annotated[list[Script], Meta(max_length=MAX_APPS)] = []


class Receipt(_Message, frozen=True):
    """What became of one report: `recorded`, or why not. Either way it need not be sent again, unless `again`."""

    number: int
    outcome: str
    again: bool = False


class Receipts(_Message, frozen=True):
    """The receipts of all reports of a request, in their order."""

    version: int = VERSION
    receipts: list[Receipt] = []


Sent = TypeVar("Sent", CheckIn, Reports)
Said = TypeVar("Said", Answer, Receipts)


def read_request(data: bytes, shape: type[Sent]) -> Sent:
    """What an agent sent; `BadJson` where it is not of this version or not of this shape."""
    read = decode_json(data, shape, MAX_REQUEST)
    if read.version != VERSION:
        raise BadJson(f"version {read.version} of the protocol is not spoken here, only {VERSION}")
    if b"\x00" in data or _surrogate(read):
        raise BadJson("a text holds a character that cannot be stored")
    return read


def read_answer(data: bytes, shape: type[Said]) -> Said:
    """What a server said."""
    read = decode_json(data, shape, MAX_ANSWER)
    if read.version != VERSION:
        raise BadJson(f"version {read.version} of the protocol is not spoken here, only {VERSION}")
    return read


def write(message: _Message) -> bytes:
    """A message as JSON."""
    return msgspec.json.encode(message)


def tracking_name(app_id: str, revision: int | Literal[""]) -> str:
    """The name of an app among those that the status page tracks (05 section 10.4), or how it begins."""
    return f"Win32App_{app_id}_{revision}"


def _surrogate(value: Any) -> bool:
    """Whether a text holds half a character: JSON can spell one, no database keeps it."""
    if isinstance(value, str):
        return any("\ud800" <= letter <= "\udfff" for letter in value)
    if isinstance(value, list):
        return any(_surrogate(item) for item in value)
    return isinstance(value, Struct) and any(_surrogate(getattr(value, name)) for name in value.__struct_fields__)
