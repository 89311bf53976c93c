"""Who are you? OAuth 2 and OpenID Connect in the Entra dialect, second factors, PRT (03 sections 2 to 7)."""

from taxiway.signin.administered import administered, read_object
from taxiway.signin.bootstrap import bootstrap
from taxiway.signin.check import check_person
from taxiway.signin.client_secrets import add_client_secret, add_secret, remove_secret, secrets_of
from taxiway.signin.conditional import (
    REGISTER_DEVICE,
    Attempt,
    create_policy,
    decide,
    delete_policy,
    refusal,
    update_policy,
)
from taxiway.signin.credentials import tenant_of_name
from taxiway.signin.entities import CONDITIONAL_ACCESS_POLICIES
from taxiway.signin.errors import (
    BadCredentials,
    ProviderAnswerRefused,
    ProviderFailed,
    SignInError,
    TokenOfOthers,
    TokenRefused,
)
from taxiway.signin.explain import explain
from taxiway.signin.factors import (
    ACCESS_PASS,
    ONE_TIME_CODE,
    active_pass,
    can_prove,
    forget_access_pass,
    forget_totp,
    issue_access_pass,
    methods_of,
    register_totp,
)
from taxiway.signin.federation.openid import verified as verified_by
from taxiway.signin.federation.outside import get_json as outside_json
from taxiway.signin.federation.providers import is_https
from taxiway.signin.follow import follow
from taxiway.signin.forgetting import forget_what_ran_out
from taxiway.signin.hello import forget_hello_keys, hello_keys, register_hello_key
from taxiway.signin.lockout import network_of
from taxiway.signin.model import BROKER, BULK_CLIENT, DRS_RESOURCE, Claims, principal_of
from taxiway.signin.nonces import make_nonce
from taxiway.signin.often import NONCE_BURST, NONCE_RATE
from taxiway.signin.page import render_post
from taxiway.signin.passkeys import forget_passkey, passkeys_of
from taxiway.signin.passwords import check_strength, hash_secret, set_password, store_password
from taxiway.signin.policy import Policy, signin_policy_of, update_signin_policy
from taxiway.signin.resources import GRAPH, graph_audiences
from taxiway.signin.revocation import revoke_for_device, revoke_for_user
from taxiway.signin.sealed import Sealer, digest, opaque, tenant_hint
from taxiway.signin.tokens import verify_token
from taxiway.signin.web import WebSignIn, finish_web_sign_in, web_sign_in_url

__all__ = [
    "ACCESS_PASS",
    "BROKER",
    "BULK_CLIENT",
    "CONDITIONAL_ACCESS_POLICIES",
    "DRS_RESOURCE",
    "GRAPH",
    "NONCE_BURST",
    "NONCE_RATE",
    "ONE_TIME_CODE",
    "REGISTER_DEVICE",
    "Attempt",
    "BadCredentials",
    "Claims",
    "Policy",
    "ProviderAnswerRefused",
    "ProviderFailed",
    "Sealer",
    "SignInError",
    "TokenOfOthers",
    "TokenRefused",
    "WebSignIn",
    "active_pass",
    "add_client_secret",
    "add_secret",
    "administered",
    "bootstrap",
    "can_prove",
    "check_person",
    "check_strength",
    "create_policy",
    "decide",
    "delete_policy",
    "digest",
    "explain",
    "finish_web_sign_in",
    "follow",
    "forget_access_pass",
    "forget_hello_keys",
    "forget_passkey",
    "forget_totp",
    "forget_what_ran_out",
    "graph_audiences",
    "hash_secret",
    "hello_keys",
    "is_https",
    "issue_access_pass",
    "make_nonce",
    "methods_of",
    "network_of",
    "opaque",
    "outside_json",
    "passkeys_of",
    "principal_of",
    "read_object",
    "refusal",
    "register_hello_key",
    "register_totp",
    "remove_secret",
    "render_post",
    "revoke_for_device",
    "revoke_for_user",
    "secrets_of",
    "set_password",
    "signin_policy_of",
    "store_password",
    "tenant_hint",
    "tenant_of_name",
    "update_policy",
    "update_signin_policy",
    "verified_by",
    "verify_token",
    "web_sign_in_url",
]
