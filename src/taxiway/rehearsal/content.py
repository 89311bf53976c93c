"""App content through Graph, as any client uploads it: blocks, block list, commit (02 section 8.3)."""

from __future__ import annotations

import base64
import io
import zipfile
from typing import Any

from taxiway.kernel import Entropy
from taxiway.rehearsal.administrator import Administrator
from taxiway.rehearsal.errors import RehearsalError
from taxiway.wire.app_content import encrypt_content

_BLOCK = 4 * 1024 * 1024
MSI, WIN32 = "microsoft.graph.windowsMobileMSI", "microsoft.graph.win32LobApp"
#: How an OLE compound file begins, and so every MSI.
_OLE = bytes.fromhex("d0cf11e0a1b11ae1")


def made_up_msi(size: int, entropy: Entropy) -> bytes:
    """``size`` bytes that begin like an MSI; what is inside is noise, because a rehearsal installs nothing."""
    return _OLE + entropy.bytes(max(size - len(_OLE), 0))


def made_up_package(size: int, entropy: Entropy) -> bytes:
    """A zip with a setup.exe of ``size`` bytes of noise, as a packing tool makes one before it encrypts it."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(zipfile.ZipInfo("setup.exe"), entropy.bytes(size))
    return packed.getvalue()


async def upload_content(
    admin: Administrator, app_id: str, file_name: str, plain: bytes, kind: str = MSI, *, size: int = 0
) -> None:
    """Upload and commit one content version, and make it the app's; ``size``: what is said of it, where it is less."""
    content, info = encrypt_content(
        plain,
        encryption_key=admin.entropy.bytes(32),
        mac_key=admin.entropy.bytes(32),
        vector=admin.entropy.bytes(16),
    )
    app = f"/beta/deviceAppManagement/mobileApps/{app_id}"
    version = (await admin.call("POST", f"{app}/{kind}/contentVersions", {}))["id"]
    files = f"{app}/{kind}/contentVersions/{version}/files"
    file = await admin.call(
        "POST",
        files,
        {
            "@odata.type": "#microsoft.graph.mobileAppContentFile",
            "name": file_name,
            "size": size or len(plain),
            "sizeEncrypted": len(content),
            "manifest": None,
            "isDependency": False,
        },
    )
    address = f"{files}/{file['id']}"
    ready = await _until(admin, address, "azureStorageUriRequest")
    await _blocks(admin, ready["azureStorageUri"], content)
    await admin.call("POST", f"{address}/commit", {"fileEncryptionInfo": info.as_graph()})
    await _until(admin, address, "commitFile")
    await admin.call("PATCH", app, {"@odata.type": f"#{kind}", "committedContentVersion": version})


async def _blocks(admin: Administrator, address: str, content: bytes) -> None:
    names = []
    for number, start in enumerate(range(0, len(content), _BLOCK)):
        name = base64.b64encode(f"{number:06d}".encode()).decode()
        names.append(name)
        await admin.upload(address, content[start : start + _BLOCK], comp="block", blockid=name)
    listed = "".join(f"<Latest>{name}</Latest>" for name in names)
    body = f'<?xml version="1.0" encoding="utf-8"?><BlockList>{listed}</BlockList>'
    await admin.upload(address, body.encode(), comp="blocklist")


async def _until(admin: Administrator, address: str, step: str) -> dict[str, Any]:
    """Poll the file until the step succeeded."""
    for _ in range(200):
        file: dict[str, Any] = await admin.get(address)
        if file["uploadState"] == f"{step}Success":
            return file
        if file["uploadState"] in (f"{step}Failed", f"{step}TimedOut"):
            break
        await admin.clock.sleep(0.05)
    raise RehearsalError(f"The content upload stopped at '{step}'.", remedy="The server's log says why.")
