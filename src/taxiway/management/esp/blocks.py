"""The command blocks of the Enrollment Status Page (05 section 11.14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from taxiway.enrollment import CONTINUE_ANYWAY, RESET_PC, TRY_AGAIN, EspSettings
from taxiway.management.model import DEVICE_LANE, Wanted
from taxiway.management.session.context import DMCLIENT
from taxiway.wire.expected import TrackedApp, join_apps, join_uris

STATUS: Final = f"{DMCLIENT}/FirstSyncStatus"
ENT_DM_ID: Final = f"./Device/{DMCLIENT}/EntDMID"
ORIGIN: Final = "esp"
#: Ours: what tells Windows of them is not documented. A PC that does not know the node answers 404, and that is all.
QUALITY_UPDATES: Final = "./Device/Vendor/taxiway/EnrollmentStatusPage/InstallQualityUpdates"


def opening(esp: EspSettings, managed_id: str) -> list[Wanted]:
    """Block A: the page's settings again, our id for the device, and a sync at each logon."""
    page = f"./Device/{STATUS}"
    values = [
        (f"./Device/{DMCLIENT}/SyncApplicationVersion", "chr", "3.0"),
        (f"{page}/SkipDeviceStatusPage", "bool", "false"),
        (f"{page}/SkipUserStatusPage", "bool", _flag(not esp.show_user_page)),
        (f"{page}/BlockInStatusPage", "int", str(esp.block_flags)),
        (f"{page}/AllowCollectLogsButton", "bool", _flag(esp.allow_collect_logs)),
        (f"{page}/TimeOutUntilSyncFailure", "int", str(esp.timeout_minutes)),
        (ENT_DM_ID, "chr", managed_id),
        (f"./Device/{DMCLIENT}/Poll/PollOnLogin", "bool", "true"),
    ]
    if esp.quality_updates:
        values.append((QUALITY_UPDATES, "bool", "true"))
    if esp.custom_error_text:
        values.insert(5, (f"{page}/CustomErrorText", "chr", esp.custom_error_text))
    return [_set("open", uri, data, form, DEVICE_LANE) for uri, form, data in values]


def release(
    scope: str,
    lane: str,
    *,
    policies: list[str],
    networks: list[str],
    msi: list[str],
    modern: Sequence[str] = (),
    scep: Sequence[str] = (),
    pfx: Sequence[str] = (),
) -> list[Wanted]:
    """Block B: the lists of what was delivered, then the word that the server is done. The order matters.

    ``scope`` is ``Device`` or ``User``; ``msi`` are the status nodes of the packages. Our id for the device is always
    among the policies: an empty list would be no line at all (R-75).
    """
    page = f"./{scope}/{STATUS}"
    lists = [
        ("ExpectedPolicies", join_uris([ENT_DM_ID, *policies])),
        ("ExpectedNetworkProfiles", join_uris(networks)),
        ("ExpectedSCEPCerts", join_uris(scep)),
        ("ExpectedPFXCerts", join_uris(pfx)),
        ("ExpectedMSIAppPackages", join_apps([TrackedApp(uri) for uri in msi])),
        ("ExpectedModernAppPackages", join_apps([TrackedApp(uri) for uri in modern])),
    ]
    wanted = [_set("release", f"{page}/{name}", value, "chr", lane) for name, value in lists if value]
    return [*wanted, _set("release", f"{page}/ServerHasFinishedProvisioning", "true", "bool", lane)]


def user_nodes(lane: str) -> list[Wanted]:
    """The nodes that the user's half of the page stands on; a new Windows has none until they are added."""
    roots = (f"./User/{DMCLIENT}", f"./User/{STATUS}")
    return [Wanted(f"esp|nodes|{uri}", "Add", uri, None, "node", lane=lane, origins=(ORIGIN,)) for uri in roots]


def hide_user_page() -> Wanted:
    """No page for the users after the first (05 section 11.6)."""
    return _set("later", f"./Device/{STATUS}/SkipUserStatusPage", "true", "bool", DEVICE_LANE)


def failure(esp: EspSettings, text: str) -> list[Wanted]:
    """Block F: let the page fail within a minute, with a text that helps, and buttons that lead on."""
    page = f"./Device/{STATUS}"
    flags = RESET_PC | TRY_AGAIN | (esp.block_flags & CONTINUE_ANYWAY)
    values = (
        ("CustomErrorText", "chr", text),
        ("BlockInStatusPage", "int", str(flags)),
        ("AllowCollectLogsButton", "bool", "true"),
        ("TimeOutUntilSyncFailure", "int", "1"),
    )
    return [_set("fail", f"{page}/{name}", data, form, DEVICE_LANE) for name, form, data in values]


#: Whether the device shows its users a page; a configuration may have said so too.
USER_PAGE_HIDDEN: Final = f"./Device/{STATUS}/SkipUserStatusPage"


def outcome_nodes(scope: str) -> list[str]:
    """The nodes that tell how the page ended."""
    return [f"./{scope}/{STATUS}/{name}" for name in ("IsSyncDone", "WasDeviceSuccessfullyProvisioned")]


def _set(block: str, uri: str, data: str, form: str, lane: str) -> Wanted:
    return Wanted(f"esp|{block}|{uri}", "Replace", uri, data, form, lane=lane, origins=(ORIGIN,))


def _flag(value: bool) -> str:
    return "true" if value else "false"
