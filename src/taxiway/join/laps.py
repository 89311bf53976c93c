"""Passwords of local administrators (Windows LAPS): escrowed by the PC with its device certificate, sealed, watched.

The address of the escrow is ours: the original's is not documented.
"""

from __future__ import annotations

import base64
import binascii
from datetime import datetime, timedelta
from typing import Final

import msgspec
from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.join.entities import LOCAL_CREDENTIALS
from taxiway.join.errors import BadRequest, NotAllowed
from taxiway.kernel import Reason
from taxiway.store import NotFound, Row, Tx
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


class Kept(Struct, frozen=True):
    """A password as it is kept: base64, as Graph shows it."""

    account: str
    sid: str
    at: datetime
    password: str


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
    kept = _kept(tx, device["device_id"])
    if kept and kept[0].password == sent.password:
        return str(device["device_id"])
    made = Kept(sent.account, sent.sid, tx.now, sent.password)
    values = {
        "backed_up_at": tx.now,
        "refresh_at": tx.now + timedelta(days=sent.days),
        "passwords": msgspec.json.encode([made, *kept][:_KEPT]).decode(),
    }
    if kept:
        LOCAL_CREDENTIALS.update(tx, device["device_id"], values)
    else:
        LOCAL_CREDENTIALS.insert(tx, {"id": device["device_id"], **values})
    what = {"device_id": device["device_id"], "account": sent.account}
    tx.log("local_password.escrowed", subject=_subject(device), what=what)
    return str(device["device_id"])


def local_credential(tx: Tx, device_id: str) -> Row | None:
    """When a device (its device id) last handed in a password, and when it makes another; never the password."""
    return LOCAL_CREDENTIALS.get(tx, device_id)


def reveal_local_passwords(tx: Tx, device_id: str, *, principal: Principal) -> list[Kept]:
    """The passwords, the latest first, for permitted roles only; every look is written down."""
    directory.require(tx, principal, "local_credentials.reveal")
    kept = _kept(tx, device_id)
    if not kept:
        raise NotFound(f"There is no local credential of the device '{device_id}'.")
    device = directory.find_device(tx, device_id=device_id)
    what = {"device_id": device_id, "by": f"{principal.kind}:{principal.id}"}
    tx.log("local_password.read", subject=f"device:{device_id}" if device is None else _subject(device), what=what)
    return kept


def forget_local_credentials(tx: Tx, device_id: str) -> None:
    """The device object is gone, and its passwords with it."""
    LOCAL_CREDENTIALS.delete(tx, device_id)


# ---------------------------------------------------------------------------------------------- inside


def _kept(tx: Tx, device_id: str) -> list[Kept]:
    sealed = LOCAL_CREDENTIALS.reveal(tx, device_id, "passwords")
    return [] if sealed is None else msgspec.json.decode(sealed, type=list[Kept])


def _subject(device: Row) -> str:
    return f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
