"""PowerShell scripts: nothing is run here; the rehearsal says what they end with (02 section 9.4)."""

from __future__ import annotations

from typing import Final

from taxiway.device.extension.outbox import Outbox
from taxiway.device.extension.rules import is_signed
from taxiway.device.extension.state import Record
from taxiway.device.host import Host
from taxiway.device.state import Storage
from taxiway.wire.extension import Script

_UNSIGNED: Final = "the script is not digitally signed, and the policy wants it to be"


async def run_script(script: Script, host: Host, outbox: Outbox, storage: Storage) -> None:
    """Run a script once and report it; what failed is told again at the next asking, as long as the server wants."""
    key = f"script|{script.id}|{script.user}"
    record = storage.state.extension.records.get(key)
    if record is None or record.revision != script.revision:
        record = storage.state.extension.records[key] = Record(script.revision)
    if record.state == "success":
        return
    record.attempt += 1
    await host.clock.sleep(host.pace.install)
    code, text = host.place.script(script.name) or (0, "")
    if script.signed and not is_signed(script.content):
        code, text = 1, _UNSIGNED
    record.state = "success" if code == 0 else "fail"
    await outbox.tell("script", script, record.state, exit_code=code, attempt=record.attempt, text=text)
