"""BitLocker: silent encryption once OOBE lets it begin, the key in the directory (05 section 10.8, R-119 to R-121)."""

from __future__ import annotations

from collections.abc import Awaitable

import msgspec

from taxiway.device.csp.admx import AdmxValue
from taxiway.device.csp.base import MSFT, Change, Csp
from taxiway.device.csp.node import DEVICE, Node
from taxiway.device.csp.tree import Tree
from taxiway.device.errors import ServerUnreachable
from taxiway.device.jobs import Jobs
from taxiway.device.state import Rotation, Storage
from taxiway.device.transport import Identity, Transport
from taxiway.kernel import Entropy
from taxiway.wire.autopilot_profile import OobeConfig
from taxiway.wire.encryption import EncryptionStatus
from taxiway.wire.hresult import signed
from taxiway.wire.syncml import Code

ROOT = (*MSFT, "BitLocker")
JOB = "bitlocker"
ROTATION = "bitlocker rotation"
DEFAULT_METHOD = "XTS-AES 128"
ESCROW_PATH = "/EnrollmentServer/bitlocker/keys"

_SLOT = "recovery"
_METHODS = {"3": "AES-CBC 128", "4": "AES-CBC 256", "6": "XTS-AES 128", "7": "XTS-AES 256"}
_REQUIRED = "1"
_ROTATING = 1
_NOT_ENCRYPTED, _NOT_SUPPORTED, _HTTP = 0x80310001, 0x80070032, 0x80190000


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
    runs = frozenset({"RotateRecoveryPasswords"})

    def __init__(self, storage: Storage, tree: Tree, jobs: Jobs, transport: Transport, drs: str) -> None:
        self._storage = storage
        self._tree = tree
        self._jobs = jobs
        self._transport = transport
        self._drs = drs

    def read(self, node: Node) -> str | None:
        """The status, worked out from what is and what the policy wants; how the last rotation went."""
        rotation = self._storage.state.rotation
        match node.name:
            case "DeviceEncryptionStatus":
                return str(int(self.status()))
            case "RotateRecoveryPasswordsStatus":
                return str(signed(rotation.status))
            case "RotateRecoveryPasswordsRequestID":
                return rotation.request
        return None

    def changed(self, change: Change) -> Awaitable[Code | None] | None:
        """A policy that arrives after the release takes effect at once; a rotation is carried out in the background."""
        if change.verb == "Exec":
            return self._rotate(change.value)
        if change.verb != "Delete" and self._storage.state.disk.released:
            self.consider()
        return None

    async def _rotate(self, request: str) -> Code:
        """Take the order; the same request again changes nothing."""
        rotation = self._storage.state.rotation
        if rotation.request != request:
            self._storage.state.rotation = Rotation(request, _ROTATING)
            self._storage.save()
            self._jobs.start(ROTATION, self._change_key())
        return Code.ACCEPTED

    async def _change_key(self) -> None:
        """A new recovery password, in the directory before it holds: the old one there stays, here it is void."""
        rotation, disk = self._storage.state.rotation, self._storage.state.disk
        if not disk.encrypted:
            rotation.status = _NOT_ENCRYPTED
        elif self._policy("ConfigureRecoveryPasswordRotation") not in {"1", "2"}:
            rotation.status = _NOT_SUPPORTED
        else:
            key = RecoveryKey.new(self._transport.host.entropy)
            rotation.status = await self._hand_over(key)
            if rotation.status == 0:
                self._transport.tpm.seal(_SLOT, msgspec.json.encode(key))
                disk.escrowed, disk.escrow_failed = True, False
        self._storage.save()

    def release(self) -> None:
        """OOBE lets encryption begin; what the policy says of the method now is what counts (R-119)."""
        disk = self._storage.state.disk
        if not disk.released:
            disk.released = True
            disk.method_at_release = self._wanted_method() if self._required() else DEFAULT_METHOD
            self._storage.save()
        self.consider()

    def consider(self) -> None:
        """Begin to encrypt when the policy wants it and nothing stands against it; go on with a change of the key."""
        disk = self._storage.state.disk
        if self._storage.state.rotation.status == _ROTATING:
            self._jobs.start(ROTATION, self._change_key())
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
        disk = self._storage.state.disk
        error = await self._hand_over(self._recovery_key())
        disk.escrowed, disk.escrow_failed = error == 0, error != 0
        told = f"HTTP {error & 0xFFFF}" if error >> 16 == _HTTP >> 16 else f"0x{error:08X}"
        disk.reason = f"the recovery key could not be escrowed: {told}" if error else ""
        self._storage.save()
        return disk.escrowed

    async def _hand_over(self, key: RecoveryKey) -> int:
        """0, or the error as an HRESULT."""
        body = {"kid": key.kid, "vol": "1", "key": key.password}
        try:
            response = await self._transport.send("POST", self._drs + ESCROW_PATH, identity=Identity.DEVICE, json=body)
        except ServerUnreachable as failure:
            return int(failure.code, 16)
        return 0 if response.status_code == 200 else _HTTP | response.status_code

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
