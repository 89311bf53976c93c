"""The profile of a device that shows its ticket, or the code that says why there is none (06 section 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from taxiway import directory
from taxiway.autopilot import choice, hardware, model
from taxiway.autopilot.anchor import healed
from taxiway.autopilot.entities import DEVICES, HARDWARE, HYBRID, IN_SYNC, PROFILES
from taxiway.autopilot.errors import BadProfile, LookupRefused
from taxiway.autopilot.ticket import Found, find_and_ask, open_ticket
from taxiway.kernel import Reason
from taxiway.store import Row, Runtime, Tx
from taxiway.wire import ztd
from taxiway.wire.autopilot_profile import MDM_ID, UPDATE_TIMEOUT_MS, AutopilotProfile, OobeConfig, render_offline
from taxiway.wire.ztd import FactDigests

_SELF_DEPLOYING: Final = 1
_USER_DRIVEN: Final = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What a device is told: a profile, or a code. ``mark`` tells this answer from the one before."""

    mark: list[Any]
    reasons: tuple[Reason, ...]
    what: dict[str, Any]
    profile: AutopilotProfile | None = None
    code: int = 0
    result: str = ""
    text: str = ""


async def look_up(rt: Runtime, ticket: str, *, correlation: str) -> AutopilotProfile:
    """The profile for the device behind a ticket; ``TicketRefused`` or ``LookupRefused``.

    What the device is told stands in its tenant's log, once for each deployment, however often it asks.
    """
    facts = open_ticket(rt, ticket)
    asked = await find_and_ask(rt, facts, lambda tx, found: _told(tx, found, correlation))
    if asked is None:
        name = ztd.CODE_NAMES[ztd.NOT_REGISTERED]
        raise LookupRefused(ztd.NOT_REGISTERED, name, "Nobody has registered this device.")
    found, answer = asked
    if answer is None:
        answer = await rt.store.write(
            found.tenant, lambda tx: _tell(tx, found, facts, correlation), actor="device", correlation=correlation
        )
    if answer.profile is None:
        raise LookupRefused(answer.code, answer.result, answer.text, reasons=answer.reasons)
    return answer.profile


def profile_for(tx: Tx, record: Row, profile: Row, *, explicit: bool, correlation: str) -> AutopilotProfile:
    """The profile as this device downloads it (06 sections 3.7 and 3.8)."""
    switches = model.switches(profile)
    shared = switches["device_usage_type"] == "shared"
    hybrid = profile["kind"] == HYBRID
    locale = profile["locale"] or None
    bits = OobeConfig.compose(
        standard_user=switches["user_type"] == "standard",
        hide_privacy=switches["privacy_settings_hidden"],
        hide_eula=switches["eula_hidden"],
        skip_keyboard=switches["keyboard_selection_page_skipped"],
        shared=shared,
    )
    return AutopilotProfile(
        cloud_assigned_tenant_id=tx.tenant,
        cloud_assigned_tenant_domain=directory.get_tenant(tx)["initial_domain"],
        cloud_assigned_tenant_upn=None if shared else record["user_principal_name"] or None,
        cloud_assigned_oobe_config=int(bits),
        cloud_assigned_domain_join_method=1 if hybrid else 0,
        cloud_assigned_forced_enrollment=int(switches["escape_link_hidden"]),
        # The name given to this one device comes before the profile's template; hybrid join knows neither.
        cloud_assigned_device_name=None
        if hybrid
        else record["display_name"] or profile["device_name_template"] or None,
        cloud_assigned_language=locale,
        cloud_assigned_region=locale if switches["keyboard_selection_page_skipped"] else None,
        cloud_assigned_autopilot_update_disabled=1,
        cloud_assigned_autopilot_update_timeout=UPDATE_TIMEOUT_MS,
        cloud_assigned_mdm_id=MDM_ID,
        hybrid_join_skip_dc_connectivity_check=(
            int(profile["hybrid_azure_ad_join_skip_connectivity_check"]) if hybrid else None
        ),
        autopilot_service_correlation_id=correlation,
        ztd_registration_id=record["id"],
        aad_device_id=record["azure_active_directory_device_id"],
        deployment_profile_name=profile["display_name"],
        is_explicit_profile_assignment=explicit,
        autopilot_mode=_SELF_DEPLOYING if shared else _USER_DRIVEN,
    )


