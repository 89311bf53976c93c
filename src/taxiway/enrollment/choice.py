"""Which enrollment configuration applies, and the ESP settings as frozen (01 section 6.2, 05 section 11.13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal

from taxiway import directory
from taxiway.enrollment.configurations import ENROLLMENT_CONFIGURATIONS, OBJECT_KIND, default_of
from taxiway.enrollment.entities import DEFAULT_ESP, DEFAULT_LIMIT, DEFAULT_RESTRICTIONS, ESP, LIMIT, RESTRICTION
from taxiway.kernel import Decision, Reason
from taxiway.store import Row, Tx, both, eq, one_of

RESET_PC: Final = 1
TRY_AGAIN: Final = 2
CONTINUE_ANYWAY: Final = 4

Via = Literal["device", "user", "default"]
#: Restrictions of other platforms are kept, and say nothing of a PC.
_OUR_PLATFORMS: Final = ("windows", "allPlatforms")


@dataclass(frozen=True, slots=True)
class Candidate:
    """A configuration that is meant for the device or for the user."""

    row: Row
    via: Via
    reasons: tuple[Reason, ...] = ()
    everywhere: bool = False
    """Whether it is assigned to all devices."""


@dataclass(frozen=True, slots=True)
class EspSettings:
    """The page's settings, fixed when the device enrolls (R-80). ``selected_apps`` empty: every required app blocks."""

    profile_id: str
    profile_name: str
    via: Via
    show: bool
    show_user_page: bool
    timeout_minutes: int
    block: bool
    block_flags: int
    allow_collect_logs: bool
    custom_error_text: str
    selected_apps: tuple[str, ...]
    first_user_only: bool
    quality_updates: bool = False

    def as_dict(self) -> dict[str, Any]:
        """The shape that is stored."""
        return {**asdict(self), "selected_apps": list(self.selected_apps)}

    @classmethod
    def from_dict(cls, stored: dict[str, Any]) -> EspSettings:
        """Read what ``as_dict`` gave."""
        return cls(**{**stored, "selected_apps": tuple(stored["selected_apps"])})


def choose_esp(default: Row, candidates: Sequence[Candidate]) -> Decision[Candidate]:
    """Device-targeted by priority, else user-targeted by priority, else the default (R-78)."""
    for via in ("device", "user"):
        ranked = sorted((c for c in candidates if c.via == via), key=lambda c: int(c.row["priority"]))
        if ranked:
            return Decision(ranked[0], (*_ranked(ranked, via), *ranked[0].reasons))
    reason = Reason(
        "esp.default",
        "No Enrollment Status Page profile is assigned to this device or user; the default applies.",
        {"profile": default["display_name"]},
    )
    return Decision(Candidate(default, "default"), (reason,))


def choose_updates(default: Row, candidates: Sequence[Candidate], *, registered: bool) -> bool:
    """Whether OOBE ends with quality updates (R-83): user-targeted profiles have no say in it.

    ``registered``: the device is known to Windows Autopilot; another one gets them from a profile for all devices only.
    """
    ranked = sorted((c for c in candidates if c.via == "device"), key=lambda c: int(c.row["priority"]))
    chosen = ranked[0] if ranked else Candidate(default, "default", everywhere=True)
    row = chosen.row
    wanted = bool(row["show_installation_progress"]) and bool(row["install_quality_updates"])
    return wanted and (registered or chosen.everywhere)


def choose_restriction(default: Row, candidates: Sequence[Candidate]) -> Decision[Candidate]:
    """The one with the highest priority, however it is targeted, else the default (R-20)."""
    ranked = sorted(candidates, key=lambda c: int(c.row["priority"]))
    if ranked:
        return Decision(ranked[0], (*_ranked(ranked, ranked[0].via), *ranked[0].reasons))
    return Decision(
        Candidate(default, "default"),
        (Reason("restriction.default", "No restriction is assigned to this user or device; the default applies."),),
    )


def effective_esp(tx: Tx, *, device: Row | None, user: Row | None) -> Decision[Candidate]:
    """The ESP profile that a device and user would get if they enrolled now."""
    return choose_esp(default_of(tx, DEFAULT_ESP), _candidates(tx, ESP, device, user))


