"""Sessions and stored answers: which session a message belongs to, and what it was answered before (05 section 3)."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import sqlalchemy as sa

from taxiway.management.session.runs import Run, Session
from taxiway.management.tables import device_answer
from taxiway.store import Tx
from taxiway.wire.syncml import Header

#: Some clients count sessions anew after a restart; older than this, the same first message is a new session.
_REPEAT: Final = timedelta(minutes=1)
MAX_ANSWER: Final = 400 * 1024
_LEAST: Final = 4096

_a = device_answer.c
_mine = (_a.tenant == sa.bindparam("t")) & (_a.managed_id == sa.bindparam("m"))
_this = (_a.serial == sa.bindparam("n")) & (_a.msg_id == sa.bindparam("i"))
_find = sa.select(device_answer).where(_mine, _this)
_forget = sa.delete(device_answer).where(_mine, _this)
_forget_all = sa.delete(device_answer).where(_mine)
_keep = sa.insert(device_answer)


def stored_answer(tx: Tx, run: Run, header: Header, body_hash: str) -> bytes | None:
    """What this very message was answered before in the current session, byte for byte (05 section 14, R4)."""
    session = run.session
    if header.session_id != session.name:
        return None
    row = tx.one(_find, _key(tx, run, header))
    if row is None or row["body_hash"] != body_hash:
        return None
    if header.msg_id == "1" and not session.open and tx.now - row["answered_at"] > _REPEAT:
        return None
    return tx.unseal(row["answer"], "device_answer", "answer", run.managed_id)


def store_answer(tx: Tx, run: Run, header: Header, body_hash: str, answer: bytes) -> None:
    """Keep an answer for as long as its session is the current one. Sealed: it may carry secrets."""
    run.session.last = header.msg_id
    tx.change(_forget, _key(tx, run, header))
    tx.change(
        _keep,
        {
            "tenant": tx.tenant,
            "managed_id": run.managed_id,
            "serial": run.session.number,
            "msg_id": header.msg_id,
            "body_hash": body_hash,
            "answer": tx.seal(answer, "device_answer", "answer", run.managed_id),
            "answered_at": tx.now,
        },
    )


def continues(run: Run, header: Header) -> bool:
    """Whether the message goes on with the current session; a first message always begins a new one."""
    return run.session.open and run.session.name == header.session_id and header.msg_id != "1"


def is_stale(run: Run | None, header: Header) -> bool:
    """Whether the message belongs to a session that is over, or was overtaken by a later one of its own session."""
    if header.msg_id == "1":
        return False
    if run is None or not continues(run, header):
        return True
    earlier, later = header.msg_id, run.session.last
    return earlier.isdecimal() and later.isdecimal() and int(earlier) < int(later)


def begin(tx: Tx, run: Run, header: Header) -> None:
    """Leave the former session behind and begin a new one."""
    before = run.session
    run.session = Session(number=before.number + 1, name=header.session_id, open=True, nonce=before.nonce)
    tx.change(_forget_all, {"t": tx.tenant, "m": run.managed_id})


def budget(run: Run, header: Header) -> int:
    """How many bytes an answer may have: what the device announced, and never more than we care to hold."""
    if header.max_msg_size is not None:
        run.session.max_size = header.max_msg_size
    if header.max_obj_size is not None:
        run.session.max_object = header.max_obj_size
    announced = run.session.max_size or MAX_ANSWER
    return max(_LEAST, min(announced, MAX_ANSWER))


def _key(tx: Tx, run: Run, header: Header) -> dict[str, object]:
    return {"t": tx.tenant, "m": run.managed_id, "n": run.session.number, "i": header.msg_id}
