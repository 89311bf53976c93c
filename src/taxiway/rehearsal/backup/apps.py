"""Apps of a backup: backups hold no content, so that noise of the recorded size stands for it (02 section 8.3)."""

from __future__ import annotations

from typing import Any, Final

from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.backup.reading import Found
from taxiway.rehearsal.backup.report import Report
from taxiway.rehearsal.content import MSI, WIN32, made_up_msi, made_up_package, upload_content

#: Bytes of noise for one app at most, unless more is asked for.
LIMIT: Final = 64 * 1024 * 1024
_SMALLEST: Final = 1024
_MAKE: Final = {f"#{WIN32}": made_up_package, f"#{MSI}": made_up_msi}
#: What the upload of a content sets.
_OF_CONTENT: Final = frozenset({"committedContentVersion", "size"})


def without_content(body: dict[str, Any]) -> dict[str, Any]:
    """An app as it is made before its content is uploaded; of a type without content here, as it is."""
    if str(body.get("@odata.type")) not in _MAKE:
        return body
    return {name: value for name, value in body.items() if name not in _OF_CONTENT}


async def stand_in(admin: Administrator, made: dict[str, Any], found: Found, limit: int, report: Report) -> None:
    """Upload content for an app whose backup says that it had one."""
    kind = str(found.body.get("@odata.type") or "")
    size = found.whole.get("size")
    if kind not in _MAKE or not isinstance(size, int) or size <= 0:
        return
    if size > limit:
        report.note(f"{found.where}: {limit:,} bytes stand for the content of {size:,}; --content-limit sets more.")
    content = _MAKE[kind](max(min(size, limit), _SMALLEST), admin.entropy)
    name = str(found.body.get("fileName") or "content.bin")
    await upload_content(admin, made["id"], name, content, kind.removeprefix("#"), size=size)
