"""Microsoft 365 Apps, by the Office CSP (05 section 10.6): the PC fetches them itself, so there is no content."""

from __future__ import annotations

import base64
import binascii
from typing import BinaryIO, Final

from taxiway.management.apps.order import Order
from taxiway.management.declare import of
from taxiway.management.errors import BadPolicy, NoContent
from taxiway.store import Prop, Row
from taxiway.wire.app_jobs import OfficeJob, OfficeProduct, parse_office, render_office, render_office_removal
from taxiway.wire.errors import WireError

KIND: Final = "officeSuiteApp"
CONTENT: Final = False
PROPS: Final = (
    *of("bool", "auto_accept_eula", "use_shared_computer_activation", "should_uninstall_older_versions_of_office"),
    *of("strings", "product_ids", "locales_to_install"),
    Prop("excluded_apps", "json"),
    Prop("update_channel", default="none"),
    Prop("office_suite_app_default_file_format", default="notConfigured"),
    Prop("office_platform_architecture", default="x64"),
    Prop("install_progress_display_level", default="none"),
    *of("string", "target_version", "update_version"),
    Prop("office_configuration_xml", "binary"),
)
_CHANNELS: Final = {
    "none": "",
    "current": "Current",
    "deferred": "SemiAnnual",
    "firstReleaseCurrent": "CurrentPreview",
    "firstReleaseDeferred": "SemiAnnualPreview",
    "monthlyEnterprise": "MonthlyEnterprise",
}
_PRODUCTS: Final = {
    "o365ProPlusRetail": "O365ProPlusRetail",
    "o365BusinessRetail": "O365BusinessRetail",
    "visioProRetail": "VisioProRetail",
    "projectProRetail": "ProjectProRetail",
}
_SUITES: Final = frozenset({"o365ProPlusRetail", "o365BusinessRetail"})
_EDITIONS: Final = {"x86": "32", "x64": "64"}


def check(row: Row) -> None:
    """The configuration is one that the Office Deployment Tool takes."""
    _configuration(row)


def check_content(row: Row, file: BinaryIO) -> None:  # noqa: ARG001 - the shape of a kind
    """There is none to upload."""
    raise NoContent("Microsoft 365 Apps have no content: devices fetch them from the content delivery network.")


def order(row: Row, *, for_user: bool) -> Order:  # noqa: ARG001 - Office is the device's, whoever brings it
    """The nodes of the installation; ``FinalStatus`` ends as an MSI's status does."""
    node = f"./Device/Vendor/MSFT/Office/Installation/{row['id']}"
    return Order(
        arm=node,
        arm_format="node",
        run=f"{node}/Install",
        run_format="chr",
        remove=node,
        status=f"{node}/FinalStatus",
        error=f"{node}/Status",
        tracked=f"{node}/FinalStatus",
        version=str(row["target_version"] or ""),
        removal=render_office_removal(),
    )


def job(row: Row, content: str) -> str:  # noqa: ARG001 - the shape of a kind
    """The configuration of the Office Deployment Tool."""
    return _configuration(row)


def _configuration(row: Row) -> str:
    if row["office_configuration_xml"]:
        try:
            text = base64.b64decode(row["office_configuration_xml"], validate=True).decode("utf-8-sig")
            if not parse_office(text):
                raise BadPolicy("officeConfigurationXml adds no product.")
        except (binascii.Error, UnicodeDecodeError, WireError) as error:
            raise BadPolicy("officeConfigurationXml is not a configuration that adds a product.") from error
        return text
    wanted = row["product_ids"] or []
    edition, channel = (
        _EDITIONS.get(row["office_platform_architecture"]),
        _CHANNELS.get(row["update_channel"] or "none"),
    )
    if not wanted or set(wanted) - set(_PRODUCTS) or edition is None or channel is None:
        raise BadPolicy("productIds, officePlatformArchitecture or updateChannel is missing or has an unknown value.")
    excluded = tuple(name[:1].upper() + name[1:] for name, out in sorted((row["excluded_apps"] or {}).items()) if out)
    languages = tuple(row["locales_to_install"] or ())
    products = [OfficeProduct(_PRODUCTS[each], languages, excluded if each in _SUITES else ()) for each in wanted]
    return render_office(
        OfficeJob(
            products=tuple(products),
            edition=edition,
            channel=channel,
            version=row["target_version"] or "",
            display="Full" if row["install_progress_display_level"] == "full" else "None",
            accept_eula=bool(row["auto_accept_eula"]),
            shared=bool(row["use_shared_computer_activation"]),
            remove_msi=bool(row["should_uninstall_older_versions_of_office"]),
        )
    )
