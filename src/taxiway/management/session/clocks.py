"""Whether a device's clock is right: said as such, before it shows as something else (R-113, P-30)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from taxiway.kernel import Reason
from taxiway.management.session.context import Context

LOCAL_TIME: Final = "./DevDetail/Ext/Microsoft/LocalTime"
#: What Kerberos and tokens live with.
_TOLERANCE: Final = timedelta(minutes=5)


def judge_clock(ctx: Context, told: str) -> None:
    """Compare what the device says with our clock; a clock that is off is on record once for each session's Get."""
    device = _read(told)
    if device is None or abs(device - ctx.tx.now) <= _TOLERANCE:
        return
    ahead = device - ctx.tx.now
    minutes = round(abs(ahead).total_seconds() / 60)
    text = f"The device's clock is {minutes} minutes {'ahead of' if ahead > timedelta() else 'behind'} the server's."
    why = Reason("clock.off", text, {"seconds": round(ahead.total_seconds())})
    ctx.tx.log("device.clock_off", subject=ctx.subject, what={"managed_device": ctx.managed["id"]}, why=[why])


def _read(told: str) -> datetime | None:
    """The time of the node; one without a zone cannot be compared."""
    try:
        found = datetime.fromisoformat(told.strip())
    except ValueError:
        return None
    return None if found.tzinfo is None else found.astimezone(UTC)
