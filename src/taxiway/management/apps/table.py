"""Which kinds of apps there are: one line for each module of ``kinds``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final, Protocol

from taxiway.management.apps.kinds import appx, modern, msi, office, win32, winget
from taxiway.management.apps.order import Order
from taxiway.store import Prop, Row


class Module(Protocol):
    """What a module of ``kinds`` holds."""

    @property
    def KIND(self) -> str:  # noqa: N802 - a constant of the module
        """The type at Graph, without its namespace."""

    @property
    def CONTENT(self) -> bool:  # noqa: N802 - a constant of the module
        """Whether an installer is uploaded for it."""

    @property
    def PROPS(self) -> Sequence[Prop]:  # noqa: N802 - a constant of the module
        """Its properties beside those all apps have."""

    def check(self, row: Row) -> None:
        """Raise what saving refuses."""

    def check_content(self, row: Row, file: BinaryIO) -> None:
        """Raise what publishing this content refuses."""


class CspModule(Module, Protocol):
    """What a kind holds besides that a CSP installs, and not the management extension."""

    def order(self, row: Row, *, for_user: bool) -> Order:
        """The nodes of the app on a device, or on one for its user."""

    def job(self, row: Row, content: str) -> str:
        """What is executed; ``content`` is where the installer is."""


_BY_CSP: Final[tuple[CspModule, ...]] = (msi, modern, appx, office)
_BY_EXTENSION: Final[tuple[Module, ...]] = (win32, winget)
BY_CSP: Final = {kind.KIND: kind for kind in _BY_CSP}
KINDS: Final[dict[str, Module]] = {kind.KIND: kind for kind in (*_BY_CSP, *_BY_EXTENSION)}
#: The kinds that the management extension installs.
EXTENSION_KINDS: Final = frozenset(kind.KIND for kind in _BY_EXTENSION)
