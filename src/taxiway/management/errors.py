"""What management refuses.

TaxiwayError
  ManagementError
    BadPolicy           a property of a configuration, app or compliance policy is wrong
      RelationshipCycle   apps that depend on each other, or take each other's place, in a circle
      InUse               an app that another one depends on or takes the place of
    BadOmaUri           an OMA-URI or its value does not fit what is known of the node (05 section 14, R22)
    BadSetting          a setting of a catalogue policy does not fit its definition
      UnknownSetting    no definition has this id
    NoContent           an app without uploaded content, or content that is not this tenant's
    BadRange            a byte range that the content does not have
    BadArchive          an upload of logs that is no archive, or not the one that was uploaded before
    BadEvidence         what a device says of its start is not signed by it
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class ManagementError(TaxiwayError):
    """Base of the errors of this package."""


class BadPolicy(ManagementError):
    """A property of a configuration, an app or a compliance policy is wrong."""


class RelationshipCycle(BadPolicy):
    """Apps that depend on each other, or take each other's place, in a circle."""


class InUse(BadPolicy):
    """An app that another one depends on or takes the place of."""


class BadOmaUri(ManagementError):
    """An OMA-URI or its value does not fit what is known of the node."""


class BadSetting(ManagementError):
    """A setting of a catalogue policy does not fit its definition."""


class UnknownSetting(BadSetting):
    """No definition has this id."""


class NoContent(ManagementError):
    """An app without uploaded content, or content that is not this tenant's."""


class BadRange(ManagementError):
    """A byte range that the content does not have."""


class BadArchive(ManagementError):
    """An upload of logs that is no archive, or not the one that was uploaded before."""


class BadEvidence(ManagementError):
    """What a device says of its start is not signed by it."""
