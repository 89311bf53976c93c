"""What is secret in an object that is kept as it came: Graph shows it to nobody again, and nothing here could use it.

So it is not kept at all: neither in the database nor in what is exported.
"""

from __future__ import annotations

from typing import Any, Final

#: Members of Graph's types that only go in, in small letters: Wi-Fi, VPN, certificates with keys, tokens of Apple's.
_SECRET: Final = frozenset(
    {
        "adminaccountpassword",
        "clientsecret",
        "credentialdata",
        "password",
        "pfxblob",
        "pfxblobpassword",
        "presharedkey",
        "privatekey",
        "sharedsecret",
        "token",
    }
)


def without_secrets(value: Any) -> Any:
    """The same with null for every secret text."""
    if isinstance(value, list):
        return [without_secrets(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: None if isinstance(one, str) and name.lower() in _SECRET else without_secrets(one)
        for name, one in value.items()
    }
