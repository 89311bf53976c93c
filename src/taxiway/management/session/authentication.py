"""The device's proof inside SyncML, where the tenant asks for one besides the certificate (05 section 4).

    due      a credential is asked for: what the message says has no effect, and package 1 comes again
    proven   the credential was right; good for the whole session (212)
    none     the tenant asks for nothing but the certificate

A nonce is good for one right answer. The one for the next session travels with the 212, so that a device may open that
session with its credential; the first is that of the provisioning document.
"""

from __future__ import annotations

import base64
import hmac
from dataclasses import dataclass
from typing import Final

from taxiway import enrollment
from taxiway.kernel import Reason
from taxiway.management.session.context import Context
from taxiway.wire.provisioning import AppAuth
from taxiway.wire.syncml import (
    AUTH_BASIC,
    AUTH_MD5,
    Chal,
    Code,
    Cred,
    Header,
    basic_credential,
    check_md5,
    md5_secret,
)

DUE: Final = "due"
PROVEN: Final = "proven"
NONE: Final = "none"
_KINDS: Final = {"md5": AUTH_MD5, "basic": AUTH_BASIC}


@dataclass(frozen=True, slots=True)
class Word:
    """What the Status of the header says of the sender; ``heard`` if the rest of the message counts."""

    code: Code = Code.OK
    chal: Chal | None = None
    heard: bool = True


def judge(ctx: Context, header: Header) -> Word:
    """Whether the sender may be heard."""
    session = ctx.run.session
    if not session.proof:
        session.proof = DUE if _asked(ctx) else NONE
    if session.proof != DUE:
        return Word()
    account = enrollment.account_of(ctx.tx, ctx.managed["id"])
    kind = _KINDS[enrollment.enrollment_policy_of(ctx.tx).session_credentials]
    good = account is not None and header.cred is not None and _good(account, kind, header.cred, session.nonce)
    session.nonce = base64.b64encode(ctx.tx.entropy.bytes(16)).decode()
    chal = Chal(kind, session.nonce if kind == AUTH_MD5 else None)
    if good:
        session.proof = PROVEN
        return Word(Code.AUTHENTICATED, chal)
    if header.cred is None:
        return Word(Code.CREDENTIALS_REQUIRED, chal, heard=False)
    why = Reason("session.credential", "The credential of the session is wrong, although the certificate is good.")
    ctx.tx.log("session.not_authenticated", subject=ctx.subject, what={"managed_device": ctx.managed["id"]}, why=[why])
    return Word(Code.UNAUTHORIZED, chal, heard=False)


def _asked(ctx: Context) -> bool:
    return enrollment.enrollment_policy_of(ctx.tx).session_credentials != "none"


def _good(account: AppAuth, kind: str, cred: Cred, nonce: str) -> bool:
    if cred.type != kind:
        return False
    if kind == AUTH_BASIC:
        return hmac.compare_digest(cred.data.encode(), basic_credential(account.name or "", account.secret).encode())
    return check_md5(
        cred.data, md5_secret(account.name or "", account.secret), base64.b64decode(nonce or account.nonce)
    )
