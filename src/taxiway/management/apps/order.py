"""How an app of any kind is ordered, watched and taken off: the nodes, and what their values mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

_MSI_INSTALLED: Final = frozenset({"70"})
#: Not enforced, or not downloaded; the page's "Try again" may still mend either.
_MSI_FAILED: Final = frozenset({"60", "30"})
_MSI_IDLE: Final = frozenset({"10"})
#: How a running installation words its status (05 sections 10.5 and 10.6).
_MSI_WORDS: Final = {
    "10": "ordered, not begun",
    "20": "being downloaded",
    "25": "waits to download again",
    "30": "download failed",
    "40": "downloaded, waits for its turn",
    "48": "waits for a user",
    "50": "its installer runs",
    "55": "waits to install again",
    "60": "failed",
}
_MODERN_WORDS: Final = {"0": "ordered, not begun", "1": "being installed", "2": "failed"}


@dataclass(frozen=True, slots=True)
class Order:
    """The nodes of one app in the scope it installs in.

    ``remove`` is deleted to take the app off, or, where that does not, ``removal`` is executed.
    ``arm`` is added before ``run`` is executed. ``status`` ends with one of ``installed`` or ``failed``; ``idle`` says
    that the order was taken and nothing has begun. ``tracked`` is what the status page's list names.
    """

    arm: str
    arm_format: str
    run: str
    run_format: str
    remove: str
    status: str
    error: str
    tracked: str
    installed: frozenset[str] = _MSI_INSTALLED
    failed: frozenset[str] = _MSI_FAILED
    idle: frozenset[str] = _MSI_IDLE
    list: Literal["msi", "modern"] = "msi"
    version: str = ""
    removal: str | None = None

    @property
    def proof(self) -> str:
        """The node that exists with a value once the order was carried out, however it ended."""
        return proof_of(self.run)


def proof_of(run: str) -> str:
    """The same by the node that is executed: the status beside it."""
    return f"{run.rpartition('/')[0]}/Status"


@dataclass(frozen=True, slots=True)
class Watched:
    """What tells of an app that a list of the status page names: the node, the order, and what its values mean."""

    status: str
    run: str
    installed: frozenset[str]
    words: Mapping[str, str]


def watched(tracked: str) -> Watched:
    """The same, by the node in the list."""
    home = tracked.rpartition("/")[0]
    if "/AppManagement/" in tracked:
        root, _, inventory = tracked.partition("/AppManagement/")
        node = f"{root}/AppInstallation/{inventory.split('/')[1]}"
        return Watched(f"{node}/Status", f"{node}/HostedInstall", frozenset({"3"}), _MODERN_WORDS)
    run = "Install" if tracked.endswith("/FinalStatus") else "DownloadInstall"
    return Watched(tracked, f"{home}/{run}", _MSI_INSTALLED, _MSI_WORDS)
