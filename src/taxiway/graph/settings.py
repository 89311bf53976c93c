"""Graph's section of the settings."""

from __future__ import annotations

from typing import Literal

import msgspec


class GraphSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How Graph answers where the real one has several faces.

    ``status_codes``: the real service's (``live``) or the reference pages' (``docs``). ``throttle``: count requests
    against the documented budgets and answer 429 beyond them. ``throttle_share``: so much of each budget there is,
    to be throttled soon in a test. ``retry_after``: say with a 429 when to come back. ``strict_intune_quirks``:
    refuse and drop what the real Intune does without documenting it.
    """

    status_codes: Literal["live", "docs"] = "live"
    throttle: bool = False
    throttle_share: float = 1.0
    retry_after: bool = True
    strict_intune_quirks: bool = False

    def __post_init__(self) -> None:
        """A budget of nothing would let nobody in."""
        if not 0 < self.throttle_share <= 1:
            raise ValueError("throttle_share is more than 0 and at most 1")
