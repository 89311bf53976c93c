"""The job of an MSI installation: the Data of the Exec on DownloadInstall (05 section 10.5)."""

from typing import Final

import msgspec

from taxiway.wire.errors import MalformedXml, UnexpectedMessage
from taxiway.wire.xml import Element, children, descend, escape, local, parse_xml, text

MAX_BYTES: Final = 64 * 1024


class BadMsiJob(UnexpectedMessage):
    """A document that is not a usable MsiInstallJob."""


class MsiJob(msgspec.Struct, frozen=True, kw_only=True):
    """What to fetch, prove and run; `sha256` is hex, `timeout` (0: none) and `interval` are minutes."""

    product_id: str
    urls: tuple[str, ...]
    sha256: str
    version: str = ""
    command_line: str = "/quiet /norestart"
    timeout: int = 60
    retries: int = 3
    interval: int = 5


def render_msi_job(job: MsiJob) -> str:
    """The job as text of the Exec's Data; the writer of the message escapes it."""
    urls = "".join([f"<ContentURL>{escape(url)}</ContentURL>" for url in job.urls])
    return (
        f'<MsiInstallJob id="{escape(job.product_id)}"><Product Version="{escape(job.version)}">'
        f"<Download><ContentURLList>{urls}</ContentURLList></Download>"
        f"<Validation><FileHash>{escape(job.sha256)}</FileHash></Validation>"
        f"<Enforcement><CommandLine>{escape(job.command_line)}</CommandLine><TimeOut>{job.timeout}</TimeOut>"
        f"<RetryCount>{job.retries}</RetryCount><RetryInterval>{job.interval}</RetryInterval>"
        "<DownloadFromAad>0</DownloadFromAad></Enforcement></Product></MsiInstallJob>"
    )


def parse_msi_job(data: str) -> MsiJob:
    """Read the job; MalformedXml or BadMsiJob says why it cannot run."""
    try:
        raw = data.strip().encode()
    except UnicodeEncodeError as error:
        raise MalformedXml("The job is not text that XML can carry.") from error
    root = parse_xml(raw, limit=MAX_BYTES)
    product = descend(root, "Product")
    if local(root) != "MsiInstallJob" or product is None:
        raise BadMsiJob("The job is not an MsiInstallJob with a Product.")
    listed = descend(product, "Download", "ContentURLList")
    urls = () if listed is None else tuple(url for part in children(listed, "ContentURL") if (url := text(part)))
    digest = (text(descend(product, "Validation", "FileHash")) or "").lower()
    if not urls:
        raise BadMsiJob("The job has no ContentURL.")
    if len(digest) != 64 or set(digest) - set("0123456789abcdef"):
        raise BadMsiJob("The job's FileHash is not a SHA-256 in hex.")
    return MsiJob(
        product_id=root.get("id") or "",
        urls=urls,
        sha256=digest,
        version=product.get("Version") or "",
        command_line=text(descend(product, "Enforcement", "CommandLine")) or "",
        timeout=_number(product, "TimeOut", 0),
        retries=_number(product, "RetryCount", 0),
        interval=_number(product, "RetryInterval", 0),
    )


def _number(product: Element, name: str, default: int) -> int:
    value = text(descend(product, "Enforcement", name))
    if not value:
        return default
    if not (value.isascii() and value.isdigit() and len(value) < 6):
        raise BadMsiJob(f"{name} is {value[:20]!r}, not a number.")
    return int(value)
