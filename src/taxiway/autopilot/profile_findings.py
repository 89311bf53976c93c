"""What is not wrong with a deployment profile and has to be said when it is saved (01 P-24, P-29)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from taxiway.autopilot.choice import OBJECT_KIND, OUTRANKED, decide, outranks
from taxiway.autopilot.entities import DEVICES, PROFILES
from taxiway.directory import MOST_OVERLAPS, overlaps
from taxiway.kernel import Reason
from taxiway.store import Row, Tx
from taxiway.wire.device_name import NAME_LIMIT, parse_device_name

#: Devices whose serial numbers a name is tried with: those registered last.
_TRIED = 200
_EXAMPLE = "SN-0001"


def findings(tx: Tx, profile: Row) -> tuple[Reason, ...]:
    """The name its devices will bear, and the profiles that reach the same devices."""
    return (*name_findings(tx, profile["device_name_template"]), *conflicts(tx, profile))


def conflicts(tx: Tx, profile: Row) -> tuple[Reason, ...]:
    """A warning for each profile that reaches some of the same devices through groups, with who wins."""
    found = overlaps(tx, OBJECT_KIND, profile["id"])
    rows = PROFILES.of_ids(tx, found, by="display_name")
    return tuple(_conflict(profile, row, found[row["id"]]) for row in rows)


def met_conflicts(tx: Tx, records: Sequence[Row]) -> list[str]:
    """Each pair of profiles that reach one of these devices in the same way, with on how many of them."""
    met = Counter[tuple[str, str]]()
    for record in records:
        decision = decide(tx, record["device_object_id"])
        for reason in decision.reasons:
            if decision.value is not None and reason.code == OUTRANKED and reason.facts["alike"]:
                met[decision.value.row["id"], str(reason.facts["profile"])] += 1
    rows = {row["id"]: row for row in PROFILES.of_ids(tx, {one for pair in met for one in pair}, by="display_name")}
    return [_conflict(rows[winner], rows[other], count).text for (winner, other), count in sorted(met.items())]


def _conflict(profile: Row, other: Row, devices: int) -> Reason:
    winner, loser = (profile, other) if outranks(profile, other) else (other, profile)
    why = "has the higher priority" if winner["priority"] is not None else "is older"
    count = f"{devices} or more devices are" if devices >= MOST_OVERLAPS else "1 device is" if devices == 1 else ""
    text = (
        f"{count or f'{devices} devices are'} reached by the profiles '{profile['display_name']}' and "
        f"'{other['display_name']}'; '{winner['display_name']}' {why} and is the one that applies, "
        f"not '{loser['display_name']}'."
    )
    return Reason("profile.conflict", text, {"profile": other["id"], "devices": devices, "winner": winner["id"]})


def name_findings(tx: Tx, template: str) -> tuple[Reason, ...]:
    """How the name will look, with a registered serial number; and that one does not fit, where it is cut."""
    if not template:
        return ()
    parsed = parse_device_name(template)
    serials = [row["serial_number"] for row in DEVICES.select(tx, order=[("registered_at", True)], limit=_TRIED)]
    longest = max((serial for serial in serials if serial), key=len, default=_EXAMPLE)
    digits = " (# is a random digit)" if "#" in parsed.preview(longest) else ""
    shown = f"A PC with the serial number {longest} will be called {parsed.preview(longest)}{digits}."
    preview = Reason("name.preview", shown)
    if parsed.length(longest) <= NAME_LIMIT:
        return (preview,)
    text = (
        f"With the serial number {longest} the name has {parsed.length(longest)} characters and is cut after "
        f"{NAME_LIMIT}: PCs whose serial numbers differ only behind that get the same name."
    )
    return preview, Reason("name.cut", text, {"serial": longest})


def kept(tx: Tx, profile: Row) -> Row:
    """Keep the findings with the profile, and log those that are new."""
    found = findings(tx, profile)
    shown = [_shown(reason) for reason in found]
    before = profile["findings"] or []
    if shown == before:
        return profile
    warnings = [reason for reason, one in zip(found, shown, strict=True) if one not in before and _warns(reason)]
    if warnings:
        what = {"name": profile["display_name"]}
        tx.log("autopilot_profile.warned", subject=f"autopilot_profile:{profile['id']}", what=what, why=warnings)
    return PROFILES.update(tx, profile["id"], {"findings": shown})


def _shown(reason: Reason) -> dict[str, Any]:
    about = reason.facts.get("profile")
    return {"code": reason.code, "text": reason.text} | ({"profile": about} if about else {})


def _warns(reason: Reason) -> bool:
    return reason.code != "name.preview"
