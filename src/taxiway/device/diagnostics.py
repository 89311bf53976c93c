"""The log bundle of a deployment, as MdmDiagnosticsTool leaves it, and the diagnostics page (06 sections 3.11 to 3.14).

The registry is a dump in the text form of ``reg export``; each event channel is a file in the XML form of ``wevtutil``,
because the binary form belongs to Windows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from taxiway.device.csp.dmclient import first_sync, is_true
from taxiway.device.csp.node import DEVICE, USER
from taxiway.device.csp.tree import Tree
from taxiway.device.state import (
    AUTOPILOT_SETTINGS,
    CORRELATIONS,
    DIAGNOSTICS,
    JOIN_INFO,
    POLICY_CACHE,
    State,
    Storage,
)
from taxiway.kernel.files import write_private
from taxiway.wire.csp import Scope
from taxiway.wire.xml import escape

REGISTRY_DUMP: Final = "MdmDiagReport_RegistryDump.reg"
_AUTOPILOT: Final = "microsoft-windows-moderndeployment-diagnostics-provider-autopilot"
_MANAGEMENT: Final = "microsoft-windows-devicemanagement-enterprise-diagnostics-provider-admin"
_REGISTRATION: Final = "microsoft-windows-user device registration-admin"
_SHELL: Final = "microsoft-windows-shell-core-operational"
#: Which channel an event number belongs to; every other number is Autopilot's (06 section 3.12).
_CHANNELS: Final = {
    **dict.fromkeys((72, 208, 1905, 1906, 1920, 1922, 1924, 2800), _MANAGEMENT),
    **dict.fromkeys((300, 301, 358, 360, 362), _REGISTRATION),
    62407: _SHELL,
}
_SKIPPED: Final = 0xFFFFFFFF
Registry = Mapping[str, Mapping[str, Any]]


def write_bundle(storage: Storage, folder: Path, now: datetime) -> list[str]:
    """Write the bundle into a folder; the names of its files."""
    folder.mkdir(parents=True, exist_ok=True)
    found = dict(files(storage, now))
    for name, content in found.items():
        write_private(folder / name, content)
    return list(found)


def page(storage: Storage) -> dict[str, dict[str, str]]:
    """The three groups of the page that Windows 11 shows: network, profile, enrollment status (01 section 9.2)."""
    state = storage.state
    profile = state.profile
    return {
        "Network Connectivity": {"Services reached": "yes" if state.drs or profile else "no"},
        "Autopilot Settings": {
            "Profile": (profile.deployment_profile_name or "") if profile else "none",
            "Tenant": profile.cloud_assigned_tenant_domain if profile else "none",
        },
        "Enrollment Status": dict(_sections(state)),
    }


def registry(storage: Storage) -> dict[str, dict[str, Any]]:
    """The registry with what mirrors the settings of the page (05 section 11.12)."""
    state = storage.state
    made: dict[str, dict[str, Any]] = {key: dict(values) for key, values in state.registry.items()}
    if state.joined is not None:
        joined = {"TenantId": state.joined.tenant_id, "UserEmail": state.user.upn if state.user else ""}
        made[rf"{JOIN_INFO}\{state.joined.device_id}"] = joined
    if state.enrolled is not None:
        enrollment = storage.intune_device_id.upper()
        home = rf"HKLM\SOFTWARE\Microsoft\Enrollments\{{{enrollment}}}"
        made[home] = {"ProviderID": state.enrolled.provider, "UPN": state.user.upn if state.user else ""}
        made |= dict(_first_sync(state, home))
        made[r"HKLM\SOFTWARE\Microsoft\Provisioning\OMADM\Logger"] = {"CurrentEnrollmentId": f"{{{enrollment}}}"}
    return made


def registry_text(values: Registry) -> str:
    """The dump as ``reg export`` writes it."""
    lines = ["Windows Registry Editor Version 5.00", ""]
    for key in sorted(values):
        lines.append(f"[{key.replace('HKLM', 'HKEY_LOCAL_MACHINE', 1)}]")
        lines += [f'"{_quoted(name)}"={_value(value)}' for name, value in sorted(values[key].items())]
        lines.append("")
    return "\r\n".join(lines)


def files(storage: Storage, now: datetime) -> Iterator[tuple[str, bytes]]:
    """The files of the bundle, by name."""
    state = storage.state
    yield REGISTRY_DUMP, b"\xff\xfe" + registry_text(registry(storage)).encode("utf-16-le")
    for channel in dict.fromkeys([_AUTOPILOT, _MANAGEMENT, _REGISTRATION, _SHELL]):
        yield f"{channel}.xml", _events(state, channel).encode()
    cached = state.registry.get(POLICY_CACHE, {}).get("PolicyJsonCache")
    if cached:
        yield "AutopilotDDSZTDFile.json", str(cached).encode()
    yield f"DeviceHash_{state.device_name}.csv", _hash_row(state, now)
    yield "TpmHliInfo_Output.txt", f"TPM present: {'yes' if state.firmware.has_tpm else 'no'}\r\n".encode()
    facts = {"area": "Autopilot;TPM", "collected": now.astimezone(UTC).isoformat(), **_correlations(state)}
    yield "MdmDiagLogMetadata.json", msgspec.json.encode(facts)


# ---------------------------------------------------------------------------------------------- inside


def _correlations(state: State) -> dict[str, str]:
    known = state.registry.get(DIAGNOSTICS, {}) | state.registry.get(CORRELATIONS, {})
    names = ("AutopilotServiceCorrelationId", "EntDMID", "ZtdRegistrationId")
    return {name: str(known[name]) for name in names if known.get(name)}


def _first_sync(state: State, home: str) -> Iterator[tuple[str, dict[str, Any]]]:
    tree = Tree(state)
    tree.user = state.user.sid if state.user else ""
    provider = state.enrolled.provider if state.enrolled else ""

    def value(scope: Scope, leaf: str) -> str:
        return tree.value(first_sync(provider, scope, leaf)) or ""

    def outcome(scope: Scope) -> dict[str, Any]:
        return {
            "IsSyncDone": int(is_true(value(scope, "IsSyncDone"))),
            "ProvisioningStatus": int(value(scope, "WasDeviceSuccessfullyProvisioned") or 2),
        }

    skips = {
        leaf: _SKIPPED if is_true(value(DEVICE, leaf)) else 0 for leaf in ("SkipDeviceStatusPage", "SkipUserStatusPage")
    }
    settings = {
        "BlockInStatusPage": int(value(DEVICE, "BlockInStatusPage") or 0),
        "SyncFailureTimeout": int(value(DEVICE, "TimeOutUntilSyncFailure") or 60),
    }
    yield rf"{home}\FirstSync", {**skips, **settings, **outcome(DEVICE)}
    if tree.user:
        yield rf"{home}\FirstSync\{tree.user}", outcome(USER)


def _sections(state: State) -> Iterator[tuple[str, str]]:
    for name, text in sorted(state.registry.get(AUTOPILOT_SETTINGS, {}).items()):
        told = msgspec.json.decode(str(text))
        code = told.get("categoryStatusMessage")
        yield name.partition("Category")[0], f"{told.get('categoryState')}{f' ({code})' if code else ''}"


def _events(state: State, channel: str) -> str:
    lines = ["<Events>"]
    for at, number, text in state.event_log:
        if _CHANNELS.get(number, _AUTOPILOT) == channel:
            time = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            system = f'<EventID>{number}</EventID><TimeCreated SystemTime="{time}"/><Channel>{channel}</Channel>'
            lines.append(f"<Event><System>{system}</System><RenderingInfo><Message>{escape(text)}</Message>")
            lines[-1] += "</RenderingInfo></Event>"
    return "\n".join([*lines, "</Events>", ""])


def _hash_row(state: State, now: datetime) -> bytes:
    text = io.StringIO()
    rows = csv.writer(text, quoting=csv.QUOTE_MINIMAL)
    rows.writerow(["Device Serial Number", "Windows Product ID", "Hardware Hash"])
    rows.writerow([state.firmware.serial, "", state.firmware.hardware_hash(now).encode_base64()])
    return text.getvalue().encode()


def _value(value: Any) -> str:
    if isinstance(value, int):
        return f"dword:{value & 0xFFFFFFFF:08x}"
    return f'"{_quoted(str(value))}"'


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
