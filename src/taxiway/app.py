"""Composition: the rooms' followers, the routes behind each door, and one running instance."""

from __future__ import annotations

from taxiway.store import Followers


def followers() -> Followers:
    """Who follows a change, in the order of the rooms (design, rule 4)."""
    return Followers()
