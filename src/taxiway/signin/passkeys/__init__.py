"""Passkeys: WebAuthn credentials that sign in for a user, by themselves (03 section 3.5, step 5)."""

from taxiway.signin.passkeys.kept import forget_passkey, passkeys_of

__all__ = ["forget_passkey", "passkeys_of"]
