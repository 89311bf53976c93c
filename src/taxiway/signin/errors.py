"""What sign-in refuses.

TaxiwayError
  SignInError
    Malformed                a request that cannot be read
    ParameterMissing         a parameter is missing
    TenantUnknown            the tenant segment or domain names no tenant here
    NoTenant                 nothing in the request says which tenant
    InstanceUnknown          the authority's host is not one of ours
    ClientUnknown            no application has this client id
    RedirectMismatch         the redirect URI is not registered
    ResponseTypeUnsupported  another response type than code
    ResponseModeUnsupported  another response mode
    GrantUnsupported         a grant type not offered, or switched off
    GrantNeedsTenant         this grant needs a tenant in the path
    ResourceUnknown          the resource is unknown in this tenant
    ScopeInvalid             the scope cannot be read
    ConsentMissing           the application was not granted this resource
    ScopeUnknown             the resource has no such permission
    ResourceNotProvisioned   the resource has no service principal in this tenant
    ResourceDisabled         the resource's service principal is switched off
    NotAssigned              the application asks for an assignment, and the user has none
    ChallengeMissing         a public client has to send a PKCE challenge
    VerifierMismatch         the PKCE verifier does not fit the challenge
    SilentNotPossible        nobody is signed in and no page may be shown
    BadCredentials           wrong name or password; says nothing about which
    AccountLocked            too many failures
    AccountDisabled          the account is disabled
    PasswordExpired          the password was for one use and has to be changed
    PasswordWeak             the new password is refused
    MfaRequired              a second factor is required
    MfaNotRegistered         a second factor is required and none is registered
    AccessBlocked            a Conditional Access policy blocks
    DeviceNotCompliant       a Conditional Access policy asks for a compliant device
    DeviceNotJoined          a Conditional Access policy asks for a hybrid joined device
    FactorRefused            the second factor is wrong
    PassRefused              the Temporary Access Pass is wrong, used or run out
    PasskeyRefused           the passkey is unknown, or its answer is not right
    ProviderFailed           the outside provider cannot be used
    ProviderAnswerRefused    the outside provider's answer is not good for this sign-in
    ProviderAccountUnknown   the outside provider's user has no account here
    OtherOrganization        the account belongs to another organization than the device
    OtherUser                the device is assigned to somebody else
    FlowExpired              the sign-in page is too old or of another browser
    CodeExpired              the code ran out
    CodePending              the device code waits for its person
    CodeTooSoon              the device code is asked for too often
    CodeDeclined             the person declined the device code
    CodeUnknown              no such device code
    CodeReused               the code was redeemed before
    GrantInvalid             a code or refresh token that is not good here
    GrantRevoked             what the token rests on was revoked
    ClientSecretWrong        the client secret is wrong
    ClientCredentialMissing  a confidential client has to prove itself
    ClientIsPublic           a public client sent a credential
    ClientSecretExpired      the client secret was a good one and has run out
    ClientAssertionWrong     the client assertion is not signed with a certificate of the application
    ClientAssertionUntimely  the client assertion is too old, too new or was used before
    ClientDisabled           the application's service principal is switched off
    ClientNotProvisioned     the application has no service principal in this tenant
    OriginMissing            a code of a single-page application is redeemed from no page
    OriginRefused            a page redeems the code of another kind of client
    AssertionInvalid         what is exchanged on behalf of a user is no access token of ours
    AssertionElsewhere       the token to exchange is for another application
    AssertionExpired         the token to exchange has run out
    RevocationUnsupported    this kind of token cannot be revoked
    DeviceRefused            the device is unknown, deleted, disabled or not what it says
    DeviceDisabled           the device is disabled
    HelloKeyUnknown          no such Windows Hello key, or not this user's
    HelloSignatureWrong      the assertion is not signed with the Windows Hello key, or has run out
    HelloDeviceDisabled      the device of the Windows Hello key is disabled
    NonceInvalid             the request's nonce is missing, used or run out
    SessionKeyInvalid        the request is not signed with the session key
    KdfRefused               key derivation version 1 is switched off
    BrokerRequestInvalid     a broker request that cannot be read, or is from another time
    BulkNotAllowed           the user may not make bulk tokens
    BulkTokenUnusable        the token may not be exchanged for a bulk token
    BulkRequestInvalid       a bulk token that cannot be made as it was asked for
    AskedTooOften            one network asks more often than anybody needs to (429)
  TokenRefused               an access token that does not open this door (401)
    TokenElsewhere           it is for another resource
    TokenOfOthers            it was signed by a key that is not known here
    TokenExpired             it has run out or is not valid yet
"""

from __future__ import annotations

from taxiway.kernel import TaxiwayError


class SignInError(TaxiwayError):
    """Base of what the sign-in page and the token endpoint refuse.

    ``policies``: ids of the Conditional Access policies that asked for it. ``about``: tenant and subject, once a good
    credential proved them, so that the log has it where it belongs.
    """

    policies: tuple[str, ...] = ()
    about: tuple[str, str] | None = None


class Malformed(SignInError):
    """A request that cannot be read."""


class ParameterMissing(SignInError):
    """A parameter is missing."""


class TenantUnknown(SignInError):
    """The tenant segment or domain names no tenant here."""


class NoTenant(SignInError):
    """Nothing in the request says which tenant."""


class InstanceUnknown(SignInError):
    """The authority's host is not one of ours."""


class ClientUnknown(SignInError):
    """No application has this client id."""


class RedirectMismatch(SignInError):
    """The redirect URI is not registered."""


class ResponseTypeUnsupported(SignInError):
    """Another response type than code."""


class ResponseModeUnsupported(SignInError):
    """Another response mode."""


class GrantUnsupported(SignInError):
    """A grant type not offered, or switched off."""


