"""How often a network may ask what needs no proof (03 sections 2.7, 7.2 and 15.8)."""

from __future__ import annotations

from typing import Any

from taxiway.doors.throttle import Throttle
from taxiway.store import Runtime

#: A device asks for three or four nonces, and a school hall of devices may stand behind one address.
NONCE_BURST, NONCE_RATE = 1000, 50.0
#: The page of a person asks how a name signs in, once for each name typed. A domain is asked about from everywhere.
NETWORK_BURST, _NETWORK_RATE = 120, 2.0
DOMAIN_BURST, _DOMAIN_RATE = 1000, 20.0


class NameThrottle:
    """Bounds the questions about names, by the network that asks and by the domain asked about."""

    def __init__(self, rt: Runtime) -> None:
        self._networks = Throttle(rt.clock, burst=NETWORK_BURST, rate=_NETWORK_RATE)
        self._domains = Throttle(rt.clock, burst=DOMAIN_BURST, rate=_DOMAIN_RATE)

    def spent(self, network: str, body: Any) -> bool:
        """Whether one of the two has asked too often; this question counts."""
        name = body.get("username") if isinstance(body, dict) else None
        domain = name.rpartition("@")[2].lower()[:255] if isinstance(name, str) else ""
        return not (self._networks.allow(network) and self._domains.allow(domain))
