"""What the directory refuses.

TaxiwayError
  DirectoryError
    Forbidden           the principal may not do this (reasons attached)
    Invalid             a value that the property does not take
    DomainUnknown       a name outside the tenant's verified domains
    MemberAlready       the object is a direct member already
    NotAMember          the object is no direct member
    MembershipByRule    members of a dynamic group come from its rule alone
    NestingRefused      the nesting would make a group a member of itself
    AnchorInUse         the device object carries an Autopilot registration
    RestoreRefused      what was deleted cannot come back as it was
    LicenceRefused      no such subscription, none left, or the user has no usage location
      LicenceByGroup    the licence comes through a group and is not taken from the user
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class DirectoryError(TaxiwayError):
    """Base of the directory's errors."""


class Forbidden(DirectoryError):
    """The principal may not do this."""


class Invalid(DirectoryError):
    """A value that the property does not take."""


class DomainUnknown(DirectoryError):
    """A name outside the tenant's verified domains."""


class MemberAlready(DirectoryError):
    """The object is a direct member already."""


class NotAMember(DirectoryError):
    """The object is no direct member."""


class MembershipByRule(DirectoryError):
    """Members of a dynamic group come from its rule alone (07 section 1)."""


class NestingRefused(DirectoryError):
    """The nesting would make a group a member of itself."""


class AnchorInUse(DirectoryError):
    """The device object carries an Autopilot registration: remove that first (01 section 3)."""


class LicenceRefused(DirectoryError):
    """No such subscription, none left, or the user has no usage location."""


class LicenceByGroup(LicenceRefused):
    """The licence comes through a group and is not taken from the user."""


class RestoreRefused(DirectoryError):
    """What was deleted cannot come back as it was: its name is taken."""
