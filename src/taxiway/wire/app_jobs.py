"""The orders of apps that are no MSI: HostedInstall of a package, Office's configuration (05 section 10.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from taxiway.wire.errors import MalformedXml, UnexpectedMessage
from taxiway.wire.xml import children, descend, escape, local, parse_xml

MAX_BYTES: Final = 128 * 1024


class BadAppJob(UnexpectedMessage):
    """A document that is no order of an app."""


class HostedInstall(msgspec.Struct, frozen=True):
    """Where a package is, and where those are that it needs."""

    package_uri: str
    dependencies: tuple[str, ...] = ()


class OfficeProduct(msgspec.Struct, frozen=True):
    """A product of the Office Deployment Tool, its languages, and the apps of it that are left out."""

    id: str
    languages: tuple[str, ...] = ()
    excluded: tuple[str, ...] = ()


class OfficeJob(msgspec.Struct, frozen=True, kw_only=True):
    """What the Office Deployment Tool is to do."""

    products: tuple[OfficeProduct, ...]
    edition: str = "64"
    channel: str = ""
    version: str = ""
    display: str = "None"
    accept_eula: bool = True
    shared: bool = False
    remove_msi: bool = False


def render_hosted_install(job: HostedInstall) -> str:
    """The Data of an Exec on HostedInstall."""
    needed = "".join(f'<Dependency PackageUri="{escape(uri)}"/>' for uri in job.dependencies)
    inner = f"<Dependencies>{needed}</Dependencies>" if needed else ""
    return f'<Application PackageUri="{escape(job.package_uri)}" DeploymentOptions="0">{inner}</Application>'


def parse_hosted_install(data: str) -> HostedInstall:
    """Read such an order."""
    root = parse_xml(_raw(data), limit=MAX_BYTES)
    uri = root.get("PackageUri") or ""
    if local(root) != "Application" or not uri:
        raise BadAppJob("The order is not an Application with a PackageUri.")
    needed = descend(root, "Dependencies")
    found = () if needed is None else tuple(part.get("PackageUri") or "" for part in children(needed, "Dependency"))
    return HostedInstall(uri, found)


def render_office(job: OfficeJob) -> str:
    """The configuration of the Office Deployment Tool."""
    attributes = f'OfficeClientEdition="{escape(job.edition)}"'
    attributes += f' Channel="{escape(job.channel)}"' if job.channel else ""
    attributes += f' Version="{escape(job.version)}"' if job.version else ""
    products = "".join(_product(product) for product in job.products)
    shared = '<Property Name="SharedComputerLicensing" Value="1"/>' if job.shared else ""
    remove = "<RemoveMSI/>" if job.remove_msi else ""
    eula = "TRUE" if job.accept_eula else "FALSE"
    display = f'<Display Level="{escape(job.display)}" AcceptEULA="{eula}"/>'
    return f"<Configuration><Add {attributes}>{products}</Add>{shared}{remove}{display}</Configuration>"


def render_office_removal() -> str:
    """The configuration that takes everything off."""
    return '<Configuration><Remove All="TRUE"/><Display Level="None" AcceptEULA="TRUE"/></Configuration>'


def parse_office(data: str) -> tuple[str, ...]:
    """The ids of the products that a configuration adds; empty for one that takes everything off."""
    root = parse_xml(_raw(data), limit=MAX_BYTES)
    added, removed = descend(root, "Add"), descend(root, "Remove")
    if local(root) == "Configuration" and added is None and removed is not None:
        return ()
    if local(root) != "Configuration" or added is None:
        raise BadAppJob("The order is not a Configuration with an Add.")
    found = tuple(name for part in children(added, "Product") if (name := part.get("ID") or ""))
    if not found:
        raise BadAppJob("The configuration adds no product.")
    return found


def _product(product: OfficeProduct) -> str:
    languages: Sequence[str] = product.languages or ("MatchOS",)
    inner = "".join(f'<Language ID="{escape(each)}"/>' for each in languages)
    inner += "".join(f'<ExcludeApp ID="{escape(each)}"/>' for each in product.excluded)
    return f'<Product ID="{escape(product.id)}">{inner}</Product>'


def _raw(data: str) -> bytes:
    try:
        return data.strip().encode()
    except UnicodeEncodeError as error:
        raise MalformedXml("The order is not text that XML can carry.") from error
