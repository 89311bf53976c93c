"""MSIX and APPX packages of one's own (05 section 10.6)."""

from __future__ import annotations

import re
from typing import BinaryIO, Final

from taxiway.management.apps.order import Order
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy
from taxiway.store import Prop, Row
from taxiway.wire.app_jobs import HostedInstall, render_hosted_install
from taxiway.wire.msix import BadPackage, full_name, read_identity

KIND: Final = "windowsUniversalAppX"
CONTENT: Final = True
PROPS: Final = (
    Prop("applicable_architectures", default="none"),
    Prop("applicable_device_types", default="none"),
    *of("string", "identity_name", "identity_publisher_hash", "identity_resource_identifier", "identity_version"),
    Prop("is_bundle", "bool", default=False),
    Prop("minimum_supported_operating_system", "json"),
)
_NODE: Final = "Vendor/MSFT/EnterpriseModernAppManagement"
_NAME: Final = re.compile(r"[A-Za-z0-9.-]{3,50}")
_HASH: Final = re.compile(r"[0-9a-hjkmnp-tv-z]{13}")
_VERSION: Final = re.compile(r"\d{1,5}(\.\d{1,5}){3}")
_INSTALLED, _FAILED, _IDLE = frozenset({"3"}), frozenset({"2"}), frozenset({"0"})


def check(row: Row) -> None:
    """The identity can be that of a package."""
    shapes = (("identity_name", _NAME), ("identity_publisher_hash", _HASH), ("identity_version", _VERSION))
    for name, shape in shapes:
        if row[name] is not None and not shape.fullmatch(row[name]):
            raise BadPolicy(f"'{row[name]}' cannot be part of a package's identity ({name}).")
    if "/" in str(row["identity_resource_identifier"] or ""):
        raise BadPolicy("identityResourceIdentifier is not one.")


def check_content(row: Row, file: BinaryIO) -> None:
    """The package is the one that the app says it is."""
    if not row["identity_name"] or not row["identity_publisher_hash"] or not row["identity_version"]:
        raise BadPolicy("An app package needs its identity before its content is published.")
    try:
        found = read_identity(file)
    except BadPackage as error:
        raise BadPolicy(f"The content is no MSIX or APPX package: {error.message}") from error
    if found.full_name != _full_name(row):
        raise BadPolicy(
            f"The content is the package {found.full_name}, not {_full_name(row)}.",
            remedy="Correct identityName, identityPublisherHash, identityVersion or applicableArchitectures.",
        )


def order(row: Row, *, for_user: bool) -> Order:
    """The nodes of the package's family; what is tracked is the package in the inventory."""
    root, family = f"./{'User' if for_user else 'Device'}/{_NODE}", _family(row)
    node, inventory = f"{root}/AppInstallation/{family}", f"{root}/AppManagement/AppStore/{family}"
    return Order(
        arm=node,
        arm_format="node",
        run=f"{node}/HostedInstall",
        run_format="xml",
        remove=inventory,
        status=f"{node}/Status",
        error=f"{node}/LastError",
        tracked=f"{inventory}/{_full_name(row)}/Name",
        installed=_INSTALLED,
        failed=_FAILED,
        idle=_IDLE,
        list="modern",
        version=str(row["identity_version"] or ""),
    )


def job(row: Row, content: str) -> str:  # noqa: ARG001 - the shape of a kind
    """The order; ``content`` is the address of the package."""
    return render_hosted_install(HostedInstall(content))


def _family(row: Row) -> str:
    return f"{row['identity_name']}_{row['identity_publisher_hash']}"


def _full_name(row: Row) -> str:
    """Of several architectures that an app lists, its package says 'neutral'."""
    listed = [part.strip() for part in str(row["applicable_architectures"] or "").split(",")]
    architecture = listed[0] if len(listed) == 1 and listed[0] not in {"none", ""} else "neutral"
    resource = "~" if row["is_bundle"] else row["identity_resource_identifier"] or ""
    return full_name(_family(row), str(row["identity_version"]), architecture, resource)
