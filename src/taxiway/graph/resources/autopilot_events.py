"""``autopilotEvents``: the report of deployments, newest first (02 section 3.7)."""

from __future__ import annotations

from typing import Final

from taxiway import management
from taxiway.graph.protocol import scopes
from taxiway.graph.protocol.face import Face
from taxiway.graph.protocol.lists import reading

_PATH: Final = "deviceManagement/autopilotEvents"
EVENTS: Final = Face(
    path=_PATH,
    repository=management.DEPLOYMENTS,
    family="intune",
    never=frozenset({"deployment_ended_at"}),
    search=("device_serial_number", "user_principal_name"),
    order=(("deployment_started_at", True),),
)

OPERATIONS: Final = reading(_PATH, EVENTS, scopes.MANAGED_READ, beta=True)
