"""What device registration refuses (03 section 8.9).

TaxiwayError
  RegistrationError
    NotAuthenticated      no token, or one that does not open this door (401)
    NotAllowed            the user may not join, or not on this device (403)
    MfaMissing            the policy asks for a second factor that the sign-in had not (403)
    QuotaReached          the user has as many devices as the tenant allows (403)
    BadRequest            a body, request, key or ticket that cannot be used (400)
    JoinTypeUnknown       a join type that is not offered (400)
    DirectoryTrouble      the object reserved for this hardware is gone (400)
    TenantUnknown         no tenant under this name (404)
    AskedTooOften         one network asks more often than anybody needs to (429)
    DeviceRefused         the certificate is not that of an enabled, joined device (401)
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class RegistrationError(TaxiwayError):
    """Base of what device registration refuses."""


class NotAuthenticated(RegistrationError):
    """No token, or one that does not open this door."""


class NotAllowed(RegistrationError):
    """The user may not join, or not on this device."""


class MfaMissing(RegistrationError):
    """The policy asks for a second factor that the sign-in had not."""


class QuotaReached(RegistrationError):
    """The user has as many devices as the tenant allows."""


class BadRequest(RegistrationError):
    """A body, a request, a key or a ticket that cannot be used."""


class JoinTypeUnknown(RegistrationError):
    """A join type that is not offered."""


class DirectoryTrouble(RegistrationError):
    """The object that was reserved for this hardware is gone."""


class TenantUnknown(RegistrationError):
    """No tenant under this name."""


class AskedTooOften(RegistrationError):
    """One network asks more often than anybody needs to."""


class DeviceRefused(RegistrationError):
    """The certificate is not that of an enabled, joined device."""
