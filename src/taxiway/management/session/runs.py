"""The run of a device: its current session, its ESP, the facts it reported (one row per managed device)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from taxiway.management.tables import (
    device_alert,
    device_answer,
    device_command,
    device_run,
    device_status,
)
from taxiway.store import Tx

#: A fact that the device does not have: the Get was answered 404.
ABSENT: Final = "!404"


@dataclass(slots=True)
class Session:
    """The current session (05 section 3). ``number`` is ours; ``name`` the device's SessionID, opaque."""

    number: int = 0
    name: str = ""
    open: bool = False
    login: str = "none"
    device_lane: bool = True
    user_lane: bool = True
    max_size: int = 0
    gets: dict[str, str] = field(default_factory=dict)
    polled: list[str] = field(default_factory=list)
    hardware: list[str] = field(default_factory=list)
    partial: dict[str, Any] = field(default_factory=dict)
    proof: str = ""
    nonce: str = ""
    greeted: bool = False
    last: str = ""
    max_object: int = 0
    sending: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Run:
    """Everything remembered of one device between messages."""

    managed_id: str
    esp_state: str
    esp_deadline: datetime | None = None
    esp: dict[str, Any] = field(default_factory=dict)
    session: Session = field(default_factory=Session)
    facts: dict[str, str] = field(default_factory=dict)
    compliance: dict[str, Any] = field(default_factory=dict)
    stored: bool = False


_mine = (device_run.c.tenant == sa.bindparam("t")) & (device_run.c.managed_id == sa.bindparam("m"))
_written = ("esp_state", "esp_deadline", "esp", "session", "facts", "compliance")
_erase = [
    sa.delete(table).where(table.c.tenant == sa.bindparam("t"), table.c.managed_id == sa.bindparam("m"))
    for table in (device_run, device_answer, device_command, device_alert, device_status)
]
_load = sa.select(device_run).where(_mine)
_facts = sa.select(device_run.c.facts).where(device_run.c.tenant == sa.bindparam("t"))
_insert = sa.insert(device_run)
_update = sa.update(device_run).where(_mine).values({name: sa.bindparam(name) for name in _written})


def load(tx: Tx, managed_id: str) -> Run | None:
    """The run, or None before the device's first session."""
    row = tx.one(_load, {"t": tx.tenant, "m": managed_id})
    if row is None:
        return None
    return Run(
        managed_id=managed_id,
        esp_state=row["esp_state"],
        esp_deadline=row["esp_deadline"],
        esp=row["esp"],
        session=Session(**row["session"]),
        facts=row["facts"],
        compliance=row["compliance"],
        stored=True,
    )


def all_facts(tx: Tx) -> list[dict[str, str]]:
    """What each device of the tenant reported."""
    return [row["facts"] for row in tx.all(_facts, {"t": tx.tenant})]


def save(tx: Tx, run: Run) -> None:
    """Write the run back."""
    values = {
        "esp_state": run.esp_state,
        "esp_deadline": run.esp_deadline,
        "esp": run.esp,
        "session": {name: getattr(run.session, name) for name in Session.__slots__},
        "facts": run.facts,
        "compliance": run.compliance,
    }
    if run.stored:
        tx.change(_update, {"t": tx.tenant, "m": run.managed_id, **values})
    else:
        tx.change(_insert, {"tenant": tx.tenant, "managed_id": run.managed_id, **values})
        run.stored = True


def overdue(tx: Tx) -> list[str]:
    """The devices whose page, or that of one of their users, is past its deadline."""
    late = sa.select(device_run.c.managed_id).where(
        device_run.c.tenant == tx.tenant, device_run.c.esp_deadline < tx.now
    )
    return [row["managed_id"] for row in tx.all(late)]


def erase(tx: Tx, managed_id: str) -> None:
    """Forget everything of a device that is not managed any more."""
    for statement in _erase:
        tx.change(statement, {"t": tx.tenant, "m": managed_id})


def remember_alert(tx: Tx, managed_id: str, values: dict[str, Any]) -> None:
    """Keep an alert (05 section 14, R16)."""
    mine = (device_alert.c.tenant == tx.tenant) & (device_alert.c.managed_id == managed_id)
    number = int(tx.scalar(sa.select(sa.func.max(device_alert.c.number)).where(mine)) or 0) + 1
    tx.execute(
        sa.insert(device_alert).values(tenant=tx.tenant, managed_id=managed_id, number=number, at=tx.now, **values)
    )


def alerts_of(tx: Tx, managed_id: str) -> list[dict[str, Any]]:
    """The alerts of a device, oldest first."""
    mine = (device_alert.c.tenant == tx.tenant) & (device_alert.c.managed_id == managed_id)
    return tx.all(sa.select(device_alert).where(mine).order_by(device_alert.c.number))
