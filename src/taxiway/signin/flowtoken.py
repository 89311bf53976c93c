"""How far a sign-in has come: flow token, canary and the cookie they are bound to (03 sections 3.4, 15.12)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec
from msgspec import Struct

from taxiway.signin.errors import FlowExpired
from taxiway.signin.model import Proof
from taxiway.signin.sealed import Sealer, digest, same
from taxiway.store import Runtime

#: Names the browser between the pages of one sign-in; it grants nothing by itself.
COOKIE = "__Host-taxiway-signin"

_LIFETIME = timedelta(minutes=30)
_FLOW, _CANARY = "flow", "canary"

Stage = Literal["start", "factor", "factor_shown", "change"]


class Flow(Struct, frozen=True, kw_only=True):
    """What was proved so far, and for which request.

    ``user_id`` is set once a name and a secret were right; ``methods`` are the second factors on offer.
    """

    session: str
    request: str
    stage: Stage
    at: int
    tenant: str = ""
    user_id: str = ""
    upn: str = ""
    amr: tuple[str, ...] = ()
    auth_time: int = 0
    mfa_at: int = 0
    device_id: str | None = None
    methods: tuple[str, ...] = ()

    def seal(self, rt: Runtime) -> str:
        """``sFT``."""
        return Sealer(rt).seal(_FLOW, msgspec.to_builtins(self))

    def proof(self, ztdid: str | None) -> Proof:
        """What this flow proves."""
        return Proof(
            user_id=self.user_id,
            amr=self.amr,
            auth_time=datetime.fromtimestamp(self.auth_time, UTC),
            mfa_at=datetime.fromtimestamp(self.mfa_at, UTC) if self.mfa_at else None,
            device_id=self.device_id,
            ztdid=ztdid,
        )


def start(rt: Runtime, session: str, context: str, *, device_id: str | None = None) -> Flow:
    """A flow in which nothing is proved yet, but perhaps the device."""
    now = int(rt.clock.now().timestamp())
    return Flow(session=digest(session), request=digest(context), stage="start", at=now, device_id=device_id)


def canary(rt: Runtime, session: str) -> str:
    """The value that a post has to bring back, bound to the browser."""
    return Sealer(rt).seal(_CANARY, {"s": digest(session)})


def open_flow(rt: Runtime, text: str, *, session: str, context: str, canary_text: str) -> Flow:
    """The flow, if token, canary and request are of this browser and fresh; raises ``FlowExpired``."""
    body, bird = Sealer(rt).open(_FLOW, text), Sealer(rt).open(_CANARY, canary_text)
    if body is None or bird is None:
        raise _expired()
    flow = msgspec.convert(body, Flow)
    bound = same(flow.session, digest(session)) and same(str(bird.get("s")), digest(session))
    age = rt.clock.now().timestamp() - flow.at
    if not session or not bound or not same(flow.request, digest(context)) or age > _LIFETIME.total_seconds():
        raise _expired()
    return flow


def _expired() -> FlowExpired:
    return FlowExpired("The sign-in page has run out or belongs to another browser.", remedy="Start the sign-in again.")
