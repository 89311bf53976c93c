"""The rows that lists read: written and logged alike, whoever learned that something changed."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from taxiway.kernel import Reason
from taxiway.management.tables import device_status
from taxiway.store import Tx

_s = device_status.c
_one = (
    (_s.tenant == sa.bindparam("t"))
    & (_s.managed_id == sa.bindparam("m"))
    & (_s.object_kind == sa.bindparam("k"))
    & (_s.object_id == sa.bindparam("o"))
)
_find = sa.select(device_status).where(_one)
_insert = sa.insert(device_status)
_update = sa.update(device_status).where(_one).values({n: sa.bindparam(n) for n in ("state", "detail", "updated_at")})

#: Not assigned any more, and its settings cannot be taken back.
STAYS_ON_DEVICE: Final = "staysOnDevice"
#: The kind and the id of an object.
Key = tuple[str, str]


def write(tx: Tx, managed_id: str, key: Key, state: str, detail: dict[str, Any], *, fresh: bool) -> None:
    """Write a row; ``fresh``: there is none yet."""
    values = {"state": state, "detail": detail, "updated_at": tx.now}
    if fresh:
        names = {"tenant": tx.tenant, "managed_id": managed_id, "object_kind": key[0], "object_id": key[1]}
        tx.execute(_insert, {**names, **values})
        return
    tx.execute(_update, {"t": tx.tenant, "m": managed_id, "k": key[0], "o": key[1], **values})


def bring(tx: Tx, subject: str, managed_id: str, key: Key, state: str, detail: dict[str, Any]) -> None:
    """Bring one row up to date, and log a state that changed."""
    known = tx.one(_find, {"t": tx.tenant, "m": managed_id, "k": key[0], "o": key[1]})
    if known is not None and (known["state"], known["detail"]) == (state, detail):
        return
    write(tx, managed_id, key, state, detail, fresh=known is None)
    if known is None or known["state"] != state:
        log_change(tx, subject, managed_id, key, None if known is None else known["state"], (state, detail))


def log_change(
    tx: Tx, subject: str, managed_id: str, key: Key, before: str | None, now: tuple[str, dict[str, Any]]
) -> None:
    """Put a change of state on record, with its reason where there is one."""
    after, detail = now
    noun = "app" if key[0] == "mobile_app" else "configuration"
    what = {"id": key[1], "from": before, "to": after, "managed_device": managed_id, **detail}
    why = []
    if after == "conflict":
        text = f"{' and '.join(detail['with'])} set {detail['uri']} to different values: neither is sent."
        why = [Reason("configuration.conflict", text, {"uri": detail["uri"]})]
    elif after == STAYS_ON_DEVICE:
        text = f"It is not assigned any more; {', '.join(detail['stays'])} cannot be taken back."
        why = [Reason("configuration.stays", text, {"uris": detail["stays"]})]
    elif detail.get("error"):
        why = [Reason(f"{noun}.{after}", str(detail["error"]))]
    tx.log(f"{noun}.state_changed", subject=subject, what=what, why=why)
