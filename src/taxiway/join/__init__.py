"""May you join? Device objects, device certificates, and the keys a joined device hands in (03 section 8; step 2)."""

from taxiway.join.entities import LOCAL_CREDENTIALS, RECOVERY_KEY, RECOVERY_KEYS
from taxiway.join.errors import RegistrationError
from taxiway.join.explain import explain
from taxiway.join.follow import follow
from taxiway.join.keys import recovery_keys, reveal_recovery_key
from taxiway.join.laps import local_credential, reveal_local_passwords

__all__ = [
    "LOCAL_CREDENTIALS",
    "RECOVERY_KEY",
    "RECOVERY_KEYS",
    "RegistrationError",
    "explain",
    "follow",
    "local_credential",
    "recovery_keys",
    "reveal_local_passwords",
    "reveal_recovery_key",
]
