"""What a step of the sign-in leads to: a page, an outside provider, or the code at its end (03 section 3.5)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from taxiway.signin.errors import SignInError
from taxiway.signin.federation import Provider
from taxiway.signin.flowtoken import Flow
from taxiway.store import Tx


@dataclass(frozen=True, slots=True)
class Page:
    """The next page. ``pgid``: its name in ``$Config``; ``error``: why it is shown again."""

    pgid: str
    flow: Flow
    error: SignInError | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Code:
    """The end of the sign-in: the answer for the redirect URI, and the cookie of a session that began with it."""

    tenant: str
    code: str
    session: str = ""


@dataclass(frozen=True, slots=True)
class Away:
    """The way to the outside provider of the person's domain."""

    provider: Provider
    flow: Flow


Step = Page | Code | Away


@dataclass(frozen=True, slots=True)
class Browser:
    """What the browser brings beside the form: its address, and the cookie of an earlier session."""

    address: str = ""
    session: str = ""


def factor_page(flow: Flow, error: SignInError | None = None) -> Page:
    """The page that asks for a second factor, with the methods the flow offers."""
    proofs = [
        {"authMethodId": name, "data": name, "display": "", "isDefault": not index, "isLocationAware": False}
        for index, name in enumerate(flow.methods)
    ]
    return Page("ConvergedTFA", flow, error, {"arrUserProofs": proofs})


def enrol_page(flow: Flow, error: SignInError | None = None) -> Page:
    """The page on which somebody without a second factor registers an authenticator."""
    return Page("ConvergedProofUpRedirect", flow, error, {"sTotpSecret": flow.secret.rstrip("=")})


def codes_page(flow: Flow, codes: list[str]) -> Page:
    """The page that shows new recovery codes, this once."""
    return Page("ConvergedProofUpRedirect", flow, None, {"arrRecoveryCodes": codes})


def manage_page(flow: Flow, error: SignInError | None = None) -> Page:
    """The page on which somebody with a fresh second factor adds a passkey."""
    return Page("ConvergedProofUpRedirect", flow, error)


def with_factor(flow: Flow, tx: Tx, user_id: str, *, until: datetime | None = None) -> Flow:
    """The flow once a second factor was shown; without a first one the pass is both (03 section 5.3)."""
    now = int(tx.now.timestamp())
    amr = tuple(dict.fromkeys((*flow.amr, "mfa"))) if flow.user_id else ("otp", "mfa")
    return msgspec.structs.replace(
        flow,
        stage="factor_shown",
        user_id=user_id,
        amr=amr,
        mfa_at=now,
        mfa_until=int(until.timestamp()) if until is not None else 0,
        auth_time=flow.auth_time or now,
        secret="",
        key_id=None,
    )


def same_page(flow: Flow, error: SignInError) -> Page:
    """The page on which the step is tried again."""
    match flow.stage:
        case "change":
            return Page("ConvergedChangePassword", flow, error)
        case "factor":
            return factor_page(flow, error)
        case "enrol":
            return enrol_page(flow, error)
        case "manage":
            return manage_page(flow, error)
        case "confirm":
            return Page("ConvergedRemoteConnect", flow, error)
        case _:
            return Page("ConvergedSignIn", flow, error)
