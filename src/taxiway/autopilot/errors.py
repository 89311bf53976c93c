"""What the Autopilot deployment service refuses.

TaxiwayError
  AutopilotError
    BadProfile          a deployment profile with a value that is not allowed
    TooManyProfiles     a tenant has 350 profiles at most (01 R-98)
    ProfileInUse        the profile is assigned to groups, so it cannot be deleted (01 R-97)
    BadRegistration     a property of a registered device with a value that is not allowed
    UserRefused         this user cannot be assigned to a device (01 R-105)
    NothingToBind       no other hardware was reported for this device
    HardwareHeld        the hardware belongs to another registration
    ClaimRefused        a claim to another tenant's device that cannot be made or answered
    BatchRefused        a partner's batch of devices that cannot be taken
      NoSuchBatch       the partner has no such batch, device or upload
    RemovalRefused      something stands in the way of removing the device from the tenant
    TicketRefused       no ticket of ours, too old, or of hardware that differs from its registration
    LookupRefused       no profile for this device; carries the code and name of 06 section 2.4
"""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.kernel import Reason, TaxiwayError


class AutopilotError(TaxiwayError):
    """Base of the errors of this package."""


class BadProfile(AutopilotError):
    """A deployment profile with a value that is not allowed."""


class TooManyProfiles(AutopilotError):
    """A tenant has 350 profiles at most (01 R-98)."""


class ProfileInUse(AutopilotError):
    """The profile is assigned to groups, so it cannot be deleted (01 R-97)."""


class BadRegistration(AutopilotError):
    """A property of a registered device with a value that is not allowed."""


class UserRefused(AutopilotError):
    """This user cannot be assigned to a device (01 R-105)."""


class NothingToBind(AutopilotError):
    """No other hardware was reported for this device."""


class HardwareHeld(AutopilotError):
    """The hardware belongs to another registration."""


class ClaimRefused(AutopilotError):
    """A claim to another tenant's device that cannot be made or answered."""


class BatchRefused(AutopilotError):
    """A partner's batch of devices that cannot be taken."""


class NoSuchBatch(BatchRefused):
    """The partner has no such batch, device or upload."""


class RemovalRefused(AutopilotError):
    """Something stands in the way of removing the device from the tenant."""


class TicketRefused(AutopilotError):
    """No ticket of ours, too old, or of hardware that differs from its registration."""


class LookupRefused(AutopilotError):
    """No profile for this device: ``code`` and ``result`` as in 06 section 2.4."""

    def __init__(self, code: int, result: str, message: str, *, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(message, reasons=reasons)
        self.code = code
        self.result = result
