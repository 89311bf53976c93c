"""What a terminal shows of a rehearsal: lines where it is a file, a page where it is one."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from taxiway.cli.live import LiveView
from taxiway.device.events import EspItemChanged, EspPhaseChanged

CAPTION = "Waiting for previous step"


def told(events):
    """The lines printed for a PC's events."""
    out = StringIO()
    with LiveView(Console(file=out, width=200), "rehearsal") as view:
        for event in events:
            view.event("SN-1", event)
    return out.getvalue().splitlines()


def item(phase, name, state, caption):
    return EspItemChanged(at=None, phase=phase, item=name, state=state, text=f"{name} ({caption})")


def test_a_section_that_has_not_begun_is_one_line():
    """Its lines all say the same; what changed later is a line of its own, what did not change is none."""
    lines = told(
        [
            EspPhaseChanged(at=None, phase="device preparation", state="inProgress"),
            *(item("device setup", name, "notStarted", CAPTION) for name in ("Certificates", "Apps")),
            *(item("account setup", name, "notStarted", CAPTION) for name in ("Certificates", "Apps")),
            item("device setup", "Apps", "inProgress", "0 of 1 installed"),
            item("device setup", "Apps", "inProgress", "0 of 1 installed"),
            item("device setup", "Apps", "failed", "Error: 0x80070643"),
            *(item("account setup", name, "notStarted", "Previous step failed") for name in ("Certificates", "Apps")),
        ]
    )
    assert lines == [
        "… SN-1  Device preparation",
        f"· SN-1  Device setup ({CAPTION})",
        f"· SN-1  Account setup ({CAPTION})",
        "… SN-1    Apps (0 of 1 installed)",
        "✗ SN-1    Apps (Error: 0x80070643)",
        "· SN-1  Account setup (Previous step failed)",
    ]
