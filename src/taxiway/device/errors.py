"""What can go wrong on the PC, as its screen says it.

StepFailed                 a step of the deployment ended with a code
|-- ServerUnreachable      no answer within the PC's patience
|   `-- AnswerTooLarge     an answer is longer than the PC holds
|-- NoProfile              the deployment service has no profile for this hardware
|-- ModeNotHere            the profile asks for a deployment that this PC does not carry out
|-- SignInRefused          the sign-in service said no
|-- JoinRefused            the device registration service said no
|-- EnrollmentRefused      the MDM service said no, or its answer cannot be used
|-- SessionBroken          the management service's answer cannot be used
`-- EspFailed              the Enrollment Status Page ended with an error
    `-- ResetPressed       ... and the person pressed Reset
RestartDue                 an installer wants the PC to restart at once
AnswerLost                 a request that must not be repeated as it is got no answer
"""

from __future__ import annotations

from collections.abc import Sequence

from taxiway.kernel import Reason, TaxiwayError


class StepFailed(TaxiwayError):
    """A step ended: ``code`` is what the screen shows (an HRESULT, an AADSTS or an Autopilot code)."""

    step = "deployment"

    def __init__(self, code: str, message: str, *, reasons: Sequence[Reason] = (), remedy: str = "") -> None:
        super().__init__(message, reasons=reasons, remedy=remedy)
        self.code = code


class ServerUnreachable(StepFailed):
    """No answer within the PC's patience."""

    step = "network"


class AnswerTooLarge(ServerUnreachable):
    """An answer is longer than the PC holds; it was not read to its end."""


class NoProfile(StepFailed):
    """The deployment service has no profile for this hardware (06 section 2.4)."""

    step = "profile"


class ModeNotHere(StepFailed):
    """The profile asks for a deployment that this PC does not carry out: hybrid join or self-deploying mode."""

    step = "profile"


class SignInRefused(StepFailed):
    """The sign-in service said no (03 section 6.2)."""

    step = "sign-in"


class JoinRefused(StepFailed):
    """The device registration service said no (03 section 8.9)."""

    step = "join"


class EnrollmentRefused(StepFailed):
    """The MDM service said no, or its answer cannot be used (04 section 12)."""

    step = "enrollment"


class SessionBroken(StepFailed):
    """The management service's answer cannot be used (05 section 2.3)."""

    step = "management"


class EspFailed(StepFailed):
    """The Enrollment Status Page ended with an error (05 section 11.7)."""

    step = "esp"


class ResetPressed(EspFailed):
    """The page failed and the person pressed Reset: the PC begins anew (R-72)."""


class RestartDue(TaxiwayError):
    """An installer wants the PC to restart at once; what comes after it begins after the restart."""


class AnswerLost(TaxiwayError):
    """A request that must not be repeated as it is got no answer: begin its step again."""
