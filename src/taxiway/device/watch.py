"""Tells whoever watches the PC, with the time of its clock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taxiway.device.errors import StepFailed
from taxiway.device.events import (
    EspItemChanged,
    EspPhaseChanged,
    EspPhaseName,
    Event,
    Failed,
    Finished,
    ItemState,
    Listener,
    Noted,
    ScreenShown,
    StepDone,
)
from taxiway.device.outcome import milliseconds
from taxiway.device.screens import Screen
from taxiway.kernel import Clock


class Watch:
    """One listener, and a shorthand for each kind of event; the PC's own event log is kept in ``event_log``."""

    def __init__(self, clock: Clock, event_log: list[tuple[int, int, str]], listener: Listener | None = None) -> None:
        self._clock = clock
        self._event_log = event_log
        self._listener = listener

    def screen(self, screen: Screen) -> None:
        """A page shows."""
        self._tell(ScreenShown(at=self._clock.now(), name=screen.name, text=screen.text))

    def step(self, step: str, facts: Mapping[str, Any] | None = None) -> None:
        """A step is done."""
        self._tell(StepDone(at=self._clock.now(), step=step, facts=facts or {}))

    def note(self, number: int, text: str) -> None:
        """An event log entry of the PC."""
        self._event_log.append((milliseconds(self._clock.now()), number, text))
        self._tell(Noted(at=self._clock.now(), number=number, text=text))

    def phase(self, phase: EspPhaseName, state: ItemState) -> None:
        """A section of the status page changed."""
        self._tell(EspPhaseChanged(at=self._clock.now(), phase=phase, state=state))

    def item(self, phase: EspPhaseName, item: str, state: ItemState, text: str, **counters: Any) -> None:
        """A line of the status page changed."""
        self._tell(EspItemChanged(at=self._clock.now(), phase=phase, item=item, state=state, text=text, **counters))

    def failed(self, failure: StepFailed, buttons: tuple[str, ...] = (), text: str = "") -> None:
        """A step ended with a code; ``text`` is what the page says to the person."""
        told = {"step": failure.step, "code": failure.code, "reason": failure.message}
        self._tell(Failed(at=self._clock.now(), **told, buttons=buttons, text=text))

    def finished(self, reached: str) -> None:
        """The PC came to rest."""
        self._tell(Finished(at=self._clock.now(), reached=reached))

    def _tell(self, event: Event) -> None:
        if self._listener is not None:
            self._listener(event)
