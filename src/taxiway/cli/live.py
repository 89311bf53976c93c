"""The terminal while a rehearsal runs: the setup checklist, the screens of OOBE, the Enrollment Status Page."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from taxiway.device.events import (
    EspItemChanged,
    EspPhaseChanged,
    Event,
    Failed,
    Finished,
    Noted,
    ScreenShown,
    StepDone,
)

_MARKS = {
    "running": ("…", "yellow"),
    "done": ("✓", "green"),
    "skipped": ("-", "dim"),
    "notStarted": ("·", "dim"),
    "inProgress": ("…", "yellow"),
    "succeeded": ("✓", "green"),
    "notRequired": ("-", "dim"),
    "failed": ("✗", "red"),
}
_PHASES = {
    "device preparation": "Device preparation",
    "device setup": "Device setup",
    "account setup": "Account setup",
}


@dataclass(slots=True)
class _Line:
    state: str
    text: str


@dataclass(slots=True)
class _Device:
    """What one PC shows."""

    screens: list[str] = field(default_factory=list)
    phases: dict[str, str] = field(default_factory=dict)
    items: dict[str, dict[str, _Line]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)
    step: str = ""
    reached: str = ""
    failure: str = ""


class LiveView:
    """Draws while things happen; on something that is not a terminal it prints a line for each."""

    def __init__(self, console: Console, heading: str) -> None:
        self._console = console
        self._heading = heading
        self._steps: dict[int, _Line] = {}
        self._devices: dict[str, _Device] = {}
        self._live = Live(console=console, get_renderable=self._draw, refresh_per_second=12, transient=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.__exit__(kind, error, trace)

    def setup(self, number: int, title: str, state: str, done: str) -> None:
        """A step of the setup moved."""
        self._steps[number] = _Line(state, f"{number}. {title}" + (f"  [{done}]" if done else ""))
        if state != "running":
            self._say(state, self._steps[number].text)

    def event(self, serial: str, event: Event) -> None:
        """Something happened on a PC."""
        device = self._devices.setdefault(serial, _Device())
        match event:
            case ScreenShown(name=name, text=text):
                device.screens.append(f"{name}: {text}" if text else name)
                self._say("done", f"{serial}  screen  {device.screens[-1]}")
            case StepDone(step=step):
                device.step = step
            case EspPhaseChanged(phase=phase, state=state):
                device.phases[phase] = state
                self._say(state, f"{serial}  {_PHASES[phase]}")
            case EspItemChanged():
                self._item(serial, device, event)
            case Failed(code=code, reason=reason, step=step, buttons=buttons, text=text):
                offered = f" [{' | '.join(buttons)}]" if buttons else ""
                device.failure = f"{step}: {code} {reason}{f' - {text}' if text else ''}{offered}"
                self._say("failed", f"{serial}  {device.failure}")
            case Finished(reached=reached):
                device.reached = reached
                self._say("done" if reached == "desktop" else "failed", f"{serial}  {reached}")
            case Noted():
                pass

    def _item(self, serial: str, device: _Device, event: EspItemChanged) -> None:
        """A line of a section; a section that has not begun is one line with the reason, said once."""
        lines, line = device.items.setdefault(event.phase, {}), _Line(event.state, event.text)
        if lines.get(event.item) == line:
            return
        lines[event.item] = line
        if event.state != "notStarted":
            self._say(event.state, f"{serial}    {event.text}")
            return
        caption = event.text.removeprefix(event.item)
        if device.waiting.get(event.phase) != caption:
            device.waiting[event.phase] = caption
            self._say(event.state, f"{serial}  {_PHASES[event.phase]}{caption}")

    def _say(self, state: str, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(f"{_MARKS[state][0]} {text}", markup=False, highlight=False, soft_wrap=True)

    # ------------------------------------------------------------------------------------------ drawing

    def _draw(self) -> RenderableType:
        parts: list[RenderableType] = [self._checklist()]
        if len(self._devices) == 1:
            parts.extend(_one(*next(iter(self._devices.items()))))
        elif self._devices:
            parts.append(_many(self._devices))
        return Group(*parts)

    def _checklist(self) -> RenderableType:
        lines = [_marked(line.state, line.text) for _, line in sorted(self._steps.items())]
        return Panel(Group(*lines) if lines else Text("starting the server …"), title=self._heading, title_align="left")


def _marked(state: str, text: str, indent: int = 0) -> Text:
    mark, colour = _MARKS[state]
    return Text.assemble(" " * indent, (mark, colour), " ", text)


def _one(serial: str, device: _Device) -> list[RenderableType]:
    """One PC: its screens in order, then the status page with every line and counter."""
    screens = Group(*[_marked("done", text) for text in device.screens]) if device.screens else Text("powering on …")
    drawn: list[RenderableType] = [Panel(screens, title=f"PC {serial}", title_align="left")]
    if device.phases or device.items:
        drawn.append(Panel(Group(*_status_page(device)), title="Setting up for work or school", title_align="left"))
    if device.failure:
        drawn.append(Text(device.failure, style="red"))
    return drawn


def _status_page(device: _Device) -> list[RenderableType]:
    lines: list[RenderableType] = []
    for phase, caption in _PHASES.items():
        lines.append(_marked(device.phases.get(phase, "notStarted"), caption))
        lines.extend(_marked(line.state, line.text, indent=4) for line in device.items.get(phase, {}).values())
    return lines


def _many(devices: dict[str, _Device]) -> RenderableType:
    """A fleet: a line for each PC."""
    table = Table(box=None, pad_edge=False)
    for heading in ("PC", "Device preparation", "Device setup", "Account setup", "now"):
        table.add_column(heading)
    for serial, device in devices.items():
        cells = [_marked(device.phases.get(phase, "notStarted"), _counter(device, phase)) for phase in _PHASES]
        now = device.failure or device.reached or (device.screens[-1] if device.screens else "")
        table.add_row(serial, *cells, Text(now, style="red" if device.failure else ""))
    return Panel(table, title=f"{len(devices)} PCs", title_align="left")


def _counter(device: _Device, phase: str) -> str:
    items = device.items.get(phase, {})
    done = sum(1 for line in items.values() if line.state in ("succeeded", "notRequired"))
    return f"{done}/{len(items)}" if items else ""
