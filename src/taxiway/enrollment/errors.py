"""What enrollment can be refused for; ``http.py`` turns each into the fault of 04 section 12.

TaxiwayError
  EnrollmentError
    InvalidSecurity         no credential, or one of an unknown kind
    NotAuthenticated        the credential does not prove a user of this instance
      SignInRefused         the password is right, and the sign-in is refused for another reason
    NotAuthorized           the user or the device may not enroll
      LicenseMissing        no plan that contains device management (R-09)
      DeviceNotAllowed      a platform restriction (R-19)
      DeviceLimitReached    the device limit (R-18)
      NotForThisAccount     this kind of account or enrollment is not served
    TermsNotAccepted        the terms-of-use blob is not ours (04 section 6)
    BadCertificateRequest   the CSR is unreadable, weak, not proven or already used
    NotEligibleToRenew      a renewal that its certificate does not carry
    IssuerUnreachable       the keys of an outside issuer cannot be read
    NotOffered              none of the ways to authenticate that the client offers is open in its tenant
    InMaintenance           the tenant takes no requests now
  ConfigurationError
    BadConfiguration        a property of an enrollment configuration is wrong
    BuiltIn                 a default configuration can be changed, not deleted or assigned
    TooMany                 more configurations than a tenant may have (R-58)
    BadIdentifier           a corporate device identifier cannot be read
    BadCategory             a device category without a name of its own
  BadTermsRequest           the terms page cannot answer to where it was asked to
  BadWebRequest             the sign-in page for enrollment cannot answer to where it was asked to
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class EnrollmentError(TaxiwayError):
    """Base of the refusals of a request to enroll."""


class InvalidSecurity(EnrollmentError):
    """No credential, or one of an unknown kind."""


class NotAuthenticated(EnrollmentError):
    """The credential does not prove a user of this instance."""


class SignInRefused(NotAuthenticated):
    """The password is right, and the sign-in is refused for a reason that the person should read."""


class NotAuthorized(EnrollmentError):
    """The user or the device may not enroll."""


class LicenseMissing(NotAuthorized):
    """The user has no plan that contains device management (R-09)."""


class DeviceNotAllowed(NotAuthorized):
    """A platform restriction stops this device (R-19)."""


class DeviceLimitReached(NotAuthorized):
    """The user has as many devices as the limit allows (R-18)."""


class NotForThisAccount(NotAuthorized):
    """This kind of account or enrollment is not served."""


class TermsNotAccepted(EnrollmentError):
    """The terms-of-use blob is not one that this user was given."""


class BadCertificateRequest(EnrollmentError):
    """The CSR is unreadable, weak, not proven, or its key is already in use."""


class NotEligibleToRenew(EnrollmentError):
    """The renewal is not carried by the device's current certificate."""


class IssuerUnreachable(EnrollmentError):
    """The keys of an outside issuer cannot be read."""


class NotOffered(EnrollmentError):
    """None of the ways to authenticate that the client offers is open in its tenant (04 section 3.3)."""


class InMaintenance(EnrollmentError):
    """The tenant takes no enrollments now."""


class ConfigurationError(TaxiwayError):
    """Base of the refusals of a change to an enrollment configuration."""


class BadConfiguration(ConfigurationError):
    """A property of an enrollment configuration is wrong."""


class BuiltIn(ConfigurationError):
    """A default configuration can be changed, but not deleted or assigned."""


class TooMany(ConfigurationError):
    """More configurations of a kind than a tenant may have (R-58)."""


class BadIdentifier(ConfigurationError):
    """A corporate device identifier cannot be read."""


class BadCategory(ConfigurationError):
    """A device category without a name of its own."""


class BadTermsRequest(TaxiwayError):
    """The terms page cannot answer to where it was asked to (04 section 6.2)."""


class BadWebRequest(TaxiwayError):
    """The sign-in page for enrollment cannot answer to where it was asked to (04 section 4.2)."""
