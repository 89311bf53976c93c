"""Keys that a joined device hands in: Windows Hello's, and BitLocker's recovery keys (01 R-121, R-122)."""

from __future__ import annotations

import re
from uuid import UUID

from msgspec import Struct

from taxiway import directory
from taxiway.directory import Principal
from taxiway.join.entities import RECOVERY_KEYS
from taxiway.join.errors import BadRequest, NotAllowed
from taxiway.store import NotFound, Row, Tx, eq
from taxiway.wire import rsa_blob
from taxiway.wire.errors import WireError
from taxiway.wire.join import KeyRequest, parse

_VOLUMES = {"1": "operatingSystemVolume", "2": "fixedDataVolume", "3": "removableDataVolume"}
_PASSWORD = re.compile(r"[0-9]{6}(?:-[0-9]{6}){7}\Z")


class Escrowed(Struct, frozen=True):
    """What a PC sends: the protector's id, the kind of volume, and the recovery password."""

    kid: str
    vol: str
    key: str


def read_hello_key(body: bytes) -> bytes:
    """The key blob of a registration; raises ``BadRequest``."""
    try:
        blob = parse(body, KeyRequest).blob()
        rsa_blob.decode(blob)
    except WireError as error:
        raise BadRequest(f"The key cannot be used: {error.message}.") from error
    return blob


def read_recovery_key(body: bytes) -> Escrowed:
    """The recovery key of a request; raises ``BadRequest``."""
    try:
        escrowed = parse(body, Escrowed)
        kid = str(UUID(escrowed.kid))
    except WireError as error:
        raise BadRequest(f"The recovery key cannot be read: {error.message}.") from error
    except ValueError as error:
        raise BadRequest("The id of the recovery key is not a GUID.") from error
    if escrowed.vol not in _VOLUMES:
        raise BadRequest("There is no such kind of volume.")
    if not _PASSWORD.match(escrowed.key) or any(not _group(part) for part in escrowed.key.split("-")):
        raise BadRequest("The recovery password is not eight groups of six digits that BitLocker would make.")
    return Escrowed(kid, escrowed.vol, escrowed.key)


def store_recovery_key(tx: Tx, device: Row, escrowed: Escrowed) -> str:
    """Keep the key beside earlier ones, which stay (01 R-121); sent again it changes nothing."""
    known = RECOVERY_KEYS.get(tx, escrowed.kid)
    if known is not None:
        same = RECOVERY_KEYS.reveal(tx, escrowed.kid, "key") == escrowed.key.encode()
        if known["device_id"] != device["device_id"] or not same:
            raise NotAllowed("Another recovery key has this id.")
        return escrowed.kid
    values = {"id": escrowed.kid, "device_id": device["device_id"], "created_at": tx.now, "key": escrowed.key}
    RECOVERY_KEYS.insert(tx, {**values, "volume_type": _VOLUMES[escrowed.vol]})
    subject = f"autopilot:{device['ztdid']}" if device["ztdid"] else f"device:{device['id']}"
    what = {"kid": escrowed.kid, "device_id": device["device_id"], "volume": _VOLUMES[escrowed.vol]}
    tx.log("recovery_key.escrowed", subject=subject, what=what)
    return escrowed.kid


def recovery_keys(tx: Tx, device_id: str) -> list[Row]:
    """The recovery keys of a device (its device id), oldest first, without the keys themselves."""
    return RECOVERY_KEYS.select(tx, eq("device_id", device_id), order=[("created_at", False)])


def reveal_recovery_key(tx: Tx, kid: str, *, principal: Principal) -> str:
    """The key itself, for permitted roles only; every look is written down (01 R-121)."""
    directory.require(tx, principal, "recovery_keys.read")
    row, key = RECOVERY_KEYS.get(tx, kid), RECOVERY_KEYS.reveal(tx, kid, "key")
    if row is None or key is None:
        raise NotFound(f"There is no recovery key '{kid}'.")
    what = {"kid": kid, "device_id": row["device_id"], "by": f"{principal.kind}:{principal.id}"}
    tx.log("recovery_key.read", subject=f"recovery_key:{kid}", what=what)
    return key.decode()


def forget_recovery_keys(tx: Tx, device_id: str) -> None:
    """The device object is gone, and its keys with it."""
    for row in recovery_keys(tx, device_id):
        RECOVERY_KEYS.delete(tx, row["id"])


def _group(part: str) -> bool:
    """Each group is a 16-bit number times eleven: BitLocker's own check against typing errors."""
    return int(part) % 11 == 0 and int(part) // 11 < 1 << 16
