"""MSI packages (05 section 10.5)."""

from __future__ import annotations

import re
from typing import BinaryIO, Final
from urllib.parse import quote

from taxiway.management.apps.order import Order
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.store import Prop, Row
from taxiway.wire.msi_job import MsiJob, render_msi_job

KIND: Final = "windowsMobileMSI"
CONTENT: Final = True
PROPS: Final = (
    *of("string", "command_line", "product_code", "product_version", "identity_version"),
    Prop("ignore_version_detection", "bool", default=False),
    Prop("use_device_context", "bool"),
)
_GUID: Final = re.compile(r"\{?[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?")


def check(row: Row) -> None:
    """The product code is one."""
    code = row["product_code"]
    if code is not None and not _GUID.fullmatch(code):
        raise BadPolicy("productCode is not a GUID in braces.")


def check_content(row: Row, file: BinaryIO) -> None:  # noqa: ARG001 - an MSI is not looked into
    """What the device is to be told has to be known."""
    if not row["product_code"] or not row["product_version"]:
        raise BadPolicy("An MSI app needs its product code and version before its content is published.")


def order(row: Row, *, for_user: bool) -> Order:
    """The product's node, in the scope it installs in."""
    root = "./User" if for_user and row["use_device_context"] is False else "./Device"
    node = f"{root}/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{quote(_code(row), safe='-')}"
    run, status = f"{node}/DownloadInstall", f"{node}/Status"
    return Order(
        arm=run,
        arm_format="xml",
        run=run,
        run_format="xml",
        remove=node,
        status=status,
        error=f"{node}/LastError",
        tracked=status,
        version=str(row["product_version"] or ""),
    )


def job(row: Row, content: str) -> str:
    """The installation job; ``content`` is the address of the installer."""
    return render_msi_job(
        MsiJob(
            product_id=_code(row),
            urls=(content,),
            sha256=str(row["content_sha256"]),
            version=str(row["product_version"] or ""),
            command_line=row["command_line"] or "/quiet /norestart",
        )
    )


def _code(row: Row) -> str:
    return "{" + str(row["product_code"]).strip("{}").upper() + "}"