def offline_file(tx: Tx, profile_id: str) -> bytes:
    """The file with which a PC that is not registered deploys by this profile (06 section 3.10)."""
    profile = PROFILES.require(tx, profile_id)
    mode = model.other_mode(profile)
    if mode is not None:
        raise BadProfile(f"'{profile['display_name']}' asks for {mode}: an offline file deploys with a user only.")
    nobody = {"id": None, "user_principal_name": None, "display_name": None, "azure_active_directory_device_id": None}
    made = profile_for(tx, nobody, profile, explicit=False, correlation="")
    return render_offline(made, profile_id=profile["id"], name=profile["display_name"])


# ---------------------------------------------------------------------------------------------- inside


def _told(tx: Tx, found: Found, correlation: str) -> Answer | None:
    """What the device was told under this correlation and would be told again; None when that has to be decided."""
    kept = HARDWARE.get(tx, found.ztdid)
    if kept is not None and (kept["last_lookup"] or [None])[0] != correlation:
        return None  # the first question of a deployment
    answer, told = _answer(tx, found, correlation)
    return answer if told else None


def _answer(tx: Tx, found: Found, correlation: str) -> tuple[Answer, bool]:
    """The answer, and whether the device was told exactly this before under this correlation."""
    record = DEVICES.get(tx, found.ztdid)
    kept = HARDWARE.get(tx, found.ztdid)
    if record is None or kept is None:
        # Deregistered since it was found.
        return _none(ztd.NOT_REGISTERED, None, "The device is not registered any more.", correlation), True
    answer = _decide(tx, found, record, correlation)
    return answer, kept["last_lookup"] == answer.mark and choice.anchor_of(tx, record) is not None


def _tell(tx: Tx, found: Found, facts: FactDigests, correlation: str) -> Answer:
    """Decide again, now in the transaction that records it; a registration without its device object gets one."""
    record = DEVICES.get(tx, found.ztdid)
    if record is not None:
        healed(tx, record)
    answer, told = _answer(tx, found, correlation)
    if told:
        return answer
    if found.mismatch is None and hardware.complete(tx, found.ztdid, facts):
        text = "A partner registered the device by one fact; it is recognised by all its hardware from now on."
        why = [Reason("hardware.completed", text)]
        tx.log("autopilot.hardware_completed", subject=f"autopilot:{found.ztdid}", why=why)
    HARDWARE.update(tx, found.ztdid, {"last_lookup": answer.mark})
    changes: dict[str, Any] = {"last_contacted_at": tx.now}
    if answer.profile is not None:
        changes |= {"deployment_profile_assignment_status": IN_SYNC, "went_without_at": None}
    elif answer.code == ztd.NO_PROFILE:
        changes["went_without_at"] = tx.now
    DEVICES.update(tx, found.ztdid, changes)
    kind = "profile.refused" if answer.profile is None else "profile.handed_out"
    tx.log(kind, subject=f"autopilot:{found.ztdid}", what=answer.what, why=answer.reasons)
    return answer


def _decide(tx: Tx, found: Found, record: Row, correlation: str) -> Answer:
    if found.mismatch is not None:
        text = "The hardware differs from its registration: register the device again."
        return _none(ztd.MISMATCH, record, text, correlation, name=found.mismatch)
    decision = choice.decide(tx, record["device_object_id"])
    chosen = decision.value
    if chosen is None:
        former = record["former_profile_id"]
        if former and PROFILES.get(tx, former) is None:
            text = "The profile that was assigned to the device has been deleted."
            return _none(ztd.PROFILE_DELETED, record, text, correlation, decision.reasons)
        text = "No profile is assigned to the device, and there is none for all devices."
        return _none(ztd.NO_PROFILE, record, text, correlation, decision.reasons)
    mode = model.other_mode(chosen.row)
    if mode is not None:
        text = f"The profile '{chosen.row['display_name']}' asks for {mode}, which is not done here."
        return _none(ztd.MODE_NOT_SERVED, record, text, correlation, decision.reasons)
    profile = profile_for(tx, record, chosen.row, explicit=chosen.explicit, correlation=correlation)
    mark = [correlation, 0, chosen.row["id"], chosen.row["version"], record["user_principal_name"]]
    what = {
        "profile": chosen.row["display_name"],
        "profile_id": chosen.row["id"],
        "serial": record["serial_number"],
        "upn": record["user_principal_name"],
    }
    return Answer([*mark, record["display_name"]], decision.reasons, what, profile)


def _none(
    code: int,
    record: Row | None,
    text: str,
    correlation: str,
    reasons: Sequence[Reason] = (),
    *,
    name: str | None = None,
) -> Answer:
    result = name or ztd.CODE_NAMES[code]
    what = {"error": result, "code": code, "serial": record["serial_number"] if record else ""}
    why = (Reason(f"lookup.{code}", text), *reasons)
    return Answer([correlation, code, result], why, what, code=code, result=result, text=text)
