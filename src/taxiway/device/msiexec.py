"""The Windows Installer: it runs one package at a time on the whole PC, whoever starts it (01 section 6.9, P-11)."""

from __future__ import annotations

from taxiway.kernel import Clock

#: "Another installation is in progress": what a second run ends with at once.
BUSY = 1618


class WindowsInstaller:
    """The lock that every run takes, also those that no queue knows of."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._busy = False

    async def run(self, seconds: float) -> bool:
        """Run for so long; False, at once, while another run goes on."""
        if self._busy:
            return False
        self._busy = True
        try:
            await self._clock.sleep(seconds)
        finally:
            self._busy = False
        return True
