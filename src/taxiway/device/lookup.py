"""From the hardware to the profile: probe, ticket, download (06 section 3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

import httpx
import msgspec

from taxiway.device.errors import ModeNotHere, NoProfile, ServerUnreachable
from taxiway.device.screens import WAITING
from taxiway.device.state import DIAGNOSTICS, POLICY_CACHE, Storage
from taxiway.device.transport import Endpoints, Transport
from taxiway.device.watch import Watch
from taxiway.wire.autopilot_profile import (
    PROFILE_PATH,
    TOKEN_HEADER,
    AutopilotProfile,
    OobeConfig,
    parse_offline,
    parse_profile,
    render_profile,
)
from taxiway.wire.errors import WireError
from taxiway.wire.ztd import (
    NO_PROFILE,
    TICKET_PATH,
    DeviceTicketRequest,
    ZtdError,
    digest_facts,
    parse_error,
    parse_ticket_response,
    render,
)

PROBE_TEXT = "Microsoft Connect Test"
CLOCK_TOLERANCE = timedelta(minutes=5)
_BETWEEN_TRIES = 1.0
#: The name of the offline profile in the folder of the PC.
OFFLINE_FILE = "AutopilotConfigurationFile.json"
#: WININET_E_INVALID_SERVER_RESPONSE
_UNREADABLE = "0x80072EFE"


@dataclass(frozen=True, slots=True)
class Found:
    """The profile of this hardware and the ticket that proves which hardware asked."""

    profile: AutopilotProfile
    ticket: str = field(repr=False)


class Lookup:
    """One visit to the Autopilot deployment service."""

    def __init__(self, transport: Transport, endpoints: Endpoints, storage: Storage, watch: Watch) -> None:
        self._transport = transport
        self._endpoints = endpoints
        self._storage = storage
        self._watch = watch
        self._correlation_vector = transport.host.entropy.token(12)

    async def connect(self) -> None:
        """Find out whether the network reaches the services, and how far the clock is off (event 753)."""
        response = await self._transport.send("GET", f"{self._endpoints.ztd}/connecttest.txt")
        if response.status_code != 200 or response.text.strip() != PROBE_TEXT:
            raise ServerUnreachable("0x80072EE7", "the network does not reach the services: a portal answers instead")
        skew = self._transport.skew
        if abs(skew) > CLOCK_TOLERANCE:
            self._watch.note(753, f"the clock of this PC is off by {skew.total_seconds():.0f} seconds; corrected")

    async def find(self) -> Found:
        """The profile; waits for one that is still being assigned as long as OOBE waits (06 section 3.6)."""
        self._watch.note(160, "profile retrieval begins")
        ticket = await self.ticket()
        deadline = self._transport.host.clock.monotonic() + self._transport.host.pace.prefetch
        waiting = False
        while True:
            answer = await self._ask(ticket)
            if isinstance(answer, AutopilotProfile):
                self._keep(answer)
                return Found(answer, ticket)
            late = self._transport.host.clock.monotonic() + _BETWEEN_TRIES > deadline
            if answer.error_code != NO_PROFILE or late:
                raise self._missing(answer)
            if not waiting:
                waiting = True
                self._watch.screen(WAITING)
            await self._transport.host.clock.sleep(_BETWEEN_TRIES)

    async def ticket(self) -> str:
        """A ticket for this hardware; the hash itself stays here (06 section 1.9)."""
        facts = self._storage.state.firmware.hardware_hash(self._transport.now()).identity()
        body = render(DeviceTicketRequest(digest_facts(facts)))
        response = await self._transport.send("POST", self._endpoints.ztd + TICKET_PATH, content=body, headers=_JSON)
        if response.status_code != 200:
            raise self._missing(_error(response))
        try:
            return parse_ticket_response(response.content).ticket
        except WireError as error:
            raise ServerUnreachable(_UNREADABLE, f"the ticket cannot be read: {error.message}") from error

    async def _ask(self, ticket: str) -> AutopilotProfile | ZtdError:
        headers = {TOKEN_HEADER: f"t={ticket}", "MS-CV": f"{self._correlation_vector}.0"}
        response = await self._transport.send("GET", self._endpoints.ztd + PROFILE_PATH, headers=headers)
        if response.status_code != 200:
            return _error(response)
        try:
            return parse_profile(response.content)
        except WireError as error:
            raise ServerUnreachable(_UNREADABLE, f"the profile cannot be read: {error.message}") from error

    def offline(self) -> AutopilotProfile | None:
        """The profile in the file that lies on the disk, if there is one that can be read (06 section 3.10)."""
        file = self._storage.folder / OFFLINE_FILE
        try:
            return parse_offline(file.read_bytes()) if file.exists() else None
        except WireError as error:
            self._watch.note(109, f"the offline profile is not usable: {error.message}")
            return None

    def use(self, offline: AutopilotProfile) -> Found:
        """Go on with the offline profile; no ticket proves this hardware."""
        self._keep(offline)
        return Found(offline, "")

    def _keep(self, profile: AutopilotProfile) -> None:
        date = self._transport.now().strftime("%Y-%m-%dT%H:%M:%SZ")
        kept = msgspec.structs.replace(profile, policy_download_date=date)
        self._storage.state.profile = kept
        self._storage.write(POLICY_CACHE, ProfileAvailable=1, PolicyJsonCache=render_profile(kept).decode())
        self._storage.write(
            DIAGNOSTICS,
            IsAutoPilotDisabled=0,
            CloudAssignedTenantDomain=profile.cloud_assigned_tenant_domain,
            CloudAssignedTenantId=profile.cloud_assigned_tenant_id,
            CloudAssignedOobeConfig=profile.cloud_assigned_oobe_config,
            CloudAssignedForcedEnrollment=profile.cloud_assigned_forced_enrollment or 0,
            DeploymentProfileName=profile.deployment_profile_name or "",
            AutopilotServiceCorrelationId=profile.autopilot_service_correlation_id or "",
        )
        self._storage.save()
        self._watch.note(161, "profile retrieval ended")
        self._watch.note(153, "ProfileState_Unknown to ProfileState_Available")

    def _missing(self, error: ZtdError) -> NoProfile:
        """Cache the stub of a device without profile and say why (06 sections 3.6 and 3.12)."""
        self._storage.state.profile = None
        self._storage.write(POLICY_CACHE, ProfileAvailable=0, PolicyJsonCache="")
        self._storage.write(DIAGNOSTICS, IsAutoPilotDisabled=1)
        self._storage.save()
        self._watch.note(824, f"the service refused: {error.error_code} {error.message}")
        self._watch.note(error.error_code, error.message)
        return NoProfile(str(error.error_code), error.message)


_JSON = {"content-type": "application/json"}


def _error(response: httpx.Response) -> ZtdError:
    try:
        return parse_error(response.content)
    except WireError as error:
        # Not 807: who cannot be asked has not said that the PC is not registered (P-07).
        code, text = f"0x8019{response.status_code:04X}", f"HTTP {response.status_code} without a reason"
        raise ServerUnreachable(code, text) from error


def require_user_driven(profile: AutopilotProfile) -> None:
    """Stop at a profile of another deployment than a user-driven Microsoft Entra join (06 sections 3.7 and 3.8)."""
    attested = OobeConfig.TPM_ATTESTATION_REQUIRED in profile.oobe
    asked = "hybrid join" if profile.cloud_assigned_domain_join_method else "self-deploying mode" if attested else ""
    if asked:
        raise ModeNotHere(
            "0x80070032",
            f"the profile asks for {asked}, which this PC does not carry out",
            remedy="Assign a profile for user-driven Microsoft Entra join.",
        )