class GrantNeedsTenant(SignInError):
    """This grant needs a tenant in the path."""


class ResourceUnknown(SignInError):
    """The resource is unknown in this tenant."""


class ScopeInvalid(SignInError):
    """The scope cannot be read."""


class ConsentMissing(SignInError):
    """The application was not granted this resource."""


class ScopeUnknown(SignInError):
    """The resource has no such permission."""


class ResourceNotProvisioned(SignInError):
    """The resource has no service principal in this tenant."""


class ResourceDisabled(SignInError):
    """The resource's service principal is switched off."""


class NotAssigned(SignInError):
    """The application asks for an assignment, and the user has none."""


class ChallengeMissing(SignInError):
    """A public client has to send a PKCE challenge."""


class VerifierMismatch(SignInError):
    """The PKCE verifier does not fit the challenge."""


class SilentNotPossible(SignInError):
    """Nobody is signed in and no page may be shown."""


class BadCredentials(SignInError):
    """Wrong name or password; says nothing about which."""


class AccountLocked(SignInError):
    """Too many failures."""


class AccountDisabled(SignInError):
    """The account is disabled."""


class PasswordExpired(SignInError):
    """The password was for one use and has to be changed."""


class PasswordWeak(SignInError):
    """The new password is refused."""


class MfaRequired(SignInError):
    """A second factor is required."""


class MfaNotRegistered(SignInError):
    """A second factor is required and none is registered."""


class AccessBlocked(SignInError):
    """A Conditional Access policy blocks."""


class DeviceNotCompliant(SignInError):
    """A Conditional Access policy asks for a compliant device."""


class DeviceNotJoined(SignInError):
    """A Conditional Access policy asks for a hybrid joined device."""


class FactorRefused(SignInError):
    """The second factor is wrong."""


class PassRefused(SignInError):
    """The Temporary Access Pass is wrong, used or run out."""


class PasskeyRefused(SignInError):
    """The passkey is unknown, or its answer is not right."""


class ProviderFailed(SignInError):
    """The outside provider cannot be used."""


class ProviderAnswerRefused(SignInError):
    """The outside provider's answer is not good for this sign-in."""


class ProviderAccountUnknown(SignInError):
    """The outside provider's user has no account here."""


class OtherOrganization(SignInError):
    """The account belongs to another organization than the device."""


class OtherUser(SignInError):
    """The device is assigned to somebody else."""


class FlowExpired(SignInError):
    """The sign-in page is too old or of another browser."""


class CodeExpired(SignInError):
    """The code ran out."""


class CodePending(SignInError):
    """The device code waits for its person."""


class CodeTooSoon(SignInError):
    """The device code is asked for too often."""


class CodeDeclined(SignInError):
    """The person declined the device code."""


class CodeUnknown(SignInError):
    """No such device code."""


class CodeReused(SignInError):
    """The code was redeemed before."""


class GrantInvalid(SignInError):
    """A code or refresh token that is not good here."""


class GrantRevoked(SignInError):
    """What the token rests on was revoked."""


class ClientSecretWrong(SignInError):
    """The client secret is wrong."""


class ClientCredentialMissing(SignInError):
    """A confidential client has to prove itself."""


class ClientIsPublic(SignInError):
    """A public client sent a credential."""


class ClientSecretExpired(SignInError):
    """The client secret was a good one and has run out."""


class ClientAssertionWrong(SignInError):
    """The client assertion is not signed with a certificate of the application."""


class ClientAssertionUntimely(SignInError):
    """The client assertion is too old, too new or was used before."""


class ClientDisabled(SignInError):
    """The application's service principal is switched off."""


class ClientNotProvisioned(SignInError):
    """The application has no service principal in this tenant."""


class OriginMissing(SignInError):
    """A code of a single-page application is redeemed from no page."""


class OriginRefused(SignInError):
    """A page redeems the code of another kind of client."""


class AssertionInvalid(SignInError):
    """What is exchanged on behalf of a user is no access token of ours."""


class AssertionElsewhere(SignInError):
    """The token to exchange is for another application."""


class AssertionExpired(SignInError):
    """The token to exchange has run out."""


class RevocationUnsupported(SignInError):
    """This kind of token cannot be revoked."""


class DeviceRefused(SignInError):
    """The device is unknown, deleted, disabled or not what it says."""


class DeviceDisabled(SignInError):
    """The device is disabled."""


class HelloKeyUnknown(SignInError):
    """No such Windows Hello key, or not this user's."""


class HelloSignatureWrong(SignInError):
    """The assertion is not signed with the Windows Hello key, or has run out."""


class HelloDeviceDisabled(SignInError):
    """The device of the Windows Hello key is disabled."""


class NonceInvalid(SignInError):
    """The request's nonce is missing, used or run out."""


class SessionKeyInvalid(SignInError):
    """The request is not signed with the session key."""


class KdfRefused(SignInError):
    """Key derivation version 1 is switched off."""


class BrokerRequestInvalid(SignInError):
    """A broker request that cannot be read, or is from another time."""


class BulkNotAllowed(SignInError):
    """The user may not make bulk tokens."""


class BulkTokenUnusable(SignInError):
    """The token may not be exchanged for a bulk token."""


class BulkRequestInvalid(SignInError):
    """A bulk token that cannot be made as it was asked for."""


class AskedTooOften(SignInError):
    """One network asks more often than anybody needs to."""


class TokenRefused(TaxiwayError):
    """An access token that does not open this door."""


class TokenElsewhere(TokenRefused):
    """An access token for another resource."""


class TokenOfOthers(TokenRefused):
    """An access token that was signed by a key that is not known here."""


class TokenExpired(TokenRefused):
    """An access token that has run out or is not valid yet."""
