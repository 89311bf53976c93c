"""Who are you? OAuth 2 and OpenID Connect in the Entra dialect, second factors, PRT (03 sections 2 to 7)."""

from taxiway.signin.bootstrap import bootstrap
from taxiway.signin.client_secrets import add_client_secret, add_secret, remove_secret, secrets_of
from taxiway.signin.errors import SignInError, TokenRefused
from taxiway.signin.factors import issue_access_pass, register_totp
from taxiway.signin.follow import follow
from taxiway.signin.hello import forget_hello_keys, register_hello_key
from taxiway.signin.model import Claims, principal_of
from taxiway.signin.nonces import make_nonce
from taxiway.signin.passwords import check_strength, hash_secret, set_password, store_password
from taxiway.signin.policy import Policy, signin_policy_of, update_signin_policy
from taxiway.signin.revocation import revoke_for_device, revoke_for_user
from taxiway.signin.tokens import verify_token

__all__ = [
    "Claims",
    "Policy",
    "SignInError",
    "TokenRefused",
    "add_client_secret",
    "add_secret",
    "bootstrap",
    "check_strength",
    "follow",
    "forget_hello_keys",
    "hash_secret",
    "issue_access_pass",
    "make_nonce",
    "principal_of",
    "register_hello_key",
    "register_totp",
    "remove_secret",
    "revoke_for_device",
    "revoke_for_user",
    "secrets_of",
    "set_password",
    "signin_policy_of",
    "store_password",
    "update_signin_policy",
    "verify_token",
]
