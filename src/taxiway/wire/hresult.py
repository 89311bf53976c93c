"""HRESULTs: 32 bits, written unsigned in messages for people and signed in SyncML nodes and in Graph."""

from __future__ import annotations


def signed(hresult: int) -> int:
    """The same 32 bits as a signed number; ``0x80070643`` becomes -2147023293."""
    return hresult - (1 << 32) if hresult & 0x80000000 else hresult
