"""Metadata and key sets as encoded bytes: asked for by every client, the same for all of them (03 section 15.10)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from taxiway.doors.request import Kept
from taxiway.signin import keys, metadata
from taxiway.store import Runtime

#: So long an answer may lag behind another process: little beside the hour that clients are allowed to keep it.
_AGE = timedelta(seconds=60)
#: Tenants have a handful of names each; more are somebody's inventions.
_MOST = 4096

_Key = tuple[object, ...]


class Published:
    """The cacheable answers of one family of addresses.

    Normal rotation needs no care, because a key is published a day before it signs. For a key that had to replace
    another at once, the keys this process has seen are part of what an answer is kept under.
    """

    def __init__(self, rt: Runtime) -> None:
        self._rt = rt
        self._kept: dict[_Key, tuple[datetime, Kept]] = {}

    async def provider(self, segment: str, version: str) -> Kept:
        """Provider metadata."""
        return await self._get(
            lambda: (segment.lower(), version), lambda: metadata.provider(self._rt, segment, version)
        )

    async def keys(self, segment: str, *, v2: bool) -> Kept:
        """The key set."""
        return await self._get(
            lambda: (segment.lower(), v2, keys.seen(self._rt)), lambda: metadata.key_set(self._rt, segment, v2=v2)
        )

    async def _get(self, key: Callable[[], _Key], make: Callable[[], Awaitable[metadata.Json]]) -> Kept:
        now = self._rt.clock.now()
        found = self._kept.get(key())
        if found is not None and now < found[0]:
            return found[1]
        made = Kept.of(await make())
        if len(self._kept) >= _MOST:
            self._kept.clear()
        self._kept[key()] = (now + _AGE, made)  # making it may have shown new keys
        return made
