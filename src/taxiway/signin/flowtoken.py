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

Stage = Literal["start", "factor", "factor_shown", "change", "enrol", "manage", "confirm", "done"]


class Flow(Struct, frozen=True, kw_only=True):
    """What was proved so far, and for which request.

    ``user_id`` is set once a name and a secret were right; ``methods`` are the second factors on offer; ``secret`` is
    that of an authenticator which is being registered; ``challenge`` is what a passkey has to sign on this page;
    ``key_id`` the key that proved so far.
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
    mfa_until: int = 0
    device_id: str | None = None
    methods: tuple[str, ...] = ()
    secret: str = ""
    challenge: str = ""
    key_id: str | None = None

    def seal(self, rt: Runtime) -> str:
        """``sFT``."""
        return Sealer(rt).seal(_FLOW, msgspec.to_builtins(self))

    def of_page(self, session: str, challenge: str) -> Flow:
        """The same flow on its next page: bound to that page's cookie (03 section 15.11), with a fresh challenge."""
        return msgspec.structs.replace(self, session=digest(session), challenge=challenge)

    def with_proof(self, proof: Proof, stage: Stage) -> Flow:
        """The flow at ``stage`` with what was proved."""
        return msgspec.structs.replace(
            self,
            stage=stage,
            user_id=proof.user_id,
            amr=proof.amr,
            auth_time=int(proof.auth_time.timestamp()),
            mfa_at=_seconds(proof.mfa_at),
            mfa_until=_seconds(proof.mfa_until),
            device_id=proof.device_id,
            key_id=proof.key_id,
        )

    def proof(self, ztdid: str | None) -> Proof:
        """What this flow proves."""
        return Proof(
            user_id=self.user_id,
            amr=self.amr,
            auth_time=datetime.fromtimestamp(self.auth_time, UTC),
            mfa_at=_moment(self.mfa_at),
            mfa_until=_moment(self.mfa_until),
            device_id=self.device_id,
            ztdid=ztdid,
            key_id=self.key_id,
        )


def start(rt: Runtime, session: str, context: str, *, device_id: str | None = None) -> Flow:
    """A flow in which nothing is proved yet, but perhaps the device."""
    now = int(rt.clock.now().timestamp())
    return Flow(session=digest(session), request=digest(context), stage="start", at=now, device_id=device_id)


def canary(rt: Runtime, session: str) -> str:
    """The value that a post has to bring back, bound to the browser."""
    return Sealer(rt).seal(_CANARY, {"s": digest(session)})


def check_canary(rt: Runtime, session: str, text: str) -> bool:
    """Whether a post brings back the value that was made for this cookie."""
    bird = Sealer(rt).open(_CANARY, text)
    return bool(session) and bird is not None and same(str(bird.get("s")), digest(session))


def open_flow(rt: Runtime, text: str, *, session: str, context: str, canary_text: str) -> Flow:
    """The flow, if token, canary and request are of this browser and fresh; raises ``FlowExpired``."""
    body = Sealer(rt).open(_FLOW, text)
    if body is None or not check_canary(rt, session, canary_text):
        raise _expired()
    flow = msgspec.convert(body, Flow)
    bound = same(flow.session, digest(session)) and same(flow.request, digest(context))
    if not bound or rt.clock.now().timestamp() - flow.at > _LIFETIME.total_seconds():
        raise _expired()
    return flow


def _seconds(moment: datetime | None) -> int:
    return int(moment.timestamp()) if moment is not None else 0


def _moment(seconds: int) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds else None


def _expired() -> FlowExpired:
    return FlowExpired("The sign-in page has run out or belongs to another browser.", remedy="Start the sign-in again.")
