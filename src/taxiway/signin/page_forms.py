"""What each page of the sign-in asks: its title, its lines, where it posts to (03 sections 3.4 and 3.5)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from taxiway.signin.authorize import AuthorizeRequest
from taxiway.signin.factors import PASSKEY, otpauth
from taxiway.signin.page import Button, Field, Passkey
from taxiway.signin.steps import Page
from taxiway.store import Row

_FACTOR_LABELS = {
    "AccessPass": "Temporary Access Pass",
    "PhoneAppOTP": "Code of your authenticator app",
    "RecoveryCode": "Recovery code",
}
_SIGN_IN = Passkey("get", "/common/login", "assertion", "Sign in with a passkey")
_NEW = Passkey("create", "/common/proofup", "attestation", "Add a passkey")
_OLD_PASSWORD = Field("oldpasswd", "Current password", "password", autocomplete="current-password")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the page is about.

    ``client``: the name of the application that asks; ``hint``: what to type as a name; ``passkeys``: of the person,
    once it is known who that is.
    """

    upn: str
    fixed: bool
    company: str
    request: AuthorizeRequest
    client: str
    hint: str = ""
    passkeys: Sequence[Row] = ()


@dataclass(frozen=True, slots=True)
class Form:
    """One page for people."""

    title: str
    action: str = ""
    fields: tuple[Field, ...] = ()
    verb: str = "Sign in"
    text: str = ""
    buttons: tuple[Button, ...] = ()
    lines: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    link: str = ""
    passkey: Passkey | None = None
    hidden: Mapping[str, str] = field(default_factory=dict)


def form_of(step: Page, facts: Facts) -> Form:
    """The form of a page by its name."""
    match step.pgid:
        case "ConvergedSignIn":
            return _sign_in(step, facts)
        case "ConvergedTFA":
            return _factor(step, facts)
        case "ConvergedChangePassword":
            new = Field("newpasswd", "New password", "password", "", "new-password")
            return Form("Choose a new password", "/common/changepassword", (_OLD_PASSWORD, new))
        case "ConvergedProofUpRedirect":
            return _register(step, facts)
        case _:
            return _device(step, facts)


def _sign_in(step: Page, facts: Facts) -> Form:
    password = Field("passwd", "Password", "password", autocomplete="current-password")
    known = str(step.extra.get("sSignedIn", ""))
    others = (Button("session", "continue", f"Continue as {known}"),) if known else ()
    name = Field("login", facts.hint or "name@domain", "email", facts.upn, "username", facts.fixed)
    return Form("Sign in", "/common/login", (name, password), buttons=others, passkey=_SIGN_IN)


def _factor(step: Page, facts: Facts) -> Form:
    """The first method that can be typed, buttons for the others, and the passkey where there is one."""
    offered = [str(proof["authMethodId"]) for proof in step.extra["arrUserProofs"]]
    passkey = replace(_SIGN_IN, label="Use your passkey") if PASSKEY in offered else None
    typed = [method for method in offered if method != PASSKEY]
    if not typed:
        return Form("Verify your identity", text="Use your passkey to go on.", passkey=passkey)
    method, *others = typed
    return Form(
        "Verify your identity",
        "/common/SAS/ProcessAuth",
        (Field("otc", _FACTOR_LABELS[method], "text", "", "one-time-code"),),
        buttons=tuple(Button("mfaAuthMethod", other, f"It is a {_FACTOR_LABELS[other].lower()}") for other in others),
        text="Use your passkey, or type a code." if passkey else "",
        hidden={"login": facts.upn},
        passkey=passkey,
    )


def _register(step: Page, facts: Facts) -> Form:
    """First the secret and its first code, then the recovery codes, which are shown this once; or one's passkeys."""
    if step.flow.stage == "manage":
        return _manage(facts)
    codes = step.extra.get("arrRecoveryCodes")
    if codes:
        text = "Keep these recovery codes in a safe place. Each signs you in once when you have no authenticator."
        return Form("Recovery codes", "/common/SAS/ProcessAuth", verb="I have kept them", text=text, codes=tuple(codes))
    secret = step.flow.secret
    shown = secret.rstrip("=")
    return Form(
        "More information required",
        "/common/proofup",
        (Field("otc", "Code that the app shows now", "text", "", "one-time-code"),),
        verb="Register",
        text="Your organization asks for a second factor. Scan this with an authenticator app, or type the key in.",
        codes=(" ".join(shown[i : i + 4] for i in range(0, len(shown), 4)),),
        link=otpauth(facts.upn, secret, facts.company),
        passkey=replace(_NEW, label="Use a passkey instead"),
    )


def _manage(facts: Facts) -> Form:
    text = "You can sign in with these passkeys." if facts.passkeys else "You have no passkey yet."
    lines = tuple(str(row["display_name"]) for row in facts.passkeys)
    return Form("Your passkeys", text=text, lines=lines, passkey=_NEW)


def _device(step: Page, facts: Facts) -> Form:
    """The device code: a deliberate click on a page that says what for, and from where (03 section 15.9)."""
    if step.flow.stage == "done":
        done = "You have signed in on the other device." if step.extra.get("fApproved") else "You declined the request."
        return Form("You can close this window", text=done)
    asked = facts.request
    lines = (f"Application: {facts.client}", f"Resource: {asked.identifier}", f"Asked from: {asked.asked_from}")
    return Form(
        "Are you trying to sign in on another device?",
        "/common/deviceauth/confirm",
        verb="No, cancel",
        text="Continue only if you started this yourself. Whoever sent you the code will be signed in as you.",
        lines=lines,
        buttons=(Button("approve", "yes", f"Yes, sign in as {facts.upn}"),),
    )
