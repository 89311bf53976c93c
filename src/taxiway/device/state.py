"""What the PC remembers over a power cut: one JSON document in its folder, replaced as a whole."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, field

from taxiway.device.extension.state import AgentState, SoftwareState
from taxiway.device.firmware import Firmware
from taxiway.device.outcome import milliseconds
from taxiway.kernel import TaxiwayError
from taxiway.kernel.files import write_private
from taxiway.wire.autopilot_profile import AutopilotProfile

STATE_FILE = "pc.json"
DIAGNOSTICS = r"HKLM\SOFTWARE\Microsoft\Provisioning\Diagnostics\AutoPilot"
POLICY_CACHE = r"HKLM\SOFTWARE\Microsoft\Provisioning\AutopilotPolicyCache"
TENANT_INFO = r"HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\TenantInfo"
JOIN_INFO = r"HKLM\SYSTEM\CurrentControlSet\Control\CloudDomainJoin\JoinInfo"
AUTOPILOT_SETTINGS = r"HKLM\SOFTWARE\Microsoft\Provisioning\AutopilotSettings"
CORRELATIONS = DIAGNOSTICS + r"\EstablishedCorrelations"


class NoSuchPC(TaxiwayError):
    """The folder holds no PC, or one that cannot be read."""


class StoredNode(Struct, array_like=True):
    """A node of a CSP tree: format, value as transmitted, name; an interior node has the format ``node``."""

    format: str
    value: str
    name: str


class User(Struct):
    """The user who signed in: never the password."""

    upn: str
    object_id: str
    sid: str


class Joined(Struct):
    """The join to a tenant (03 section 8)."""

    tenant_id: str
    tenant_name: str
    device_id: str
    administrators: list[str] = field(default_factory=list)


class Enrolled(Struct):
    """The management account of the provisioning document (04 section 11.2)."""

    provider: str
    address: str
    login_name: str = ""
    has_secret: bool = False
    discovery: str = ""
    renew_days: int = 0
    retry_days: int = 0


class Disk(Struct):
    """How far the encryption of the system volume is (05 section 10.8)."""

    encrypted: bool = False
    method: str = ""
    protector: str = ""
    escrowed: bool = False
    escrow_failed: bool = False
    reason: str = ""
    released: bool = False
    method_at_release: str = ""


class Boot(Struct):
    """What the firmware measured when the PC last started: attested until it starts again (R-124)."""

    number: int = 0
    encrypted: bool = False


class LocalAdministrator(Struct):
    """The account whose password LAPS keeps; the password itself is in the TPM's folder. ``expires``: milliseconds."""

    account: str = ""
    expires: int = 0
    status: int = 0


class Rotation(Struct):
    """The last rotation of the recovery password that a server ordered (05 section 10.8)."""

    request: str = ""
    status: int = 2


class Attestation(Struct):
    """The last attestation: its status and the report of the service (05 section 10.17)."""

    status: int = 0
    report: str = ""


class State(Struct):
    """Everything the PC has to know when its power comes back.

    ``enrolled_with``: the hardware at the enrollment, kept once its board was replaced.
    """

    correlation: str
    firmware: Firmware
    device_name: str
    steps: list[str] = field(default_factory=list)
    marks: list[tuple[str, int]] = field(default_factory=list)
    profile: AutopilotProfile | None = None
    user: User | None = None
    mdm: dict[str, str] = field(default_factory=dict)
    terms: str = ""
    drs: dict[str, str] = field(default_factory=dict)
    joined: Joined | None = None
    enrolled: Enrolled | None = None
    leaving: bool = False
    renewal_refused: int = 0
    sessions: int = 0
    device_nodes: dict[str, StoredNode] = field(default_factory=dict)
    user_nodes: dict[str, dict[str, StoredNode]] = field(default_factory=dict)
    registry: dict[str, dict[str, Any]] = field(default_factory=dict)
    disk: Disk = field(default_factory=Disk)
    hello: str = ""
    installed: dict[str, str] = field(default_factory=dict)
    certificates: dict[str, str] = field(default_factory=dict)
    accounts: list[str] = field(default_factory=list)
    groups: dict[str, list[str]] = field(default_factory=dict)
    software: SoftwareState = field(default_factory=SoftwareState)
    extension: AgentState = field(default_factory=AgentState)
    next_name: str = ""
    reboots: list[str] = field(default_factory=list)
    restart_due: bool = False
    signed_off: bool = False
    presses: int = 0
    logon: str = ""
    signed_on: str = ""
    runs: dict[str, int] = field(default_factory=dict)
    event_log: list[tuple[int, int, str]] = field(default_factory=list)
    ended: int = 0
    esp_started: dict[str, int] = field(default_factory=dict)
    pending: str = ""
    locked: bool = False
    restarted: bool = False
    redeployed: bool = False
    redeployment: tuple[int, int] = (0, 0)
    boot: Boot = field(default_factory=Boot)
    laps: LocalAdministrator = field(default_factory=LocalAdministrator)
    rotation: Rotation = field(default_factory=Rotation)
    attestation: Attestation = field(default_factory=Attestation)
    collected: list[str] = field(default_factory=list)
    collecting: str = ""
    collection: str = ""
    enrolled_with: Firmware | None = None


class Storage:
    """The folder of a PC and the state in it."""

    def __init__(self, folder: Path, state: State) -> None:
        self.folder = folder
        self.state = state

    @classmethod
    def open(cls, folder: Path) -> Storage:
        """The PC in that folder."""
        try:
            return cls(folder, msgspec.json.decode((folder / STATE_FILE).read_bytes(), type=State))
        except (OSError, msgspec.MsgspecError) as error:
            raise NoSuchPC(f"there is no PC in {folder}", remedy="Make one with: taxiway device new") from error

    def save(self) -> None:
        """Write the state; either the old or the new one survives a power cut."""
        write_private(self.folder / STATE_FILE, msgspec.json.encode(self.state))

    @property
    def intune_device_id(self) -> str:
        """The management server's id for the PC, empty before it has one."""
        return str(self.state.registry.get(CORRELATIONS, {}).get("EntDMID", ""))

    def done(self, step: str) -> bool:
        """Whether a step is behind the PC."""
        return step in self.state.steps

    def finish(self, step: str) -> None:
        """Record a step as done and save."""
        if step not in self.state.steps:
            self.state.steps.append(step)
        self.save()

    def mark(self, phase: str, now: datetime) -> None:
        """Begin a phase of the deployment; time never runs backwards in the account of it."""
        marks = self.state.marks
        marks.append((phase, max(milliseconds(now), marks[-1][1] if marks else 0)))

    def write(self, key: str, **values: Any) -> None:
        """Set registry-like values under a key (06 section 3.11)."""
        self.state.registry.setdefault(key, {}).update(values)
