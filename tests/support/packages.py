"""MSIX packages for tests: a manifest, a file, and the block map over both."""

from __future__ import annotations

import base64
import hashlib
import io
import zipfile

PUBLISHER = "CN=Contoso, O=Contoso, C=DE"
BLOCK = 64 * 1024


def make_msix(
    name="Contoso.Tool",
    *,
    version="1.2.0.0",
    architecture="x64",
    publisher=PUBLISHER,
    content=b"a program" * 9000,
    damage=None,
    block_map=True,
):
    """A package as bytes; ``damage`` replaces the program after the block map was made."""
    manifest = (
        '<?xml version="1.0" encoding="utf-8"?>'
        '<Package xmlns="http://schemas.microsoft.com/appx/manifest/foundation/windows10">'
        f'<Identity Name="{name}" Publisher="{publisher}" Version="{version}" ProcessorArchitecture="{architecture}"/>'
        "</Package>"
    ).encode()
    parts = {"AppxManifest.xml": manifest, "app/tool.exe": content}
    listed = ""
    for path, data in parts.items():
        blocks = [data[start : start + BLOCK] for start in range(0, len(data), BLOCK)]
        hashes = [base64.b64encode(hashlib.sha256(block).digest()).decode() for block in blocks]
        inner = "".join(f'<Block Hash="{each}"/>' for each in hashes)
        windows_path = path.replace("/", "\\")
        listed += f'<File Name="{windows_path}" Size="{len(data)}" LfhSize="30">{inner}</File>'
    parts["app/tool.exe"] = content if damage is None else damage
    if block_map:
        space = "http://schemas.microsoft.com/appx/2010/blockmap"
        parts["AppxBlockMap.xml"] = f'<BlockMap xmlns="{space}" HashMethod="x">{listed}</BlockMap>'.encode()
    parts["[Content_Types].xml"] = b"<Types/>"
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in parts.items():
            archive.writestr(path, data)
    return whole.getvalue()
