"""An outside OpenID provider that signs in the people of one of a tenant's domains (03 sections 2.5 and 3.5)."""

from taxiway.signin.federation.providers import Provider, provider_of

__all__ = ["Provider", "provider_of"]