def settings_for(
    tx: Tx, *, device: Row | None, user: Row | None, registered: bool, in_oobe: bool
) -> Decision[EspSettings]:
    """The page's settings as a device and user would be given them now, ready to be frozen (R-78, R-83)."""
    default, candidates = default_of(tx, DEFAULT_ESP), _candidates(tx, ESP, device, user)
    chosen = choose_esp(default, candidates)
    settings = frozen_esp(chosen.value, in_oobe=in_oobe)
    updates = in_oobe and choose_updates(default, candidates, registered=registered)
    return Decision(replace(settings, quality_updates=updates), chosen.reasons)


def effective_limit(tx: Tx, *, device: Row | None, user: Row | None) -> Decision[Candidate]:
    """The device limit that holds for a user."""
    return choose_restriction(default_of(tx, DEFAULT_LIMIT), _candidates(tx, LIMIT, device, user))


def effective_restriction(tx: Tx, *, device: Row | None, user: Row | None) -> Decision[Candidate]:
    """The platform restriction that holds for a device and user."""
    candidates = _candidates(tx, RESTRICTION, device, user)
    ours = [candidate for candidate in candidates if candidate.row["platform_type"] in _OUR_PLATFORMS]
    return choose_restriction(default_of(tx, DEFAULT_RESTRICTIONS), ours)


def windows_restriction(row: Row) -> dict[str, Any]:
    """The Windows part of a restriction, of the default's shape or of a custom one's."""
    part = row["platform_restriction"] if row["kind"] == RESTRICTION else row["windows_restriction"]
    return part or {}


def frozen_esp(chosen: Candidate, *, in_oobe: bool) -> EspSettings:
    """The settings as a device gets them; ``in_oobe``: this enrollment happens during out-of-box setup."""
    row = chosen.row
    autopilot_only = bool(row["track_install_progress_for_autopilot_only"])
    show = bool(row["show_installation_progress"]) and (in_oobe or not autopilot_only)
    block = not row["block_device_setup_retry_by_user"]
    flags = TRY_AGAIN
    flags |= RESET_PC if row["allow_device_reset_on_install_failure"] else 0
    flags |= CONTINUE_ANYWAY if row["allow_device_use_on_install_failure"] else 0
    return EspSettings(
        profile_id=row["id"],
        profile_name=row["display_name"],
        via=chosen.via,
        show=show,
        show_user_page=show,
        timeout_minutes=int(row["install_progress_timeout_in_minutes"]),
        block=block,
        block_flags=flags if block else 0,
        allow_collect_logs=bool(row["allow_log_collection_on_install_failure"]),
        custom_error_text=row["custom_error_message"] or "",
        selected_apps=tuple(row["selected_mobile_app_ids"] or ()),
        first_user_only=bool(row["disable_user_status_tracking_after_first_user"]) or autopilot_only,
    )


# ---------------------------------------------------------------------------------------------- inside


def _candidates(tx: Tx, kind: str, device: Row | None, user: Row | None) -> list[Candidate]:
    matches = directory.meant(tx, OBJECT_KIND, device=device, user=user)
    ids = [match.object_id for match in matches]
    rows = ENROLLMENT_CONFIGURATIONS.select(tx, both(eq("kind", kind), one_of("id", ids))) if ids else []
    by_id = {row["id"]: row for row in rows}
    return [
        Candidate(by_id[match.object_id], match.via, tuple(match.reasons), match.target.kind == "all_devices")
        for match in matches
        if match.object_id in by_id
    ]


def _ranked(ranked: Sequence[Candidate], via: str) -> tuple[Reason, ...]:
    winner, *rest = ranked
    text = f"'{winner.row['display_name']}' is assigned to the {via} and has priority {winner.row['priority']}."
    if rest:
        text += " It comes before " + ", ".join(f"'{other.row['display_name']}'" for other in rest) + "."
    return (Reason("configuration.chosen", text, {"id": winner.row["id"], "via": via}),)
