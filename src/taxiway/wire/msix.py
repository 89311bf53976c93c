"""MSIX and APPX packages: whose they are, and whether they are whole.

A package is a ZIP archive. Its manifest names it; its block map holds a SHA-256 of each 64 KiB of each file, which is
what Windows checks a package by. Bundles are archives of packages with a manifest of their own.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import lzma
import re
import struct
import zipfile
import zlib
from typing import BinaryIO, Final

import msgspec

from taxiway.wire.errors import UnexpectedMessage, WireError
from taxiway.wire.xml import Element, descend, local, parse_xml

MAX_DOCUMENT: Final = 1024 * 1024
_BLOCK: Final = 64 * 1024
_MAX_FILES: Final = 20_000
_MANIFEST, _BUNDLE, _BLOCK_MAP = "AppxManifest.xml", "AppxMetadata/AppxBundleManifest.xml", "AppxBlockMap.xml"
_NAME: Final = re.compile(r"[A-Za-z0-9.-]{3,50}")
_VERSION: Final = re.compile(r"\d{1,5}(\.\d{1,5}){3}")
_ALPHABET: Final = "0123456789abcdefghjkmnpqrstvwxyz"
#: What hostile archives make the reader raise.
_BROKEN: Final = (
    *(ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, NotImplementedError, OverflowError),
    *(struct.error, zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
#: Parts that the block map does not cover: itself, the signature and what describes the archive.
_OUTSIDE: Final = frozenset({_BLOCK_MAP, "AppxSignature.p7x", "[Content_Types].xml", "AppxMetadata/CodeIntegrity.cat"})


class BadPackage(UnexpectedMessage):
    """Bytes that are no usable package; ``hresult`` is what Windows says of them."""

    def __init__(self, message: str, *, hresult: int = 0x80073CF0) -> None:
        super().__init__(message)
        self.hresult = hresult


NOT_A_PACKAGE, BAD_MANIFEST, BAD_BLOCK_MAP, BAD_BLOCK = 0x80073CF0, 0x80080204, 0x80080205, 0x80080207


class PackageIdentity(msgspec.Struct, frozen=True, kw_only=True):
    """The identity in a manifest."""

    name: str
    publisher: str
    version: str
    architecture: str = "neutral"
    resource: str = ""
    bundle: bool = False

    @property
    def family_name(self) -> str:
        """The name all versions share."""
        return f"{self.name}_{publisher_hash(self.publisher)}"

    @property
    def full_name(self) -> str:
        """The name of exactly this package."""
        return full_name(self.family_name, self.version, self.architecture, "~" if self.bundle else self.resource)


def publisher_hash(publisher: str) -> str:
    """The 13 characters that stand for a publisher in the names of its packages."""
    digest = hashlib.sha256(publisher.encode("utf-16-le")).digest()[:8]
    bits = int.from_bytes(digest, "big") << 1
    return "".join(_ALPHABET[bits >> shift & 31] for shift in range(60, -1, -5))


def full_name(family_name: str, version: str, architecture: str, resource: str) -> str:
    """The full name of a package by its parts."""
    name, _, publisher = family_name.rpartition("_")
    return f"{name}_{version}_{architecture}_{resource}_{publisher}"


def read_identity(file: BinaryIO) -> PackageIdentity:
    """Whose the package is."""
    with _archive(file) as archive:
        return _identity(archive)


def check_package(file: BinaryIO) -> PackageIdentity:
    """Whose the package is, after every block of every file was found to be as the block map says."""
    with _archive(file) as archive:
        found = _identity(archive)
        _check_blocks(archive)
        return found


# ---------------------------------------------------------------------------------------------- inside


def _archive(file: BinaryIO) -> zipfile.ZipFile:
    try:
        archive = zipfile.ZipFile(file)
    except _BROKEN as error:
        raise BadPackage("The content is not a package.") from error
    if len(archive.namelist()) > _MAX_FILES:
        raise BadPackage(f"The package has more than {_MAX_FILES} files.")
    return archive


def _identity(archive: zipfile.ZipFile) -> PackageIdentity:
    bundle = _BUNDLE in archive.namelist()
    root = _document(archive, _BUNDLE if bundle else _MANIFEST, BAD_MANIFEST)
    found = descend(root, "Identity")
    if found is None:
        raise BadPackage("The manifest has no Identity.", hresult=BAD_MANIFEST)
    identity = PackageIdentity(
        name=found.get("Name") or "",
        publisher=found.get("Publisher") or "",
        version=found.get("Version") or "",
        architecture=(found.get("ProcessorArchitecture") or "neutral").lower(),
        resource=found.get("ResourceId") or "",
        bundle=bundle,
    )
    fits = _NAME.fullmatch(identity.name) and _VERSION.fullmatch(identity.version) and identity.publisher
    if not fits or identity.architecture not in {"x86", "x64", "arm", "arm64", "neutral"}:
        raise BadPackage("The manifest's Identity is not one.", hresult=BAD_MANIFEST)
    return identity


def _document(archive: zipfile.ZipFile, name: str, hresult: int) -> Element:
    try:
        with archive.open(name) as part:
            raw = part.read(MAX_DOCUMENT + 1)
        return parse_xml(raw, limit=MAX_DOCUMENT)
    except (*_BROKEN, WireError) as error:
        raise BadPackage(f"The package has no readable {name}.", hresult=hresult) from error


def _check_blocks(archive: zipfile.ZipFile) -> None:
    root = _document(archive, _BLOCK_MAP, BAD_BLOCK_MAP)
    listed = {(part.get("Name") or "").replace("\\", "/"): part for part in root if local(part) == "File"}
    names = {name for name in archive.namelist() if not name.endswith("/")} - _OUTSIDE
    if names != set(listed):
        raise BadPackage("The block map does not list the package's files.", hresult=BAD_BLOCK_MAP)
    for name, part in listed.items():
        hashes = [block.get("Hash") or "" for block in part if local(block) == "Block"]
        _check_file(archive, name, hashes)


def _check_file(archive: zipfile.ZipFile, name: str, hashes: list[str]) -> None:
    try:
        with archive.open(name) as content:
            for expected in hashes:
                told = base64.b64encode(hashlib.sha256(content.read(_BLOCK)).digest()).decode()
                if not hmac.compare_digest(told, expected):
                    raise BadPackage(f"A block of {name} is not as the block map says.", hresult=BAD_BLOCK)
            if content.read(1):
                raise BadPackage(f"{name} is longer than the block map says.", hresult=BAD_BLOCK)
    except _BROKEN as error:
        raise BadPackage(f"{name} cannot be read.", hresult=BAD_BLOCK) from error
