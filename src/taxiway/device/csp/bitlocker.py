"""BitLocker: silent encryption once OOBE lets it begin, the key in the directory (05 section 10.8, R-119 to R-121)."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import IntFlag

import msgspec

from taxiway.device.csp.admx import AdmxValue
from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, Node, Refused
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import ServerUnreachable
from taxiway.device.jobs import Jobs
from taxiway.device.state import Storage
from taxiway.device.transport import Identity, Transport
from taxiway.kernel import Entropy
from taxiway.wire.autopilot_profile import OobeConfig
from taxiway.wire.syncml import Code

ROOT = (*MSFT, "BitLocker")
JOB = "bitlocker"
DEFAULT_METHOD = "XTS-AES 128"
ESCROW_PATH = "/EnrollmentServer/bitlocker/keys"

_SLOT = "recovery"
_METHODS = {"3": "AES-CBC 128", "4": "AES-CBC 256", "6": "XTS-AES 128", "7": "XTS-AES 256"}
_REQUIRED = "1"


class EncryptionStatus(IntFlag):
    """The bits of ``DeviceEncryptionStatus`` that this PC can raise; 0 is as the policy wants it."""

    CONSENT_MISSING = 1 << 0
    METHOD_DIFFERS = 1 << 1
    UNPROTECTED = 1 << 2
    PIN_REQUIRED = 1 << 4
    BACKUP_FAILED = 1 << 8
    ADMINISTRATOR_NEEDED = 1 << 11
    NO_TPM = 1 << 13
    TPM_NOT_READY = 1 << 14


class RecoveryKey(msgspec.Struct):
    """The recovery password of the system volume and its id."""

    kid: str
    password: str

    @classmethod
    def new(cls, entropy: Entropy) -> RecoveryKey:
        """Eight groups of six digits, each a multiple of eleven below 720 896."""
        groups = [f"{entropy.below(65536) * 11:06d}" for _ in range(8)]
        return cls(entropy.uuid(), "-".join(groups))


class BitLocker(Csp):
    """Obeys the encryption policy when the status page is over; the deferral is OOBE's (06 section 4.2, node 30)."""

    root = ROOT
    upsert = True

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport, drs: str) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._drs = drs

    def read(self, node: Node) -> str | None:
        """The status, worked out from what is and what the policy wants."""
        if node.name == "DeviceEncryptionStatus":
            return str(int(self.status()))
        return None

    def check(self, change: Change) -> None:
        """Rotation is not there yet, and says so."""
        if change.verb == "Exec":
            raise Refused(Code.NOT_SUPPORTED)

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """A policy that arrives after the release takes effect at once."""
        if change.verb != "Delete" and self._storage.state.disk.released:
            self.consider()
        return None

    def release(self) -> None:
        """OOBE lets encryption begin; what the policy says of the method now is what counts (R-119)."""
        disk = self._storage.state.disk
        if not disk.released:
            disk.released = True
            disk.method_at_release = self._wanted_method() if self._required() else DEFAULT_METHOD
            self._storage.save()
        self.consider()

    def consider(self) -> None:
        """Begin to encrypt when the policy wants it and nothing stands against it."""
        disk = self._storage.state.disk
        if not self._required() or (disk.encrypted and disk.escrowed):
            return
        _, disk.reason = self._obstacle()
        if not disk.reason:
            self._jobs.start(JOB, self._encrypt())

    def status(self) -> EncryptionStatus:
        """What differs from the policy; nothing where there is none."""
        disk = self._storage.state.disk
        found = EncryptionStatus(0)
        if not self._required():
            return found
        if not disk.encrypted:
            found |= EncryptionStatus.UNPROTECTED | self._obstacle()[0]
        elif disk.method != self._wanted_method():
            found |= EncryptionStatus.METHOD_DIFFERS
        if disk.escrow_failed:
            found |= EncryptionStatus.BACKUP_FAILED
        return found

    def _obstacle(self) -> tuple[EncryptionStatus, str]:
        """Why silent encryption cannot begin (R-120)."""
        firmware, profile = self._storage.state.firmware, self._storage.state.profile
        startup = AdmxValue.parse(self._policy("SystemDrivesRequireStartupAuthentication"))
        standard = profile is not None and OobeConfig.STANDARD_USER in profile.oobe
        pin = startup.enabled and startup.data.get("ConfigurePINUsageDropDown_Name") == _REQUIRED
        found = [
            (not firmware.has_tpm, EncryptionStatus.NO_TPM, "the PC has no TPM that is on"),
            (not firmware.secure_boot, EncryptionStatus.TPM_NOT_READY, "Secure Boot is off"),
            (pin, EncryptionStatus.PIN_REQUIRED, "the policy asks for a start-up PIN, which a person has to choose"),
            (
                self._policy("AllowWarningForOtherDiskEncryption") != "0",
                EncryptionStatus.CONSENT_MISSING,
                "the policy has a person asked first: AllowWarningForOtherDiskEncryption is not 0",
            ),
            (
                standard and self._policy("AllowStandardUserEncryption") != "1",
                EncryptionStatus.ADMINISTRATOR_NEEDED,
                "the user is a standard user and AllowStandardUserEncryption is not 1",
            ),
        ]
        return next(((bit, text) for stands, bit, text in found if stands), (EncryptionStatus(0), ""))

    async def _encrypt(self) -> None:
        disk = self._storage.state.disk
        recovery = AdmxValue.parse(self._policy("SystemDrivesRecoveryOptions"))
        escrow_first = recovery.says_yes("OSRequireActiveDirectoryBackup_Name")
        if not await self._escrow() and escrow_first:
            return
        if not disk.encrypted:
            await self._transport.host.clock.sleep(self._transport.host.pace.encryption)
            disk.encrypted, disk.protector = True, "TPM"
            disk.method = disk.method_at_release
        self._storage.save()

    async def _escrow(self) -> bool:
        """Hand the recovery password to the directory with the PC's own certificate (R-121)."""
        disk, key = self._storage.state.disk, self._recovery_key()
        body = {"kid": key.kid, "vol": "1", "key": key.password}
        try:
            response = await self._transport.send("POST", self._drs + ESCROW_PATH, identity=Identity.DEVICE, json=body)
        except ServerUnreachable as failure:
            disk.escrow_failed, disk.reason = True, f"the recovery key could not be escrowed: {failure.message}"
            return False
        disk.escrowed = response.status_code == 200
        disk.escrow_failed = not disk.escrowed
        disk.reason = "" if disk.escrowed else f"the recovery key was not taken: HTTP {response.status_code}"
        self._storage.save()
        return disk.escrowed

    def _recovery_key(self) -> RecoveryKey:
        """The key made before a power cut, or a new one."""
        sealed = self._transport.tpm.unseal(_SLOT)
        if sealed is not None:
            return msgspec.json.decode(sealed, type=RecoveryKey)
        key = RecoveryKey.new(self._transport.host.entropy)
        self._transport.tpm.seal(_SLOT, msgspec.json.encode(key))
        return key

    def _required(self) -> bool:
        return self._policy("RequireDeviceEncryption") == "1"

    def _wanted_method(self) -> str:
        policy = AdmxValue.parse(self._policy("EncryptionMethodByDriveType"))
        chosen = policy.data.get("EncryptionMethodWithXtsOsDropDown_Name", "") if policy.enabled else ""
        return _METHODS.get(chosen, DEFAULT_METHOD)

    def _policy(self, name: str) -> str | None:
        return self._tree.value(Node(DEVICE, (*ROOT, name)))
