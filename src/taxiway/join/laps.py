"""Passwords of local administrators (Windows LAPS): escrowed by the PC with its device certificate, sealed, watched.

The address of the escrow is ours: the original's is not documented.
"""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Final

from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.join.entities import LOCAL_CREDENTIALS
from taxiway.join.errors import BadRequest, NotAllowed
from taxiway.kernel import Reason
from taxiway.store import NotFound, Row, Tx, eq
from taxiway.wire.errors import WireError
from taxiway.wire.join import parse

_LONGEST_NAME: Final = 64
_LONGEST_PASSWORD: Final = 256
#: How many earlier passwords of a device stay.
_KEPT: Final = 10


class LocalPassword(Struct, frozen=True):
    """What a PC sends: the account, its password in base64, and in how many days it will be another."""

    account: str
    password: str
    sid: str = ""
    days: int = 30


def read_local_password(body: bytes) -> LocalPassword:
    """The password of a request; raises ``BadRequest``."""
    try:
        sent = parse(body, LocalPassword)
        plain = base64.b64decode(sent.password, validate=True)
    except WireError as error:
        raise BadRequest(f"The password cannot be read: {error.message}.") from error
    except (binascii.Error, ValueError) as error:
        raise BadRequest("The password is not base64.") from error
    if not 0 < len(sent.account) <= _LONGEST_NAME or len(sent.sid) > _LONGEST_PASSWORD or "\x00" in sent.account:
        raise BadRequest("The account needs a name of at most 64 characters.")
    if not 0 < len(plain) <= _LONGEST_PASSWORD or not 1 <= sent.days <= 365:
        raise BadRequest("A password has 1 to 256 bytes and an age of 1 to 365 days.")
    return sent


def store_local_password(tx: Tx, device: Row, sent: LocalPassword) -> str:
    """Keep the password beside earlier ones; sent again it changes nothing. The tenant has to have LAPS switched on."""
    if not directory.registration_policy(tx)["laps_enabled"]:
        reason = Reason("laps.off", "Windows LAPS is switched off for the tenant (deviceRegistrationPolicy).")
        raise NotAllowed("Passwords of local administrators are not kept here.", reasons=[reason])
    latest = latest_local_credential(tx, device["device_id"])
    if latest is not None and LOCAL_CREDENTIALS.reveal(tx, latest["id"], "password") == sent.password.encode():
        return str(latest["id"])
    row = LOCAL_CREDENTIALS.insert(
        tx,
        {
            "device_id": device["device_id"],
            "account_name": sent.account,
            "account_sid": sent.sid,
            "backed_up_at": tx.now,
            "refresh_at": tx.now + timedelta(days=sent.days),
            "password": sent.password,
        },
    )
    for old in local_credentials(tx, device["device_id"])[_KEPT:]:
        LOCAL_CREDENTIALS.delete(tx, old["id"])
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
    tx.log("local_password.escrowed", subject=subject, what={"device_id": device["device_id"], "account": sent.account})
    return str(row["id"])


def local_credentials(tx: Tx, device_id: str) -> list[Row]:
    """The passwords of a device (its device id) without the passwords themselves, the latest first."""
    return LOCAL_CREDENTIALS.select(tx, eq("device_id", device_id), order=[("backed_up_at", True)])


def latest_local_credential(tx: Tx, device_id: str) -> Row | None:
    """The one that holds now."""
    found = LOCAL_CREDENTIALS.select(tx, eq("device_id", device_id), order=[("backed_up_at", True)], limit=1)
    return found[0] if found else None


def reveal_local_passwords(tx: Tx, device_id: str, *, principal: Principal) -> list[tuple[Row, str]]:
    """Each credential with its password in base64, for permitted roles only; every look is written down."""
    directory.require(tx, principal, "local_credentials.reveal")
    rows = local_credentials(tx, device_id)
    if not rows:
        raise NotFound(f"There is no local credential of the device '{device_id}'.")
    what = {"device_id": device_id, "by": f"{principal.kind}:{principal.id}"}
    device = directory.find_device(tx, device_id=device_id)
    subject = f"device:{device_id}" if device is None else f"device:{device['id']}"
    if device is not None and device["ztdid"]:
        subject = f"autopilot:{device['ztdid']}"
    tx.log("local_password.read", subject=subject, what=what)
    return [(row, (LOCAL_CREDENTIALS.reveal(tx, row["id"], "password") or b"").decode()) for row in rows]


def forget_local_credentials(tx: Tx, device_id: str) -> None:
    """The device object is gone, and its passwords with it."""
    for row in local_credentials(tx, device_id):
        LOCAL_CREDENTIALS.delete(tx, row["id"])
